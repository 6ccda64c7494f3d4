"""Lines of separated cells become rows of equal length: quotes, blank lines, ragged rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from madaline.errors import DataError

if TYPE_CHECKING:
    import polars as pl

# A last line of its own: in a file whose quotes are all closed it is a record of its own.
_END = "\x1cend"


class Record(NamedTuple):
    """The cells of one row and the lines, counted from 1, on which they stand."""

    first: int
    last: int
    cells: list[str]


def records(text: str, separator: str) -> Iterator[Record]:
    r"""The records that are not blank, by Python's own reader.

    >>> [tuple(record) for record in records('a,b\n\n1, "x\ny"\n', ",")]
    [(1, 1, ['a', 'b']), (3, 4, ['1', 'x\ny'])]
    """
    # One stray quote can swallow a whole file into one cell.
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    first = 1
    for cells in reader:
        if len(cells) > 1 or "".join(cells).strip():
            yield Record(first, reader.line_num, cells)
        first = reader.line_num + 1


def frame_of_records(
    data: bytes, separator: str, n_columns: int, source: str
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """All cells below the header as texts: by Polars where the file is plainly regular.

    Args:
        data: UTF-8 text whose lines end in a line feed; its first record is the header.
        separator: One character.
        n_columns: Cells of the header.
        source: What messages call the file.

    Returns:
        The frame ``(n, n_columns)``, and one sentence if blank lines were skipped.

    Raises:
        DataError: A row has more or fewer cells, or a quote is never closed.
    """
    import polars as pl

    regular = _regular(data, separator, n_columns)
    if regular is not None:
        plain, n_records, n_blank = regular
        try:
            frame = pl.read_csv(
                io.BytesIO(plain),
                separator=separator,
                has_header=False,
                skip_rows=0,
                infer_schema=False,
                raise_if_empty=False,
            )
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
            frame = None  # OSError: Polars takes a file that begins with x^ for a packed one
        if frame is not None and frame.shape == (n_records, n_columns):
            return frame.slice(1), _blank_note(n_blank)
    return _frame_by_record(data.decode(), separator, n_columns, source)


def _regular(data: bytes, separator: str, n_columns: int) -> tuple[bytes, int, int] | None:
    """Without blank lines, the number of records, and of blank lines between them.

    None if not all records have ``n_columns`` cells, or quotes are left open. Newlines and
    separators inside quotes do not count; a doubled quote closes and opens again.
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
        return None if cuts.any() else (data[leading:], len(stops) - leading, 0)
    if blank.any():
        full = np.flatnonzero(~blank)
        between = int(blank[full[0] : full[-1]].sum()) if len(full) else 0
        again = _regular(np.delete(text, stops[blank]).tobytes(), separator, n_columns)
        return None if again is None else (*again[:2], between)
    marks = np.flatnonzero(ends | cuts)
    if len(marks) != n_columns * len(stops) or not ends[marks[n_columns - 1 :: n_columns]].all():
        return None
    return data, len(stops), 0


def _well_quoted(borders: NDArray[np.bool_], quotes: NDArray[np.intp]) -> bool:
    """Whether quotes open only at the start of a cell and close only at its end.

    Readers differ over all others, as in ``5" pipe``.
    """
    opening, closing = quotes[0::2], quotes[1::2]
    before = borders[opening - 1] | (opening == 0)
    return bool(before.all() and borders[closing + 1].all())


def _frame_by_record(
    text: str, separator: str, n_columns: int, source: str
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    import polars as pl

    rows: list[list[str]] = []
    n_blank, last = 0, None
    for record in records(text + _END, separator):
        if record.cells[-1].endswith(_END):
            _refuse_open_quote(record, source)
        elif len(record.cells) != n_columns:
            raise _ragged(record, n_columns, separator, source, row=len(rows))
        else:
            n_blank += 0 if last is None else record.first - last - 1
            last = record.last
            rows.append(record.cells)
    columns = zip(*rows[1:], strict=True) if len(rows) > 1 else [()] * n_columns
    frame = pl.DataFrame(
        [pl.Series(str(i), cells, dtype=pl.String) for i, cells in enumerate(columns)]
    )
    return frame, _blank_note(n_blank)


def _refuse_open_quote(record: Record, source: str) -> None:
    if record.cells != [_END]:
        raise DataError(
            f"Line {record.first} of {source} opens a quote that is never closed.",
            "Close it, or double a quote that belongs to the cell.",
        )


def _ragged(record: Record, n_columns: int, separator: str, source: str, *, row: int) -> DataError:
    cells, n_cells = record.cells, len(record.cells)
    shown = "a tab" if separator == "\t" else repr(separator)
    if any("\n" in cell for cell in cells):
        fix = "A quote in this line may never be closed."
    elif n_cells < n_columns:
        fix = "Add the missing cells."
    elif not "".join(cells[n_columns:]).strip():
        fix = f"Remove {shown} at the end of the line."
    else:
        fix = f"Put double quotes around a cell that contains {shown}."
        fix += " If line 1 is a title and not the header, remove it." * (row == 1)
    return DataError(
        f"Line {record.first} of {source} has {n_cells} cells; the header has {n_columns}.",
        fix,
        row=row,
    )


def _blank_note(n_lines: int) -> tuple[str, ...]:
    if not n_lines:
        return ()
    one = n_lines == 1
    return (
        f"{n_lines} blank line{'' if one else 's'} between rows {'was' if one else 'were'} "
        "skipped.",
    )
