"""Text files of rows and separated cells: CSV, TSV and their relatives (RFC 4180 and looser)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container
from itertools import islice
from typing import TYPE_CHECKING

from madaline.data.columns.texts import columns_from_texts, trimmed
from madaline.data.files.encodings import as_utf8
from madaline.data.files.formats import READABLE
from madaline.data.files.records import Record, frame_of_records, records
from madaline.data.table import Table
from madaline.errors import DataError

if TYPE_CHECKING:
    import polars as pl

SEPARATORS = ("\t", ";", "|", ",")
_SNIFFED_BYTES = 1 << 20
# What Excel writes and reads in front of a header.
_SEPARATOR_LINE = re.compile(rb'"?sep=([^\w"\n])"?\n', re.IGNORECASE)


def table_from_delimited(data: bytes, source: str, texts: Container[str] = ()) -> Table:
    r"""A table of the bytes of a CSV file; the separator is found from the first rows.

    Args:
        data: The content; of a header alone it gives a table without rows.
        source: What messages call the file.
        texts: Names of columns that are categories whatever their cells look like.

    Raises:
        DataError: Rows of different lengths, names that are empty or appear twice.
        FileError: The bytes are no text.

    >>> table_from_delimited(b"age;job\n39,5;clerk\n", "x.csv")["age"].texts()
    ['39.5']
    """
    data, encoding_notes = as_utf8(data, source)
    if data.isspace():
        raise DataError(f"{source} is empty.", READABLE)
    told = _SEPARATOR_LINE.match(data)
    if told is not None:
        data = b"\n" + data[told.end() :]  # lines keep their numbers
    head = _head(data)
    separator = told[1].decode("ascii", "replace") if told else sniff_separator(head)
    names = _names(head, separator, source)
    frame, blank_notes = frame_of_records(data, separator, len(names), source)
    frame = trimmed(frame)
    frame, unnamed_notes = _without_unnamed(frame, names, source)
    names = tuple(name for name in names if name)
    frame, repeat_notes = _without_repeats(frame, names)
    columns = columns_from_texts(names, frame, comma_decimals=separator != ",", texts=texts)
    notes = (*encoding_notes, *blank_notes, *unnamed_notes, *repeat_notes)
    return Table(columns, source, notes)


def sniff_separator(head: str) -> str:
    r"""The separator under which most of the first rows have as many cells as the header.

    >>> sniff_separator("a;b\n1,5;2,5\n")
    ';'
    """
    best, best_score = ",", (False, 0.0, 0)
    for separator in SEPARATORS:
        rows = [record.cells for record in islice(records(head, separator), 20)]
        if not rows:
            continue
        agreeing = sum(len(cells) == len(rows[0]) for cells in rows) / len(rows)
        score = (len(rows[0]) > 1, agreeing, len(rows[0]))
        if score > best_score:
            best, best_score = separator, score
    return best if best_score[0] else ","


def _head(data: bytes) -> str:
    """The first rows; the whole first line, however long it is."""
    start = len(data) - len(data.lstrip())
    length = max(_SNIFFED_BYTES, data.find(b"\n", start) + 1)
    return data[:length].decode("utf-8", "ignore")


def _names(head: str, separator: str, source: str) -> tuple[str, ...]:
    """The names in the header, empty where there is none."""
    header = next(records(head, separator), Record(1, 1, [""]))
    names = tuple(cell.strip() for cell in header.cells)
    for name, count in Counter(names).items():
        if count > 1 and name:
            places = [str(place) for place, other in enumerate(names, 1) if other == name]
            raise DataError(
                f"Column {name!r} appears {count} times in the header of {source}.",
                _no_header
                if _all_numbers(names)
                else "Give each column its own name: "
                f"columns {', '.join(places[:-1][:5])} and {places[-1]}.",
                column=name,
            )
    if _all_numbers(names) and any("." in name for name in names):
        raise DataError(f"Line 1 of {source} holds numbers, not names.", _no_header)
    return names


_no_header = "Put a line with the names of the columns in front."


def _all_numbers(names: tuple[str, ...]) -> bool:
    try:
        return bool([float(name) for name in names])
    except ValueError:
        return False


def _without_unnamed(
    frame: pl.DataFrame, names: tuple[str, ...], source: str
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Without the columns that have no name; they must be empty, as after a line's last comma."""
    unnamed = [place for place, name in enumerate(names) if not name]
    for place in unnamed:
        if not frame.height or frame.to_series(place).null_count() < frame.height:
            raise DataError(
                f"Column {place + 1} of {source} has no name in the header.",
                "Name it in line 1; pandas leaves it out with to_csv(index=False)."
                if place == 0
                else "Name it in line 1, or remove the separator there.",
            )
    if not unnamed:
        return frame, ()
    if len(unnamed) == len(names):
        raise DataError(f"{source} holds separators and nothing else.", READABLE)
    labels = frame.columns
    frame = frame.drop(labels[place] for place in unnamed)
    if len(unnamed) == 1:
        return frame, (f"Column {unnamed[0] + 1} has no name and no value; it was left out.",)
    return frame, (f"{len(unnamed)} columns have no name and no value; they were left out.",)


def _without_repeats(
    frame: pl.DataFrame, names: tuple[str, ...]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Without the rows that are the header once more, as in files that were put together."""
    if len(names) < 2 or not frame.height:
        return frame, ()
    repeats = frame.to_series(0) == names[0]
    for place, name in enumerate(names):
        if not repeats.any():
            return frame, ()
        repeats &= frame.to_series(place) == name
    n_repeats = int(repeats.sum())
    if not n_repeats:
        return frame, ()
    row = int(repeats.arg_true()[0]) + 1
    words = "row repeats" if n_repeats == 1 else "rows repeat"
    note = f"{n_repeats} {words} the header, the first in row {row}; left out."
    return frame.filter(~repeats.fill_null(False)), (note,)
