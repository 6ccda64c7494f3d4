"""The L^p norm, defined once: a penalty on weights, a measure of errors, a tool of diagnosis."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Float

from madaline.arrays import Array


def norm(x: Float[Array, " n"], p: float = 2.0) -> Float[Array, ""]:
    """``(sum |x_i|^p)^(1/p)`` for ``p >= 1``; the largest ``|x_i|`` for ``p = inf``.

    The largest entry is taken out first: nothing overflows near the float limit, and large ``p``
    are exact.

    >>> float(norm(jnp.array([3.0, 4.0]), 1.0)), float(norm(jnp.array([3.0, 4.0])))
    (7.0, 5.0)
    """
    size = jnp.abs(x)
    top = jnp.max(size, initial=0.0)
    if p == float("inf"):
        return top
    # XLA divides by a scalar by multiplying with its reciprocal, which near the float limit is too
    # small to be kept: make the large ones smaller first, by a power of two, which is exact.
    shrink = jnp.where(top > 1, 2.0**-4, 1.0).astype(size.dtype)
    # The answer does not depend on the scale, so neither does its slope.
    scale = jax.lax.stop_gradient(jnp.where(top > 0, top, 1.0))
    # Ratios so small that their power is 0 add nothing to the answer either.
    ratio = jnp.where(top > 0, size * shrink / (scale * shrink), 1.0)
    powered = jnp.where(top > 0, scale, 0.0) * jnp.sum(ratio**p) ** (1.0 / p)
    return jnp.where(jnp.isfinite(top), powered, top)


def power_sum(x: Float[Array, ...], p: Float[Array, ""] | float) -> Float[Array, ""]:
    """``sum |x_i|^p``: the L^p norm to the power p, the form that a penalty takes.

    Its slope at 0 is 0 for ``p > 1``; entries of exactly 0 are kept out of the logarithm that a
    traced power needs.
    """
    size = jnp.abs(x)
    safe = jnp.where(size > 0, size, 1.0)
    return jnp.sum(jnp.where(size > 0, safe**p, 0.0))
