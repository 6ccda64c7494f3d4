"""Which rows train, which decide when to stop, which are kept for the final scores.

The order of rows depends on the seed and the number of rows alone: it is drawn from the raw bits
of Philox (Salmon et al., 2011), which do not change between versions of NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from madaline.data.table import RowIndex
from madaline.errors import DataError, UsageError

LEAST_ROWS = 3

_TRAIN, _VALIDATION, _TEST = 0, 1, 2
_Parts = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row numbers of the three parts, ascending; together every row once.

    Attributes:
        train: Rows that the network and the encoders learn from; never empty.
        validation: Rows that decide when to stop.
        test: Rows that nothing looks at before the final scores.
    """

    train: RowIndex
    validation: RowIndex
    test: RowIndex


def split_rows(
    n_rows: int,
    *,
    validation: float,
    test: float,
    seed: int,
    classes: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
) -> Split:
    """Deal rows into training, validation and test.

    Shuffled by default. With ``classes`` each class is spread in proportion, and a class keeps
    at least one row in training. With ``groups`` rows of equal value stay in one part. With
    ``time`` the oldest rows train and the newest test; rows of equal time stay together where
    that leaves no part empty.

    Args:
        n_rows: Number of rows.
        validation: Share of all rows, 0 to below 1; 0 gives an empty part.
        test: Share of all rows, likewise.
        seed: An integer from 0; not used with ``time``.
        classes: ``(n,)`` integer codes, for classification.
        groups: ``(n,)`` values that must not be torn apart.
        time: ``(n,)`` numbers or dates; rows without one count as oldest.

    Raises:
        UsageError: The shares leave nothing for training, or groups and time are both given.
        DataError: Too few rows, classes or groups for the parts asked for.

    >>> split = split_rows(10, validation=0.2, test=0.2, seed=0)
    >>> len(split.train), len(split.validation), len(split.test)
    (6, 2, 2)
    """
    _check_shares(validation, test)
    n_parts = 1 + (validation > 0) + (test > 0)
    if n_rows < n_parts:
        raise DataError(
            f"{n_rows} rows are too few for {n_parts} parts.",
            f"At least {LEAST_ROWS} rows are needed to train, validate and test.",
        )
    if groups is not None and time is not None:
        raise UsageError("Rows cannot be split by group and by time at once.", "Drop one of them.")
    counts = _counts(n_rows, validation, test)
    codes = None if classes is None else _as_codes(classes)
    if time is not None:
        parts = _by_time(np.asarray(time), *counts)
    elif groups is not None:
        parts = _by_group(np.asarray(groups), codes, *counts, seed)
    elif codes is not None:
        parts = _by_class(codes, *counts, seed)
    else:
        parts = _in_order(shuffled(n_rows, seed), *counts)
    _check_parts(parts, validation, test)
    return Split(*(np.flatnonzero(parts == part) for part in (_TRAIN, _VALIDATION, _TEST)))


def shuffled(n_rows: int, seed: int) -> RowIndex:
    """``(n,)`` the numbers 0 to n - 1 in an order that depends on the seed.

    >>> sorted(shuffled(4, seed=1).tolist())
    [0, 1, 2, 3]
    """
    bits = np.random.Philox(key=seed).random_raw(n_rows)
    return np.argsort(np.atleast_1d(bits), kind="stable")


def stratified_order(classes: ArrayLike | None, n_rows: int, seed: int) -> RowIndex:
    """``(n,)`` shuffled row numbers, of which every stretch has the classes in proportion.

    >>> order = stratified_order([0, 0, 0, 0, 1, 1], 6, seed=0)
    >>> sorted((order[:3] > 3).tolist()), sorted((order[3:] > 3).tolist())
    ([False, False, True], [False, False, True])
    """
    order = shuffled(n_rows, seed)
    if classes is None:
        return order
    codes = _as_codes(classes)
    return _spread_classes(order, np.ones(n_rows, np.intp), codes)


