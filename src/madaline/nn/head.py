"""What belongs together at the network's end, as one table. No JAX.

| task | output | loss | first bias (the best constant) |
|---|---|---|---|
| regression | linear | squared | mean |
| regression | linear | absolute | median |
| regression | linear | huber | Huber's M-estimate |
| regression | linear | quantile | quantile |
| regression, counts | exp | poisson | log mean |
| binary, multilabel | sigmoid | binary_cross_entropy | logit of the rate |
| multiclass | softmax | cross_entropy | log of the shares |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from madaline.errors import UsageError
from madaline.nn.architecture import Output
from madaline.settings.table import Loss, Task

_OUTPUT: dict[Loss, Output] = {
    "squared": "linear",
    "absolute": "linear",
    "huber": "linear",
    "quantile": "linear",
    "poisson": "exp",
    "binary_cross_entropy": "sigmoid",
    "cross_entropy": "softmax",
}
_DEFAULT: dict[Task, Loss] = {
    "regression": "squared",
    "binary": "binary_cross_entropy",
    "multilabel": "binary_cross_entropy",
    "multiclass": "cross_entropy",
}


@dataclass(frozen=True)
class Head:
    """Output, loss, metric and first bias that fit together.

    Attributes:
        loss: Name of the loss.
        level: The quantile loss's level.
        delta: Where the Huber loss turns straight, in units of the (standardised) target.
    """

    loss: Loss
    level: float = 0.5
    delta: float = 1.0

    @property
    def output(self) -> Output:
        """What makes a prediction of ``z``: linear, exp, sigmoid or softmax."""
        return _OUTPUT[self.loss]

    @property
    def classifies(self) -> bool:
        """Whether outputs are probabilities."""
        return self.output in ("sigmoid", "softmax")


def make_head(
    task: Task, loss: Literal["auto"] | Loss = "auto", *, level: float = 0.5, delta: float = 1.0
) -> Head:
    """The head for a task, with its usual loss or a named one.

    Raises:
        UsageError: The loss does not belong to the task.

    >>> make_head("multiclass").output
    'softmax'
    >>> make_head("regression", "cross_entropy")
    Traceback (most recent call last):
    ...
    madaline.errors.UsageError: Loss 'cross_entropy' is not for task 'regression'. Use one of
    squared, absolute, huber, quantile, poisson, or another task. (task='multiclass')
    """
    name = _DEFAULT[task] if loss == "auto" else loss
    fitting = [n for n, out in _OUTPUT.items() if out == _OUTPUT[_DEFAULT[task]]]
    if task == "regression":
        fitting.append("poisson")
    if name not in fitting:
        other = next(
            (t for t, n in _DEFAULT.items() if _OUTPUT[n] == _OUTPUT.get(name)), "regression"
        )
        raise UsageError(
            f"Loss {name!r} is not for task {task!r}.",
            f"Use {'one of ' if len(fitting) > 1 else ''}{', '.join(fitting)}, or another task.",
            settings={"task": other},
        )
    return Head(name, level, delta)


def first_bias(
    head: Head, y: NDArray[np.generic], weight: NDArray[np.floating], n_outputs: int
) -> NDArray[np.float64]:
    """``(k,)``: the constant ``z`` of least loss on these targets.

    Args:
        head: The head.
        y: ``(n, k)`` targets, or ``(n,)`` class indices.
        weight: ``(n,)`` row weights, not all 0.
        n_outputs: ``k``.

    >>> first_bias(Head("absolute"), np.array([[1.0], [2.0], [9.0]]), np.ones(3), 1).tolist()
    [2.0]
    """
    weight = np.asarray(weight, np.float64) / np.sum(weight, dtype=np.float64)
    if head.loss == "cross_entropy":
        shares = np.bincount(y.astype(np.intp), weight, minlength=n_outputs)
        # A class without rows keeps half a row's share: its logarithm must be finite.
        return np.log(np.maximum(shares, 0.5 / (len(y) + 1)))
    columns = np.asarray(y, np.float64).T
    return np.array([_best_constant(head, column, weight) for column in columns])


def _best_constant(head: Head, y: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    mean = float(weight @ y)
    match head.loss:
        case "squared":
            return mean
        case "absolute":
            return _quantile(y, weight, 0.5)
        case "quantile":
            return _quantile(y, weight, head.level)
        case "huber":
            return _huber_centre(y, weight, head.delta)
        case "poisson":
            return float(np.log(max(mean, 1e-6)))
        case "binary_cross_entropy":
            rate = min(max(mean, 0.5 / (len(y) + 1)), 1 - 0.5 / (len(y) + 1))
            return float(np.log(rate) - np.log1p(-rate))
        case "cross_entropy":
            raise ValueError("Classes have their bias together: first_bias.")
        case _:
            assert_never(head.loss)


def _quantile(y: NDArray[np.float64], weight: NDArray[np.float64], level: float) -> float:
    order = np.argsort(y, kind="stable")
    below = np.cumsum(weight[order])
    place = int(np.searchsorted(below, level * below[-1] * (1 - 1e-12)))
    return float(y[order[min(place, len(y) - 1)]])


def _huber_centre(y: NDArray[np.float64], weight: NDArray[np.float64], delta: float) -> float:
    """The root of the mean clipped residual, by bisection: it falls as the centre rises."""
    low, high = float(y.min()), float(y.max())
    for _ in range(60):
        centre = 0.5 * (low + high)
        if weight @ np.clip(y - centre, -delta, delta) > 0:
            low = centre
        else:
            high = centre
    return 0.5 * (low + high)
