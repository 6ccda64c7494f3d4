"""Where members are trained: the one file that knows devices and threads.

The state stays on its device from chunk to chunk; it is brought to the host when somebody looks. A
small network's products are too small to be cut into threads, so a program that trains many of
them keeps one core busy. Members share nothing but rows: on a processor groups of them, the lanes,
run the same program at once, each on its own thread. Measured on two cores by
``benchmarks/engine.py``: 32 networks 20-64-64-1 take a third of the time of 32 fits one after the
other.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import numpy as np

from madaline.nn.bits import make_key
from madaline.train.batches import Deck, Padded, bucket, pad_rows
from madaline.train.chunk import run_chunk
from madaline.train.history import History
from madaline.train.plan import Hyper
from madaline.train.state import Problem, TrainState, join_members, take_members

# Rows of one block of an evaluation: large enough for full speed, small enough for the cache.
BLOCK = 256

Curves = dict[str, np.ndarray]

# A compiled program takes some 240 of the 65,530 pieces of memory that Linux maps for a process,
# and XLA brings the process down when they run out: a search over 300 shapes would.
_MOST_PROGRAMS = 128


@dataclass(frozen=True)
class Lane:
    """A group of members and what only they need.

    Attributes:
        members: Which ones.
        hyper: Their numbers, on the device.
        deck: Rows on the device, with their weights.
    """

    members: slice
    hyper: Hyper
    deck: Deck


def thread_count() -> int:
    """Threads that XLA computes with on this processor: ``NPROC``, else the usable cores."""
    if os.environ.get("NPROC", "").isdecimal():
        return max(1, int(os.environ["NPROC"]))
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def n_lanes(members: int, threads: int) -> int:
    """Groups of equal size, at most one a thread: unequal ones would need two programs.

    >>> n_lanes(32, 2), n_lanes(9, 4), n_lanes(7, 4), n_lanes(1, 8)
    (2, 3, 1, 1)
    """
    return max(count for count in range(1, min(members, threads) + 1) if members % count == 0)


def make_lanes(problem: Problem) -> tuple[Lane, ...]:
    """The problem's members in groups, their rows on the device."""
    members = len(problem.hyper.member)
    count = n_lanes(members, thread_count()) if jax.default_backend() == "cpu" else 1
    size = members // count
    with precision(problem):
        deck = _deck(problem)
        return tuple(
            Lane(
                members=(own := slice(i * size, (i + 1) * size)),
                hyper=jax.device_put(jax.tree.map(lambda leaf: leaf[own], problem.hyper)),
                deck=_of_members(deck, own),
            )
            for i in range(count)
        )


def _deck(problem: Problem) -> Deck:
    """The rows of all members, on the device."""
    n = problem.train.x.shape[0]
    train, weight = _on_device((problem.train, problem.weight), bucket(n))
    # With folds a member judges by the rows that it holds out and as many others.
    judged = problem.check.rows.x.shape[0] if problem.check else 2 * problem.n_held
    block = min(bucket(judged), BLOCK) if judged else 0
    blocks = -(-judged // block) if judged else 0
    return Deck(
        train,
        weight,
        problem.check and _on_device(problem.check, _whole(bucket(judged), block)),
        np.asarray(n - problem.n_held, np.uint32),
        np.asarray(problem.n_held, np.uint32),
        np.asarray(blocks, np.int32),
        block,
    )


def _whole(size: int, block: int) -> int:
    """Few shapes, and whole blocks."""
    return -(-size // block) * block


def _of_members(deck: Deck, own: slice) -> Deck:
    """The deck with the weights of some of the members."""
    check = deck.check and replace(deck.check, weight=deck.check.weight[:, :, own])
    return replace(deck, weight=deck.weight[:, own], check=check)


def place(problem: Problem, lanes: tuple[Lane, ...], state: TrainState) -> tuple[TrainState, ...]:
    """The state of the members of each lane, on its device."""
    with precision(problem):
        return tuple(jax.device_put(take_members(state, lane.members)) for lane in lanes)


def fetch(parts: tuple[TrainState, ...]) -> TrainState:
    """The state of all members, on the host."""
    return join_members(jax.device_get(parts))


def run_lanes(
    problem: Problem,
    lanes: tuple[Lane, ...],
    parts: tuple[TrainState, ...],
    stop: int,
    history: History,
) -> tuple[tuple[TrainState, ...], Curves]:
    """Train all lanes until epoch ``stop``, or until their members have stopped.

    Args:
        problem: What is trained on what.
        lanes: From `make_lanes`.
        parts: The state of each lane: from `place`, or from the chunk before.
        stop: Total of epochs.
        history: Curves so far: those of members that have stopped stay where they were.

    Returns:
        The new states, and the curves of the new epochs, ``(epochs, m, ...)`` each.
    """
    if len(lanes) == 1:
        done = [_run(problem, lanes[0], parts[0], stop)]
    else:
        with ThreadPoolExecutor(len(lanes)) as pool:
            done = list(pool.map(partial(_run, problem, stop=stop), lanes, parts))
    moved, curves = tuple(part for part, _ in done), [curves for _, curves in done]
    epochs = [int(now.epoch) - int(part.epoch) for now, part in zip(moved, parts, strict=True)]
    return moved, {
        name: np.concatenate(
            [
                _stretched(found[name][:own], max(epochs), history.curves[name][:, lane.members])
                for found, own, lane in zip(curves, epochs, lanes, strict=True)
            ],
            axis=1,
        )
        for name in curves[0]
    }


def compile_chunk(problem: Problem, lanes: tuple[Lane, ...], parts: tuple[TrainState, ...]) -> None:
    """Have the program ready before lanes need it at once, or each would compile it.

    A chunk of no epochs does that; with one lane the first chunk does. Programs of earlier
    trainings are dropped when there are many.
    """
    programs: Any = run_chunk  # its type does not say that it is compiled
    if programs._cache_size() >= _MOST_PROGRAMS:
        programs.clear_cache()
    if len(lanes) > 1:
        _run(problem, lanes[0], parts[0], int(parts[0].epoch))


def _run(problem: Problem, lane: Lane, part: TrainState, stop: int) -> tuple[TrainState, Curves]:
    key, last = make_key(problem.seed), np.asarray(stop, np.uint32)
    with precision(problem):
        moved, curves = run_chunk(problem.form, lane.hyper, part, lane.deck, key, last)
        return moved, jax.device_get(curves)


def precision(problem: Problem) -> AbstractContextManager[Any]:
    """JAX in the precision of the rows; it holds for one thread."""
    return jax.enable_x64(True) if problem.train.x.dtype == np.float64 else nullcontext()


def _on_device(rows: Padded, size: int) -> Padded:
    return jax.device_put(pad_rows(rows, size))


def _stretched(curve: np.ndarray, epochs: int, before: np.ndarray) -> np.ndarray:
    """A curve whose members all stopped before the others' did: it stays at its last value.

    Members that had stopped before there was a curve have none: not a number.
    """
    short = epochs - len(curve)
    if not short:
        return curve
    known = np.concatenate([before, curve])
    last = known[-1:] if len(known) else np.full((1, *curve.shape[1:]), np.nan, curve.dtype)
    return np.concatenate([curve, np.repeat(last, short, axis=0)])
