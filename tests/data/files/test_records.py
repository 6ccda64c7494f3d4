from __future__ import annotations

import pytest

from madaline.data.files.records import frame_of_records
from madaline.errors import DataError


def rows(text, n_columns=2, separator=","):
    frame, notes = frame_of_records(text.encode(), separator, n_columns, "x.csv")
    return frame.rows(), notes


@pytest.mark.parametrize("quoted", ['"x"', ' "x"', '"x" '])
def test_spaces_around_quotes_do_not_count(quoted):
    assert rows(f'a,b\n1,{quoted}\n"2, 3", "y"\n')[0] in (
        [("1", "x"), ("2, 3", "y")],
        [("1", "x "), ("2, 3", "y")],
    )


def test_a_file_may_begin_with_the_first_letters_of_zlib():
    assert rows("x^2,b\n1,2\n")[0] == [("1", "2")]


@pytest.mark.parametrize("strange", ["", '5" pipe,1\n'])
def test_blank_lines_between_rows_are_counted_by_both_readers(strange):
    found, notes = rows(f"\n\na,b\n1,2\n\n\n3,4\n{strange}\n\n")
    assert found[:2] == [("1", "2"), ("3", "4")]
    assert notes == ("2 blank lines between rows were skipped.",)


def test_blank_lines_around_the_rows_are_not_worth_a_word():
    assert rows("\n\na,b\n1,2\n\n\n")[1] == ()


@pytest.mark.parametrize(
    ("text", "line"), [('a,b\n1,"x\n2,y\n', 2), ('a,"b\n1,2\n', 1), ('a,b\n1,2\n3,"', 3)]
)
def test_a_quote_that_is_never_closed_is_named_with_its_line(text, line):
    with pytest.raises(DataError, match=f"Line {line} of x.csv opens a quote that is never closed"):
        rows(text)


@pytest.mark.parametrize(
    ("row", "fix"),
    [
        ("1", "Add the missing cells."),
        ("1,2,", "Remove ',' at the end of the line."),
        ("1,2,3", "Put double quotes around a cell that contains ','."),
    ],
)
def test_a_ragged_row_comes_with_the_fix_that_fits(row, fix):
    with pytest.raises(DataError) as caught:
        rows(f"a,b\n1,2\n{row}\n")
    assert caught.value.fix == fix
    assert caught.value.what.startswith("Line 3 of x.csv has")


def test_a_title_above_the_header_is_suspected():
    with pytest.raises(DataError, match="If line 1 is a title and not the header, remove it"):
        rows("Sales of 2024\nyear,amount\n2024,3\n", n_columns=1)
