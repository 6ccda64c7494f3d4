"""The training loop: whole chunks of epochs in one compiled program, seen through one generator.

How many epochs a chunk has, how many rows there are and every number of `Hyper` are data. So
1 + 4 + 7 epochs run the same program as 12 and give the same bits, and a second fit of like size
compiles nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt32

from madaline.arrays import pytree
from madaline.nn.architecture import Architecture
from madaline.nn.bits import Key, fold_in, make_key
from madaline.nn.heads import Head
from madaline.nn.mlp import MLP, init_mlp, stack_members
from madaline.train.batches import Rows, bucket, pad_rows, row_at
from madaline.train.history import CURVES, History, empty_history
from madaline.train.optimizers import init_moments, learning_rate_at
from madaline.train.plan import Hyper, Plan
from madaline.train.step import row_scores, train_step

# Slots for the curves of one chunk; a chunk ends when they are full.
CHUNK = 256
# Rows of one block of an evaluation: large enough for full speed, small enough for the cache.
_BLOCK = 1024
# A chunk should take about this long: often enough to draw and to stop, too rarely to cost.
_CHUNK_SECONDS = 0.1
_ORDER, _STEP = 1, 2


@pytree
class TrainState:
    """All that a training needs to go on; every leaf but ``step`` and ``epoch`` has a member axis.

    There is no random state: every draw is a function of (seed, epoch, step, member).

    Attributes:
        model: Parameters now.
        moments: The optimiser's memory.
        step: Updates done.
        epoch: Epochs done.
        best: Parameters of the best epoch.
        best_score: Their score: validation loss, or training loss where nothing is held out.
        best_epoch: Counted from 1; 0 before the first.
        stale: Epochs since the best.
        active: False once a member has stopped; the others go on.
    """

    model: MLP
    moments: Any
    step: Int[Array, ""]
    epoch: UInt32[Array, ""]
    best: MLP
    best_score: Float[Array, " m"]
    best_epoch: Int[Array, " m"]
    stale: Int[Array, " m"]
    active: Bool[Array, " m"]


@dataclass(frozen=True)
class Problem:
    """What is trained on what: the arguments of a training that do not change while it runs.

    Attributes:
        architecture: The network's shape.
        head: Loss and output.
        plan: What decides the program.
        hyper: Numbers, one a member.
        train: Rows to learn from.
        check: Rows to judge by after each epoch, or None; ``weight`` is ``(n, 2, m)``: how much a
            row counts for the curve of the training sample and for that of the validation rows.
        seed: From a person.
    """

    architecture: Architecture
    head: Head
    plan: Plan
    hyper: Hyper
    train: Rows
    check: Rows | None
    seed: int


@dataclass(frozen=True)
class Progress:
    """Where a training stands after a chunk: draw it, stop it, keep it, go on from it."""

    state: TrainState
    history: History
    epoch: int
    step: int
    seconds: float
    done: bool


def steps_per_epoch(n_rows: int, batch_size: int) -> int:
    """N updates for batches of 1, ceil(N / M) for batches of M, 1 for all rows at once.

    >>> steps_per_epoch(100, 1), steps_per_epoch(100, 32), steps_per_epoch(100, 0)
    (100, 4, 1)
    """
    return -(-n_rows // batch_size) if batch_size else 1


def init_state(problem: Problem, first_bias: np.ndarray) -> TrainState:
    """The state before the first epoch.

    Args:
        problem: What will be trained.
        first_bias: ``(k,)``, see `madaline.nn.heads.first_bias`.
    """
    with _precision(problem):
        members = np.asarray(problem.hyper.member).tolist()
        dtype = problem.train.x.dtype.type
        initializer = problem.plan.initializer
        models = [
            init_mlp(
                problem.architecture, first_bias, seed=problem.seed, member=member,
                initializer=initializer, dtype=dtype,
            )
            for member in members
        ]  # fmt: skip
        model = stack_members(models)
        # As NumPy arrays: JAX's weak types would compile the first chunk's program twice.
        moments = jax.device_get(_first_moments(problem.plan, problem.hyper, model))
    m = len(members)
    return TrainState(
        model=model,
        moments=moments,
        step=np.int32(0),  # type: ignore[arg-type]
        epoch=np.uint32(0),  # type: ignore[arg-type]
        best=model,
        best_score=np.full(m, np.inf, dtype),  # type: ignore[arg-type]
        best_epoch=np.zeros(m, np.int32),  # type: ignore[arg-type]
        stale=np.zeros(m, np.int32),  # type: ignore[arg-type]
        active=np.ones(m, np.bool_),  # type: ignore[arg-type]
    )


def train_epochs(
    problem: Problem,
    state: TrainState,
    epochs: int,
    *,
    history: History | None = None,
    chunk: int | None = None,
) -> Iterator[Progress]:
    """Train until ``epochs`` are done in all or every member has stopped.

    Args:
        problem: What to train on what.
        state: From `init_state`, or where another training left off.
        epochs: Total, counted from the very first.
        history: Curves so far.
        chunk: Epochs between two looks; None lets them take about a tenth of a second.

    Yields:
        `Progress` after each chunk. Stop by leaving the loop.
    """
    history = history or empty_history(len(problem.hyper.member))
    offset = float(history.seconds[-1]) if len(history) else 0.0
    started = time.perf_counter()
    with _precision(problem):
        rows = _on_device(problem)
    length, first = chunk or 1, True
    while int(state.epoch) < epochs and bool(np.any(np.asarray(state.active))):
        was = int(state.epoch)
        stop = min(was + min(length, CHUNK), epochs)
        before = time.perf_counter()
        with _precision(problem):
            state, curves = _run(problem, state, rows, stop)
        now = time.perf_counter()
        done = int(state.epoch) - was
        history = history.extended(
            {name: curve[:done] for name, curve in curves.items()}, offset + now - started
        )
        yield Progress(
            state=state,
            history=history,
            epoch=int(state.epoch),
            step=int(state.step),
            seconds=offset + now - started,
            done=int(state.epoch) >= epochs or not bool(np.any(np.asarray(state.active))),
        )
        if chunk is None and not first:  # the first chunk's time is mostly compilation
            length = _next_length(length, now - before)
        first = False


def _next_length(length: int, seconds: float) -> int:
    wanted = length * _CHUNK_SECONDS / max(seconds, 1e-6)
    return int(min(max(1, wanted), 4 * length, CHUNK))


def _on_device(problem: Problem) -> tuple[Rows, Rows | None, Any, Any]:
    train, check = problem.train, problem.check
    n = train.x.shape[0]
    padded = pad_rows(train, bucket(n))
    if check is None:
        return jax.device_put(padded), None, np.uint32(n), np.int32(0)
    size = bucket(check.x.shape[0])
    size = size if size <= _BLOCK else -(-size // _BLOCK) * _BLOCK
    blocks = -(-check.x.shape[0] // min(size, _BLOCK))
    return (
        jax.device_put(padded),
        jax.device_put(pad_rows(check, size)),
        np.uint32(n),
        np.int32(blocks),
    )


def _run(
    problem: Problem, state: TrainState, rows: tuple[Rows, Rows | None, Any, Any], stop: int
) -> tuple[TrainState, dict[str, np.ndarray]]:
    train, check, n, blocks = rows
    return jax.device_get(
        run_chunk(
            problem.architecture, problem.head, problem.plan, problem.hyper, state,
            train, check, n, blocks, make_key(problem.seed), np.uint32(stop),
        )
    )  # fmt: skip


def _precision(problem: Problem) -> Any:
    return jax.enable_x64(True) if problem.train.x.dtype == np.float64 else nullcontext()


@partial(jax.jit, static_argnames=("plan",))
def _first_moments(plan: Plan, hyper: Hyper, model: MLP) -> Any:
    return jax.vmap(partial(init_moments, plan))(hyper, model)


@partial(jax.jit, static_argnames=("architecture", "head", "plan"))
def run_chunk(
    architecture: Architecture,
    head: Head,
    plan: Plan,
    hyper: Hyper,
    state: TrainState,
    train: Rows,
    check: Rows | None,
    n: UInt32[Array, ""],
    blocks: Int[Array, ""],
    key: Key,
    stop: UInt32[Array, ""],
) -> tuple[TrainState, dict[str, Float[Array, "e m"]]]:
    """Epochs until ``stop``, or until every member has stopped: the compiled heart of training."""
    first = state.epoch
    slots = {name: jnp.zeros((CHUNK, *hyper.learning_rate.shape), train.x.dtype) for name in CURVES}

    def unfinished(carry: tuple[TrainState, Any]) -> Bool[Array, ""]:
        return (carry[0].epoch < stop) & jnp.any(carry[0].active)

    def one_epoch(carry: tuple[TrainState, Any]) -> tuple[TrainState, Any]:
        state, curves = carry
        slot = (state.epoch - first).astype(jnp.int32)
        state, loss = _epoch(architecture, head, plan, hyper, state, train, n, key)
        values = {"loss": loss, "learning_rate": _rate(plan, hyper, state)}
        values |= _check(architecture, head, state.model, check, blocks, loss)
        state = _remember(hyper, state, loss if check is None else values["validation_loss"])
        curves = {
            name: jax.lax.dynamic_update_index_in_dim(curve, values[name], slot, 0)
            for name, curve in curves.items()
        }
        return state, curves

    return jax.lax.while_loop(unfinished, one_epoch, (state, slots))


def _epoch(
    architecture: Architecture,
    head: Head,
    plan: Plan,
    hyper: Hyper,
    state: TrainState,
    train: Rows,
    n: UInt32[Array, ""],
    key: Key,
) -> tuple[TrainState, Float[Array, " m"]]:
    """Every row once: the new state, and each member's mean loss over the updates."""
    epoch_key = fold_in(key, state.epoch)
    size = plan.batch_size or train.x.shape[0]
    batches = (n + size - 1) // size if plan.batch_size else jnp.uint32(1)
    own_rows = 0 if plan.batch_size and not plan.shared_batches else None
    update = jax.vmap(
        partial(train_step, architecture, head, plan),
        in_axes=(0, 0, 0, Rows(own_rows, own_rows, own_rows, 0), 0, None),  # type: ignore[arg-type]
    )

    def one_step(index: UInt32[Array, ""], carry: Any) -> Any:
        model, moments, (total, weight) = carry
        batch = _batch(plan, hyper, train, n, fold_in(epoch_key, _ORDER), index * size, size)
        step_key = fold_in(fold_in(epoch_key, _STEP), index)
        keys = jax.vmap(partial(fold_in, step_key))(hyper.member)
        step = state.step + index.astype(jnp.int32)
        model, moments, sums = update(hyper, model, moments, batch, keys, step)
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
    )
    return moved, total / jnp.maximum(weight, jnp.finfo(weight.dtype).tiny)


def _batch(
    plan: Plan,
    hyper: Hyper,
    train: Rows,
    n: UInt32[Array, ""],
    key: Key,
    start: UInt32[Array, ""],
    size: int,
) -> Rows:
    """The rows of one update; ``weight`` is ``(m, b)``, 0 beyond the last row."""
    if not plan.batch_size:
        return replace(train, weight=train.weight.T)
    position = start + jnp.arange(size, dtype=jnp.uint32)
    real = (position < n).astype(train.weight.dtype)
    position = jnp.minimum(position, n - 1)

    def deal(order_key: Key) -> UInt32[Array, " b"]:
        return row_at(position, n, order_key).astype(jnp.int32)

    if plan.shared_batches:
        rows = deal(key)
        taken = jax.tree.map(lambda leaf: jnp.take(leaf, rows, axis=0, mode="clip"), train)
        return replace(taken, weight=taken.weight.T * real[None])
    rows = jax.vmap(lambda member: deal(fold_in(key, member)))(hyper.member)
    taken = jax.tree.map(lambda leaf: jnp.take(leaf, rows, axis=0, mode="clip"), train)
    own = jnp.moveaxis(jnp.diagonal(taken.weight, axis1=0, axis2=2), -1, 0)
    return replace(taken, weight=own * real[None])


def _rate(plan: Plan, hyper: Hyper, state: TrainState) -> Float[Array, " m"]:
    return jax.vmap(partial(learning_rate_at, plan), in_axes=(0, None))(hyper, state.step - 1)


def _check(
    architecture: Architecture,
    head: Head,
    model: MLP,
    check: Rows | None,
    blocks: Int[Array, ""],
    loss: Float[Array, " m"],
) -> dict[str, Float[Array, " m"]]:
    """Loss and metric of the training sample and the validation rows, block by block."""
    names = ("train_loss", "validation_loss", "train_metric", "validation_metric")
    if check is None:
        return dict.fromkeys(names, jnp.full_like(loss, jnp.nan))
    size = min(check.x.shape[0], _BLOCK)
    scores = jax.vmap(partial(row_scores, architecture, head), in_axes=(0, None))

    def one_block(index: Int[Array, ""], sums: Any) -> Any:
        rows = jax.tree.map(
            lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, index * size, size), check
        )
        losses, metrics = scores(model, rows)
        return sums + jnp.stack(
            [
                jnp.einsum("mn,ngm->gm", losses, rows.weight),
                jnp.einsum("mn,ngm->gm", metrics, rows.weight),
            ]
        )

    zero = jnp.zeros((2, 2, *loss.shape), loss.dtype)
    sums = jax.lax.fori_loop(0, blocks, one_block, zero)
    means = sums / jnp.sum(check.weight, axis=0)[None]
    return dict(zip(names, means.reshape(4, -1), strict=True))


def _remember(hyper: Hyper, state: TrainState, score: Float[Array, " m"]) -> TrainState:
    """Keep the best parameters of each member; stop members that are stale or not finite."""
    better = state.active & (score < state.best_score - hyper.tolerance)
    stale = jnp.where(better, 0, state.stale + 1)

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
