"""Activations: the bend between two linear layers. Without it they collapse into one.

Each is a function of one number, applied to each unit. Their derivatives are JAX's; the tests hold
them against finite differences. `madaline.predict.forward` has the same functions in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Float

from madaline.arrays import Array
from madaline.settings.table import Activation

Elementwise = Callable[[Float[Array, "..."]], Float[Array, "..."]]


def identity(x: Float[Array, ...]) -> Float[Array, ...]:
    """``x``: any number. A network of these is a linear model.

    >>> float(identity(jnp.float32(-2)))
    -2.0
    """
    return x


def mish(x: Float[Array, ...]) -> Float[Array, ...]:
    """``x tanh(log(1 + exp(x)))``: from -0.31 upwards, smooth (Misra 2019).

    >>> float(mish(jnp.float32(0)))
    0.0
    """
    # The same in one exponential: half of the time. Beyond 20 the fraction is 1 to the last digit.
    e = jnp.exp(jnp.minimum(x, 20))
    n = e * (e + 2)
    return x * (n / (n + 2))


ACTIVATIONS: dict[Activation, Elementwise] = {
    "identity": identity,
    "sigmoid": jax.nn.sigmoid,  # 1 / (1 + exp(-x)): 0..1
    "tanh": jnp.tanh,  # -1..1
    "relu": jax.nn.relu,  # max(0, x); its slope at 0 is 0
    "leaky_relu": jax.nn.leaky_relu,  # x, or 0.01 x below 0 (Maas et al. 2013)
    "elu": jax.nn.elu,  # x, or exp(x) - 1 below 0 (Clevert et al. 2016)
    "selu": jax.nn.selu,  # scaled elu that keeps mean 0, variance 1 (Klambauer et al. 2017)
    "gelu": jax.nn.gelu,  # tanh form (Hendrycks and Gimpel 2016)
    "silu": jax.nn.silu,  # x sigmoid(x) (Elfwing et al. 2017)
    "mish": mish,
    "softplus": jax.nn.softplus,  # log(1 + exp(x)): above 0
}
