"""Rows as arrays, and the order in which an epoch deals them out.

The order is a keyed bijection of 0..n-1, not a sorted list of random numbers: any position can be
asked for inside a compiled step, nothing is stored, and nothing needs the number of rows at compile
time. On a CPU it costs a few nanoseconds a row where a sort costs some hundred.
"""

from __future__ import annotations

from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int, UInt32

from madaline.arrays import Array, pytree, static
from madaline.nn.bits import Key, mix

Padded = TypeVar("Padded")  # a pytree whose leaves have one row axis, the first

_ROUNDS = 6
_LEAST_STEP = 32
_ALIGNMENT = 64  # bytes: a cache line, and what XLA asks for


@pytree
class Rows:
    """Encoded rows of a table; where each member draws its own, with a member axis in front.

    Attributes:
        x: Numeric features.
        codes: Category codes.
        y: Targets, or class indices.
    """

    x: Float[Array, "*m n d"]
    codes: Int[Array, "*m n c"]
    y: Float[Array, "*m n k"] | Int[Array, "*m n"]


@pytree
class Batch:
    """Rows of one update, and what each counts; 0 leaves a row out."""

    rows: Rows
    weight: Float[Array, "*m b"]


@pytree
class Check:
    """Rows that judge an epoch.

    Attributes:
        rows: Of the training sample and the validation part.
        weight: How much a row counts for the curve of the training sample and for that of the
            validation rows, which may be none.
    """

    rows: Rows
    weight: Float[Array, "n 2 m"]


@pytree
class Deck:
    """The rows of a training and how they are dealt; numbers of rows are data, not shapes.

    Attributes:
        train: Rows to learn from, padded; with folds, those that members hold out are among them.
        weight: What each of them counts for each member; 0 leaves it out of that member's training.
        check: Rows to judge by, padded; None with folds, or where nothing is judged.
        n: Rows that a member learns from.
        held: Rows that each member holds out, with folds.
        blocks: Blocks of rows in an evaluation.
        block: Rows of one of them.
    """

    train: Rows
    weight: Float[Array, "n m"]
    check: Check | None
    n: UInt32[Array, ""]
    held: UInt32[Array, ""]
    blocks: Int[Array, ""]
    block: int = static(default=1)


def bucket(n: int, least: int = _LEAST_STEP) -> int:
    """The next size of an even grid, eight steps to each doubling: few shapes, few programs.

    Below 512 rows the grid has steps of 32, for there a program costs more than the rows.

    Args:
        n: A number of rows.
        least: The grid's smallest step.

    >>> [bucket(n) for n in (1, 32, 33, 150, 1000, 1030)]
    [32, 32, 64, 160, 1024, 1152]
    """
    step = max(least, 2 ** (max(n - 1, 1).bit_length() - 4))
    return -(-n // step) * step


def steps_per_epoch(n_rows: int, batch_size: int) -> int:
    """N updates for batches of 1, ceil(N / M) for batches of M, 1 for all rows at once.

    >>> steps_per_epoch(100, 1), steps_per_epoch(100, 32), steps_per_epoch(100, 0)
    (100, 4, 1)
    """
    return -(-n_rows // batch_size) if batch_size else 1


def pad_rows(rows: Padded, size: int) -> Padded:
    """Rows, weights or both with zeros after them, up to ``size``: rows of weight 0."""
    return jax.tree.map(lambda leaf: _padded(np.asarray(leaf), size), rows)


def _padded(leaf: np.ndarray, size: int) -> np.ndarray:
    """Padded, at an address that JAX on a CPU takes over as it is: otherwise it copies again."""
    shape = (size, *leaf.shape[1:])
    n_bytes = int(np.prod(shape)) * leaf.itemsize
    memory = np.empty(n_bytes + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    out = memory[start : start + n_bytes].view(leaf.dtype).reshape(shape)
    out[: len(leaf)] = leaf
    out[len(leaf) :] = 0
    return out


def take_rows(rows: Rows, index: Int[Array, "*m b"]) -> Rows:
    """The rows at these places."""
    return jax.tree.map(lambda leaf: jnp.take(leaf, index, axis=0, mode="clip"), rows)


def own_weights(weight: Float[Array, "n m"], index: Int[Array, "m b"]) -> Float[Array, "m b"]:
    """What the rows at each member's own places count for it."""
    return jax.vmap(lambda own, rows: own[rows], in_axes=(1, 0))(weight, index)


def row_at(position: UInt32[Array, " b"], n: UInt32[Array, ""], key: Key) -> UInt32[Array, " b"]:
    """Which row stands at each position of an epoch's order.

    A Feistel network on the grid ``a x b >= n``: in turn, one coordinate is shifted by a hash of
    the other, which can be undone, so no row comes twice. Places beyond n are sent on until they
    fall inside (cycle walking, Black and Rogaway 2002).

    Args:
        position: 0..n-1.
        n: Number of rows, at least 1.
        key: Another key, another order.

    >>> order = row_at(jnp.arange(10, dtype=jnp.uint32), jnp.uint32(10), jnp.uint32([1, 2]))
    >>> sorted(order.tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    a = jnp.ceil(jnp.sqrt(n.astype(jnp.float32))).astype(jnp.uint32)
    b = (n + a - 1) // a

    def shuffle(place: UInt32[Array, " b"]) -> UInt32[Array, " b"]:
        row, column = place // b, place % b
        for turn in range(_ROUNDS):
            salt = jnp.uint32(turn * 0x9E3779B9 & 0xFFFFFFFF)
            if turn % 2:
                row = _shift(row, mix(mix(column + key[0] + salt) ^ key[1]), a)
            else:
                column = _shift(column, mix(mix(row + key[1] + salt) ^ key[0]), b)
        return row * b + column

    def walk(
        carry: tuple[UInt32[Array, " b"], Bool[Array, " b"]],
    ) -> tuple[UInt32[Array, " b"], Bool[Array, " b"]]:
        place, outside = carry
        place = jnp.where(outside, shuffle(place), place)
        return place, place >= n

    # All begin outside: the program holds the network once.
    start = position, jnp.ones(position.shape, jnp.bool_)
    return jax.lax.while_loop(lambda carry: jnp.any(carry[1]), walk, start)[0]


def _shift(
    value: UInt32[Array, " b"], draw: UInt32[Array, " b"], size: UInt32[Array, ""]
) -> UInt32[Array, " b"]:
    """``(value + draw mod size) mod size``, by a multiplication instead of a slow division."""
    moved = value + ((draw >> 16) * size >> 16)
    return jnp.where(moved >= size, moved - size, moved)
