from __future__ import annotations

import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madaline.data.columns import few
from madaline.data.columns.cells import column_from_array
from madaline.data.columns.few import MOST_FEW, column_of_few
from madaline.data.columns.typed import column_from_polars

DATES = ("2024-02-29", "1969-12-31T23:59:59", "0001-01-01 00:00", "2024-02-30", "31.12.2024",
         "2024-01-01T24:00", "2024-01-01T10:00Z", "0000-01-01", "٢٠٢٤-01-01", "2024-01-01\n",
         "1 Jan 2024", "03/04/2024")  # fmt: skip
TEXTS = st.one_of(st.none(), st.sampled_from(DATES), st.text(st.characters(codec="utf-8")))


def by_polars(name, cells, dates):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("madaline.data.columns.typed.column_of_few", lambda *args, **options: None)
        return column_from_polars(name, pl.Series(cells, dtype=pl.String), "X", dates=dates)


def assert_same(one, other):
    assert (one.name, one.kind, one.levels) == (other.name, other.kind, other.levels)
    assert one.values.dtype == other.values.dtype
    assert np.array_equal(one.values, other.values, equal_nan=one.kind != "category")


@given(st.lists(TEXTS, max_size=6), st.booleans())
def test_few_texts_become_the_column_that_polars_makes(cells, dates):
    column = column_of_few("c", cells, dates=dates)
    if column is not None:
        assert_same(column, by_polars("c", cells, dates))


@pytest.mark.parametrize("date", DATES)
def test_a_lone_date_becomes_the_column_that_polars_makes(date):
    assert_same(column_from_array("c", np.array([date]), "X"), by_polars("c", [date], True))


def test_a_row_of_new_data_does_not_wake_polars(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    cells = np.array(["nurse", None], object)
    assert column_from_array("job", cells, "X").texts() == ["nurse", None]
    assert column_from_array("day", np.array(["2024-02-29"]), "X").kind == "date"


def test_many_texts_are_left_to_polars():
    assert column_of_few("c", ["a"] * MOST_FEW) is not None
    assert column_of_few("c", ["a"] * (MOST_FEW + 1)) is None
    assert few.column_of_few("c", ["\ud800"]) is None
