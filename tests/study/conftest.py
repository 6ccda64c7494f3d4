"""A small table, and settings whose networks train in no time."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.prepare.opening import open_training
from madaline.settings.table import Settings
from madaline.study.arms import Arm, enter
from madaline.study.race import Entrant

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
    """Trials that differ by these choices, before their first epoch."""
    settings = Settings(**{**TINY, **chosen}, drop=_OTHER[target])
    opening = open_training(
        Dataset(_table(), (target,)), replace(settings, members=1, folds=False), strict=False
    )
    arms = [Arm(str(i), replace(settings, **trial)) for i, trial in enumerate(trials)]
    return [Entrant(i, arm) for i, arm in enumerate(enter(opening, arms))]


_OTHER = {"y": ("c",), "c": ("y",)}


@pytest.fixture(scope="session")
def small():
    return SimpleNamespace(
        table=_table, entered=_entered, settings=lambda **more: Settings(**{**TINY, **more})
    )