def fold_starts(n_rows: int, members: int) -> RowIndex:
    """``(m,)`` the first of the rows that each member holds out, evenly around the circle.

    >>> fold_starts(10, members=4).tolist()
    [0, 2, 5, 7]
    """
    return np.arange(members) * n_rows // members


def circular_folds(
    n_rows: int, members: int, n_held_out: int
) -> tuple[RowIndex, NDArray[np.bool_]]:
    """Rows in a circle, of which each member holds out ``n_held_out`` that follow one another.

    Returns:
        The rows that anybody holds out, ascending, and ``(rows, members)`` who does.

    >>> rows, held = circular_folds(8, members=2, n_held_out=2)
    >>> rows.tolist(), held.T.tolist()
    ([0, 1, 4, 5], [[True, True, False, False], [False, False, True, True]])
    """
    held = (np.arange(n_rows)[:, None] - fold_starts(n_rows, members)) % n_rows < n_held_out
    rows = np.flatnonzero(held.any(axis=1))
    return rows, held[rows]


def _as_codes(values: ArrayLike) -> NDArray[np.intp]:
    return np.unique(np.asarray(values), return_inverse=True)[1]


def _check_shares(validation: float, test: float) -> None:
    for name, share in (("validation", validation), ("test", test)):
        if not 0 <= share < 1:
            raise UsageError(f"{name} = {share!r} is out of range.", "It is a share of the rows.")
    if validation + test >= 1:
        raise UsageError(
            f"validation = {validation:g} and test = {test:g} leave no rows for training.",
            "Their sum must be below 1.",
        )


def _counts(n_rows: int, validation: float, test: float) -> tuple[int, int]:
    """Rows for validation and test: the rounded share, but one at least, and one left to train."""
    n_test = max(round(n_rows * test), int(test > 0))
    n_validation = max(round(n_rows * validation), int(validation > 0))
    while n_test + n_validation >= n_rows:
        if n_test >= n_validation:
            n_test -= 1
        else:
            n_validation -= 1
    return n_validation, n_test


def _in_order(order: RowIndex, n_validation: int, n_test: int) -> _Parts:
    parts = np.zeros(len(order), np.int8)
    parts[order[: n_test + n_validation]] = _VALIDATION
    parts[order[:n_test]] = _TEST
    return parts


def _by_class(codes: NDArray[np.intp], n_validation: int, n_test: int, seed: int) -> _Parts:
    """Of the shuffled rows of each class the first test, the next validate."""
    sizes = np.bincount(codes)
    spare = sizes - 1  # one row of each class stays in training
    tests = _apportion(sizes, spare, n_test)
    validations = _apportion(sizes, spare - tests, n_validation)
    order = shuffled(len(codes), seed)
    order = order[np.argsort(codes[order], kind="stable")]
    starts = np.cumsum(sizes) - sizes
    rank = np.arange(len(codes)) - np.repeat(starts, sizes)
    here = codes[order]
    parts = np.zeros(len(codes), np.int8)
    parts[order[rank < (tests + validations)[here]]] = _VALIDATION
    parts[order[rank < tests[here]]] = _TEST
    return parts


def _apportion(sizes: NDArray[np.intp], spare: NDArray[np.intp], total: int) -> NDArray[np.intp]:
    """``(k,)`` rows of each class: its rounded-down share, then the largest remainders."""
    share = total * sizes / sizes.sum()
    taken = np.minimum(np.floor(share).astype(np.intp), spare)
    while (left := total - int(taken.sum())) > 0 and (taken < spare).any():
        due = np.where(taken < spare, share - taken, -np.inf)
        most = min(left, int((taken < spare).sum()))
        taken[np.argsort(-due, kind="stable")[:most]] += 1
    return taken


