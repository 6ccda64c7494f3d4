"""Madaline: train, understand and ship multilayer perceptrons on your own tables.

Names are imported on first use, so that ``import madaline`` takes milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from madaline.data.read import read_table
    from madaline.data.samples import load_sample
    from madaline.estimators.classifier import MLPClassifier
    from madaline.estimators.regressor import MLPRegressor
    from madaline.runs import resume_run, start_run
    from madaline.settings import Settings
    from madaline.store.bundle import load_model

__version__ = "0.1.0"

_HOME = {
    "MLPClassifier": "madaline.estimators.classifier",
    "MLPRegressor": "madaline.estimators.regressor",
    "Settings": "madaline.settings",
    "load_model": "madaline.store.bundle",
    "load_sample": "madaline.data.samples",
    "read_table": "madaline.data.read",
    "resume_run": "madaline.runs",
    "start_run": "madaline.runs",
}

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "Settings",
    "load_model",
    "load_sample",
    "read_table",
    "resume_run",
    "start_run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'madaline' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
