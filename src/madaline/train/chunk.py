"""Whole epochs as one compiled program: the heart of training.

How many epochs a chunk has, how many rows there are and every number of `Hyper` are data. So
1 + 4 + 7 epochs run the same program as 12 and give the same bits, and a second fit of like size
compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt32

from madaline.nn.bits import Key, fold_in
from madaline.nn.mlp import MLP
from madaline.train.batches import Deck, Rows, row_at
from madaline.train.calibration import CALIBRATIONS, calibrated_loss
from madaline.train.history import CURVES
from madaline.train.optimizers import CYCLE_ENDS, lbfgs_standing, learning_rate_at
from madaline.train.plan import Form, Hyper, Plan
from madaline.train.state import TrainState
from madaline.train.step import row_scores, train_step

# Slots for the curves of one chunk; a chunk ends when they are full.
CHUNK = 256
# Rows of one block of an evaluation: large enough for full speed, small enough for the cache.
BLOCK = 256
_ORDER, _STEP = 1, 2
# The loss, in nats, from which on rows are too hard for smoothed labels.
_HARD = 0.3
# scikit-learn's floor of the adaptive rate, and SciPy's least relative fall of the loss (ftol).
_LEAST_RATE, _LEVEL = 1e-6, 2.2e-9


@partial(jax.jit, static_argnames="form")
def run_chunk(
    form: Form,
    hyper: Hyper,
    state: TrainState,
    deck: Deck,
    key: Key,
    stop: UInt32[Array, ""],
) -> tuple[TrainState, dict[str, Float[Array, "e m"]]]:
    """Epochs until ``stop``, or until every member has stopped: the compiled heart of training.

    Args:
        form: What decides the program.
        hyper, state, deck: Of the members.
        key: Randomness of the training.
        stop: Total of epochs.
    """
    plan, first, deck = form.plan, state.epoch, _weighed(form.plan, hyper, deck)
    slots = {name: jnp.zeros((CHUNK, *state.active.shape), deck.train.x.dtype) for name in CURVES}

    def unfinished(carry: tuple[TrainState, Any]) -> Bool[Array, ""]:
        return (carry[0].epoch < stop) & jnp.any(carry[0].active)

    def one_epoch(carry: tuple[TrainState, Any]) -> tuple[TrainState, Any]:
        state, curves = carry
        slot = (state.epoch - first).astype(jnp.int32)
        now = replace(
            hyper,
            learning_rate=hyper.learning_rate * state.rate,
            label_smoothing=hyper.label_smoothing * _ease(plan, state),
        )
        moved, loss = _epoch(form, now, state, deck, key)
        values = {"loss": loss, "learning_rate": _rate(plan, now, moved)}
        values |= _check(form, hyper, moved.model, deck, loss)
        score = values["score"]
        sound = moved.active & jnp.isfinite(score)
        moved = _adapt(plan, hyper, _remember(hyper, moved, score), sound)
        moved = replace(moved, active=moved.active & ~_in_vain(form, hyper, moved))
        state = _converge(hyper, state, moved) if plan.optimizer == "lbfgs" else moved
        curves = {
            name: jax.lax.dynamic_update_index_in_dim(curve, values[name], slot, 0)
            for name, curve in curves.items()
        }
        return state, curves

    return jax.lax.while_loop(unfinished, one_epoch, (state, slots))


def _epoch(
    form: Form, hyper: Hyper, state: TrainState, deck: Deck, key: Key
) -> tuple[TrainState, Float[Array, " m"]]:
    """Every row once: the new state, and each member's mean loss over the updates."""
    plan, epoch_key, train, n = form.plan, fold_in(key, state.epoch), deck.train, deck.n
    size = plan.batch_size or train.x.shape[0]
    batches = (n + size - 1) // size if plan.batch_size else jnp.uint32(1)
    own_rows = 0 if plan.batch_size and not plan.shared_batches else None
    update = jax.vmap(
        partial(train_step, form),
        in_axes=(0, 0, 0, Rows(own_rows, own_rows, own_rows, 0), 0, None, None),  # type: ignore[arg-type]
    )

    def one_step(index: UInt32[Array, ""], carry: Any) -> Any:
        model, moments, (total, weight) = carry
        order_key = fold_in(epoch_key, _ORDER)
        batch = _batch(plan, hyper, deck, order_key, index * size, size)
        step_key = fold_in(fold_in(epoch_key, _STEP), index)
        keys = jax.vmap(partial(fold_in, step_key))(hyper.member)
        step = state.step + index.astype(jnp.int32)
        count = jnp.minimum(n - index * size, size).astype(train.x.dtype)
        model, moments, sums = update(hyper, model, moments, batch, keys, step, count)
        return model, moments, (total + sums[0], weight + sums[1])

    zero = jnp.zeros(hyper.learning_rate.shape, train.x.dtype)
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


