"""How gradients become steps. The one file that knows Optax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, assert_never

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Float, Int

from madaline.arrays import Array
from madaline.nn.mlp import MLP, Dense
from madaline.train.plan import Hyper, Plan

# optax's own default; memory is 2 x this many copies of the parameters.
_LBFGS_MEMORY = 10
# Shares of the steps after which the schedule "cycles" is at rate 0.
CYCLE_ENDS = (1 / 15, 3 / 15, 7 / 15, 1.0)
# Inputs of the layer that the learning rate is meant for, where rates are scaled.
_WIDTH = 256


def learning_rate_at(plan: Plan, hyper: Hyper, step: Int[Array, ""]) -> Float[Array, ""]:
    """The rate of an update: the schedule's factor times the learning rate.

    Args:
        plan: Names the schedule.
        hyper: Of one member.
        step: Updates done before this one.
    """
    t = jnp.minimum(step.astype(hyper.learning_rate.dtype) / hyper.total_steps, 1)
    # The first update counts as one of the warm-up's: at a rate of 0 it would learn nothing.
    climb = jnp.maximum(hyper.warmup * hyper.total_steps, 1)
    rise = jnp.minimum((step + 1).astype(climb.dtype) / climb, 1)
    match plan.schedule:
        case "cosine":
            factor = 0.5 * (1 + jnp.cos(jnp.pi * t))
        case "cycles":  # each twice as long as the one before (RealMLP's coslog4)
            factor = 0.5 * (1 - jnp.cos(2 * jnp.pi * jnp.log2(1 + 15 * t)))
        case "step":  # a tenth after half of the steps, a hundredth after three quarters
            factor = jnp.where(t < 0.5, 1.0, jnp.where(t < 0.75, 0.1, 0.01))
        case "warmup":
            factor = rise
        case "one_cycle":
            fall = jnp.clip((t - hyper.warmup) / jnp.maximum(1 - hyper.warmup, 1e-6), 0, 1)
            factor = rise * 0.5 * (1 + jnp.cos(jnp.pi * fall))
        case "constant" | "inverse_scaling" | "adaptive":  # the last two move between epochs
            factor = jnp.ones_like(t)
        case _:
            assert_never(plan.schedule)
    return factor * hyper.learning_rate


def init_moments(plan: Plan, hyper: Hyper, model: MLP) -> Any:
    """The optimiser's memory before the first step, of one member."""
    return _make(plan, hyper).init(model)


def apply_gradient(
    plan: Plan,
    hyper: Hyper,
    model: MLP,
    moments: Any,
    gradient: MLP,
    *,
    step: Int[Array, ""],
    loss: Float[Array, ""],
    loss_of: Callable[[MLP], Float[Array, ""]],
) -> tuple[MLP, Any]:
    """One update of one member: the moved model and the new moments.

    Args:
        plan: Names optimiser and schedule.
        hyper: Numbers of this member.
        model: Before the update.
        moments: From `init_moments` or the last update.
        gradient: Of the loss.
        step: Updates done before this one.
        loss: At ``model``; used by L-BFGS alone.
        loss_of: The loss as a function, for L-BFGS's line search.
    """
    optimizer = _make(plan, hyper)
    if plan.optimizer == "lbfgs":
        direction, moments = optimizer.update(
            gradient, moments, model, value=loss, grad=gradient, value_fn=loss_of
        )
        return jax.tree.map(jnp.add, model, direction), moments
    direction, moments = optimizer.update(gradient, moments, model)
    rate = learning_rate_at(plan, hyper, step)
    if plan.layer_rates != "equal":
        direction = jax.tree.map(jnp.multiply, direction, rates(plan, hyper, model))
    if "weight_decay" in plan.extras:
        decay = hyper.weight_decay * fading(plan, hyper, step)
        direction = jax.tree.map(lambda d, w: d + decay * w, direction, weights_only(model))
    return jax.tree.map(lambda p, d: p - rate.astype(p.dtype) * d, model, direction), moments


