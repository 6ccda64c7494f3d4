"""Text files of rows and separated cells: CSV, TSV and their relatives (RFC 4180 and looser)."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import Table
from madaline.data.texts import column_from_text
from madaline.errors import DataError, FileError

if TYPE_CHECKING:
    import polars as pl

SEPARATORS = ("\t", ";", "|", ",")
_SNIFFED_BYTES = 1 << 20
_BINARY = bytes([*range(9), *range(14, 26), *range(28, 32)])


def table_from_delimited(data: bytes, source: str) -> Table:
    r"""A table of the bytes of a CSV file; the separator is found from the first rows.

    Raises:
        DataError: Rows of different lengths, names that are empty or appear twice, no rows.
        FileError: The bytes are no text.

    >>> table_from_delimited(b"age;job\n39,5;clerk\n", "x.csv")["age"].texts()
    ['39.5']
    """
    data = _as_utf8(data, source)
    head = data[:_SNIFFED_BYTES].decode("utf-8", "ignore")
    separator = sniff_separator(head)
    names = _names(head, separator, source)
    frame = _frame(data, separator, names, source)
    if frame.height == 0:
        raise DataError(f"{source} has a header but no rows.", "Add at least one row.")
    comma = separator != ","
    columns = (column_from_text(n, frame[n], comma_decimals=comma) for n in names)
    return Table(tuple(columns), source)


def sniff_separator(head: str) -> str:
    r"""The separator under which most of the first rows have as many cells as the header.

    >>> sniff_separator("a;b\n1,5;2,5\n")
    ';'
    """
    best, best_score = ",", (False, 0.0, 0)
    for separator in SEPARATORS:
        rows = [cells for _, cells in islice(_records(head, separator, lenient=True), 20)]
        if not rows:
            continue
        agreeing = sum(len(cells) == len(rows[0]) for cells in rows) / len(rows)
        score = (len(rows[0]) > 1, agreeing, len(rows[0]))
        if score > best_score:
            best, best_score = separator, score
    return best if best_score[0] else ","


def _as_utf8(data: bytes, source: str) -> bytes:
    """UTF-8 without byte order mark, lines ended by a line feed alone."""
    text: str | None = None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif data[:4096:2].count(0) > len(data[:4096]) // 4:
        text = data.decode("utf-16-be", "replace")
    elif data[1:4096:2].count(0) > len(data[:4096]) // 4:
        text = data.decode("utf-16-le", "replace")
    elif not _is_utf8(data):
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    if text is not None:
        data = text.encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    sample = data[:65536]
    if b"\x00" in data or len(sample.translate(None, _BINARY)) < len(sample):
        raise FileError(
            f"{source} is not a text file.", "Expected rows of cells, such as CSV, or Parquet."
        )
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data if data.endswith(b"\n") else data + b"\n"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _records(
    text: str, separator: str, *, lenient: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of each record that is not blank, by Python's own reader."""
    # One stray quote can swallow a whole file into one cell.
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    try:
        for cells in reader:
            if len(cells) > 1 or "".join(cells).strip():
                yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        if not lenient:
            raise


def _names(head: str, separator: str, source: str) -> tuple[str, ...]:
    _, cells = next(_records(head, separator, lenient=True), (1, [""]))
    names = tuple(cell.strip() for cell in cells)
    for position, name in enumerate(names, 1):
        if not name:
            raise DataError(
                f"Column {position} of {source} has no name in the header.",
                "Name it in line 1; pandas leaves it out with to_csv(index=False)."
                if position == 1
                else "Name it in line 1, or remove the separator there.",
            )
    for name, count in Counter(names).items():
        if count > 1:
            raise DataError(
                f"Column {name!r} appears {count} times in the header of {source}.",
                _no_header if _all_numbers(names) else "Give each column its own name.",
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


def _frame(data: bytes, separator: str, names: tuple[str, ...], source: str) -> pl.DataFrame:
    """All cells as texts: by Polars where the file is plainly regular, else record by record."""
    import polars as pl

    regular = _regular(data, separator, len(names))
    if regular is not None:
        plain, n_records = regular
        try:
            frame = pl.read_csv(
                io.BytesIO(plain),
                separator=separator,
                has_header=False,
                skip_rows=0,
                infer_schema=False,
                new_columns=names,
                raise_if_empty=False,
            )
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            frame = None
        if frame is not None and frame.shape == (n_records, len(names)):
            return frame.slice(1)
    return _frame_by_record(data.decode(), separator, names, source)


def _regular(data: bytes, separator: str, n_columns: int) -> tuple[bytes, int] | None:
    """The data without blank lines and the number of records, if all have ``n_columns`` cells.

    None if some have not, or if quotes are left open. Newlines and separators inside quotes do
    not count; a doubled quote closes and opens again.
    """
    text = np.frombuffer(data, np.uint8)
    ends, cuts = text == 10, text == ord(separator)
    quotes = text == ord('"')
    if quotes.any():
        quoted = np.cumsum(quotes, dtype=np.uint8) & 1
        if quoted[-1] or not _well_quoted(ends | cuts | quotes, np.flatnonzero(quotes)):
            return None
        ends &= quoted == 0
        cuts &= quoted == 0
    stops = np.flatnonzero(ends)
    blank = np.diff(stops, prepend=-1) == 1
    if n_columns == 1:
        # A blank line is a missing value where there is but one column.
        leading = int(np.argmin(blank)) if blank.any() else 0
        return None if cuts.any() else (data[leading:], len(stops) - leading)
    if blank.any():
        return _regular(np.delete(text, stops[blank]).tobytes(), separator, n_columns)
    marks = np.flatnonzero(ends | cuts)
    if len(marks) != n_columns * len(stops) or not ends[marks[n_columns - 1 :: n_columns]].all():
        return None
    return data, len(stops)


def _well_quoted(borders: NDArray[np.bool_], quotes: NDArray[np.intp]) -> bool:
    """Whether quotes open only at the start of a cell and close only at its end.

    Readers differ over all others, as in ``5" pipe``.
    """
    opening, closing = quotes[0::2], quotes[1::2]
    before = borders[opening - 1] | (opening == 0)
    return bool(before.all() and borders[closing + 1].all())


def _frame_by_record(
    text: str, separator: str, names: tuple[str, ...], source: str
) -> pl.DataFrame:
    import polars as pl

    rows: list[list[str]] = []
    try:
        for line, cells in _records(text, separator):
            if len(cells) != len(names):
                raise DataError(
                    f"Line {line} of {source} has {len(cells)} cells; the header has {len(names)}.",
                    _ragged_fix(cells, len(names), separator),
                )
            rows.append(cells)
    except csv.Error as error:
        raise DataError(f"{source} is no table of separated cells: {error}.") from None
    columns = zip(*rows[1:], strict=True) if len(rows) > 1 else [()] * len(names)
    return pl.DataFrame(
        [pl.Series(n, c, dtype=pl.String) for n, c in zip(names, columns, strict=True)]
    )


def _ragged_fix(cells: list[str], n_columns: int, separator: str) -> str:
    if any("\n" in cell for cell in cells):
        return "A quote in this line may never be closed."
    if len(cells) < n_columns:
        return "Add the missing cells."
    shown = "a tab" if separator == "\t" else repr(separator)
    return f"Put quotes around a cell that contains {shown}."