def _batch(
    plan: Plan, hyper: Hyper, deck: Deck, key: Key, start: UInt32[Array, ""], size: int
) -> Rows:
    """The rows of one update; ``weight`` is ``(m, b)``, 0 beyond the last row."""
    train, n, held = deck.train, deck.n, deck.held
    if not plan.batch_size:
        return replace(train, weight=train.weight.T)
    position = start + jnp.arange(size, dtype=jnp.uint32)
    real = (position < n).astype(train.weight.dtype)
    position = jnp.minimum(position, n - 1)

    def deal(order_key: Key) -> Int[Array, " b"]:
        order = row_at(position, n, order_key) if plan.shuffle else position
        return order.astype(jnp.int32)

    if plan.shared_batches:
        rows = deal(key)
        taken = jax.tree.map(lambda leaf: jnp.take(leaf, rows, axis=0, mode="clip"), train)
        return replace(taken, weight=taken.weight.T * real[None])
    rows = jax.vmap(lambda member: deal(fold_in(key, member)))(hyper.member)
    if plan.folds:  # the rows that follow those held out, in a circle
        after = hyper.held_from[:, None] + held + rows.astype(jnp.uint32)
        rows = (after % (n + held)).astype(jnp.int32)
    taken = jax.tree.map(lambda leaf: jnp.take(leaf, rows, axis=0, mode="clip"), train)
    own = jnp.moveaxis(jnp.diagonal(taken.weight, axis1=0, axis2=2), -1, 0)
    return replace(taken, weight=own * real[None])


def _ease(plan: Plan, state: TrainState) -> Float[Array, " m"] | float:
    """How far the rows that judge are told apart so far, 0..1: what label smoothing is worth there.

    It keeps a network that is right about nearly every row from growing ever surer of itself. Where
    classes overlap, it only hides how much.
    """
    if not plan.adaptive_smoothing:
        return 1.0
    return jnp.clip(1 - state.best_score / _HARD, 0, 1)


def _rate(plan: Plan, hyper: Hyper, state: TrainState) -> Float[Array, " m"]:
    return jax.vmap(partial(learning_rate_at, plan), in_axes=(0, None))(hyper, state.step - 1)


def _weighed(plan: Plan, hyper: Hyper, deck: Deck) -> Deck:
    """With row weights of mean 1 over the rows that each member learns from."""
    weight = deck.train.weight
    learned = weight * _learned(plan, hyper, deck)
    mean = jnp.sum(learned, axis=0) / deck.n.astype(weight.dtype)
    return replace(deck, train=replace(deck.train, weight=weight / mean[None]))


def _learned(plan: Plan, hyper: Hyper, deck: Deck) -> Float[Array, "n m"]:
    """1 for each row that a member learns from, 0 for one that it holds out."""
    weight = deck.train.weight
    if not plan.folds:
        return jnp.ones_like(weight)
    row = jnp.arange(weight.shape[0], dtype=jnp.uint32)[:, None]
    rows = deck.n + deck.held
    return ((row + rows - hyper.held_from[None]) % rows >= deck.held).astype(weight.dtype)


def _check_blocks(
    plan: Plan, hyper: Hyper, deck: Deck
) -> tuple[Callable[[Int[Array, ""]], Rows] | None, Float[Array, "2 m"]]:
    """The blocks of rows that judge an epoch, and the weight of all of them.

    ``weight`` of a block is ``(2, m, b)``: how much a row counts for the curve of the training
    sample and for that of the validation rows. With folds a block has rows for each member: those
    that it holds out, and as many of those it learns from.
    """
    if plan.folds:
        return _fold_blocks(hyper, deck)
    check = deck.check
    if check is None:
        return None, jnp.zeros((2, *hyper.learning_rate.shape), deck.train.x.dtype)
    size = min(check.x.shape[0], BLOCK)

    def block(index: Int[Array, ""]) -> Rows:
        rows = jax.tree.map(
            lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, index * size, size), check
        )
        return replace(rows, weight=jnp.moveaxis(rows.weight, 0, -1))

    return block, jnp.sum(check.weight, axis=0)


