"""Dates -> seconds and year as numbers, and their cycles as sine and cosine.

A cycle (month, day of the week, day of the year, time of day) is a point on a circle, so that
December is near January. A part that does not vary in the training rows gives no feature.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import Column
from madaline.encode.column import PARTS, ColumnCode
from madaline.encode.numeric import Numbers

_DAY = 86_400_000_000  # microseconds
_THURSDAY = 3  # 1970-01-01, counted from Monday = 0


def fit_date(column: Column) -> ColumnCode:
    """Learn which parts of a date vary.

    >>> days = np.array(["2024-01-31", "2024-03-31", "NaT"], "datetime64[us]")
    >>> fit_date(Column("due", "date", days)).parts
    ('month', 'weekday', 'day of year')
    """
    known = column.values[~column.missing()]
    varying = tuple(part for part in PARTS if len(known) and np.ptp(_part(part, known)) > 0)
    return ColumnCode(column.name, "date", "date", len(known) < len(column), parts=varying)


def _part(part: str, dates: NDArray[np.datetime64]) -> Numbers:
    """``(n,)``: the year, or the share of its cycle that has passed, in [0, 1)."""
    days = dates.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]")
    match part:
        case "year":
            passed, cycle = years.astype(np.int64) + 1970, 1
        case "month":
            passed, cycle = (dates.astype("datetime64[M]") - years).astype(np.int64), 12
        case "weekday":
            passed, cycle = (days.astype(np.int64) + _THURSDAY) % 7, 7
        case "day of year":
            passed, cycle = (days - years).astype(np.int64), 366
        case _:
            passed, cycle = dates.astype("datetime64[us]").astype(np.int64) % _DAY, _DAY
    return passed / cycle


def date_numbers(code: ColumnCode, column: Column) -> list[Numbers]:
    """Seconds since 1970 and, if it varies, the year: each ``(n,)``, NaN where missing.

    >>> due = Column("due", "date", np.array(["1970-01-02", "NaT"], "datetime64[us]"))
    >>> [values.tolist() for values in date_numbers(fit_date(due), due)]
    [[86400.0, nan]]
    """
    missing, known = _split(column)
    numbers = [known.astype("datetime64[us]").astype(np.int64) / 1e6]
    if "year" in code.parts:
        numbers.append(_part("year", known))
    return [np.where(missing, np.nan, values) for values in numbers]


def write_cycles(code: ColumnCode, column: Column, out: NDArray[np.float32]) -> None:
    """Write sine and cosine of each varying cycle; 0 where missing.

    >>> dates = np.array(["2024-01-01T00:00", "2024-01-01T06:00"], "datetime64[us]")
    >>> column = Column("at", "date", dates)
    >>> out = np.empty((2, 2), np.float32)
    >>> write_cycles(fit_date(column), column, out)
    >>> out.round(3).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    missing, known = _split(column)
    cycles = [part for part in code.parts if part != "year"]
    for place, part in enumerate(cycles):
        angle = 2 * np.pi * _part(part, known)
        out[:, 2 * place] = np.sin(angle)
        out[:, 2 * place + 1] = np.cos(angle)
    out[missing] = 0


def _split(column: Column) -> tuple[NDArray[np.bool_], NDArray[np.datetime64]]:
    """Where dates are missing, and the dates with 1970-01-01 put there."""
    missing = column.missing()
    return missing, np.where(missing, np.datetime64(0, "us"), column.values)
