"""Dates as text -> seconds, year and cycles, in ONNX; the twin of `madaline.encode.dates`.

Texts are ISO 8601: a day, with or without time of day, fraction and offset from UTC. The graph
cuts them at their marks, since no operator takes a part of a text by its place.

Days are counted with the algorithms of Howard Hinnant, "chrono-Compatible Low-Level Date
Algorithms" (2013), which let a year begin in March: the leap day is then its last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from madaline.export.graph import STRINGS, Value

ISO = (
    r"\d{4}-\d{2}-\d{2}"
    r"([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?"
)
_EPOCH = "1970-01-01"
# One era of 400 years is added, so that all counts are from 0 and rounding towards 0 is down.
_ERA, _ERA_YEARS = 146_097, 400
_BEFORE_1970 = 719_468 + _ERA
_DAY = 86_400
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True, eq=False)
class Dates:
    """The rows of a date column, each ``(n,)``.

    Attributes:
        known: Whether the text is a date.
        seconds: Since 1970, in UTC.
        year: The year.
        passed: By the name of a cycle, the share of it that has passed.
    """

    known: Value
    seconds: Value
    year: Value
    passed: dict[str, Value]


def read_dates(text: Value) -> Dates:
    """Read ``(n,)`` texts; what is no date counts as missing."""
    graph = text.graph
    graph.opset = max(graph.opset, STRINGS)
    # A row more, taken off again below: of no rows the operators would make no pieces.
    text = text.apply("Concat", np.array([_EPOCH], object), axis=0)
    matches = text.apply("RegexFullMatch", dtype=bool, pattern=ISO)
    day, clock = _split_day(text.where(matches, _EPOCH))
    year, month, month_day = (_whole(piece) for piece in _split(day, "-", 3))
    seconds_of_day, fraction, right_time = _read_clock(clock)
    known = matches & right_time & _is_day(year, month, month_day)
    seconds = _days_of(year, month, month_day) * _DAY + seconds_of_day
    return _dates(*(_without_last(value) for value in (known, seconds, fraction)))


def _without_last(value: Value) -> Value:
    first, end = np.array([0], np.int64), np.array([-1], np.int64)
    return value.apply("Slice", first, end)


def _dates(known: Value, seconds: Value, fraction: Value) -> Dates:
    """All parts of ``(n,)`` whole seconds since 1970 and the fraction of a second beside them."""
    days = (seconds + _BEFORE_1970 * _DAY) // _DAY - _BEFORE_1970
    year, month = _year_and_month(days)
    # Monday = 0: 1970-01-01 was a Thursday, and _BEFORE_1970 is a day more than whole weeks.
    weekday = (days + (_BEFORE_1970 + 2)) % 7
    first_day = _days_of(year, _all(year, 1), _all(year, 1))
    time = (seconds - days * _DAY).cast(np.float64) + fraction
    passed = {
        "month": (month - 1).cast(np.float64) / 12,
        "weekday": weekday.cast(np.float64) / 7,
        "day of year": (days - first_day).cast(np.float64) / 366,
        "hour": time / _DAY,
    }
    return Dates(known, seconds.cast(np.float64) + fraction, year, passed)


# -- Texts ----------------------------------------------------------------------------------------


def _split(text: Value, mark: str, n_pieces: int) -> list[Value]:
    """The first pieces between marks; empty where there are fewer."""
    # As many marks as every row needs are added: the operator then always makes enough pieces.
    pieces = (text + mark * (n_pieces - 1)).apply("StringSplit", n_outputs=2, delimiter=mark)
    return [pieces.apply("Gather", np.array(i, np.int64), axis=1) for i in range(n_pieces)]


def _split_day(text: Value) -> tuple[Value, Value]:
    """The day, and all behind ``T`` or a space, without the spaces."""
    first, second, third = _split(text, " ", 3)
    day, clock = _split(first, "T", 2)
    return day, clock + second + third


def _whole(text: Value) -> Value:
    """Digits as a whole number; none are 0."""
    return ("0" + text).cast(np.int64)


def _read_clock(clock: Value) -> tuple[Value, Value, Value]:
    """Seconds since midnight in UTC, the fraction beside them, and whether there is such a time."""
    local = _split(clock, "Z", 2)[0]
    local, east = _split(local, "+", 2)
    local, west = _split(local, "-", 2)
    hour, minute, rest = _split(local, ":", 3)
    second, fraction = _split(rest, ".", 2)
    second, fraction_too = _split(second, ",", 2)
    decimals = ("0." + fraction + fraction_too + "0").cast(np.float64)
    hours, minutes, seconds = _whole(hour), _whole(minute), _whole(second)
    right = (hours * 60 + minutes < 24 * 60 + 1) & (minutes < 60) & (seconds < 61)
    passed = hours * 3600 + minutes * 60 + seconds
    for zone, sign in ((east, -1), (west, 1)):
        offset, right_zone = _read_offset(zone)
        passed, right = passed + sign * offset, right & right_zone
    return passed, decimals, right


def _read_offset(text: Value) -> tuple[Value, Value]:
    """Seconds of ``05:30``, ``0530``, ``05`` or nothing, and whether there is such an offset."""
    first, second = (_whole(piece) for piece in _split(text, ":", 2))
    joined = text.apply("RegexFullMatch", dtype=bool, pattern=r"\d{4}")
    hours = (first // 100).where(joined, first)
    minutes = (first % 100).where(joined, second)
    return hours * 3600 + minutes * 60, (hours < 24) & (minutes < 60)


# -- Days -----------------------------------------------------------------------------------------


def _all(like: Value, number: int) -> Value:
    return like * 0 + number


def _is_day(year: Value, month: Value, day: Value) -> Value:
    """Whether the calendar has it."""
    right_month = (month > 0) & (month < 13)
    place = (month - 1).where(right_month, 0)
    leap = (_divides(year, 4) & ~_divides(year, 100)) | _divides(year, 400)
    february = place.apply("Equal", 1, dtype=bool)
    length = place.rows_of(np.array(_MONTH_DAYS)) + (leap & february).cast(np.int64)
    return right_month & (day > 0) & (day < length + 1)


def _divides(value: Value, divisor: int) -> Value:
    return (value % divisor).apply("Equal", 0, dtype=bool)


def _days_of(year: Value, month: Value, day: Value) -> Value:
    """Days since 1970-01-01. Source: Hinnant 2013, ``days_from_civil``."""
    early = (month < 3).cast(np.int64)
    shifted = year + _ERA_YEARS - early
    era = shifted // _ERA_YEARS
    year_of_era = shifted - era * _ERA_YEARS
    day_of_year = (153 * (month - 3 + 12 * early) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _ERA + day_of_era - _BEFORE_1970


def _year_and_month(days: Value) -> tuple[Value, Value]:
    """Of days since 1970-01-01. Source: Hinnant 2013, ``civil_from_days``."""
    shifted = days + _BEFORE_1970
    era = shifted // _ERA
    day = shifted - era * _ERA
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day_of_year = day - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153  # March = 0
    early = (month > 9).cast(np.int64)
    return year + era * _ERA_YEARS + early - _ERA_YEARS, month + 3 - 12 * early