def _by_group(
    groups: np.ndarray,
    classes: NDArray[np.intp] | None,
    n_validation: int,
    n_test: int,
    seed: int,
) -> _Parts:
    """Whole groups in shuffled order, until a part has its rows."""
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    needed = 1 + (n_validation > 0) + (n_test > 0)
    if len(sizes) < needed:
        raise DataError(
            f"{len(sizes)} groups are too few for {needed} parts.",
            "Leave a part out, or split without groups.",
            settings={"validation" if n_validation else "test": 0.0},
        )
    free = shuffled(len(sizes), seed)
    if classes is not None:
        free = _spread_classes(free, sizes, _commonest(codes, classes, len(sizes)))
    parts = np.zeros(len(sizes), np.int8)
    for part, wanted, others in ((_TEST, n_test, needed - 1), (_VALIDATION, n_validation, 1)):
        if wanted:
            taken = _fill(sizes[free], wanted, len(free) - others)
            parts[free[taken]] = part
            free = free[~taken]
    return parts[codes]


def _commonest(
    groups: NDArray[np.intp], classes: NDArray[np.intp], n_groups: int
) -> NDArray[np.intp]:
    """``(g,)`` the commonest class of each group."""
    pairs, counts = np.unique(groups * (classes.max() + 1) + classes, return_counts=True)
    group, label = np.divmod(pairs, classes.max() + 1)
    found = np.zeros(n_groups, np.intp)
    rising = np.argsort(counts, kind="stable")
    found[group[rising]] = label[rising]  # the last one written has the highest count
    return found


def _spread_classes(order: RowIndex, sizes: NDArray[np.intp], labels: NDArray[np.intp]) -> RowIndex:
    """The groups in an order of which every stretch has the classes in proportion."""
    place = np.zeros(len(order))
    for label in np.unique(labels):
        mine = order[labels[order] == label]
        reached = np.cumsum(sizes[mine])
        place[mine] = (reached - sizes[mine] / 2) / reached[-1]
    return order[np.argsort(place[order], kind="stable")]


def _fill(sizes: NDArray[np.intp], wanted: int, most: int) -> NDArray[np.bool_]:
    """Which groups, taken in order, come near the wanted rows; one at least, ``most`` at most."""
    taken = np.zeros(len(sizes), bool)
    have, count = 0, 0
    for i, size in enumerate(sizes.tolist()):
        # The last group may reach over what is wanted by half its rows.
        if count < most and have + size / 2 <= wanted:
            taken[i] = True
            have, count = have + size, count + 1
    if not count:
        taken[np.argmin(sizes)] = True
    return taken


def _by_time(time: np.ndarray, n_validation: int, n_test: int) -> _Parts:
    missing = np.isnat(time) if time.dtype.kind in "mM" else np.isnan(time.astype(np.float64))
    rank = np.zeros(len(time), np.intp)
    _, rank[~missing] = np.unique(time[~missing], return_inverse=True)
    rank[~missing] += 1
    order = np.argsort(rank, kind="stable")
    edges = np.flatnonzero(np.diff(rank[order])) + 1
    n_rows = len(time)
    first_test, first_validation = n_rows - n_test, n_rows - n_test - n_validation
    if n_test:
        first_test = _nearest_edge(edges[edges > int(n_validation > 0)], first_test)
    if n_validation:
        first_validation = min(first_validation, first_test - 1)
        first_validation = _nearest_edge(edges[edges < first_test], first_validation)
    else:
        first_validation = first_test
    parts = np.zeros(n_rows, np.int8)
    parts[order[first_validation:]] = _VALIDATION
    parts[order[first_test:]] = _TEST
    return parts


def _nearest_edge(edges: RowIndex, wanted: int) -> int:
    return wanted if not len(edges) else int(edges[np.argmin(np.abs(edges - wanted))])


def _check_parts(parts: _Parts, validation: float, test: float) -> None:
    for part, name, share in ((_VALIDATION, "validation", validation), (_TEST, "test", test)):
        if share > 0 and not (parts == part).any():
            raise DataError(
                f"No row is left for the {name} part: there are too few rows in each class.",
                f"Add rows, or set {name} to 0.",
            )
