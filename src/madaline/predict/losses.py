"""Losses of rows in NumPy: of the last layer's numbers, and of whatever any model answers.

The twin of `madaline.nn.losses` for rows in bulk, and the one place that knows it; the tests hold
the two together.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from madaline.nn.head import Head
from madaline.predict.forward import Floats, softplus

# Probabilities nearer to 0 or 1 than float32 can tell apart from it.
_EDGE = 1e-7


def row_losses(head: Head, z: Floats, y: NDArray[np.generic]) -> NDArray[np.float64]:
    """``(n,)`` losses by the formulas of `madaline.nn.losses`.

    Args:
        head: Names the loss.
        z: ``(n, k)`` last layer's numbers.
        y: ``(n, k)`` targets or ``(n,)`` class indices.

    >>> row_losses(Head("squared"), np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]])).tolist()
    [2.5]
    """
    z = np.asarray(z, np.float64)
    if head.loss == "cross_entropy":
        top = z.max(axis=1, keepdims=True)
        log_total = top[:, 0] + np.log(np.exp(z - top).sum(axis=1))
        return log_total - z[np.arange(len(z)), y.astype(np.intp)]
    y = np.asarray(y, np.float64)
    match head.loss:
        case "squared":
            cells = np.square(z - y)
        case "absolute":
            cells = np.abs(z - y)
        case "huber":
            error = np.abs(z - y)
            near = np.minimum(error, head.delta)
            cells = near * (error - 0.5 * near)
        case "quantile":
            cells = np.maximum(head.level * (y - z), (head.level - 1) * (y - z))
        case "poisson":
            safe = np.where(y > 0, y, 1)
            with np.errstate(over="ignore"):  # an infinite rate has an infinite loss
                cells = np.exp(z) - y * z + y * np.log(safe) - y
        case "binary_cross_entropy":
            cells = softplus(z) - y * z
        case _:
            assert_never(head.loss)
    return cells.mean(axis=1)


def losses_of_outputs(head: Head, made: np.ndarray, y: np.ndarray) -> NDArray[np.float64]:
    """``(n,)`` losses of outputs, whichever model made them.

    >>> losses_of_outputs(Head("squared"), np.array([[3.0]]), np.array([[1.0]])).tolist()
    [4.0]
    """
    made = np.asarray(made, np.float64)
    match head.output:
        case "softmax" | "exp":
            z = np.log(np.maximum(made, _EDGE))
        case "sigmoid":
            p = np.clip(made, _EDGE, 1 - _EDGE)
            z = np.log(p) - np.log1p(-p)
        case "linear":
            z = made
        case _:
            assert_never(head.output)
    return row_losses(head, z, y)


def constant_losses(head: Head, bias: NDArray[np.float64], y: np.ndarray) -> NDArray[np.float64]:
    """``(n,)`` losses of a network that answers ``bias`` ``(k,)``, before its output, to all."""
    return row_losses(head, np.tile(bias, (len(y), 1)), y)
