"""A trained network's temperature: how sure its answers are, made to fit how often they are right.

One number for all members, found on the rows that they held out and made part of the last layer, so
that a predictor, an exported model and a network that learns on need to know nothing of it.

Source: Guo et al., On Calibration of Modern Neural Networks (2017).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from madaline.nn.temperature import temperature_prior
from madaline.predict.forward import Weights, logits, outputs
from madaline.predict.losses import losses_of_outputs
from madaline.predict.predictor import average

if TYPE_CHECKING:
    from madaline.prepare.opening import Opening

# Steps of the golden section: the temperature to three digits.
_STEPS, _GOLDEN = 16, (5**0.5 - 1) / 2
_LIMIT = np.log(4.0)


def calibrated(opening: Opening, weights: Weights) -> Weights:
    """The weights, their last layer divided by the temperature of least loss on held-out rows.

    Args:
        opening: Of their training; its validation part judges. Without one, or without classes, the
            weights stay as they are.
        weights: Of all members.
    """
    part, head = opening.prepared.parts["validation"], opening.problem.head
    if not head.classifies or not part.n_rows:
        return weights
    architecture = opening.problem.architecture
    z = logits(architecture, weights, part.features.x, part.features.codes)
    z = np.asarray(z, np.float64)
    weight = part.weighed_by_class(opening.class_weight)

    def cost(log_factor: float) -> float:
        made = average(outputs(architecture, z * np.exp(log_factor)), part.held_out)
        total = float(weight @ losses_of_outputs(head, made, part.y))
        return total + temperature_prior(log_factor)

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
