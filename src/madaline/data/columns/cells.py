"""NumPy arrays and lists of Python values become columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import cast

import numpy as np

from madaline.data.columns.few import column_of_few
from madaline.data.columns.moments import dates_from_text
from madaline.data.columns.numerals import MOST_WHOLE, rounding_note
from madaline.data.columns.texts import category_from_text
from madaline.data.table import Column, category
from madaline.errors import CellError, DataError

_NUMBERS = (int, float, np.integer, np.floating, np.bool_, Decimal, Fraction)
_NESTED = (list, dict, tuple, set, frozenset, bytes, bytearray, complex, np.ndarray)
_GAPS = ("NoneType", "NAType", "NaTType")


def column_from_array(name: str, values: np.ndarray, source: str, *, dates: bool = True) -> Column:
    """A column of a one-dimensional NumPy array.

    Args:
        name: Name of the column.
        values: ``(n,)`` numbers, booleans, texts, dates or objects.
        source: What messages call the data.
        dates: Whether texts that are all dates become a date column.

    Raises:
        DataError: The values are complex, records, or objects that are no single cells.

    >>> column_from_array("a", np.array([1, 2], np.int8), "X").values.dtype
    dtype('float64')
    >>> column_from_array("a", np.array(["x", None, 3], object), "X").texts()
    ['x', None, '3']
    """
    match values.dtype.kind:
        case "f":
            return Column(name, "number", values.astype(np.float64, copy=False))
        case "i" | "u":
            large = values[(values > MOST_WHOLE) | (values < -MOST_WHOLE)]
            notes = rounding_note(name, large.tolist())
            return Column(name, "number", values.astype(np.float64), notes=notes)
        case "b":
            return Column(name, "boolean", values.astype(np.float64))
        case "M":
            return Column(name, "date", values.astype("datetime64[us]"))
        case "m":
            seconds = values / np.timedelta64(1, "s")
            return Column(name, "number", seconds)
        case "U":
            return _text_column(name, values.tolist(), dates)
        case "O":
            return column_from_objects(name, values.tolist(), source, dates=dates)
        case _:
            raise DataError(
                f"Column {name!r} of {source} holds {values.dtype} values.",
                "Expected numbers, booleans, texts or dates.",
                column=name,
            )


def column_from_objects(
    name: str, cells: Sequence[object], source: str, *, dates: bool = True
) -> Column:
    """A column of Python values; None and NaN are missing; mixed kinds become texts.

    Raises:
        CellError: A cell holds a list, a dictionary or bytes.

    >>> column_from_objects("a", [True, None], "X").kind
    'boolean'
    >>> column_from_objects("a", [1, "b"], "X").levels
    ('1', 'b')
    """
    types = set(map(type, cells))
    gaps = {t for t in types if t.__name__ in _GAPS}
    if gaps or any(issubclass(t, float | np.floating | np.datetime64 | Decimal) for t in types):
        cells = [None if type(c) in gaps or c != c else c for c in cells]
        types = set(map(type, cells)) - {type(None)}
    for nested in types:
        if issubclass(nested, _NESTED):
            raise CellError(
                f"Column {name!r} of {source} holds {nested.__name__} values; the argument must be"
                " a table of single strings, booleans, dates or numbers.",
                "Spread them over columns.",
                column=name,
            )
    if all(issubclass(t, bool | np.bool_) for t in types) and types:
        return Column(name, "boolean", np.array(cells, np.float64))
    if all(issubclass(t, _NUMBERS) for t in types):
        return _number_column(name, cells, source)
    if all(issubclass(t, str) for t in types):
        return _text_column(name, cast("Sequence[str | None]", cells), dates)
    if all(issubclass(t, date | np.datetime64) for t in types):
        return Column(name, "date", np.array([_in_utc(c) for c in cells], "datetime64[us]"))
    if all(issubclass(t, timedelta) for t in types):
        return Column(
            name, "number", np.array([*map(_seconds, cast("Sequence[timedelta | None]", cells))])
        )
    return category(name, (None if c is None else _paired(str(c)) for c in cells))


def _number_column(name: str, cells: Sequence[object], source: str) -> Column:
    try:
        whole = (cell for cell in cells if isinstance(cell, int))
        notes = rounding_note(name, (n for n in whole if not -MOST_WHOLE <= n <= MOST_WHOLE))
        return Column(name, "number", np.array(cells, np.float64), notes=notes)
    except OverflowError:
        raise DataError(
            f"Column {name!r} of {source} holds a number beyond 1e308.",
            "Scale the column, for example by its logarithm.",
            column=name,
        ) from None


def _text_column(name: str, cells: Sequence[str | None], dates: bool) -> Column:
    few = column_of_few(name, cells, dates=dates)
    if few is not None:
        return few
    import polars as pl

    try:
        texts = pl.Series(name, cells, dtype=pl.String)
    except UnicodeEncodeError:
        texts = pl.Series(name, [_paired(cell) for cell in cells], dtype=pl.String)
    days = dates_from_text(name, texts) if dates else None
    return category_from_text(name, texts) if days is None else days


def _paired(text: str | None) -> str | None:
    """Half of a pair of UTF-16, as other programs may leave it, becomes a mark of its own."""
    if text is None:
        return None
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _in_utc(cell: object) -> object:
    if isinstance(cell, datetime) and cell.tzinfo is not None:
        return cell.astimezone(UTC).replace(tzinfo=None)
    return cell


def _seconds(cell: timedelta | None) -> float:
    return np.nan if cell is None else cell.total_seconds()
