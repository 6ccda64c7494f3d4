"""The training loop, seen through one generator: draw it, stop it, keep it, go on from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import jax
import numpy as np

from madaline.nn.architecture import Inputs
from madaline.nn.mlp import MLP, init_mlp, stack_members
from madaline.nn.pieces import first_heights, fit_pieces
from madaline.train.chunk import CHUNK
from madaline.train.devices import (
    compile_chunk,
    fetch,
    make_lanes,
    place,
    precision,
    run_lanes,
)
from madaline.train.grid import cut_state, on_grid, padded_state
from madaline.train.history import History, empty_history
from madaline.train.optimizers import init_moments
from madaline.train.plan import Hyper, Plan
from madaline.train.state import Problem, TrainState

# A chunk should take about this long: often enough to draw and to stop, too rarely to cost.
_CHUNK_SECONDS = 0.1


@dataclass(frozen=True)
class Progress:
    """Where a training stands after a chunk: draw it, stop it, keep it, go on from it.

    Attributes:
        parts: The state of each group of members, on its device, with whatever padding it has.
        inputs: Those of the network, without padding.
        history: Curves of all epochs so far.
        epoch: Epochs done.
        step: Updates done.
        seconds: Since the very first epoch began.
        done: Whether this was the last chunk.
    """

    parts: tuple[TrainState, ...]
    inputs: Inputs
    history: History
    epoch: int
    step: int
    seconds: float
    done: bool

    @cached_property
    def state(self) -> TrainState:
        """Of all members; brought to the host once, when somebody looks."""
        return cut_state(fetch(self.parts), self.inputs)


def init_state(
    problem: Problem, first_score: float = float("inf"), model: MLP | None = None
) -> TrainState:
    """The state before the first epoch.

    Args:
        problem: What will be trained.
        first_score: Loss of the first weights on the rows that epochs are judged by: where no
            epoch does better, the first weights are the best.
        model: First weights of all members, instead of random ones.
    """
    with precision(problem):
        dtype = problem.train.x.dtype.type
        model = model or init_models(problem)
        moments = _first_moments(problem.plan, problem.hyper, model)
    m = len(problem.hyper.member)
    return TrainState(
        model=model,
        moments=moments,
        step=np.zeros((), np.int32),
        epoch=np.zeros((), np.uint32),
        best=model,
        best_score=np.full(m, first_score, dtype),
        best_epoch=np.zeros(m, np.int32),
        stale=np.zeros(m, np.int32),
        active=np.ones(m, np.bool_),
        rate=np.ones(m, dtype),
        seen=np.zeros((), dtype),
        evaluations=np.zeros(m, np.int32),
    )


def init_models(problem: Problem) -> MLP:
    """Random first weights of all members, and pieces cut at quantiles of the training rows."""
    shape, x = problem.architecture, np.asarray(problem.train.x)
    model = stack_members(
        [
            init_mlp(
                shape,
                problem.first_bias,
                seed=problem.seed,
                member=member,
                initializer=problem.plan.initializer,
                dtype=x.dtype.type,
            )
            for member in np.asarray(problem.hyper.member).tolist()
        ]
    )
    if not shape.inputs.pieces:
        return model
    heights = first_heights(len(problem.hyper.member))
    found = fit_pieces(x[:, : shape.inputs.n_numbers], shape.inputs.pieces, heights, x.dtype.type)
    return replace(model, pieces=found)


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
    inputs, problem = problem.architecture.inputs, on_grid(problem)
    lanes = make_lanes(problem)
    state = padded_state(state, inputs, problem.architecture.inputs)
    parts, epoch = place(problem, lanes, state), int(state.epoch)
    compile_chunk(problem, lanes, parts)
    length, first = chunk or 1, True
    done = epoch >= epochs or not _any_active(parts)
    while not done:
        before = time.perf_counter()
        parts, curves = run_lanes(
            problem, lanes, parts, min(epoch + min(length, CHUNK), epochs), history
        )
        now = time.perf_counter()
        history = history.extended(curves, offset + now - started)
        epoch = max(int(part.epoch) for part in parts)
        done = epoch >= epochs or not _any_active(parts)
        yield Progress(
            parts=parts,
            inputs=inputs,
            history=history,
            epoch=epoch,
            step=max(int(part.step) for part in parts),
            seconds=offset + now - started,
            done=done,
        )
        if chunk is None and not first:  # the first chunk's time is mostly compilation
            length = _next_length(length, now - before)
        first = False


def _any_active(parts: tuple[TrainState, ...]) -> bool:
    return any(np.asarray(part.active).any() for part in parts)


def _next_length(length: int, seconds: float) -> int:
    wanted = length * _CHUNK_SECONDS / max(seconds, 1e-6)
    return int(min(max(1, wanted), 4 * length, CHUNK))


def _first_moments(plan: Plan, hyper: Hyper, model: MLP) -> Any:
    """The optimiser's memory of all members, in NumPy: weak types would compile a chunk twice.

    But for L-BFGS it is all zeros, for which nothing needs to be compiled.
    """
    init = jax.vmap(partial(init_moments, plan))
    if plan.optimizer == "lbfgs":
        return jax.device_get(jax.jit(init)(hyper, model))
    return jax.tree.map(
        lambda leaf: np.zeros(leaf.shape, leaf.dtype), jax.eval_shape(init, hyper, model)
    )
