"""What a run folder says of where its run stood; nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from madaline.data.dataset import Dataset
from madaline.errors import FileError, UsageError
from madaline.pipeline.run import Resume
from madaline.prepare.dataset import read_dataset
from madaline.runs.request import Request
from madaline.store.checkpoint import Checkpoint
from madaline.store.plain import plain
from madaline.train.history import CURVES, history_from


def rows_again(path: Path, request: Request, data: Any, **rows: Any) -> Dataset:
    """The rows that a run began with.

    Args:
        path: Its folder.
        request: What it was asked for.
        data: The rows, if they did not come from a file.
        rows: What else a `Dataset` has.

    Raises:
        UsageError: They are not at hand.
    """
    if data is None and request.data is None:
        raise UsageError(
            f"The run {path} did not read a file, so its rows are not at hand.",
            "Give them again, as the second argument.",
        )
    source = request.data if data is None else data
    return read_dataset(source, request.target, request.settings, **rows)


def asked_of(about: Mapping[str, Any], data: Dataset) -> dict[str, Any]:
    """What decides the training beside the rows, whose fingerprint the network's event tells."""
    return {
        "settings": about["settings"],
        "class_weight": plain(data.class_weight),
    }


def standing(path: Path, saved: Checkpoint, asked: Mapping[str, Any]) -> tuple[Resume, int]:
    """Where a checkpoint says that the run stood, and how many events its log had.

    Raises:
        UsageError: The run was asked for something else.
        FileError: The checkpoint is not one of a run.
    """
    cursor = saved.cursor
    kinds = {"fingerprint": str, "n_events": int, "environment": dict, "asked": dict}
    state = {k[6:]: v for k, v in saved.arrays.items() if k.startswith("state:")}
    curves = {k[8:]: v for k, v in saved.arrays.items() if k.startswith("history:")}
    if (
        any(type(cursor.get(name)) is not kind for name, kind in kinds.items())
        or type(cursor["asked"].get("settings")) is not dict
        or not _are_curves(curves, cursor.get("epoch"), np.size(state.get(".best_score", 0)))
    ):
        raise FileError(
            f"The checkpoint of {path} is damaged: it lacks what a run needs to go on.",
            "Start a new run, or restore the folder from a copy.",
        )
    _refuse_other(path, cursor["asked"], asked)
    return Resume(state, history_from(curves), cursor["fingerprint"]), cursor["n_events"]


def _are_curves(curves: Mapping[str, Any], epochs: Any, members: int) -> bool:
    """Whether these are the curves of so many epochs."""
    return (
        {*CURVES, "seconds"} <= set(curves)
        and curves["seconds"].shape == (epochs,)
        and all(
            curve.dtype.kind == "f" and curve.shape[:2] == (epochs, members)
            for name, curve in curves.items()
            if name != "seconds"
        )
    )


def _refuse_other(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """A resumed run keeps its settings, or it would end as none that began with either."""
    old, new = (_flat(asked) for asked in (before, now))
    changed = [
        f"{name} {old.get(name)} -> {new.get(name)}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
    if changed:
        raise UsageError(
            f"The run {path} began with other settings: {', '.join(changed)[:200]}.",
            "Resume with those it began with, or start a new run.",
        )


def _flat(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {**asked["settings"], "class_weight given": asked.get("class_weight")}
