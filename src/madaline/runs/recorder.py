"""A run writes itself down: every event, where it stands now and then, in the end its model."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from typing import Any

from madaline.errors import FileError
from madaline.pipeline.describe import versions
from madaline.pipeline.run import Look, Resume, Watch
from madaline.predict.predictor import Predictor
from madaline.store.files import is_want_of_space
from madaline.store.folder import ABOUT, RunFolder
from madaline.train.lanes import thread_count
from madaline.train.state import state_arrays

CHECKPOINT_SECONDS = 5.0
"""At most this much work is lost to a kill; a checkpoint of a small network takes milliseconds."""

# Of the parameters' size: the model file, and a checkpoint of weights, best weights and moments.
_SPACE = 5


class Recorder:
    """Writes down what a run tells, saves where it stands, and tells it to an onlooker.

    Args:
        folder: Where to.
        watch: The onlooker.
        resume: Where the run goes on from, if it does.
        n_events: Lines of the log that are known there.
        asked: What the run was asked for, kept with each checkpoint.

    Attributes:
        trained: Whether there is anything to lose.
    """

    def __init__(
        self,
        folder: RunFolder,
        watch: Watch | None,
        asked: Mapping[str, Any],
        resume: Resume | None = None,
        n_events: int = 0,
    ) -> None:
        self._folder, self._watch, self._resume = folder, watch, resume
        self._n_events, self._asked = n_events, dict(asked)
        self._fingerprint, self._saved = "", time.monotonic()
        self._told: set[str] = set()
        self._end: dict[str, Any] = {}
        self.trained = False

    def event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Write one event down and pass it on; the end waits for the model file."""
        if kind == "network":
            self._begin(fields)
        if kind == "end":
            self._end = dict(fields)
        else:
            self._tell(kind, fields)

    def progress(self, progress: Look) -> str | bool | None:
        """Save where the run stands, every few seconds and when it stops."""
        self.trained = True
        if self._folder.trouble is not None:
            self._warn(self._folder.trouble)
        wish = self._watch.progress(progress) if self._watch is not None else None
        if wish or progress.done or time.monotonic() - self._saved > CHECKPOINT_SECONDS:
            self._save(progress)
        return wish

    def finish(self, predictor: Predictor) -> None:
        """Write the model file; only then has the run ended.

        Raises:
            FileError: It cannot be written; what was learned is in the checkpoint.
        """
        try:
            self._folder.save_model(predictor)
        except FileError as error:
            path = self._folder.path
            if not (path / ABOUT).exists():
                raise
            raise FileError(
                error.what, f"{error.fix} Then resume the run in {path}, which writes the model."
            ) from error
        self._tell("end", self._end)

    def _begin(self, fields: Mapping[str, Any]) -> None:
        self._fingerprint = fields["fingerprint"]
        if self._resume is None:
            size = 8 if self._asked["settings"].get("precision") == "float64" else 4
            n_bytes = fields["parameters"] * fields["members"] * size
            self._folder.require_space(n_bytes, n_bytes * _SPACE)
        elif self._resume.fingerprint == self._fingerprint:
            # Only now: a resume that is refused leaves the log as it was.
            self._folder.truncate_events(self._n_events)

    def _tell(self, kind: str, fields: Mapping[str, Any]) -> None:
        if self._resume is None or kind not in ("data", "network"):  # the log has them
            self._folder.event(kind, dict(fields))
        if self._watch is not None:
            self._watch.event(kind, fields)

    def _warn(self, text: str) -> None:
        """Say to the onlooker, once, what cannot be written: training goes on without it."""
        if text not in self._told and self._watch is not None:
            self._watch.event("warn", {"text": text})
        self._told.add(text)

    def _save(self, progress: Look) -> None:
        arrays = {f"state:{k}": v for k, v in state_arrays(progress.state).items()}
        arrays |= {f"history:{k}": v for k, v in progress.history.arrays().items()}
        cursor = {
            "fingerprint": self._fingerprint,
            "epoch": progress.epoch,
            "step": progress.step,
            "environment": environment(),
            "asked": self._asked,
        }
        try:
            self._folder.save_checkpoint(arrays, cursor)
        except FileError as error:
            if not is_want_of_space(error.__cause__):
                raise
            # Space may come back before the end; the checkpoints that are there stay.
            self._warn(f"{error.what} Training goes on and tries again.")
        self._saved = time.monotonic()


def environment() -> dict[str, Any]:
    """What the bits of a result depend on, beside seed and data."""
    import jax

    return {
        **versions(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": _processor(),
        "device": jax.default_backend(),
        "threads": str(thread_count()),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            found = next((line for line in lines if line.startswith("model name")), "")
    except OSError:
        return platform.processor()
    return found.partition(":")[2].strip()
