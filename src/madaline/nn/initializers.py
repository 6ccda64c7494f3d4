"""First weights: random enough to differ, sized so that signals keep their variance.

Drawn in NumPy from the raw bits of Philox and an own transform, so that a seed means the same
weights on every machine and version, and nothing has to be compiled for them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import numpy as np
from numpy.typing import NDArray

from madaline.settings.table import Activation, Initializer

Floats = NDArray[np.floating]


class Draws:
    """A stream of random numbers that depends on (seed, member) only.

    >>> bool(np.all(Draws(0, 1).uniform((3,)) == Draws(0, 1).uniform((3,))))
    True
    """

    def __init__(self, seed: int, member: int) -> None:
        self._seed, self._member, self._calls = seed, member, count()

    def uniform(self, shape: tuple[int, ...]) -> Floats:
        """Numbers in [0, 1), 53 random bits each."""
        stream = np.random.Philox(
            key=[self._seed, self._member], counter=[0, 0, next(self._calls), 0]
        )
        raw = stream.random_raw(int(np.prod(shape)))
        return ((raw >> np.uint64(11)) * 2.0**-53).reshape(shape)

    def normal(self, shape: tuple[int, ...]) -> Floats:
        """Numbers of mean 0 and variance 1 (Box and Muller 1958)."""
        radius = np.sqrt(-2 * np.log1p(-self.uniform(shape)))
        return radius * np.cos(2 * np.pi * self.uniform(shape))


def glorot(draws: Draws, fan_out: int, fan_in: int) -> Floats:
    """Uniform of variance ``2 / (fan_in + fan_out)`` (Glorot and Bengio 2010)."""
    return _symmetric(draws, fan_out, fan_in, 2.0 / (fan_in + fan_out))


def he(draws: Draws, fan_out: int, fan_in: int) -> Floats:
    """Uniform of variance ``2 / fan_in``: a ReLU halves the second moment (He et al. 2015)."""
    return _symmetric(draws, fan_out, fan_in, 2.0 / fan_in)


def lecun(draws: Draws, fan_out: int, fan_in: int) -> Floats:
    """Uniform of variance ``1 / fan_in`` (LeCun et al. 1998)."""
    return _symmetric(draws, fan_out, fan_in, 1.0 / fan_in)


def orthogonal(draws: Draws, fan_out: int, fan_in: int) -> Floats:
    """Rows or columns at right angles: every singular value is 1 (Saxe et al. 2014)."""
    tall = draws.normal((max(fan_out, fan_in), min(fan_out, fan_in)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # else the signs are not uniform
    return q if fan_out >= fan_in else q.T


def _symmetric(draws: Draws, fan_out: int, fan_in: int, variance: float) -> Floats:
    return (2 * draws.uniform((fan_out, fan_in)) - 1) * np.sqrt(3 * variance)


INITIALIZERS: dict[Initializer, Callable[[Draws, int, int], Floats]] = {
    "glorot": glorot,
    "he": he,
    "lecun": lecun,
    "orthogonal": orthogonal,
}

# E[f(z)^2] for z ~ N(0, 1): what an activation leaves of a signal's power. Weights of variance
# 1 / (fan_in E[f(z)^2]) hand the next layer the power that this one got: He et al.'s argument for
# ReLU (where it gives 2 / fan_in), made for each activation.
POWER: dict[Activation, float] = {
    "identity": 1.0,
    "sigmoid": 0.2934,
    "tanh": 0.3943,
    "relu": 0.5,
    "leaky_relu": 0.5,
    "elu": 0.6449,
    "selu": 1.0,
    "gelu": 0.4252,
    "silu": 0.3558,
    "mish": 0.4523,
    "softplus": 0.9212,
}


def init_weight(
    draws: Draws,
    fan_out: int,
    fan_in: int,
    *,
    before: Activation,
    initializer: Initializer = "auto",
) -> Floats:
    """``(fan_out, fan_in)`` first weights of one layer.

    Args:
        draws: Randomness of this member.
        fan_out: Units of the layer.
        fan_in: Inputs of the layer.
        before: Activation that made the inputs; "identity" for the table's features.
        initializer: "auto" keeps the signal's power whatever the activation; so does "data", which
            `madaline.prepare.first_weights` then fits to the rows; or a name.

    >>> weight = init_weight(Draws(0, 0), 256, 512, before="relu")
    >>> round(float(weight.var() * 512), 1)  # He's 2 / fan_in
    2.0
    """
    if initializer in ("auto", "data"):
        return _symmetric(draws, fan_out, fan_in, 1.0 / (fan_in * POWER[before]))
    return INITIALIZERS[initializer](draws, fan_out, fan_in)
