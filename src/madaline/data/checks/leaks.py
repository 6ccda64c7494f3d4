"""Whether one column alone all but gives the target away: often it is the target, written again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import Column

LEAST_ROWS = 20
CORRELATION = 0.999
RIGHT_SHARE = 0.995
# A column with a level for every few rows is right by memory, not by meaning.
ROWS_PER_LEVEL = 5
# A first look at this many rows spares most columns the sorting of all (60,000 x 784 pixels).
_GLANCE = 2_000
# Ranges of a number in `skill_alone`: enough for any smooth relation, and few enough to fill.
_RANGES = 32

Codes = NDArray[np.intp]
Numbers = NDArray[np.float64]


def repeats_target(column: Column, target: Column, task: str) -> str:
    """One sentence of evidence that the column repeats the target; empty if it does not.

    A number against a number: linear or rank correlation beyond 0.999. A column of few values:
    how often the commonest answer of each value is right. A number against classes: whether the
    classes follow each other in blocks when rows are sorted by it.

    Args:
        column: ``(n,)`` a feature.
        target: ``(n,)`` the answers.
        task: ``regression``, or a classification task.

    >>> size = Column("size", "number", np.arange(30.0))
    >>> repeats_target(Column("cm", "number", np.arange(30) * 2.54), size, "regression")
    "Column 'cm' repeats the target 'size': their correlation is 1.00000."
    """
    rows = np.flatnonzero(~target.missing())
    if len(rows) < LEAST_ROWS:
        return ""
    if column.kind == "number" and len(rows) > 2 * _GLANCE:
        glance = rows[:: len(rows) // _GLANCE]
        if not _evidence(column.take(glance), target.take(glance), task):
            return ""
    evidence = _evidence(column.take(rows), target.take(rows), task)
    verb = "repeats" if evidence.startswith(("their", "one-to")) else "almost alone predicts"
    return (
        f"Column {column.name!r} {verb} the target {target.name!r}: {evidence}." if evidence else ""
    )


def skill_alone(column: Column, target: Column, task: str) -> float:
    """How much of the target this one column predicts, on rows that did not teach it.

    The column is cut into its values or 32 ranges; each half of the rows is predicted by the means
    or commonest classes of the other half.

    Args:
        column: ``(n,)`` a feature.
        target: ``(n,)`` the answers, none missing.
        task: ``regression``, or a classification task.

    Returns:
        Regression: the coefficient of determination, also that of a straight line. Classes: the
        share of the constant guess's mistakes that are avoided. 1 is all, 0 and below nothing.

    >>> x = np.arange(200.0)
    >>> target = Column("y", "number", np.cos(x / 30))
    >>> skill_alone(Column("x", "number", x), target, "regression") > 0.9
    True
    """
    codes = _ranges(column)
    half = np.arange(len(codes)) % 2 == 0
    if task == "regression" and target.kind == "number":
        y = _standard(target.values)
        wrong = sum(_squares(codes, y, part) for part in (half, ~half))
        straight = 0.0
        if column.kind == "number" and np.isfinite(column.values).all():
            straight = _correlation(column.values, target.values) ** 2
        return max(1 - wrong / max(float(y @ y), 1e-300), straight)
    classes = np.unique(_as_numbers(target), return_inverse=True)[1]
    constant = len(classes) - int(np.bincount(classes).max())
    wrong = sum(_mistakes(codes, classes, part) for part in (half, ~half))
    return 1 - wrong / max(constant, 1)


def _ranges(column: Column) -> Codes:
    """Codes of the values, or of ranges with about as many rows each; missing has its own."""
    levels = _levels(column)
    if column.kind == "category" or levels.max(initial=0) < _RANGES:
        return levels
    edges = np.quantile(levels[~column.missing()], np.linspace(0, 1, _RANGES + 1)[1:-1])
    return np.where(column.missing(), _RANGES, np.searchsorted(edges, levels, side="right"))


def _evidence(column: Column, target: Column, task: str) -> str:
    if task == "regression" and target.kind == "number":
        return _against_numbers(column, target.values)
    _, classes = np.unique(_as_numbers(target), return_inverse=True)
    return _against_classes(column, classes)


def _as_numbers(column: Column) -> Numbers:
    """Values that sort as the column's do; NaN where missing."""
    return np.where(column.missing(), np.nan, column.values.astype(np.float64))


def _levels(column: Column) -> Codes:
    """Codes of the distinct values; missing is a value as any other."""
    return np.unique(_as_numbers(column), return_inverse=True)[1]


