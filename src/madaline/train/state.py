"""What a training is (`Problem`) and where it stands (`TrainState`), also as named arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float, Int, UInt32
from numpy.typing import NDArray

from madaline.arrays import Array, pytree
from madaline.errors import UsageError
from madaline.nn.architecture import Architecture
from madaline.nn.head import Head
from madaline.nn.mlp import MLP
from madaline.train.batches import Check, Rows
from madaline.train.plan import Form, Hyper, Plan


@pytree
class TrainState:
    """All that a training needs to go on; every leaf but ``step``, ``epoch`` and ``seen`` has a
    member axis.

    There is no random state: every draw is a function of (seed, epoch, step, member).

    Attributes:
        model: Parameters now.
        moments: The optimiser's memory.
        step: Updates done.
        epoch: Epochs done.
        best: Parameters of the best epoch.
        best_score: Their score: validation loss, or training loss where nothing is held out.
        best_epoch: Counted from 1; 0 while the first weights are the best.
        stale: Epochs without progress.
        active: False once a member has stopped; the others go on.
        rate: What schedules that look back (adaptive, inverse_scaling) make of the learning rate.
        seen: Rows dealt so far.
        evaluations: Of the loss, by L-BFGS.
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
    rate: Float[Array, " m"]
    seen: Float[Array, ""]
    evaluations: Int[Array, " m"]


# The leaves of a state that have a member axis.
_PER_MEMBER = (
    "model", "moments", "best", "best_score", "best_epoch", "stale", "active", "rate",
    "evaluations",
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """What is trained on what: the arguments of a training that do not change while it runs.

    Attributes:
        architecture: The network's shape.
        head: Loss and output.
        plan: What decides the program.
        hyper: Numbers, one a member.
        train: Rows to learn from.
        weight: What each of them counts for each member.
        check: Rows to judge by after each epoch, or None.
        first_bias: ``(k,)`` the best constant, before the output: where the output layer begins.
        seed: From a person.
        n_held: Rows of ``train`` that each member holds out instead, where the plan has folds:
            those from `Hyper.held_from` on, in a circle.
    """

    architecture: Architecture
    head: Head
    plan: Plan
    hyper: Hyper
    train: Rows
    weight: Float[Array, "n m"]
    check: Check | None
    first_bias: NDArray[np.float64]
    seed: int
    n_held: int = 0

    @property
    def form(self) -> Form:
        """What decides the program."""
        return Form(self.architecture, self.head, self.plan)


def take_members(state: TrainState, members: slice | Sequence[int]) -> TrainState:
    """The state of some of the members, in this order; one may be taken twice."""
    index = members if isinstance(members, slice) else np.asarray(members, np.intp)
    parts = {
        name: jax.tree.map(lambda leaf: np.asarray(leaf)[index], getattr(state, name))
        for name in _PER_MEMBER
    }
    return replace(state, **parts)


def join_members(states: Sequence[TrainState]) -> TrainState:
    """One state of all members; of those that stopped early the others are the further ones."""
    if len(states) == 1:
        return states[0]
    parts = {
        name: jax.tree.map(
            lambda *leaves: np.concatenate(leaves), *(getattr(found, name) for found in states)
        )
        for name in _PER_MEMBER
    }
    furthest = max(states, key=lambda found: int(found.epoch))
    return replace(furthest, **parts)


def restored(state: TrainState, arrays: Mapping[str, NDArray[Any]]) -> TrainState:
    """The state with its leaves replaced by those of a checkpoint."""
    named, form = jax.tree_util.tree_flatten_with_path(state)
    leaves: list[NDArray[Any]] = []
    for path, leaf in named:
        name = jax.tree_util.keystr(path)
        found = arrays.get(name)
        if found is None or found.shape != np.shape(leaf) or found.dtype != np.asarray(leaf).dtype:
            raise UsageError(
                f"The checkpoint does not fit the settings: {name} differs.",
                "Resume with the settings of the run, or start a new one.",
            )
        leaves.append(found)
    return jax.tree_util.tree_unflatten(form, leaves)


def state_arrays(state: TrainState) -> dict[str, NDArray[Any]]:
    """The leaves of a state by name: what a checkpoint holds."""
    return {
        jax.tree_util.keystr(path): np.asarray(leaf)
        for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]
    }
