"""Whole epochs as one compiled program: the heart of training.

How many epochs a chunk has, how many rows there are and every number of `Hyper` are data. So
1 + 4 + 7 epochs run the same program as 12 and give the same bits, and a second fit of like size
compiles nothing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float, UInt32

from madaline.arrays import Array
from madaline.nn.bits import Key
from madaline.train.batches import Deck
from madaline.train.check import check_epoch, curve_axes
from madaline.train.epoch import run_epoch, weighed
from madaline.train.optimizers import learning_rate_at
from madaline.train.plan import Form, Hyper, Plan
from madaline.train.state import TrainState
from madaline.train.stopping import adapt, converge, ease, in_vain, remember

# Slots for the curves of one chunk; a chunk ends when they are full.
CHUNK = 256


@partial(jax.jit, static_argnames="form")
def run_chunk(
    form: Form,
    hyper: Hyper,
    state: TrainState,
    deck: Deck,
    key: Key,
    stop: UInt32[Array, ""],
) -> tuple[TrainState, dict[str, Float[Array, "e m ..."]]]:
    """Epochs until ``stop``, or until every member has stopped: the compiled heart of training.

    Args:
        form: What decides the program.
        hyper, state, deck: Of the members.
        key: Randomness of the training.
        stop: Total of epochs.
    """
    plan, first, deck = form.plan, state.epoch, weighed(form.plan, hyper, deck)
    axes = {"loss": (), "learning_rate": (), **curve_axes()}
    slots = {
        name: jnp.zeros((CHUNK, *state.active.shape, *own), deck.weight.dtype)
        for name, own in axes.items()
    }

    def unfinished(carry: tuple[TrainState, Any]) -> Bool[Array, ""]:
        return (carry[0].epoch < stop) & jnp.any(carry[0].active)

    def one_epoch(carry: tuple[TrainState, Any]) -> tuple[TrainState, Any]:
        state, curves = carry
        slot = (state.epoch - first).astype(jnp.int32)
        now = replace(
            hyper,
            learning_rate=hyper.learning_rate * state.rate,
            label_smoothing=hyper.label_smoothing * ease(plan, state),
        )
        moved, loss = run_epoch(form, now, state, deck, key)
        values = {"loss": loss, "learning_rate": _rate(plan, now, moved)}
        values |= check_epoch(form, hyper, moved.model, deck, loss)
        score = values["score"]
        sound = moved.active & jnp.isfinite(score)
        moved = adapt(plan, hyper, remember(hyper, moved, score), sound)
        moved = replace(moved, active=moved.active & ~in_vain(form, hyper, moved))
        state = converge(hyper, state, moved) if plan.optimizer == "lbfgs" else moved
        curves = {
            name: jax.lax.dynamic_update_index_in_dim(curve, values[name], slot, 0)
            for name, curve in curves.items()
        }
        return state, curves

    return jax.lax.while_loop(unfinished, one_epoch, (state, slots))


def _rate(plan: Plan, hyper: Hyper, state: TrainState) -> Float[Array, " m"]:
    return jax.vmap(partial(learning_rate_at, plan), in_axes=(0, None))(hyper, state.step - 1)
