"""Raw columns -> features, in ONNX operators; the twin of `madaline.encode.encoder`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from madaline.data.columns.texts import MISSING
from madaline.data.table import number_text
from madaline.encode.column import ColumnCode
from madaline.encode.encoder import Encoder
from madaline.encode.numeric import NumberScale
from madaline.export.graph import Value, concatenate
from madaline.export.onnx_dates import read_dates

# How people and libraries write booleans; in any of three cases.
_TRUTH = {"true": ("true", "yes", "1", "1.0"), "false": ("false", "no", "0", "0.0")}
_FAR = 1e6  # from here on the clip gives 3 in float32


def encode(encoder: Encoder, columns: Mapping[str, Value]) -> tuple[Value | None, list[Value]]:
    """``(n, d)`` numeric features, and ``(n,)`` positions of each embedded column.

    A position is that of a level, then one for missing, then one for never seen: the rows of
    `position_codes`.

    Args:
        encoder: What was learned.
        columns: ``(n, 1)`` float64 numbers, or texts for all other kinds.
    """
    numbers: list[Value] = []
    others: list[Value] = []
    indicators: list[Value] = []
    embedded: list[Value] = []
    for code in encoder.column_codes:
        column = columns[code.name]
        if code.code == "scaled":
            missing = column.apply("IsNaN", dtype=bool)
            numbers.append(column)
        elif code.code == "date":
            dates = read_dates(column.reshape(-1))
            missing = (~dates.known).reshape(-1, 1)
            wanted = [dates.seconds]
            if "year" in code.parts:
                wanted.append(dates.year.cast(np.float64))
            numbers += [value.where(dates.known, np.nan).reshape(-1, 1) for value in wanted]
            for part in code.parts:
                if part != "year":
                    others += _circle(dates.passed[part], dates.known)
        else:
            position = _position(code, column)
            n_levels = len(code.levels)
            missing = position.apply("Equal", n_levels, dtype=bool).reshape(-1, 1)
            if code.code == "embedding":
                embedded.append(position)
            else:
                others.append(position.rows_of(_feature_rows(code)))
        if code.has_indicator:
            indicators.append(missing.cast(np.float32))
    scaled = [_scale(encoder.scale, numbers)] if numbers else []
    parts = [*scaled, *others, *indicators]
    return (concatenate(parts, axis=1) if parts else None), embedded


def position_codes(code: ColumnCode) -> NDArray[np.int64]:
    """The embedding code at each position: levels, missing, never seen.

    >>> code = ColumnCode("city", "category", "embedding", True, ("Oslo", "Rome"))
    >>> position_codes(code).tolist()
    [1, 2, 3, 0]
    """
    n_levels = len(code.levels)
    return np.array([*range(1, n_levels + 1), n_levels + 1 if code.gap else 0, 0])


def _position(code: ColumnCode, text: Value) -> Value:
    """``(n,)`` position of each text."""
    n_levels = len(code.levels)
    places = dict.fromkeys(MISSING, n_levels)
    if code.kind == "boolean":
        for level, words in _TRUTH.items():
            place = code.index.get(level, n_levels + 1)
            for word in words:
                places |= dict.fromkeys((word, word.capitalize(), word.upper()), place)
    else:
        places |= code.index  # a category may be called NA
        for level, place in code.index.items():
            for spelling in _spellings(level):
                places.setdefault(spelling, place)
    position = text.apply(
        "LabelEncoder",
        dtype=np.int64,
        domain="ai.onnx.ml",
        keys_strings=list(places),
        values_int64s=list(places.values()),
        default_int64=n_levels + 1,
    )
    return position.reshape(-1)


def _spellings(level: str) -> tuple[str, ...]:
    """Other ways in which libraries write the same: 3.0 for 3, True for true."""
    if level.lower() in ("true", "false"):
        return level.lower(), level.capitalize(), level.upper()
    try:
        number = float(level)
    except ValueError:
        return ()
    return (number_text(number), repr(number)) if np.isfinite(number) else ()


def _feature_rows(code: ColumnCode) -> NDArray[np.float32]:
    """The features at each position of a ``sign`` or ``one_hot`` column."""
    n_levels = len(code.levels)
    if code.code == "one_hot":
        return np.eye(n_levels + 2, n_levels, dtype=np.float32)
    rows = np.zeros((n_levels + 2, 1), np.float32)
    if n_levels == 2:
        rows[:2, 0] = -1, 1
    return rows


def _circle(passed: Value, known: Value) -> list[Value]:
    """Sine and cosine, each ``(n, 1)``; runtimes have the sine in float64, not the cosine."""
    angle = passed * (2 * np.pi)
    waves = [angle.apply("Sin"), (angle + np.pi / 2).apply("Sin")]
    return [wave.where(known, 0).cast(np.float32).reshape(-1, 1) for wave in waves]


def units_near_one(largest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Powers of two, exact factors, that bring numbers near 1; 1 for 0.

    ONNX Runtime leaves out the addition of a constant that is 0 in float32, also in float64: a mean
    of 1e-50 would be lost.

    >>> units_near_one(np.array([0.0, 3.0, 2.0**-200])).tolist() == [1.0, 0.25, 2.0**199]
    True
    """
    exponents = np.clip(np.frexp(largest)[1], -1000, 1000)
    return np.where(largest > 0, np.ldexp(1.0, -exponents), 1.0)


def _scale(scale: NumberScale, numbers: Sequence[Value]) -> Value:
    """``(n, c)`` float32; see `madaline.encode.numeric.write_numbers`."""
    unit = units_near_one(np.maximum(np.abs(scale.median), scale.width))
    divisor = np.where(scale.width > 0, scale.width * unit, np.inf)
    values = concatenate(list(numbers), axis=1)
    z = (values * scale.unit * unit - scale.median * unit) / divisor
    unknown = z.apply("IsNaN", dtype=bool)
    near = z.apply("Clip", -_FAR, _FAR)
    third = near / 3
    clipped = near / (third * third + 1).apply("Sqrt")
    return clipped.where(~unknown, 0).cast(np.float32)
