from __future__ import annotations

import polars as pl
import pytest

from madaline.data.columns.texts import columns_from_texts, trimmed


def column(*cells):
    return columns_from_texts(["d"], trimmed(pl.DataFrame({"0": pl.Series(cells)})))[0]


def test_times_with_and_without_a_zone_are_counted():
    found = column("2024-01-01T10:00+02:00", "2024-01-01T10:00", "2024-01-01")
    assert found.texts()[:2] == ["2024-01-01T08:00:00", "2024-01-01T10:00:00"]
    assert found.notes == ("1 time of column 'd' names no zone and was taken as UTC.",)
    assert column("2024-01-01T10:00", "2024-01-01").notes == ()
    assert column("2024-01-01T10:00Z", "2024-01-01T10:00+01").notes == ()


@pytest.mark.parametrize("wrong", ["+99:99", "+24:00", "-00:60"])
def test_there_is_no_such_zone(wrong):
    assert column(f"2024-01-01T10:00{wrong}", "2024-01-01T10:00Z").kind == "category"


def test_the_day_ends_at_24():
    assert column("2024-01-01T24:00").texts() == ["2024-01-02T00:00:00"]
    assert column("2024-01-01T24:01").kind == "category"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["2024-01-31", "01.02.2024"], "'2024-01-31' and '01.02.2024' in row 2 are not written"),
        (["31.01.2024", "soon", "1.2.2024"], "'31.01.2024' and 'soon' in row 2"),
        (["03/04/2024", "12/31/2024"], "'03/04/2024' has the day or the month first"),
        (["2024-01-31", "2024-02-30"], "not all of its days exist"),
    ],
)
def test_dates_that_stay_texts_are_said(cells, words):
    found = column(*cells)
    assert found.kind == "category"
    assert words in found.notes[0]


def test_words_are_no_dates():
    assert column("may", "1 apple", "2024-Q1").notes == ()
