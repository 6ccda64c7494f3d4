"""Madaline: train, understand and ship multilayer perceptrons on your own tables.

Names are imported on first use, so that ``import madaline`` takes milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from madaline.version import __version__

if TYPE_CHECKING:
    from madaline.data.files.read import read_table
    from madaline.data.samples import load_sample
    from madaline.estimators.classifier import MLPClassifier
    from madaline.estimators.regressor import MLPRegressor
    from madaline.runs.open import open_run
    from madaline.runs.resume import resume_run
    from madaline.runs.start import start_run
    from madaline.settings.table import Settings
    from madaline.store.bundle import load_model

_HOME = {
    "MLPClassifier": "madaline.estimators.classifier",
    "MLPRegressor": "madaline.estimators.regressor",
    "Settings": "madaline.settings.table",
    "load_model": "madaline.store.bundle",
    "load_sample": "madaline.data.samples",
    "open_run": "madaline.runs.open",
    "read_table": "madaline.data.files.read",
    "resume_run": "madaline.runs.resume",
    "start_run": "madaline.runs.start",
}

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "Settings",
    "__version__",
    "load_model",
    "load_sample",
    "open_run",
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
