"""A trained network's temperature: how sure its answers are, made to fit how often they are right.

One number for all members, found on the rows that they held out and made part of the last layer, so
that a predictor, an exported model and a network that learns on need to know nothing of it.

Source: Guo et al., On Calibration of Modern Neural Networks (2017).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from madaline.nn.architecture import Architecture
from madaline.nn.head import Head
from madaline.predict.forward import Weights, logits, outputs
from madaline.predict.predictor import average
from madaline.prepare.parts import Prepared
from madaline.score.judge import losses_of_outputs
from madaline.train.calibration import doubt

# Steps of the golden section: the temperature to three digits.
_STEPS, _GOLDEN = 16, (5**0.5 - 1) / 2
_LIMIT = np.log(4.0)


def calibrated(
    architecture: Architecture,
    head: Head,
    weights: Weights,
    prepared: Prepared,
    say: NDArray[np.float64] | None = None,
) -> Weights:
    """The weights, their last layer divided by the temperature of least loss on held-out rows.

    Args:
        architecture: The network's shape.
        head: Names the loss; without classes there is no temperature.
        weights: Of all members.
        prepared: Its validation part judges; without one the weights stay as they are.
        say: What rows of each class count, see `madaline.prepare.problem.class_say`.
    """
    part = prepared.parts["validation"]
    if not head.classifies or not part.n_rows:
        return weights
    z = logits(architecture, weights, part.features.x, part.features.codes)
    z = np.asarray(z, np.float64)
    weight = part.said(say)

    def cost(log_factor: float) -> float:
        made = average(outputs(architecture, z * np.exp(log_factor)), part.held)
        total = float(weight @ losses_of_outputs(head, made, part.y))
        return total + doubt(log_factor)

    factor = np.exp(_least(cost))
    last = f"layers.{len(architecture.hidden)}"
    changed = {name: weights[name] * factor for name in (f"{last}.weight", f"{last}.bias")}
    kind = weights[f"{last}.bias"].dtype
    return weights | {name: value.astype(kind) for name, value in changed.items()}


def _least(cost: Callable[[float], float]) -> float:
    """Where a function with one valley is lowest, by golden sections."""
    low, high = -_LIMIT, _LIMIT
    for _ in range(_STEPS):
        step = _GOLDEN * (high - low)
        if cost(high - step) < cost(low + step):
            high = low + step
        else:
            low = high - step
    return (low + high) / 2