def _against_numbers(column: Column, target: Numbers) -> str:
    if column.kind in ("number", "date"):
        values = _as_numbers(column)
        both = np.isfinite(values) & np.isfinite(target)
        if both.sum() >= max(LEAST_ROWS, len(target) / 2):
            x, y = values[both], target[both]
            found = abs(_correlation(x, y))
            if found > CORRELATION:
                return f"their correlation is {found:.5f}"
            # Ranks cannot agree to 0.999 where straight lines do not agree at all.
            if found > 0.3:
                found = abs(_correlation(_ranks(x), _ranks(y)))
                if found > CORRELATION:
                    return f"their rank correlation is {found:.5f}"
    levels = _levels(column)
    if not 1 < levels.max() + 1 <= len(target) / ROWS_PER_LEVEL:
        return ""
    spread = _spread_within(levels, target)
    if spread < 1 - CORRELATION:
        return f"its {levels.max() + 1} values leave {100 * spread:.2g} % of the variance open"
    return ""


def _against_classes(column: Column, classes: Codes) -> str:
    n_rows, n_classes = len(classes), int(classes.max()) + 1
    wrong_constant = n_rows - int(np.bincount(classes).max())
    if wrong_constant == 0:
        return ""
    # Being right where the commonest class is right anyway proves nothing.
    allowed = min((1 - RIGHT_SHARE) * n_rows, 0.1 * wrong_constant)
    levels = _levels(column)
    n_levels = int(levels.max()) + 1
    if 1 < n_levels <= n_rows / ROWS_PER_LEVEL:
        counts = np.bincount(levels * n_classes + classes, minlength=n_levels * n_classes)
        counts = counts.reshape(n_levels, n_classes)
        wrong = n_rows - int(counts.max(axis=1).sum())
        if wrong == 0 and n_levels == n_classes:
            return f"one-to-one, its {n_levels} values are the {n_classes} classes"
        if wrong <= allowed:
            right = _share(wrong, n_rows)
            return f"the commonest class of each of its {n_levels} values is right in {right}"
    elif column.kind in ("number", "date"):
        wrong = _outside_blocks(_as_numbers(column), classes, n_classes)
        if wrong <= allowed:
            return f"cut into {n_classes} ranges it is right in {_share(wrong, n_rows)}"
    return ""


def _outside_blocks(values: Numbers, classes: Codes, n_classes: int) -> float:
    """Rows that break the blocks when sorted: each strayed row makes two more changes of class."""
    ordered = classes[np.argsort(values, kind="stable")]
    return (int(np.count_nonzero(np.diff(ordered))) - (n_classes - 1)) / 2


def _share(wrong: float, n_rows: int) -> str:
    return f"{100 * (1 - wrong / n_rows):.4g} % of the rows"


def _correlation(x: Numbers, y: Numbers) -> float:
    x, y = _standard(x), _standard(y)
    return float(x @ y)


def _standard(x: Numbers) -> Numbers:
    """Mean 0 and length 1; scaled first, so that huge values do not overflow."""
    x = x / max(float(np.abs(x).max()), 1e-300)
    x = x - x.mean()
    length = float(np.sqrt(x @ x))
    return x / length if length > 1e-12 * np.sqrt(len(x)) else np.zeros_like(x)


def _ranks(x: Numbers) -> Numbers:
    """Ranks; equal values share their mean rank."""
    _, codes, counts = np.unique(x, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[codes]


def _spread_within(levels: Codes, target: Numbers) -> float:
    """Share of the target's variance that remains within the levels."""
    y = _standard(target)
    counts = np.bincount(levels)
    means = np.bincount(levels, y) / counts
    total = float(y @ y)
    return 1.0 if total == 0 else float(((y - means[levels]) ** 2).sum()) / total


def _squares(codes: Codes, y: Numbers, teach: NDArray[np.bool_]) -> float:
    """Squared errors on the other rows of the means that the rows of ``teach`` give each code."""
    n_codes, mean = int(codes.max()) + 1, float(y[teach].mean())
    counts = np.bincount(codes[teach], minlength=n_codes)
    sums = np.bincount(codes[teach], y[teach], minlength=n_codes)
    guess = (sums + mean) / (counts + 1)  # one row's worth of the overall mean
    errors = y[~teach] - guess[codes[~teach]]
    return float(errors @ errors)


def _mistakes(codes: Codes, classes: Codes, teach: NDArray[np.bool_]) -> int:
    """Other rows that are not of the commonest class of their code among the rows of ``teach``."""
    n_codes, n_classes = int(codes.max()) + 1, int(classes.max()) + 1
    pairs = codes[teach] * n_classes + classes[teach]
    counts = np.bincount(pairs, minlength=n_codes * n_classes).reshape(n_codes, n_classes)
    overall = np.bincount(classes[teach], minlength=n_classes)
    guess = (counts + overall / (1 + overall.sum())).argmax(axis=1)  # breaks ties, fills gaps
    return int(np.count_nonzero(guess[codes[~teach]] != classes[~teach]))
