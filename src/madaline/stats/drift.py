"""Whether two samples come from one distribution: maximum mean discrepancy, and column by column.

Source: Gretton, Borgwardt, Rasch, Schoelkopf and Smola (2012), "A kernel two-sample test", lemma 6
(the unbiased estimate); Phipson and Smyth (2010), "Permutation p-values should never be zero";
Holm (1979).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from madaline.errors import DataError
from madaline.stats.kernel import median_gamma, similarities, squared_distances

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Codes = NDArray[np.intp]

PERMUTATIONS = 1_000
_LEAST_ROWS = 2


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """How far apart two samples are, and whether chance alone would do that.

    Attributes:
        squared: Unbiased estimate of the squared maximum mean discrepancy; around 0, and also
            below, where both samples come from one distribution.
        p_value: Share of random dealings of the same rows that are at least as far apart.
    """

    squared: float
    p_value: float


def mean_discrepancy(
    x: ArrayLike,
    y: ArrayLike,
    *,
    seed: int,
    x_codes: ArrayLike | None = None,
    y_codes: ArrayLike | None = None,
    units: ArrayLike | None = None,
    permutations: int = PERMUTATIONS,
) -> Discrepancy:
    """The unbiased squared maximum mean discrepancy with an RBF kernel, and its p-value.

    The kernel is computed once: a permutation only deals its rows anew. Two different codes count
    as a squared distance of 2, like two one-hot vectors.

    Args:
        x: ``(n, d)`` one sample, on comparable scales.
        y: ``(m, d)`` the other.
        seed: Of the permutations.
        x_codes: ``(n, c)`` categories of the first sample.
        y_codes: ``(m, c)`` likewise of the second.
        units: ``(n + m,)`` codes of rows that were dealt together, such as all rows of a patient;
            they are permuted together. None: every row on its own.
        permutations: At least 1 / p_value of interest; 1,000 resolve 0.001.

    Raises:
        DataError: A sample has fewer than two rows.

    >>> rng = np.random.default_rng(0)
    >>> near, far = rng.normal(size=(100, 2)), rng.normal(1.0, size=(80, 2))
    >>> mean_discrepancy(near, far, seed=0).p_value
    0.000999000999000999
    """
    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    n, m = len(first), len(second)
    if min(n, m) < _LEAST_ROWS:
        raise DataError(f"Samples of {n} and {m} rows cannot be compared.", "Give two rows each.")
    rows = np.concatenate([first, second])
    distances = squared_distances(rows, rows)
    if x_codes is not None and y_codes is not None:
        for column in np.concatenate([np.asarray(x_codes), np.asarray(y_codes)]).T:
            distances += 2.0 * (column[:, None] != column[None, :])
    kernel = similarities(distances, median_gamma(distances))
    np.fill_diagonal(kernel, 0.0)
    group = (
        np.arange(n + m) if units is None else np.unique(np.asarray(units), return_inverse=True)[1]
    )
    dealt = np.zeros((n + m, 1 + permutations))
    dealt[n:, 0] = 1.0
    dealt[:, 1:] = _dealings(group, m, permutations, seed)
    found = _discrepancies(kernel, dealt)
    # Sums in another order differ in their last bits; an equal dealing counts as equal.
    as_far = int((found[1:] >= found[0] - 1e-12).sum())
    return Discrepancy(float(found[0]), (1 + as_far) / (1 + permutations))


def _discrepancies(kernel: Matrix, second: Matrix) -> Vector:
    """``(p,)`` unbiased estimates, for ``p`` ways to deal the rows.

    Args:
        kernel: ``(n, n)``, zero on the diagonal.
        second: ``(n, p)`` 1 where a row is in the second sample, 0 in the first.
    """
    m = second.sum(axis=0)
    n = len(kernel) - m
    within = np.einsum("ip,ip->p", second, kernel @ second)
    touching = kernel.sum(axis=1) @ second
    across = touching - within
    others = kernel.sum() - touching - across
    return others / (n * (n - 1)) + within / (m * (m - 1)) - 2 * across / (n * m)


def _dealings(group: Codes, m: int, permutations: int, seed: int) -> Matrix:
    """``(n, p)`` random dealings: whole groups in random order, until about ``m`` rows are in."""
    rng = np.random.default_rng(seed)
    sizes = np.bincount(group)
    n_groups = len(sizes)
    dealt = np.zeros((len(group), permutations))
    for column in range(permutations):
        order = rng.permutation(n_groups)
        reached = np.cumsum(sizes[order])
        # A group is taken if that brings the sample nearer to its m rows than leaving it out.
        taken = np.zeros(n_groups)
        taken[order[reached - sizes[order] / 2 <= m]] = 1.0
        dealt[:, column] = taken[group]
    size = dealt.sum(axis=0)
    usable = (size >= _LEAST_ROWS) & (len(group) - size >= _LEAST_ROWS)
    dealt[:, ~usable] = 0.0
    dealt[len(group) - m :, ~usable] = 1.0  # as dealt in truth: counts against an alarm
    return dealt


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one column moved between two samples.

    Attributes:
        distance: 0 to 1. Numbers: the largest gap of the distribution functions
            (Kolmogorov-Smirnov). Codes: half the summed difference of shares (total variation).
        p_value: Of the Kolmogorov-Smirnov or the chi-squared test; rows count as independent.
    """

    distance: float
    p_value: float


def number_shift(x: ArrayLike, y: ArrayLike) -> Shift:
    """Two-sample Kolmogorov-Smirnov test; missing values (NaN) count as one lowest value.

    >>> number_shift(np.arange(50), np.arange(50) + 25.0).distance
    0.5
    """
    from scipy.stats import ks_2samp

    lowest = -np.finfo(np.float64).max
    first, second = (np.nan_to_num(np.asarray(v, np.float64), nan=lowest) for v in (x, y))
    found: Any = ks_2samp(first, second, method="asymp")
    return Shift(float(found.statistic), float(found.pvalue))


def code_shift(x: ArrayLike, y: ArrayLike) -> Shift:
    """Chi-squared test of two samples of categories; the rare ones are taken together.

    >>> code_shift([0] * 30 + [1] * 10, [0] * 10 + [1] * 30).distance
    0.5
    """
    from scipy.stats import chi2_contingency

    first, second = np.asarray(x), np.asarray(y)
    codes = np.unique(np.concatenate([first, second]), return_inverse=True)[1]
    n, k = len(first), int(codes.max()) + 1
    counts = np.stack([np.bincount(c, minlength=k) for c in (codes[:n], codes[n:])])
    distance = float(np.abs(counts[0] / n - counts[1] / len(second)).sum() / 2)
    # Cochran's rule: the test is right where at least 5 rows are expected of each category.
    rare = counts.sum(axis=0) * min(n, len(second)) / len(codes) < 5
    table = counts[:, ~rare]
    rest = counts[:, rare].sum(axis=1, keepdims=True)
    if rest.any():
        table = np.hstack([table, rest])
    if table.shape[1] < 2:
        return Shift(distance, 1.0)
    found: Any = chi2_contingency(table, correction=False)
    return Shift(distance, float(found.pvalue))


def holm(p_values: ArrayLike) -> Vector:
    """``(k,)`` p-values that stay honest when the smallest of ``k`` is looked for.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted
