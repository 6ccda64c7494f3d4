"""One update, and one evaluation: pure functions of a batch."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Float, Int, UInt32

from madaline.arrays import Array
from madaline.nn.architecture import Architecture
from madaline.nn.bits import Key, fold_in, normal
from madaline.nn.head import Head
from madaline.nn.heads import row_loss, row_metric
from madaline.nn.mlp import MLP, apply_mlp
from madaline.nn.norms import power_sum
from madaline.train.batches import Batch, Rows
from madaline.train.optimizers import apply_gradient, fading
from madaline.train.plan import Form, Hyper, Plan

_NOISE, _DROPOUT = 1, 2


def batch_loss(
    form: Form,
    hyper: Hyper,
    model: MLP,
    batch: Batch,
    key: Key,
    count: Float[Array, ""] | None = None,
    step: Int[Array, ""] | int = 0,
) -> tuple[Float[Array, ""], tuple[Float[Array, ""], Float[Array, ""]]]:
    """Mean loss of a batch with its penalties, of one member.

    Args:
        form: The network's shape, its loss, and which extras are on.
        hyper: Their strengths, of this member.
        model: Its parameters.
        batch: Its rows and their weights.
        key: Randomness of this step and member.
        count: What the weighted sum is divided by: the batch's rows, where weights have mean 1
            over the table. Its own weight, the default, would cancel a heavy row in a small batch.
        step: Updates done before this one.

    Returns:
        What is differentiated, and ``(weighted sum of losses, sum of weights)`` for the curve.
    """
    plan = form.plan
    smoothing = hyper.label_smoothing if "label_smoothing" in plan.extras else 0.0
    dropout = hyper.dropout * fading(plan, hyper, step) if "dropout" in plan.extras else None

    def one(
        x: Float[Array, " d"], codes: Int[Array, " c"], y: Array, place: UInt32[Array, ""]
    ) -> Float[Array, ""]:
        row_key = None if not _is_noisy(plan) else fold_in(key, place)
        if row_key is not None and "input_noise" in plan.extras:
            noise = normal(fold_in(row_key, _NOISE), x.shape[0]).astype(x.dtype)
            x = x + hyper.input_noise * noise
        drop_key = None if row_key is None else fold_in(row_key, _DROPOUT)
        z = apply_mlp(form.architecture, model, x, codes, dropout=dropout, key=drop_key)
        return row_loss(form.head, z, y, smoothing)

    rows, weight = batch.rows, batch.weight
    places = jnp.arange(rows.x.shape[0], dtype=jnp.uint32)
    losses = jax.vmap(one)(rows.x, rows.codes, rows.y, places)
    # A row of weight 0 may have an infinite loss: 0 x inf is not 0.
    total = jnp.sum(jnp.where(weight > 0, weight * losses, 0))
    of_all = jnp.sum(weight)
    mean = total / jnp.maximum(of_all if count is None else count, jnp.finfo(weight.dtype).tiny)
    return mean + penalty(plan, hyper, model), (total, of_all)


def penalty(plan: Plan, hyper: Hyper, model: MLP) -> Float[Array, ""] | float:
    """L1, L2 (half the sum of squares) and L^p of the weights; biases are free."""
    weights = [*model.embeddings, *(layer.weight for layer in model.layers)]
    total = 0.0
    if "l1" in plan.extras:
        total += hyper.l1 * sum(jnp.sum(jnp.abs(w)) for w in weights)
    if "l2" in plan.extras:
        total += 0.5 * hyper.l2 * sum(jnp.sum(jnp.square(w)) for w in weights)
    if "lp" in plan.extras:
        total += hyper.lp * sum(power_sum(w, hyper.lp_order) for w in weights)
    return total


def train_step(
    form: Form,
    hyper: Hyper,
    model: MLP,
    moments: Any,
    batch: Batch,
    key: Key,
    step: Int[Array, ""],
    count: Float[Array, ""] | None = None,
) -> tuple[MLP, Any, tuple[Float[Array, ""], Float[Array, ""]]]:
    """Forward, loss, gradient, update of one member: ``w <- w - rate x dLoss/dw``."""

    def loss_of(at: MLP) -> tuple[Float[Array, ""], tuple[Float[Array, ""], Float[Array, ""]]]:
        return batch_loss(form, hyper, at, batch, key, count, step)

    (loss, sums), gradient = jax.value_and_grad(loss_of, has_aux=True)(model)
    model, moments = apply_gradient(
        form.plan,
        hyper,
        model,
        moments,
        gradient,
        step=step,
        loss=loss,
        loss_of=lambda m: loss_of(m)[0],
    )
    return model, moments, sums


def row_scores(
    architecture: Architecture,
    head: Head,
    model: MLP,
    rows: Rows,
    inverse_temperatures: tuple[float, ...] = (),
) -> dict[str, Float[Array, "... b"]]:
    """``loss`` and ``metric`` of each row, without noise or penalty: one formula for every part.

    Where ``inverse_temperatures`` are given also ``tempered_loss`` ``(t, b)``: the losses of ``z``
    times each of them.
    """
    z = jax.vmap(partial(apply_mlp, architecture, model))(rows.x, rows.codes)
    loss = jax.vmap(partial(row_loss, head))
    metric = jax.vmap(partial(row_metric, head))
    scores = {"loss": loss(z, rows.y), "metric": metric(z, rows.y)}
    if inverse_temperatures:
        factors = jnp.array(inverse_temperatures, z.dtype)
        # One after the other: all at once would be the larger program, and no faster.
        scores["tempered_loss"] = jax.lax.map(lambda factor: loss(z * factor, rows.y), factors)
    return scores


def _is_noisy(plan: Plan) -> bool:
    return "dropout" in plan.extras or "input_noise" in plan.extras