def fading(plan: Plan, hyper: Hyper, step: Int[Array, ""] | int) -> Float[Array, ""] | float:
    """What is left of weight decay and dropout: all for half of the steps, then ever less.

    The second half needs them less, for the learning rate falls too (RealMLP's ``flat_cos``).
    """
    if not plan.fade:
        return 1.0
    t = jnp.minimum(jnp.asarray(step, hyper.learning_rate.dtype) / hyper.total_steps, 1)
    return 0.5 * (1 + jnp.cos(jnp.pi * jnp.maximum(2 * t - 1, 0)))


def lbfgs_standing(
    moments: Any,
) -> tuple[Float[Array, ""], Float[Array, ""], Int[Array, ""]]:
    """Of one member, after an iteration of L-BFGS: loss, steepest slope, evaluations it took."""
    found = optax.tree.get(moments, "info")
    slopes = jax.tree.leaves(optax.tree.get(moments, "grad"))
    steepest = jnp.max(jnp.stack([jnp.max(jnp.abs(slope), initial=0.0) for slope in slopes]))
    # One evaluation where the search starts, and one a step of it.
    evaluations = jnp.asarray(found.num_linesearch_steps, jnp.int32) + 1
    return optax.tree.get(moments, "value"), steepest, evaluations


def weights_only(model: MLP) -> MLP:
    """The model with biases and pieces set to 0: what decay acts on."""
    layers = tuple(Dense(layer.weight, jnp.zeros_like(layer.bias)) for layer in model.layers)
    return replace(model, layers=layers, pieces=jax.tree.map(jnp.zeros_like, model.pieces))


def rates(plan: Plan, hyper: Hyper, model: MLP) -> MLP:
    """What each parameter's learning rate is multiplied by: one number for each array.

    With ``plan.layer_rates == "scaled"`` the learning rate is that of a weight among 256 inputs,
    and the others learn as in RealMLP (Holzmueller et al. 2024): weights by the root of their
    layer's inputs more slowly, as under the neural tangent parametrisation (Jacot et al. 2018);
    embeddings as a weight of one input would; of that, input scales six times as fast, biases and
    activation mixes at a tenth.
    """
    if plan.layer_rates == "equal":
        return jax.tree.map(partial(_one_for_all, 1.0), model)
    one = _WIDTH**0.5
    fan_ins: list[int | Array] = [layer.weight.shape[-1] for layer in model.layers]
    if hyper.n_inputs is not None:
        fan_ins[0] = hyper.n_inputs
    return MLP(
        embeddings=tuple(_one_for_all(one, table) for table in model.embeddings),
        layers=tuple(
            Dense(
                _one_for_all(one * fan_in**-0.5, layer.weight),
                _one_for_all(0.1 * one, layer.bias),
            )
            for layer, fan_in in zip(model.layers, fan_ins, strict=True)
        ),
        mixes=tuple(_one_for_all(0.1 * one, mix) for mix in model.mixes),
        scale=None if model.scale is None else _one_for_all(6 * one, model.scale),
        pieces=jax.tree.map(partial(_one_for_all, 0.0), model.pieces),
    )


def _one_for_all(value: float | Array, leaf: Array) -> Array:
    """The value, in as many axes and the precision of a leaf."""
    return jnp.broadcast_to(jnp.asarray(value, leaf.dtype), (1,) * leaf.ndim)


def _make(plan: Plan, hyper: Hyper) -> Any:
    match plan.optimizer:
        case "sgd":
            chosen = optax.identity()
        case "momentum":
            chosen = optax.trace(decay=hyper.momentum)
        case "nesterov":
            chosen = optax.trace(decay=hyper.momentum, nesterov=True)
        case "lbfgs":
            chosen = optax.lbfgs(memory_size=_LBFGS_MEMORY)
        case "adam" | "adamw":
            # Epsilon outside the bias-corrected root, as in the paper's Algorithm 1 and PyTorch.
            chosen = optax.scale_by_adam(hyper.beta_1, hyper.beta_2, hyper.epsilon)
        case _:
            assert_never(plan.optimizer)
    return optax.with_extra_args_support(chosen)
