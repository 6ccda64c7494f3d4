"""Losses of one row: how wrong is ``z`` when the truth is ``y``.

Conventions, stated once: ``z`` are the last layer's numbers (logits for classes, log rates for
Poisson); a loss of several outputs is the *mean* over outputs (the lecture sums them: k times as
much); natural logarithms; lower is better and, but for label smoothing, 0 is perfect.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Float, Int

from madaline.arrays import Array


def squared(z: Float[Array, " k"], y: Float[Array, " k"]) -> Float[Array, ""]:
    """``(z - y)^2``: mean squared error, without a factor 1/2.

    >>> float(squared(jnp.array([1.0, 2.0]), jnp.array([0.0, 4.0])))
    2.5
    """
    return jnp.mean(jnp.square(z - y))


def absolute(z: Float[Array, " k"], y: Float[Array, " k"]) -> Float[Array, ""]:
    """``|z - y|``: aims at the median."""
    return jnp.mean(jnp.abs(z - y))


def huber(z: Float[Array, " k"], y: Float[Array, " k"], delta: float) -> Float[Array, ""]:
    """``e^2 / 2`` up to ``|e| = delta``, a straight line beyond (Huber 1964)."""
    error = jnp.abs(z - y)
    near = jnp.minimum(error, delta)
    return jnp.mean(near * (error - 0.5 * near))


def quantile(z: Float[Array, " k"], y: Float[Array, " k"], level: float) -> Float[Array, ""]:
    """Pinball loss: aims at the value that a share ``level`` of targets lies below."""
    error = y - z
    return jnp.mean(jnp.maximum(level * error, (level - 1) * error))


def poisson(z: Float[Array, " k"], y: Float[Array, " k"]) -> Float[Array, ""]:
    """Half the Poisson deviance of the rate ``exp(z)``: 0 where the rate is the count.

    >>> round(float(poisson(jnp.log(jnp.array([3.0])), jnp.array([3.0]))), 6)
    0.0
    """
    return jnp.mean(jnp.exp(z) - y * z + jax.scipy.special.xlogy(y, y) - y)


def binary_cross_entropy(
    z: Float[Array, " k"], y: Float[Array, " k"], smoothing: Float[Array, ""] | float = 0.0
) -> Float[Array, ""]:
    """``-log p(y)`` of a yes-or-no label, from the logit: ``softplus(z) - y z`` never overflows."""
    y = y * (1 - smoothing) + 0.5 * smoothing
    return jnp.mean(jax.nn.softplus(z) - y * z)


def cross_entropy(
    z: Float[Array, " k"], label: Int[Array, ""], smoothing: Float[Array, ""] | float = 0.0
) -> Float[Array, ""]:
    """``-log p(label)`` by softmax, from logits through ``logsumexp``.

    The one-hot sum, not an indexed read: its gradient is a subtraction, not a scatter.
    """
    k = z.shape[-1]
    hot = jax.nn.one_hot(label, k, dtype=z.dtype)
    return jax.nn.logsumexp(z) - jnp.sum(z * (hot * (1 - smoothing) + smoothing / k))
