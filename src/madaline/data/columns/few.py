"""Columns of few texts without Polars, which takes a millisecond a column for a single row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from madaline.data.table import Column, category

MOST_FEW = 64

_YEAR = re.compile(r"\d{4}")  # in every way of writing a date
_PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?", re.ASCII)


def column_of_few(name: str, cells: Sequence[str | None], *, dates: bool = True) -> Column | None:
    """The column that Polars would make of these texts; None where they are not few and plain.

    Args:
        name: Name of the column.
        cells: ``(n,)`` texts, None where missing.
        dates: Whether texts that are all dates become a date column.

    >>> column_of_few("job", ["nurse", None]).texts()
    ['nurse', None]
    >>> column_of_few("day", ["2024-02-29"]).kind
    'date'
    >>> column_of_few("day", ["31.12.2024"]) is None
    True
    """
    if len(cells) > MOST_FEW:
        return None
    present = [cell for cell in cells if cell is not None]
    if dates and present and _YEAR.search(present[0]):
        return _plain_dates(name, cells) if all(map(_PLAIN_DATE.fullmatch, present)) else None
    try:
        "".join(present).encode()
    except UnicodeEncodeError:
        return None
    return category(name, (None if cell is None else str(cell) for cell in cells))


def _plain_dates(name: str, cells: Sequence[str | None]) -> Column | None:
    try:
        days = [None if cell is None else datetime.fromisoformat(cell) for cell in cells]
    except ValueError:
        return None
    return Column(name, "date", np.array(days, "datetime64[us]"))
