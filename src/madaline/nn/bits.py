"""Random numbers as a pure function of (key, place): no state, nothing to save, nothing to sort.

A counter is hashed with two rounds of Wellons' `lowbias32`, an integer hash of full avalanche, and
the key comes in between, so that the first round is the same for all keys and done once. On a CPU a
number costs about a nanosecond inside a compiled epoch. It is no cryptography.

Source: C. Wellons, Prospecting for Hash Functions (2018), hash ``7feb352d``.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, UInt32

from madaline.arrays import Array

Key = UInt32[Array, "2"]

_GOLDEN = 0x9E3779B9


def mix(h: UInt32[Array, ...]) -> UInt32[Array, ...]:
    """A bijection of 32-bit integers that flips about half of the bits for each bit changed."""
    h = (h ^ (h >> 16)) * np.uint32(0x7FEB352D)
    h = (h ^ (h >> 15)) * np.uint32(0x846CA68B)
    return h ^ (h >> 16)


def make_key(seed: int) -> np.ndarray:
    """The key of a seed from a person.

    >>> make_key(7).tolist()
    [7, 2654435769]
    """
    return np.array([seed & 0xFFFFFFFF, (seed >> 32) ^ _GOLDEN], np.uint32)


def fold_in(key: Key, number: UInt32[Array, ""] | int) -> Key:
    """Another key for each number."""
    number = jnp.asarray(number, jnp.uint32)
    low = mix(key[0] ^ mix(number + jnp.uint32(_GOLDEN)))
    return jnp.stack([low, mix(key[1] + low)])


def random_bits(key: Key, size: int) -> UInt32[Array, " size"]:
    """``size`` random 32-bit integers."""
    count = np.arange(size, dtype=np.uint32) + np.uint32(_GOLDEN)
    places = mix(count)  # type: ignore[arg-type]  # by NumPy: a constant of the program
    return mix((places ^ key[0]) + key[1])


def happens(chance: Float[Array, ""], key: Key, size: int) -> Bool[Array, " size"]:
    """``size`` events, each with the same chance.

    >>> int(happens(jnp.float32(0.25), make_key(0), 1000).sum())
    253
    """
    return random_bits(key, size) < (chance * jnp.float32(2**32)).astype(jnp.uint32)


def uniform(key: Key, size: int) -> Float[Array, " size"]:
    """``size`` numbers in [0, 1), 24 random bits each.

    >>> bool(jnp.all(uniform(make_key(0), 1000) < 1))
    True
    """
    return (random_bits(key, size) >> 8).astype(jnp.float32) * jnp.float32(2**-24)


def normal(key: Key, size: int) -> Float[Array, " size"]:
    """``size`` numbers of mean 0 and variance 1 (Box and Muller 1958)."""
    radius = jnp.sqrt(-2 * jnp.log1p(-uniform(fold_in(key, 1), size)))
    return radius * jnp.cos(jnp.float32(2 * np.pi) * uniform(fold_in(key, 2), size))
