"""How good predictions are: accuracy, error rate, losses, each with a 95 % interval.

Conventions:
    Logarithms are natural. Every mean is weighted; rows of weight 0 are absent. Probabilities are
    clipped at the spacing of their float type and renormalised before a logarithm. MSE is the mean
    over rows **and** outputs, as in scikit-learn; ``mse_sum``, the mean over rows of the sum over
    outputs, is the other common convention. RMSE, MAE and R2 of several outputs are the plain
    means of the values of each output (scikit-learn's ``uniform_average``). The log loss of
    several labels is the mean over rows and labels. The first score is the primary one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from madaline.errors import DataError
from madaline.events.scores import (
    PRIMARY_METRIC,
    ClassScore,
    OutputScores,
    Score,
    Scores,
)
from madaline.score.rows import (
    Matrix,
    class_probabilities,
    matrix,
    same_shape,
    spacing,
    weighted_rows,
)
from madaline.stats.intervals import (
    Vector,
    auc_limits,
    effective_rows,
    mean_and_error,
    mean_of_shares,
    positive_limits,
    wilson,
)

__all__ = [
    "PRIMARY_METRIC",
    "ClassScore",
    "OutputScores",
    "Score",
    "Scores",
    "score_classes",
    "score_labels",
    "score_values",
]


def score_classes(
    y_true: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    weight: ArrayLike | None = None,
) -> Scores:
    """Scores of a binary or multiclass model.

    Args:
        y_true: ``(n,)`` or ``(n, 1)`` class indices.
        probabilities: ``(n, k)``; with two classes also ``(n,)`` or ``(n, 1)``, those of class 1.
        classes: The ``k`` labels in the order of their index.
        weight: ``(n,)`` sample weights.

    Returns:
        accuracy, error_rate, balanced_accuracy (over the classes that occur), log_loss and, with
        two classes, auc. A row whose probabilities are not finite counts as wrong.

    Raises:
        DataError: There are no rows, or shapes do not fit.

    >>> scores = score_classes([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.1], ["no", "yes"])
    >>> scores.value("accuracy"), scores.value("auc"), scores.classes[1].accuracy
    (0.75, 1.0, 0.5)
    """
    p = class_probabilities(probabilities, len(classes))
    y = np.asarray(y_true).reshape(-1).astype(np.intp)
    floor = spacing(probabilities)
    y, p, w = weighted_rows(y, p, weight)
    if y.min() < 0 or y.max() >= len(classes):
        raise DataError(f"A class index is outside 0..{len(classes) - 1}.", "Encode the target.")
    guess = np.where(np.isfinite(p).all(axis=1), p.argmax(axis=1), -1)
    right = guess == y
    accuracy = _share("accuracy", right, w)
    error_rate = Score("error_rate", 1 - accuracy.value, 1 - accuracy.high, 1 - accuracy.low)
    per_class = tuple(_class_score(label, right, y == i, w) for i, label in enumerate(classes))
    met = [c for c in per_class if c.support]
    recalls = [c.accuracy for c in met]
    limits = mean_of_shares(recalls, [(c.low, c.high) for c in met])
    balanced = Score("balanced_accuracy", sum(recalls) / len(met), *limits)
    log_loss = _positive_mean("log_loss", -_log_of_truth(p, y, floor), w)
    scores = [accuracy, error_rate, balanced, log_loss]
    if len(classes) == 2:
        scores.append(_auc(y == 1, p[:, 1], w))
    return Scores(len(y), "accuracy", tuple(scores), per_class)


def score_labels(
    y_true: ArrayLike,
    probabilities: ArrayLike,
    labels: Sequence[str],
    weight: ArrayLike | None = None,
) -> Scores:
    """Scores of a multilabel model: each label is on or off, independently.

    Args:
        y_true: ``(n, k)``, 0 or 1.
        probabilities: ``(n, k)`` probabilities of 1; above 0.5 counts as on.
        labels: The ``k`` names.
        weight: ``(n,)`` sample weights.

    Returns:
        accuracy (over rows and labels), error_rate, exact_match (rows with every label right),
        log_loss; in ``classes`` the accuracy of each label.

    Raises:
        DataError: There are no rows, or shapes do not fit.

    >>> scores = score_labels([[0, 1], [1, 1]], [[0.1, 0.8], [0.4, 0.9]], ["a", "b"])
    >>> scores.value("accuracy"), scores.value("exact_match")
    (0.75, 0.5)
    """
    p = matrix(probabilities)
    y = same_shape(y_true, p)
    y, p, w = weighted_rows(y, p, weight)
    right = ((p > 0.5) == (y > 0.5)) & np.isfinite(p)
    per_row = right.mean(axis=1)
    mean, error, n = mean_and_error(per_row, w)
    value = min(1.0, mean)
    # Labels of one row go together, so they count for fewer than n * k rows, and at least n.
    free = value * (1 - value) / error**2 if error > 0 else 0.0
    accuracy = Score("accuracy", value, *wilson(value, min(max(free, n), n * p.shape[1])))
    error_rate = Score("error_rate", 1 - value, 1 - accuracy.high, 1 - accuracy.low)
    exact = _share("exact_match", right.all(axis=1), w)
    floor = spacing(probabilities)
    with np.errstate(invalid="ignore"):
        truth = np.log(np.clip(np.where(y > 0.5, p, 1 - p), floor, 1 - floor))
    log_loss = _positive_mean("log_loss", -truth.mean(axis=1), w)
    per_label = tuple(
        _class_score(label, right[:, i], np.ones(len(y), bool), w, int((y[:, i] > 0.5).sum()))
        for i, label in enumerate(labels)
    )
    return Scores(len(y), "accuracy", (accuracy, error_rate, exact, log_loss), per_label)


def score_values(
    y_true: ArrayLike,
    prediction: ArrayLike,
    weight: ArrayLike | None = None,
    names: Sequence[str] = (),
) -> Scores:
    """Scores of a regression, in the units of the target.

    Args:
        y_true: ``(n,)`` or ``(n, k)``.
        prediction: The same shape.
        weight: ``(n,)`` sample weights.
        names: Names of the ``k`` outputs.

    Returns:
        r2, rmse, mae, mse and, with several outputs, mse_sum and the scores of each output. R2 of
        a constant target is 1 if predicted exactly, else 0, and has no interval.

    Raises:
        DataError: There are no rows, or shapes do not fit.

    >>> scores = score_values([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    >>> scores.value("r2"), round(scores.value("mse"), 4)
    (0.5, 0.3333)
    """
    guess = matrix(prediction)
    y, guess, w = weighted_rows(same_shape(y_true, guess), guess, weight)
    with np.errstate(all="ignore"):
        off = y - guess
        spread = (y - (w / w.sum()) @ y) ** 2
        scores = _value_scores(off, spread, w)
        if y.shape[1] == 1:
            return Scores(len(y), "r2", scores)
        total = _positive_mean("mse_sum", (off**2).sum(axis=1), w)
        outputs = tuple(
            OutputScores(
                names[j] if j < len(names) else f"output {j + 1}",
                _value_scores(off[:, [j]], spread[:, [j]], w),
            )
            for j in range(y.shape[1])
        )
    return Scores(len(y), "r2", (*scores, total), (), outputs)


def _value_scores(off: Matrix, spread: Matrix, w: Vector) -> tuple[Score, ...]:
    """R2, RMSE, MAE, MSE from errors and squared deviations ``(n, k)``."""
    share = w / w.sum()
    squared = off**2
    mse, variance = share @ squared, share @ spread
    rmse = np.sqrt(mse)
    safe = np.where(rmse > 0, rmse, 1.0)
    slope = np.where(rmse > 0, 0.5 / safe, 0.0)
    rmse_limits = positive_limits(float(rmse.mean()), (squared * slope).mean(axis=1), w)
    return (
        _r2(squared, spread, mse, variance, w),
        Score("rmse", float(rmse.mean()), *rmse_limits),
        _positive_mean("mae", np.abs(off).mean(axis=1), w),
        _positive_mean("mse", squared.mean(axis=1), w),
    )


def _r2(squared: Matrix, spread: Matrix, mse: Vector, variance: Vector, w: Vector) -> Score:
    if np.count_nonzero(w) < 2:
        return Score("r2", nan)
    flat = variance == 0
    unexplained = np.where(flat, (mse > 0).astype(float), mse / np.where(flat, 1.0, variance))
    left = float(unexplained.mean())
    if flat.any():
        return Score("r2", 1 - left)
    influence = (squared / variance - spread * mse / variance**2).mean(axis=1)
    low, high = positive_limits(left, influence, w)
    return Score("r2", 1 - left, 1 - high, 1 - low)


def _auc(positive: NDArray[np.bool_], score: Vector, w: Vector) -> Score:
    """Share of (positive, negative) pairs in the right order; ties count half."""
    n_positive, n_negative = effective_rows(w[positive]), effective_rows(w[~positive])
    if n_positive == 0 or n_negative == 0 or not np.isfinite(score).all():
        return Score("auc", nan)
    _, place = np.unique(score, return_inverse=True)
    above = np.bincount(place, np.where(positive, w, 0.0))
    below = np.bincount(place, np.where(positive, 0.0, w))
    pairs = above @ (np.cumsum(below) - below / 2)
    area = min(1.0, float(pairs / (above.sum() * below.sum())))
    return Score("auc", area, *auc_limits(area, n_positive, n_negative))


def _share(name: str, right: NDArray[np.bool_], w: Vector) -> Score:
    value = min(1.0, float(w @ right / w.sum()))
    return Score(name, value, *wilson(value, effective_rows(w)))


def _class_score(
    label: str,
    right: NDArray[np.bool_],
    member: NDArray[np.bool_],
    w: Vector,
    support: int | None = None,
) -> ClassScore:
    count = int(member.sum())
    if not count:
        return ClassScore(label, nan, nan, nan, 0)
    share = _share(label, right[member], w[member])
    rows = count if support is None else support
    return ClassScore(label, share.value, share.low, share.high, rows)


def _positive_mean(name: str, values: Vector, w: Vector) -> Score:
    mean = mean_and_error(values, w)[0]
    return Score(name, mean, *positive_limits(mean, values, w))


def _log_of_truth(p: Matrix, y: NDArray[np.intp], floor: float) -> Vector:
    clipped = np.clip(p, floor, 1 - floor)
    return np.log(clipped[np.arange(len(y)), y] / clipped.sum(axis=1))
