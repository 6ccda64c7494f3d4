"""A column of another kind than in training: converted if every value allows it, else refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from madaline.data.table import Column, Kind, Values, category, number_text
from madaline.errors import DataError

_TRUTH = {"true": 1.0, "yes": 1.0, "1": 1.0, "false": 0.0, "no": 0.0, "0": 0.0}
_EXPECTED: dict[Kind, tuple[str, str]] = {
    "number": ("numbers", "a number such as 2.5"),
    "boolean": ("booleans", "true, false, 1 or 0"),
    "category": ("texts", "a text"),
    "date": ("dates", "a date such as 2024-01-31"),
}


def as_kind(column: Column, kind: Kind, levels: tuple[str, ...] = (), source: str = "") -> Column:
    """The same values as a column of this kind.

    Args:
        column: A column of any kind.
        kind: The kind of the training column.
        levels: Its texts, if it was a category: a number 3 finds the level ``3.0``.
        source: What messages call the table.

    Raises:
        DataError: A value cannot be converted; names the column, the row (from 1) and the value.

    >>> as_kind(Column("age", "category", np.array([1, 0, -1]), ("7", "2.5")), "number").values
    array([2.5, 7. , nan])
    """
    if column.kind == kind:
        return _respelled(column, levels) if kind == "category" and levels else column
    if column.missing().all():
        return _all_missing(column, kind)
    match kind:
        case "number":
            values = _as_numbers(column, source)
        case "boolean":
            values = _as_booleans(column, source)
        case "date":
            values = _as_dates(column, source)
        case "category":
            return _as_category(column, levels)
    return Column(column.name, kind, values)


def _all_missing(column: Column, kind: Kind) -> Column:
    n_rows = len(column)
    match kind:
        case "category":
            values: Values = np.full(n_rows, -1, np.int32)
        case "date":
            values = np.full(n_rows, "NaT", "datetime64[us]")
        case _:
            values = np.full(n_rows, np.nan)
    return Column(column.name, kind, values)


def _as_numbers(column: Column, source: str) -> Values:
    if column.kind == "boolean":
        return column.values
    if column.kind == "date":
        raise _refusal(column, "number", 0, source)
    return _from_texts(column, "number", _number, np.array(np.nan), source)


def _as_booleans(column: Column, source: str) -> Values:
    if column.kind == "category":
        return _from_texts(column, "boolean", _truth, np.array(np.nan), source)
    if column.kind == "date":
        raise _refusal(column, "boolean", 0, source)
    wrong = ~(np.isnan(column.values) | (column.values == 0) | (column.values == 1))
    if wrong.any():
        raise _refusal(column, "boolean", int(wrong.argmax()), source)
    return column.values


def _as_dates(column: Column, source: str) -> Values:
    if column.kind != "category":
        raise _refusal(column, "date", 0, source)
    return _from_texts(column, "date", _date, np.array("NaT", "datetime64[us]"), source)


def _from_texts(
    column: Column, kind: Kind, read: Callable[[str], object], missing: Values, source: str
) -> Values:
    """Read each level once; only levels that occur must be readable."""
    read_levels = [read(level) for level in column.levels]
    unreadable = np.array([*(value is None for value in read_levels), False])
    wrong = unreadable[column.values]
    if wrong.any():
        raise _refusal(column, kind, int(wrong.argmax()), source)
    table = np.full(len(read_levels) + 1, missing)  # a missing value, -1, reads the last entry
    for place, value in enumerate(read_levels):
        if value is not None:
            table[place] = value
    return table[column.values]


def _as_category(column: Column, levels: tuple[str, ...]) -> Column:
    """Texts; spelled like the training level that means the same, if there is one."""
    read: Callable[[str], object] = {"number": _number, "boolean": _truth, "date": _date}[
        column.kind
    ]
    spelled: dict[object, str] = {}
    for level in reversed(levels):
        spelled[read(level)] = level
    gaps = column.missing()
    distinct, places = np.unique(column.values[~gaps], return_inverse=True)
    shown = replace(column, values=distinct).texts()
    known = set(levels)
    texts: dict[str, int] = {}
    codes: list[int] = []
    for value, text in zip(distinct, shown, strict=True):
        key: object = value.item()
        level = text if text in known else spelled.get(key, text)
        codes.append(texts.setdefault(str(level), len(texts)))
    values = np.full(len(column), -1, np.int32)
    values[~gaps] = np.array(codes, np.int32)[places]
    return Column(column.name, "category", values, tuple(texts))


def _respelled(column: Column, levels: tuple[str, ...]) -> Column:
    """Texts that are not known, but mean what a training level means: 3.0 for 3, TRUE for true."""
    known = set(levels)
    meanings = {level: _meaning(level) for level in column.levels if level not in known}
    if all(meaning is None for meaning in meanings.values()):
        return column
    meant = {_meaning(level): level for level in reversed(levels)} | {None: None}
    names = {level: meant.get(meaning) or level for level, meaning in meanings.items()}
    spelled = [names.get(level, level) for level in column.levels]
    merged = category(column.name, spelled)
    places = np.append(merged.values, np.int32(-1))
    return replace(column, values=places[column.values], levels=merged.levels)


def _meaning(text: str) -> float | str | None:
    """A number or a truth, however it is written; None for words."""
    lowered = text.lower()
    return lowered if lowered in ("true", "false") else _number(text)


def _number(text: str) -> float | None:
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _truth(text: str) -> float | None:
    return _TRUTH.get(text.strip().lower())


def _date(text: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(text.strip())
        return date if date.tzinfo is None else date.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _refusal(column: Column, kind: Kind, row: int, source: str) -> DataError:
    """The first row is named even if a whole kind is wrong, unless it is missing."""
    if column.missing()[row]:
        row = int((~column.missing()).argmax())
    value = column.values[row]
    match column.kind:
        case "category":
            shown = repr(column.levels[int(value)])
        case "number":
            shown = number_text(float(value))
        case _:
            shown = str(column.take(slice(row, row + 1)).texts()[0])
    learned, example = _EXPECTED[kind]
    place = f" of {source}" if source else ""
    return DataError(
        f"Column {column.name!r}{place} has {shown} in row {row + 1}; "
        f"the model was trained with {learned} there.",
        f"Write {example}, or leave the cell empty.",
        column=column.name,
        row=row + 1,
    )
