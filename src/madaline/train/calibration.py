"""The loss at the best temperature: how much a network knows, however sure of itself it is.

Dividing the last layer's numbers by a temperature changes no label, only how sure the answers are.
A network that is trained long grows too sure while it still gets better at telling classes apart;
its plain validation loss would stop it too early. So epochs are compared after the temperature that
suits each best, and the network is given that temperature in the end.

Source: Berta, Holzmueller, Jordan and Bach, Rethinking Early Stopping: Refine, Then Calibrate
(2025); Guo et al., On Calibration of Modern Neural Networks (2017).
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from madaline.arrays import Array
from madaline.nn.temperature import temperature_prior

# Inverse temperatures to try, half an octave apart.
CALIBRATIONS = tuple(2.0 ** (step / 2) for step in range(-4, 5))


def calibrated_loss(losses: Float[Array, "t m"], total: Float[Array, " m"]) -> Float[Array, " m"]:
    """The mean loss at the best temperature, in doubt about those far from 1.

    Args:
        losses: Mean losses at `CALIBRATIONS`.
        total: Weight of the rows that they are means of.
    """
    doubts = jnp.array([temperature_prior(np.log(f)) for f in CALIBRATIONS], losses.dtype)[:, None]
    return lowest(losses + doubts / jnp.maximum(total, 1)[None])


def lowest(losses: Float[Array, "t m"]) -> Float[Array, " m"]:
    """The least of losses at `CALIBRATIONS`, by a parabola through it and its neighbours.

    >>> lowest(jnp.array([[9.0, 4.0, 1.0, 0.0, 1.0]]).T).tolist()
    [0.0]
    """
    place = jnp.clip(jnp.argmin(losses, axis=0), 1, len(losses) - 2)
    before, here, after = (
        jnp.take_along_axis(losses, (place + step)[None], axis=0)[0] for step in (-1, 0, 1)
    )
    bend = before - 2 * here + after
    dip = jnp.square(after - before) / (8 * jnp.where(bend > 0, bend, 1))
    least = jnp.min(losses, axis=0)
    # Beyond the neighbours the parabola is a guess; there the least of them stands.
    inside = (bend > 0) & (here <= before) & (here <= after)
    return jnp.where(inside, here - dip, least)
