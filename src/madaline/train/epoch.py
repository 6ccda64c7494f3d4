"""One epoch: every row once, in a new order, batch by batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Float, Int, UInt32

from madaline.arrays import Array
from madaline.nn.bits import Key, fold_in
from madaline.nn.mlp import MLP
from madaline.train.batches import Batch, Deck, Rows, own_weights, row_at, take_rows
from madaline.train.plan import Form, Hyper, Plan
from madaline.train.state import TrainState
from madaline.train.step import train_step

_ORDER, _STEP = 1, 2


def run_epoch(
    form: Form, hyper: Hyper, state: TrainState, deck: Deck, key: Key
) -> tuple[TrainState, Float[Array, " m"]]:
    """Every row once: the new state, and each member's mean loss over the updates."""
    plan, epoch_key, n, dtype = form.plan, fold_in(key, state.epoch), deck.n, deck.weight.dtype
    size = plan.batch_size or deck.weight.shape[0]
    batches = (n + size - 1) // size if plan.batch_size else jnp.uint32(1)

    def one_step(index: UInt32[Array, ""], carry: Any) -> Any:
        model, moments, (total, weight) = carry
        order_key = fold_in(epoch_key, _ORDER)
        batch = _batch(plan, hyper, deck, order_key, index * size, size)
        step_key = fold_in(fold_in(epoch_key, _STEP), index)
        step = state.step + index.astype(jnp.int32)
        count = jnp.minimum(n - index * size, size).astype(dtype)
        model, moments, sums = _update(form, hyper, model, moments, batch, step_key, step, count)
        return model, moments, (total + sums[0], weight + sums[1])

    zero = jnp.zeros(hyper.learning_rate.shape, dtype)
    model, moments, (total, weight) = jax.lax.fori_loop(
        jnp.uint32(0), batches, one_step, (state.model, state.moments, (zero, zero))
    )
    moved = replace(
        state,
        model=model,
        moments=moments,
        step=state.step + batches.astype(jnp.int32),
        epoch=state.epoch + jnp.uint32(1),
        seen=state.seen + n.astype(state.seen.dtype),
    )
    return moved, total / jnp.maximum(weight, jnp.finfo(weight.dtype).tiny)


def _update(
    form: Form,
    hyper: Hyper,
    model: MLP,
    moments: Any,
    batch: Batch,
    key: Key,
    step: Int[Array, ""],
    count: Float[Array, ""],
) -> tuple[MLP, Any, tuple[Float[Array, " m"], Float[Array, " m"]]]:
    """`train_step` for all members, who may share the rows and have each their own weights."""

    def one(
        own: Hyper, model: MLP, moments: Any, rows: Rows, weight: Float[Array, " b"]
    ) -> tuple[MLP, Any, tuple[Float[Array, ""], Float[Array, ""]]]:
        member_key = fold_in(key, own.member)
        return train_step(form, own, model, moments, Batch(rows, weight), member_key, step, count)

    own_rows = 0 if form.plan.batch_size and not form.plan.shared_batches else None
    update = jax.vmap(one, in_axes=(0, 0, 0, own_rows, 0))
    return update(hyper, model, moments, batch.rows, batch.weight)


def _batch(
    plan: Plan, hyper: Hyper, deck: Deck, key: Key, start: UInt32[Array, ""], size: int
) -> Batch:
    """The rows of one update for all members, of weight 0 beyond the last row."""
    train, n, held = deck.train, deck.n, deck.held
    if not plan.batch_size:
        return Batch(train, deck.weight.T)
    position = start + jnp.arange(size, dtype=jnp.uint32)
    real = (position < n).astype(deck.weight.dtype)
    position = jnp.minimum(position, n - 1)

    def deal(order_key: Key) -> Int[Array, " b"]:
        order = row_at(position, n, order_key) if plan.shuffle else position
        return order.astype(jnp.int32)

    if plan.shared_batches:
        rows = deal(key)
        weight = jnp.take(deck.weight, rows, axis=0, mode="clip")
        return Batch(take_rows(train, rows), weight.T * real[None])
    rows = jax.vmap(lambda member: deal(fold_in(key, member)))(hyper.member)
    if plan.folds:  # the rows that follow those held out, in a circle
        after = hyper.held_from[:, None] + held + rows.astype(jnp.uint32)
        rows = (after % (n + held)).astype(jnp.int32)
    return Batch(take_rows(train, rows), own_weights(deck.weight, rows) * real[None])


def weighed(plan: Plan, hyper: Hyper, deck: Deck) -> Deck:
    """With row weights of mean 1 over the rows that each member learns from."""
    learned = deck.weight * _learned(plan, hyper, deck)
    mean = jnp.sum(learned, axis=0) / deck.n.astype(deck.weight.dtype)
    return replace(deck, weight=deck.weight / mean[None])


def _learned(plan: Plan, hyper: Hyper, deck: Deck) -> Float[Array, "n m"]:
    """1 for each row that a member learns from, 0 for one that it holds out."""
    weight = deck.weight
    if not plan.folds:
        return jnp.ones_like(weight)
    row = jnp.arange(weight.shape[0], dtype=jnp.uint32)[:, None]
    rows = deck.n + deck.held
    return ((row + rows - hyper.held_from[None]) % rows >= deck.held).astype(weight.dtype)
