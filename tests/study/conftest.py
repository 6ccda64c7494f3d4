"""A small table, and settings whose networks train in no time."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.prepare.parts import prepare
from madaline.settings.recipes import complete
from madaline.settings.table import Settings

TINY = {"hidden": (8,), "epochs": 15, "optimizer": "adamw", "precision": "float32"}
TINY |= {"learning_rate": 0.01, "validation": 0.15}


def _table(n=200, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    noise = rng.normal(size=n)
    classes = np.where(x[:, 0] - x[:, 1] + 0.5 * noise > 0, "yes", "no")
    columns = {f"x{i}": x[:, i] for i in range(3)}
    return as_table({**columns, "y": x[:, 0] - x[:, 1] + 0.3 * noise, "c": classes})


def _entered(trials, target="y", **chosen):
    """Rows, and the complete settings of trials that differ by these choices."""
    settings = Settings(**{**TINY, **chosen}, members=1, folds=False, drop=_OTHER[target])
    prepared = prepare(Dataset(_table(), (target,)), settings)
    n, task = prepared.parts["train"].n_rows, prepared.target.task
    full = complete(settings, n, task)
    return prepared, [complete(Settings(**{**vars(full), **trial}), n, task) for trial in trials]


_OTHER = {"y": ("c",), "c": ("y",)}


@pytest.fixture(scope="session")
def small():
    return SimpleNamespace(
        table=_table, entered=_entered, settings=lambda **more: Settings(**{**TINY, **more})
    )
