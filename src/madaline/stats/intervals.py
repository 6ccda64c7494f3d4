"""How sure a number is: 95 % intervals of shares, means and differences, all in closed form.

Convention: rows are the independent units. Weights enter through Kish's effective number of rows,
so a weight common to all rows changes nothing. An interval that cannot be known (fewer than two
rows, numbers that are not finite) is NaN at both ends.

Source: Wilson 1927; Newcombe 2006 (AUC, method 5); Zou and Donner 2008 (sums of intervals);
Kish 1965 (effective rows); Welch 1947 (differences of unpaired means).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, hypot, isfinite, log, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from madaline.errors import DataError

Z95 = 1.959963984540054  # the 97.5 % point of the normal distribution
LARGEST_EXPONENT = 700.0  # exp() of more overflows float64

Limits = tuple[float, float]
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two mean losses and its 95 % interval.

    >>> Difference(0.2, 0.1, 0.3).clear
    True
    """

    mean: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """True if the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def row_weights(n_rows: int, weight: ArrayLike | None) -> Vector:
    """Weights ``(n,)`` as float64; ones if there are none.

    Raises:
        DataError: They do not fit the rows, or are negative, not finite or all zero.
    """
    if weight is None:
        return np.ones(n_rows)
    w = np.asarray(weight, np.float64).reshape(-1)
    if len(w) != n_rows:
        raise DataError(f"There are {len(w)} weights for {n_rows} rows.", "Give one for each row.")
    if not np.isfinite(w).all() or (w < 0).any():
        raise DataError("A weight is negative or not finite.", "Weights must be 0 or more.")
    if n_rows and not w.any():
        raise DataError("All weights are zero.", "At least one row must count.")
    return w


def effective_rows(weight: ArrayLike) -> float:
    """How many equally weighted rows would be as informative (Kish).

    >>> effective_rows([1, 1, 2, 0])
    2.6666666666666665
    """
    w = np.asarray(weight, np.float64)
    total = float(w.sum())
    return total**2 / float(w @ w) if total > 0 else 0.0


def wilson(share: float, n: float) -> Limits:
    """Wilson's interval of a share seen in ``n`` rows.

    >>> [round(limit, 4) for limit in wilson(0.5, 100)]
    [0.4038, 0.5962]
    """
    if not isfinite(share) or n <= 0:
        return nan, nan
    spread = Z95**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def mean_of_shares(shares: list[float], limits: list[Limits]) -> Limits:
    """Interval of the plain mean of independent shares, from the interval of each."""
    if not shares:
        return nan, nan
    mean = sum(shares) / len(shares)
    below = sqrt(sum((p - low) ** 2 for p, (low, _) in zip(shares, limits, strict=True)))
    above = sqrt(sum((high - p) ** 2 for p, (_, high) in zip(shares, limits, strict=True)))
    return max(0.0, mean - below / len(shares)), min(1.0, mean + above / len(shares))


def student(freedom: float) -> float:
    """97.5 % point of Student's t, by its expansion around the normal (1 % off at 3 degrees).

    >>> round(student(10), 3), round(student(1e9), 3)
    (2.228, 1.96)
    """
    z, v = Z95, max(freedom, 1.0)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / v + second / v**2 + third / v**3


def mean_and_error(values: Vector, weight: Vector) -> tuple[float, float, float]:
    """Weighted mean, its standard error and the effective rows; NaN where they are unknown."""
    n = effective_rows(weight)
    if n == 0:
        return nan, nan, 0.0
    share = weight / weight.sum()
    with np.errstate(all="ignore"):
        mean = float(share @ values)
        if n < 1.5:
            return mean, nan, n
        variance = float(share @ (values - mean) ** 2) * n / (n - 1)
    return mean, sqrt(variance / n) if isfinite(variance) else nan, n


def positive_limits(value: float, influence: Vector, weight: Vector) -> Limits:
    """Interval of a positive statistic (a mean loss, RMSE, 1 - R2), by the delta method on its log.

    Args:
        value: The statistic.
        influence: ``(n,)``, what each row adds to it in first order; only its spread counts.
        weight: ``(n,)``.
    """
    _, error, n = mean_and_error(influence, weight)
    if value == 0 and error == 0:
        return 0.0, 0.0
    if not (value > 0 and isfinite(value) and isfinite(error)):
        return nan, nan
    half = min(student(n - 1) * error / value, LARGEST_EXPONENT - abs(log(value)))
    return value * exp(-half), value * exp(half)


def auc_limits(auc: float, n_positive: float, n_negative: float) -> Limits:
    """Score interval of the area under the ROC curve; sensible also at 0 and 1 (Newcombe).

    >>> [round(limit, 3) for limit in auc_limits(1.0, 20, 20)]
    [0.899, 1.0]
    """
    if not isfinite(auc) or n_positive <= 0 or n_negative <= 0:
        return nan, nan
    rows = max((n_positive + n_negative) / 2 - 1, 0.0)

    def too_far(a: float) -> bool:
        spread = 1 + rows * ((1 - a) / (2 - a) + a / (1 + a))
        return abs(a - auc) > Z95 * sqrt(a * (1 - a) * spread / (n_positive * n_negative))

    return _edge(too_far, 0.0, auc), _edge(too_far, 1.0, auc)


def _edge(too_far: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where ``too_far`` turns false between two points, by halving."""
    if outside == inside:
        return inside
    for _ in range(50):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if too_far(middle) else (outside, middle)
    return inside


