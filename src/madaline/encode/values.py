"""The numbers of a regression: standardised by mean and deviation of the training rows.

Works for numbers of any size that float64 can hold: 1e-300 and 1e300 are multiplied by a power of
two before they are squared.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import Table, number_text
from madaline.encode.accept import refuse_negative, refuse_one_value
from madaline.encode.numeric import Numbers, power_of_two

_LARGEST = np.finfo(np.float32).max
_SMALLEST = float(np.finfo(np.float64).smallest_subnormal)
_GREATEST = float(np.finfo(np.float64).max)


def fit_values(
    table: Table, counts: bool, weight: Numbers | None = None, *, lenient: bool = False
) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation of each column; 0 and 1 for counts.

    Args:
        table: The target columns.
        counts: Whether they are counts.
        weight: ``(n,)`` row weights; None: all alike.
        lenient: Take a column of one value, its size as the scale, instead of refusing it.

    Raises:
        DataError: All values of a column are equal, or a count is negative.
    """
    learned: list[tuple[float, float]] = []
    for column in table:
        order = np.argsort(column.values)  # sums then do not depend on the order of the rows
        ordered, say = column.values[order], None if weight is None else weight[order]
        if ordered[0] == ordered[-1] and lenient:
            learned.append((float(ordered[0]), abs(float(ordered[0])) or 1.0))
            continue
        if ordered[0] == ordered[-1]:
            refuse_one_value(column, number_text(float(ordered[0])), "Choose another target.")
        unit = power_of_two(max(-float(ordered[0]), float(ordered[-1])))
        ordered *= unit
        mean = float(np.average(ordered, weights=say))
        scale = float(np.sqrt(np.average((ordered - mean) ** 2, weights=say)))
        # Neither infinite for values at the end of float64, nor 0 for the smallest ones.
        scale = min(max(scale / unit, _SMALLEST), _GREATEST)
        learned.append((mean / unit, scale))
    if counts:
        refuse_negative(table.columns)
        learned = [(0.0, 1.0)] * len(learned)
    mean, scale = np.array(learned, np.float64).T
    return mean.copy(), scale.copy()


def standardise(y: Numbers, mean: Numbers, scale: Numbers) -> NDArray[np.float32]:
    """``(y - mean) / scale`` of ``y (n, k)``; kept inside float32.

    >>> standardise(np.array([[3.0], [1e300]]), np.array([1.0]), np.array([2.0])).tolist()
    [[1.0], [3.4028234663852886e+38]]
    """
    unit = _units(mean, scale)
    with np.errstate(over="ignore"):
        z = (y * unit - mean * unit) / (scale * unit)
    return np.clip(z, -_LARGEST, _LARGEST).astype(np.float32)


def restore(z: np.ndarray, mean: Numbers, scale: Numbers) -> Numbers:
    """``(n, k)`` float64: the inverse of `standardise`.

    >>> restore(np.array([[1.0]]), np.array([1.0]), np.array([2.0])).tolist()
    [[3.0]]
    """
    unit = _units(mean, scale)
    with np.errstate(over="ignore"):
        return (z.astype(np.float64) * (scale * unit) + mean * unit) / unit


def _units(mean: Numbers, scale: Numbers) -> Numbers:
    """``(k,)`` powers of two that keep differences of huge values from overflowing."""
    largest = np.maximum(np.abs(mean), scale)
    return np.array([power_of_two(float(value)) for value in largest])
