"""Columns of another kind than in training."""

import numpy as np
import pytest

from madaline.data.table import Column, Table, category
from madaline.encode.coerce import as_kind
from madaline.encode.encoder import Encoder
from madaline.errors import DataError


def number(*values):
    return Column("c", "number", np.array(values, np.float64))


def boolean(*values):
    return Column("c", "boolean", np.array(values, np.float64))


def date(*values):
    return Column("c", "date", np.array(values, "datetime64[us]"))


def text(*values):
    return category("c", values)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (text("2.5", None, " 1e3 "), number(2.5, np.nan, 1000)),
        (boolean(1, 0, np.nan), number(1, 0, np.nan)),
        (number(1, 0, np.nan), boolean(1, 0, np.nan)),
        (text("True", "no", "1", None), boolean(1, 0, 1, np.nan)),
        (text("2024-01-31", None), date("2024-01-31", "NaT")),
        (text("2024-01-31T10:00:00+02:00", "20240131"), date("2024-01-31T08:00", "2024-01-31")),
        (number(3, 2.5, np.nan), text("3", "2.5", None)),
        (boolean(1, 0, np.nan), text("true", "false", None)),
        (date("2024-01-31"), text("2024-01-31T00:00:00")),
        (text(None, None), number(np.nan, np.nan)),
        (number(np.nan), date("NaT")),
        (date("NaT"), text(None)),
        (date("NaT"), boolean(np.nan)),
    ],
)
def test_a_column_becomes_the_kind_it_had_in_training(given, expected):
    result = as_kind(given, expected.kind)
    assert result.kind == expected.kind
    assert result.values.dtype == expected.values.dtype
    assert result.texts() == expected.texts()


@pytest.mark.parametrize(
    ("given", "level"),
    [
        (number(3), "3.0"),
        (number(1234), "01234"),
        (boolean(1), "TRUE"),
        (boolean(0), "no"),
        (date("2024-01-31"), "2024-01-31"),
    ],
)
def test_a_value_finds_the_training_level_that_means_the_same(given, level):
    assert as_kind(given, "category", (level, "other")).texts() == [level]


def test_an_equal_text_goes_before_an_equal_value():
    assert as_kind(number(3), "category", ("03", "3", "3.0")).texts() == ["3"]


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (text("1", "abc", "x"), "number", "has 'abc' in row 2; the model was trained with numbers"),
        (text("1_000"), "number", "has '1_000' in row 1"),
        (date("NaT", "2024-01-31"), "number", "has 2024-01-31T00:00:00 in row 2"),
        (number(0, 1, 2), "boolean", "has 2 in row 3; the model was trained with booleans"),
        (text("true", "maybe"), "boolean", "has 'maybe' in row 2"),
        (date("2024-01-31"), "boolean", "has 2024"),
        (text("2024-01-31", "today"), "date", "has 'today' in row 2; .* with dates"),
        (number(np.nan, 2024), "date", "has 2024 in row 2"),
        (boolean(1), "date", "has true in row 1"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_row_and_the_fix(given, kind, message):
    message = f"Column 'c' of new.csv {message}.* Write .*leave the cell"
    with pytest.raises(DataError, match=message):
        as_kind(given, kind, source="new.csv")


def test_levels_that_no_row_has_are_not_read():
    column = text("abc", "1").take(np.array([1]))
    assert as_kind(column, "number").values.tolist() == [1]


def test_encoder_takes_numbers_written_as_text():
    encoder = Encoder.fit(Table((number(1, 2, 3),)))
    expected = encoder.transform(Table((number(1, 3),)))
    assert (encoder.transform(Table((text("1", "3.0"),))).x == expected.x).all()
