"""What a run folder says of where its run stood; nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from madaline.data.dataset import Dataset
from madaline.errors import DataError, FileError, UsageError
from madaline.events.record import JSON
from madaline.pipeline.run import Resume
from madaline.prepare.dataset import read_dataset
from madaline.runs.cursor import Asked, Cursor
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


def asked_of(about: Mapping[str, JSON], data: Dataset) -> Asked:
    """What decides the training beside the rows, whose fingerprint the network's event tells."""
    given = {"settings": about["settings"], "class_weight": plain(data.class_weight)}
    return Asked.from_dict(given)


def standing(path: Path, saved: Checkpoint, asked: Asked) -> tuple[Resume, Cursor]:
    """Where a checkpoint says that the run stood.

    Raises:
        UsageError: The run was asked for something else.
        FileError: The checkpoint is not one of a run.
    """
    state = {k[6:]: v for k, v in saved.arrays.items() if k.startswith("state:")}
    curves = {k[8:]: v for k, v in saved.arrays.items() if k.startswith("history:")}
    damaged = FileError(
        f"The checkpoint of {path} is damaged: it lacks what a run needs to go on.",
        "Start a new run, or restore the folder from a copy.",
    )
    try:
        cursor = Cursor.from_dict(saved.cursor)
    except DataError as error:
        raise damaged from error
    if not _are_curves(curves, cursor.epoch, np.size(state.get(".best_score", 0))):
        raise damaged
    changes = cursor.asked.changes(asked)
    if changes:  # a run that ends with other settings would be as none that began with either
        raise UsageError(
            f"The run {path} began with other settings: {', '.join(changes)[:200]}.",
            "Resume with those it began with, or start a new run.",
        )
    return Resume(state, history_from(curves), cursor.fingerprint), cursor


def _are_curves(curves: Mapping[str, np.ndarray], epochs: int, members: int) -> bool:
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
