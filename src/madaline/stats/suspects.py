"""Answers that held-out predictions contradict: which labels or values to look at first.

A prediction that never saw a row's own answer, and is sure of another one, speaks against that
answer (confident learning: Northcutt, Jiang and Chuang, 2021). Hard rows look the same, so how far
to trust it is measured on the table itself: some answers are swapped on purpose (`swapped`), and
the limit is set where enough of the rows beyond it are swapped ones (`find_limit`). Where no limit
does that, nothing can be said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]
Flags = NDArray[np.bool_]

# Northcutt et al. find 3.3 % of wrong labels in common test sets.
SWAPPED_SHARE = 0.05
# Half would be swapped if as many answers were wrong already, and all that is named were wrong.
SWAPPED_AMONG_NAMED = 0.4
# Least doubts: the other class is 7 times as likely; five deviations. Chosen, like the share
# above, on real tables with a twentieth of their answers wrong (benchmarks/check.py).
LABEL_FLOOR, VALUE_FLOOR = 2.0, 5.0
LEAST_FOUND = 5
_LEAST_SWAPPED = 20  # in small tables, of which a twentieth would prove nothing
_FLOOR = 0.01  # 100 trees cannot tell smaller probabilities apart
_BANDS = 20


@dataclass(frozen=True, slots=True)
class Limit:
    """From which doubt on an answer is suspect, and what that found on purpose-made mistakes.

    Attributes:
        doubt: The least doubt of a suspect answer.
        recall: Share of the swapped answers that reached it.
        share: Share of swapped answers among those that reached it; the rest are false alarms, and
            answers that were wrong before.
    """

    doubt: float
    recall: float
    share: float


def label_doubt(probabilities: ArrayLike, labels: ArrayLike) -> Vector:
    """``(n,)`` log of how much likelier another class is; below 0 if the label leads.

    That a class is rare speaks against none of its rows: what an other class is likelier for being
    more frequent does not count.

    Args:
        probabilities: ``(n, k)`` held-out probabilities of the classes.
        labels: ``(n,)`` class codes as they stand in the table.

    >>> label_doubt([[0.9, 0.1], [0.99, 0.01]], [0, 1]).round(1).tolist()
    [-2.1, 3.9]
    """
    p, y = np.asarray(probabilities, np.float64), np.asarray(labels, np.intp)
    rows = np.arange(len(y))
    frequency = np.log(np.maximum(np.bincount(y, minlength=p.shape[1]), 1))
    evidence = np.log(p + _FLOOR)
    ahead = evidence - evidence[rows, y][:, None]
    ahead -= np.maximum(frequency - frequency[y][:, None], 0)
    ahead[rows, y] = -np.inf
    return ahead.max(axis=1)


def value_doubt(predicted: ArrayLike, values: ArrayLike) -> Vector:
    """``(n,)`` distances of held-out predictions, in robust standard deviations of like rows.

    Like rows are those in the same twentieth of the predictions, since large values are often less
    certain; the deviation is 1.4826 times the median absolute residual there.

    Args:
        predicted: ``(n,)`` held-out predictions.
        values: ``(n,)`` as they stand in the table.
    """
    p, y = np.asarray(predicted, np.float64), np.asarray(values, np.float64)
    residual = y - p
    rank = np.empty(len(p), np.intp)
    rank[np.argsort(p, kind="stable")] = np.arange(len(p))
    band = rank * _BANDS // max(1, len(p))
    # Predictions shrink to the mean, so the lowest and the highest rows all err to one side.
    residual = np.abs(residual - _medians(residual, band)[band])
    overall = float(np.median(residual))
    # A band of rows that are all but equal must not make suspects of the next ones.
    width = 1.4826 * np.maximum(_medians(residual, band), overall / 4)[band]
    return np.divide(residual, width, out=np.zeros_like(residual), where=width > 0)


def _medians(values: Vector, band: Codes) -> Vector:
    """``(bands,)`` medians; 0 for a band without rows."""
    return np.array(
        [np.median(values[band == b]) if (band == b).any() else 0.0 for b in range(_BANDS)]
    )


def swapped(
    answers: ArrayLike, seed: int, share: float = SWAPPED_SHARE
) -> tuple[np.ndarray, Flags]:
    """The answers with some of them taken from other rows, and which ones really changed.

    >>> changed, where = swapped(np.arange(100) % 3, seed=0)
    >>> int(where.sum()), bool((changed[~where] == np.arange(100)[~where] % 3).all())
    (10, True)
    """
    y = np.asarray(answers)
    rng = np.random.default_rng(seed)
    n_rows = max(round(share * len(y)), min(_LEAST_SWAPPED, len(y) // 10))
    rows = rng.permutation(len(y))[:n_rows]
    changed = y.copy()
    kinds = np.unique(y)
    if y.dtype.kind in "iu":  # any other class, or a rare one would never be tried
        others = np.searchsorted(kinds, y[rows]) + rng.integers(1, max(2, len(kinds)), len(rows))
        changed[rows] = kinds[others % len(kinds)]
    else:
        changed[rows] = y[rng.permutation(rows)]
    return changed, changed != y


def find_limit(
    doubt: Vector, wrong: Flags, floor: float, share: float = SWAPPED_AMONG_NAMED
) -> Limit | None:
    """The lowest limit of which at least this share of the rows beyond it were swapped.

    Args:
        doubt: ``(n,)`` doubts of answers of which some were swapped.
        wrong: ``(n,)`` which.
        floor: No limit is lower.
        share: Swapped ones demanded among those beyond the limit.

    Returns:
        None where no limit keeps the promise on at least five swapped answers.

    >>> find_limit(np.array([9.0, 8, 7, 6, 5, 1]), np.array([True] * 5 + [False]), floor=2.0)
    Limit(doubt=5.0, recall=1.0, share=1.0)
    """
    order = np.argsort(-doubt, kind="stable")
    ordered, hits = doubt[order], np.cumsum(wrong[order])
    taken = np.arange(1, len(order) + 1)
    last_of_equals = np.append(np.diff(ordered) != 0, True)
    good = (hits >= share * taken) & (hits >= LEAST_FOUND) & (ordered >= floor) & last_of_equals
    if not good.any():
        return None
    place = int(np.flatnonzero(good)[-1])
    found = int(hits[place])
    return Limit(float(ordered[place]), found / int(wrong.sum()), found / int(taken[place]))
