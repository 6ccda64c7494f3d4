"""After an epoch: losses and metrics on the rows that judge, block by block."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, UInt32

from madaline.arrays import Array
from madaline.nn.mlp import MLP
from madaline.train.batches import Deck, Rows, own_weights
from madaline.train.calibration import CALIBRATIONS, calibrated_loss
from madaline.train.plan import Form, Hyper, Plan
from madaline.train.step import row_scores

_PARTS = ("train", "validation")
# What is told of each row, and the axes that it has of its own.
_SCORES: dict[str, tuple[int, ...]] = {"loss": (), "metric": ()}

# The rows of a block, and how much each counts for the curve of the training sample and for that of
# the validation rows, for each member.
Blocks = Callable[[Int[Array, ""]], tuple[Rows, Float[Array, "2 m b"]]]


def check_epoch(
    form: Form,
    hyper: Hyper,
    model: MLP,
    deck: Deck,
    loss: Float[Array, " m"],
) -> dict[str, Float[Array, "m ..."]]:
    """Loss and metric of the training sample and the validation rows, block by block.

    ``score`` is what epochs are compared by: the validation loss, at the best temperature where
    the plan says so; else the training loss after the epoch.
    """
    block, totals = _check_blocks(form.plan, hyper, deck)
    if block is None:
        nothing = {
            name: jnp.full((*loss.shape, *axes), jnp.nan, loss.dtype)
            for name, axes in curve_axes().items()
        }
        return {**nothing, "score": loss}
    means = _means(form, model, deck, block, totals)
    curves = {
        f"{part}_{name}": means[name][index]
        for index, part in enumerate(_PARTS)
        for name in _SCORES
    }
    judged = curves["validation_loss"]
    if "tempered_loss" in means:
        judged = calibrated_loss(means["tempered_loss"][1].T, totals[1])
    return {**curves, "score": jnp.where(totals[1] > 0, judged, curves["train_loss"])}


def curve_axes() -> dict[str, tuple[int, ...]]:
    """The curves of `check_epoch` and the axes that each has besides that of the members."""
    own = {f"{part}_{name}": axes for part in _PARTS for name, axes in _SCORES.items()}
    return {**own, "score": ()}


def _means(
    form: Form, model: MLP, deck: Deck, block: Blocks, totals: Float[Array, "2 m"]
) -> dict[str, Float[Array, "2 m ..."]]:
    """Means of what `row_scores` says of each row, over both parts; NaN where there are no rows."""
    temperatures = CALIBRATIONS if form.plan.calibrated and form.head.classifies else ()
    scores = jax.vmap(
        partial(row_scores, form.architecture, form.head, inverse_temperatures=temperatures),
        in_axes=(0, 0 if form.plan.folds else None),
    )

    tempered = {"tempered_loss": (len(temperatures),)} if temperatures else {}
    axes = _SCORES | tempered

    def one_block(index: Int[Array, ""], sums: Any) -> Any:
        rows, weight = block(index)
        values, weight = _stacked(scores(model, rows), axes)[:, None], weight[None]
        # An infinite loss must not reach the other curve, where its row has weight 0.
        return sums + jnp.sum(jnp.where(weight > 0, weight * values, 0), axis=-1)

    n_scores = sum(math.prod(own) for own in axes.values())
    zero = jnp.zeros((n_scores, *totals.shape), totals.dtype)
    # 0 / 0 is NaN: no such rows.
    return _unstacked(jax.lax.fori_loop(0, deck.blocks, one_block, zero) / totals[None], axes)


def _stacked(
    scores: Mapping[str, Float[Array, "m ... b"]], axes: Mapping[str, tuple[int, ...]]
) -> Float[Array, "s m b"]:
    """All scores as one array: one sum for all of them is the smaller program."""
    flat = [scores[name].reshape(len(scores[name]), -1, scores[name].shape[-1]) for name in axes]
    return jnp.moveaxis(jnp.concatenate(flat, axis=1), 1, 0)


def _unstacked(
    means: Float[Array, "s 2 m"], axes: Mapping[str, tuple[int, ...]]
) -> dict[str, Float[Array, "2 m ..."]]:
    """The scores by name again."""
    sizes = [math.prod(own) for own in axes.values()]
    parts = jnp.split(means, np.cumsum(sizes)[:-1])
    return {
        name: jnp.moveaxis(part, 0, -1).reshape(*means.shape[1:], *own)
        for part, (name, own) in zip(parts, axes.items(), strict=True)
    }


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
    size = deck.block

    def block(index: Int[Array, ""]) -> tuple[Rows, Float[Array, "2 m b"]]:
        part = jax.tree.map(
            lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, index * size, size), check
        )
        return part.rows, jnp.moveaxis(part.weight, 0, -1)

    return block, jnp.sum(check.weight, axis=0)


def _fold_blocks(hyper: Hyper, deck: Deck) -> tuple[Blocks, Float[Array, "2 m"]]:
    train, n, held = deck.train, deck.n, deck.held
    size, every = deck.block, n // held

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
