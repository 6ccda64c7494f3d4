from __future__ import annotations

import polars as pl
import pytest

from madaline.data.columns.numerals import rounding_note
from madaline.data.columns.texts import columns_from_texts, trimmed


def column(*cells, comma_decimals=False):
    frame = trimmed(pl.DataFrame({"0": pl.Series(cells, dtype=pl.String)}))
    return columns_from_texts(["a"], frame, comma_decimals=comma_decimals)[0]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1e3", "+.5", "-7."], [1000, 0.5, -7]),
        (["1,234.5", "12"], [1234.5, 12]),
        (["−5", "3"], [-5, 3]),
        (["1'234.5", "1’000"], [1234.5, 1000]),
        (["1\u00a0234", "5"], [1234, 5]),
        (["1 234", "5"], [1234, 5]),
        (["inf", "-Infinity", "1"], [float("inf"), float("-inf"), 1]),
    ],
)
def test_numbers_of_many_hands_are_read_without_a_word(cells, values):
    found = column(*cells)
    assert (found.kind, found.values.tolist(), found.notes) == ("number", values, ())


def test_commas_are_decimal_points_where_they_cannot_separate():
    assert column("1,5", "1.234,25", comma_decimals=True).values.tolist() == [1.5, 1234.25]
    assert column("1 234,5", "3", comma_decimals=True).values.tolist() == [1234.5, 3]


@pytest.mark.parametrize(
    ("cells", "sign", "values"),
    [(["5%", "-2.5 %"], "%", [5, -2.5]), (["$1,234", "-$5"], "$", [1234, -5]),
     (["5 €", "3 €"], "€", [5, 3])],
)  # fmt: skip
def test_a_sign_that_all_values_bear_is_left_out_and_said(cells, sign, values):
    found = column(*cells)
    assert found.values.tolist() == values
    assert f"without its sign {sign!r}: {cells[0]!r} is" in found.notes[0]


@pytest.mark.parametrize("cells", [["5%", "0.05"], ["$5", "€5"], ["5%", "five"], ["1 2", "1 23"]])
def test_values_that_do_not_agree_stay_texts(cells):
    assert column(*cells).kind == "category"


def test_groups_of_digits_in_all_values_are_more_likely_keys():
    assert column("555 123 456", "555 987 654").kind == "category"


def test_zeros_in_front_make_codes_and_are_said():
    found = column("01234", "10001", "00501")
    assert found.texts() == ["01234", "10001", "00501"]
    assert "2 values begin with 0, such as '01234'" in found.notes[0]
    assert column("0", "0.5", "-0").kind == "number"
    assert column("01", "2.5").kind == "number"


def test_the_value_that_keeps_a_column_from_being_numbers_is_named_with_its_row():
    found = column("1", "2", None, "n.a.", "5")
    assert found.kind == "category"
    assert "1 of 4 values is no number: 'n.a.' in row 4" in found.notes[0]
    assert column("a", "b", "3").notes == ()


def test_whole_numbers_that_float64_cannot_hold_are_counted():
    exact, rounded = str(2**53), str(2**53 + 1)
    assert column(exact, "1").notes == ()
    assert (
        column(exact, rounded, rounded).notes[0].startswith("2 values of column 'a' were rounded")
    )
    assert rounding_note("a", [-(2**53) - 1, 10**400]) != ()


def test_numbers_beyond_float64_are_infinite_and_said():
    assert column("1e999", "1").notes == (
        "1 value of column 'a' beyond 1.8e308 is read as infinite, such as '1e999'.",
    )
    assert column("9" * 5000, "1").values.tolist() == [float("inf"), 1]
