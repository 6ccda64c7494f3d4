"""Loss and metric of one row, as a `madaline.nn.head.Head` names them."""

from __future__ import annotations

from typing import assert_never

import jax.numpy as jnp
from jaxtyping import Float

from madaline.arrays import Array
from madaline.nn import losses
from madaline.nn.head import Head


def row_loss(
    head: Head, z: Float[Array, " k"], y: Array, smoothing: Float[Array, ""] | float = 0.0
) -> Float[Array, ""]:
    """Loss of one row; ``y`` is ``(k,)``, or the class index for softmax."""
    match head.loss:
        case "squared":
            return losses.squared(z, y)
        case "absolute":
            return losses.absolute(z, y)
        case "huber":
            return losses.huber(z, y, head.delta)
        case "quantile":
            return losses.quantile(z, y, head.level)
        case "poisson":
            return losses.poisson(z, y)
        case "binary_cross_entropy":
            return losses.binary_cross_entropy(z, y, smoothing)
        case "cross_entropy":
            return losses.cross_entropy(z, y, smoothing)
        case _:
            assert_never(head.loss)


def row_metric(head: Head, z: Float[Array, " k"], y: Array) -> Float[Array, ""]:
    """What people read of one row: 1 where the label is right, or the squared error."""
    match head.output:
        case "softmax":
            return (jnp.argmax(z) == y).astype(z.dtype)
        case "sigmoid":
            return jnp.mean(((z > 0) == (y > 0.5)).astype(z.dtype))
        case "exp":
            return jnp.mean(jnp.square(jnp.exp(z) - y))
        case "linear":
            return jnp.mean(jnp.square(z - y))
        case _:
            assert_never(head.output)
