"""After an epoch: losses and metrics on the rows that judge, block by block."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Float, Int, UInt32

from madaline.arrays import Array
from madaline.nn.mlp import MLP
from madaline.train.batches import Deck, Rows, own_weights
from madaline.train.calibration import CALIBRATIONS, calibrated_loss
from madaline.train.plan import Form, Hyper, Plan
from madaline.train.step import row_scores

# Rows of one block of an evaluation: large enough for full speed, small enough for the cache.
BLOCK = 256

# The rows of a block, and how much each counts for the curve of the training sample and for that of
# the validation rows, for each member.
Blocks = Callable[[Int[Array, ""]], tuple[Rows, Float[Array, "2 m b"]]]


def check_epoch(
    form: Form,
    hyper: Hyper,
    model: MLP,
    deck: Deck,
    loss: Float[Array, " m"],
) -> dict[str, Float[Array, " m"]]:
    """Loss and metric of the training sample and the validation rows, block by block.

    ``score`` is what epochs are compared by: the validation loss, at the best temperature where
    the plan says so; else the training loss after the epoch.
    """
    names = ("train_loss", "validation_loss", "train_metric", "validation_metric")
    plan, head = form.plan, form.head
    block, totals = _check_blocks(plan, hyper, deck)
    if block is None:
        return {**dict.fromkeys(names, jnp.full_like(loss, jnp.nan)), "score": loss}
    temperatures = CALIBRATIONS if plan.calibrated and head.classifies else ()
    scores = jax.vmap(
        partial(row_scores, form.architecture, head, inverse_temperatures=temperatures),
        in_axes=(0, 0 if plan.folds else None),
    )

    def one_block(index: Int[Array, ""], sums: Any) -> Any:
        rows, weight = block(index)
        values = jnp.moveaxis(scores(model, rows), 1, 0)[:, None]  # (2 + t, 1, m, b)
        weight = weight[None]
        # An infinite loss must not reach the other curve, where its row has weight 0.
        return sums + jnp.sum(jnp.where(weight > 0, weight * values, 0), axis=-1)

    zero = jnp.zeros((2 + len(temperatures), 2, *loss.shape), loss.dtype)
    # 0 / 0 is NaN: no such rows.
    means = jax.lax.fori_loop(0, deck.blocks, one_block, zero) / totals[None]
    values = dict(zip(names, means[:2].reshape(4, -1), strict=True))
    judged = values["validation_loss"]
    if temperatures:
        judged = calibrated_loss(means[2:, 1], totals[1])
    return {**values, "score": jnp.where(totals[1] > 0, judged, values["train_loss"])}


def _check_blocks(
    plan: Plan, hyper: Hyper, deck: Deck
) -> tuple[Blocks | None, Float[Array, "2 m"]]:
    """The blocks of rows that judge an epoch, and the weight of all of them.

    With folds a block has rows for each member: those that it holds out, and as many of those it
    learns from.
    """
    if plan.folds:
        return _fold_blocks(hyper, deck)
    check = deck.check
    if check is None:
        return None, jnp.zeros((2, *hyper.learning_rate.shape), deck.weight.dtype)
    size = min(check.rows.x.shape[0], BLOCK)

    def block(index: Int[Array, ""]) -> tuple[Rows, Float[Array, "2 m b"]]:
        part = jax.tree.map(
            lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, index * size, size), check
        )
        return part.rows, jnp.moveaxis(part.weight, 0, -1)

    return block, jnp.sum(check.weight, axis=0)


def _fold_blocks(hyper: Hyper, deck: Deck) -> tuple[Blocks, Float[Array, "2 m"]]:
    train, n, held = deck.train, deck.n, deck.held
    size, every = min(train.x.shape[0], BLOCK), n // held

    def weigh(place: UInt32[Array, " b"]) -> tuple[Int[Array, "m b"], Float[Array, "2 m b"]]:
        sampled = place >= held
        offset = jnp.where(sampled, held + (place - held) * every, place)
        rows = ((hyper.held_from[:, None] + offset[None]) % (n + held)).astype(jnp.int32)
        own = own_weights(deck.weight, rows)
        counts = jnp.stack([sampled & (place < 2 * held), ~sampled])
        return rows, own[None] * counts[:, None].astype(own.dtype)

    def block(index: Int[Array, ""]) -> tuple[Rows, Float[Array, "2 m b"]]:
        place = jnp.arange(size, dtype=jnp.uint32) + jnp.uint32(size) * index.astype(jnp.uint32)
        rows, weight = weigh(place)
        return jax.tree.map(lambda leaf: leaf[rows], train), weight

    place = jnp.arange(train.x.shape[0], dtype=jnp.uint32)
    return block, jnp.sum(weigh(place)[1], axis=-1)
