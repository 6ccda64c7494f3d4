"""What follows an epoch: the best weights are kept, members stop, rates that look back move."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float

from madaline.arrays import Array
from madaline.train.optimizers import CYCLE_ENDS, lbfgs_standing
from madaline.train.plan import Form, Hyper, Plan
from madaline.train.state import TrainState

# The loss, in nats, from which on rows are too hard for smoothed labels.
_HARD = 0.3
# scikit-learn's floor of the adaptive rate, and SciPy's least relative fall of the loss (ftol).
_LEAST_RATE, _LEVEL = 1e-6, 2.2e-9


def remember(hyper: Hyper, state: TrainState, score: Float[Array, " m"]) -> TrainState:
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


def in_vain(form: Form, hyper: Hyper, state: TrainState) -> Bool[Array, " m"]:
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


def adapt(plan: Plan, hyper: Hyper, state: TrainState, sound: Bool[Array, " m"]) -> TrainState:
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
        case "constant" | "cosine" | "cycles" | "step" | "warmup" | "one_cycle":
            return state
        case _:
            assert_never(plan.schedule)


def converge(hyper: Hyper, before: TrainState, state: TrainState) -> TrainState:
    """Count what L-BFGS evaluated; stop members that converged or evaluated enough."""
    loss, steepest, evaluations = jax.vmap(lbfgs_standing)(state.moments)
    earlier, _, _ = jax.vmap(lbfgs_standing)(before.moments)
    scale = jnp.maximum(jnp.maximum(jnp.abs(loss), jnp.abs(earlier)), 1)
    level = jnp.isfinite(earlier) & (earlier - loss <= _LEVEL * scale)
    total = state.evaluations + evaluations
    done = level | (steepest <= hyper.gradient_tolerance) | (total >= hyper.max_evaluations)
    return replace(state, evaluations=total, active=state.active & ~done)


def ease(plan: Plan, state: TrainState) -> Float[Array, " m"] | float:
    """How far the rows that judge are told apart so far, 0..1: what label smoothing is worth there.

    It keeps a network that is right about nearly every row from growing ever surer of itself. Where
    classes overlap, it only hides how much.
    """
    if not plan.adaptive_smoothing:
        return 1.0
    return jnp.clip(1 - state.best_score / _HARD, 0, 1)