def compare_losses(
    loss_a: ArrayLike, loss_b: ArrayLike, weight: ArrayLike | None = None
) -> Difference:
    """Mean of ``a - b`` over the same rows, with its interval: below 0, a is the better one.

    Args:
        loss_a: ``(n,)`` losses of one model.
        loss_b: ``(n,)`` losses of the other on the same rows.
        weight: ``(n,)``.

    Raises:
        DataError: The two do not have the same length.

    >>> compare_losses([1.0, 2.0, 3.0, 4.0], [2.0, 3.1, 3.9, 5.0]).clear
    True
    """
    a, b = np.asarray(loss_a, np.float64).reshape(-1), np.asarray(loss_b, np.float64).reshape(-1)
    if len(a) != len(b):
        raise DataError(f"{len(a)} losses cannot be paired with {len(b)}.", "Use the same rows.")
    with np.errstate(all="ignore"):
        mean, error, n = mean_and_error(a - b, row_weights(len(a), weight))
    return difference(mean, error, n - 1)


def gap(
    train: ArrayLike,
    test: ArrayLike,
    train_weight: ArrayLike | None = None,
    test_weight: ArrayLike | None = None,
) -> Difference:
    """Mean loss of the test rows minus that of the training rows (Welch): above 0, test is worse.

    >>> gap([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]).mean
    1.0
    """
    one, two = np.asarray(train, np.float64).reshape(-1), np.asarray(test, np.float64).reshape(-1)
    a = mean_and_error(one, row_weights(len(one), train_weight))
    b = mean_and_error(two, row_weights(len(two), test_weight))
    return welch(a, b)


def welch(a: tuple[float, float, float], b: tuple[float, float, float]) -> Difference:
    """``b - a`` from two independent (mean, standard error, rows)."""
    error = hypot(a[1], b[1])
    if not error > 0:
        return difference(b[0] - a[0], error, 1.0)
    # As shares of the whole, so that neither huge nor tiny losses leave float64.
    parts = sum((e / error) ** 4 / (n - 1) for _, e, n in (a, b) if n > 1)
    return difference(b[0] - a[0], error, 1 / parts if parts > 0 else 1.0)


def difference(mean: float, error: float, freedom: float) -> Difference:
    """A difference from its standard error and degrees of freedom."""
    half = student(freedom) * error if isfinite(error) else nan
    return Difference(mean, mean - half, mean + half)
