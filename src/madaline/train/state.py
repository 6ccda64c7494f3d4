"""A training's state as named arrays, for a checkpoint, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from madaline.errors import UsageError
from madaline.train.history import CURVES, History
from madaline.train.loop import TrainState


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


def history_from(arrays: Mapping[str, NDArray[Any]]) -> History:
    """The curves of a checkpoint."""
    return History(**{name: arrays[name] for name in (*CURVES, "seconds")})
