"""Truth, predictions and weights as arrays that fit together, or an error that says why not."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from madaline.errors import DataError
from madaline.stats.intervals import Vector, row_weights

Matrix = NDArray[np.float64]
Y = TypeVar("Y", np.float64, np.intp)


def spacing(probabilities: ArrayLike) -> float:
    """The spacing of the numbers' own type: what a float32 cannot tell from 0 or 1 is clipped."""
    kind = np.asarray(probabilities).dtype
    return float(np.finfo(kind if kind.kind == "f" else np.float64).eps)


def class_probabilities(probabilities: ArrayLike, n_classes: int) -> Matrix:
    """``(n, k)`` probabilities; those of class 1 alone become two columns."""
    p = matrix(probabilities)
    if p.shape[1] == 1 and n_classes == 2:
        return np.hstack([1 - p, p])
    if p.shape[1] != n_classes:
        raise DataError(
            f"There are {p.shape[1]} columns of probabilities for {n_classes} classes.",
            "Give one column for each class.",
        )
    return p


def matrix(values: ArrayLike) -> Matrix:
    """``(n,)`` becomes ``(n, 1)``."""
    array = np.asarray(values, np.float64)
    return array.reshape(-1, 1) if array.ndim == 1 else array


def same_shape(y_true: ArrayLike, like: Matrix) -> Matrix:
    """The truth as a matrix that must have the shape of the predictions."""
    y = matrix(y_true)
    if y.shape != like.shape:
        raise DataError(
            f"The truth has shape {y.shape}, the predictions {like.shape}.", "They must be equal."
        )
    return y


def weighted_rows(
    y: NDArray[Y], p: Matrix, weight: ArrayLike | None
) -> tuple[NDArray[Y], Matrix, Vector]:
    """Truth, predictions and weights of the rows that count."""
    if len(y) != len(p):
        raise DataError(f"There are {len(y)} true values for {len(p)} predictions.", "Pair them.")
    if not len(y):
        raise DataError("There are no rows to score.", "Keep some rows for the test.")
    w = row_weights(len(y), weight)
    kept = w > 0
    return (y, p, w) if kept.all() else (y[kept], p[kept], w[kept])