def _fold_blocks(
    hyper: Hyper, deck: Deck
) -> tuple[Callable[[Int[Array, ""]], Rows], Float[Array, "2 m"]]:
    train, n, held = deck.train, deck.n, deck.held
    size, every = min(train.x.shape[0], BLOCK), n // held

    def weigh(place: UInt32[Array, " b"]) -> tuple[Int[Array, "m b"], Float[Array, "2 m b"]]:
        sampled = place >= held
        offset = jnp.where(sampled, held + (place - held) * every, place)
        rows = ((hyper.held_from[:, None] + offset[None]) % (n + held)).astype(jnp.int32)
        own = jax.vmap(lambda weight, row: weight[row], in_axes=(1, 0))(train.weight, rows)
        counts = jnp.stack([sampled & (place < 2 * held), ~sampled])
        return rows, own[None] * counts[:, None].astype(own.dtype)

    def block(index: Int[Array, ""]) -> Rows:
        place = jnp.arange(size, dtype=jnp.uint32) + jnp.uint32(size) * index.astype(jnp.uint32)
        rows, weight = weigh(place)
        taken = jax.tree.map(lambda leaf: leaf[rows], replace(train, weight=rows))
        return replace(taken, weight=weight)

    place = jnp.arange(train.x.shape[0], dtype=jnp.uint32)
    return block, jnp.sum(weigh(place)[1], axis=-1)


def _check(
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
    rows_axis = 0 if plan.folds else None
    scores = jax.vmap(
        partial(row_scores, form.architecture, head, inverse_temperatures=temperatures),
        in_axes=(0, Rows(rows_axis, rows_axis, rows_axis, None)),  # type: ignore[arg-type]
    )

    def one_block(index: Int[Array, ""], sums: Any) -> Any:
        rows = block(index)
        values = jnp.moveaxis(scores(model, rows), 1, 0)[:, None]  # (2 + t, 1, m, b)
        weight = rows.weight[None]
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


def _remember(hyper: Hyper, state: TrainState, score: Float[Array, " m"]) -> TrainState:
    """Keep the best parameters of each member; stop members that are stale or not finite."""
    better = state.active & (score < state.best_score)
    stale = jnp.where(score < state.best_score - hyper.tolerance, 0, state.stale + 1)

    def choose(new: Array, old: Array) -> Array:
        return jnp.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old)

    return replace(
        state,
        best=jax.tree.map(choose, state.model, state.best),
        best_score=jnp.where(better, score, state.best_score),
        best_epoch=jnp.where(better, state.epoch.astype(jnp.int32), state.best_epoch),
        stale=stale,
        active=state.active
        & jnp.isfinite(score)
        & ((hyper.patience == 0) | (stale < hyper.patience)),
    )


def _in_vain(form: Form, hyper: Hyper, state: TrainState) -> Bool[Array, " m"]:
    """Whether the third of four cycles has just ended and was no better than those before it.

    A classifier's last cycle, as long as all before it, would not be better either: on the tables
    that settings were chosen on it hardly ever was. For numbers it sometimes was, by far.
    """
    if form.plan.schedule != "cycles" or not form.head.classifies:
        return jnp.zeros_like(state.active)
    second, third = (CYCLE_ENDS[i] * hyper.total_steps for i in (1, 2))
    steps = state.step.astype(third.dtype)
    an_epoch = steps / state.epoch.astype(third.dtype)
    ended = (steps >= third) & (steps - an_epoch < third)
    return (hyper.patience > 0) & ended & (state.best_epoch * an_epoch <= second)


def _adapt(plan: Plan, hyper: Hyper, state: TrainState, sound: Bool[Array, " m"]) -> TrainState:
    """The rate of the next epoch, for the schedules that look back; of members that are sound."""
    match plan.schedule:
        case "inverse_scaling":
            return replace(state, rate=(state.seen + 1) ** -hyper.decay_power)
        case "adaptive":  # a member that would stop goes on at a fifth, until that is nothing
            due = (hyper.patience > 0) & (state.stale >= hyper.patience)
            lower = sound & due & (hyper.learning_rate * state.rate > _LEAST_RATE)
            return replace(
                state,
                rate=jnp.where(lower, state.rate / 5, state.rate),
                stale=jnp.where(lower, 0, state.stale),
                active=state.active | lower,
            )
        case _:
            return state


def _converge(hyper: Hyper, before: TrainState, state: TrainState) -> TrainState:
    """Count what L-BFGS evaluated; stop members that converged or evaluated enough."""
    loss, steepest, evaluations = jax.vmap(lbfgs_standing)(state.moments)
    earlier, _, _ = jax.vmap(lbfgs_standing)(before.moments)
    scale = jnp.maximum(jnp.maximum(jnp.abs(loss), jnp.abs(earlier)), 1)
    level = jnp.isfinite(earlier) & (earlier - loss <= _LEVEL * scale)
    total = state.evaluations + evaluations
    done = level | (steepest <= hyper.gradient_tolerance) | (total >= hyper.max_evaluations)
    return replace(state, evaluations=total, active=state.active & ~done)
