"""A run writes itself down: every event, where it stands now and then, in the end its model."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable

from madaline.errors import FileError
from madaline.events.alert import Alert
from madaline.events.kinds import Event
from madaline.events.training import Epoch, Network
from madaline.pipeline.describe import versions
from madaline.pipeline.run import Resume
from madaline.pipeline.watch import Look
from madaline.predict.predictor import Predictor
from madaline.runs.cursor import Asked, Cursor
from madaline.store.files import is_want_of_space
from madaline.store.folder import ABOUT, RunFolder
from madaline.train.devices import thread_count
from madaline.train.state import state_arrays

CHECKPOINT_SECONDS = 5.0
"""At most this much work is lost to a kill; a checkpoint of a small network takes milliseconds."""

# Of the parameters' size: the model file, and a checkpoint of weights, best weights and moments.
_SPACE = 5


class Recorder:
    """Writes down what a run tells, and saves where it stands.

    Args:
        folder: Where to.
        asked: What the run was asked for, kept with each checkpoint.
        resume: Where the run goes on from, if it does.
        n_events: Lines of the log that are known there.
        tell: Hears what cannot be written.

    Attributes:
        trained: Whether there is anything to lose.
    """

    def __init__(
        self,
        folder: RunFolder,
        asked: Asked,
        resume: Resume | None = None,
        n_events: int = 0,
        tell: Callable[[Alert], None] | None = None,
    ) -> None:
        self._folder, self._resume, self._tell = folder, resume, tell
        self._n_events, self._asked = n_events, asked
        self._fingerprint, self._saved = "", time.monotonic()
        self._told: set[str] = set()
        # All up to the first epoch is in the log of a run that goes on.
        self._known = resume is not None
        self.trained = False

    def event(self, event: Event) -> None:
        """Write one event down."""
        if isinstance(event, Network):
            self._begin(event)
        if isinstance(event, Epoch):
            self.trained = True
        if not self._known:
            self._folder.event(event)
        if isinstance(event, Network):
            self._known = False

    def progress(self, look: Look) -> None:
        """Save where the run stands, every few seconds and when it stops."""
        if self._folder.trouble is not None:
            self._warn(self._folder.trouble)
        if look.wish or look.done or time.monotonic() - self._saved > CHECKPOINT_SECONDS:
            self._save(look)

    def keep(self, predictor: Predictor) -> None:
        """Write the model file.

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

    def _begin(self, network: Network) -> None:
        self._fingerprint = network.fingerprint
        if self._resume is None:
            size = 8 if self._asked.settings.get("precision") == "float64" else 4
            n_bytes = network.parameters * network.members * size
            self._folder.require_space(n_bytes, n_bytes * _SPACE)
        elif self._resume.fingerprint == self._fingerprint:
            # Only now: a resume that is refused leaves the log as it was.
            self._folder.truncate_events(self._n_events)

    def _warn(self, text: str) -> None:
        """Say once what cannot be written: training goes on without it."""
        if text not in self._told and self._tell is not None:
            self._tell(Alert("warn", "not_written", text))
        self._told.add(text)

    def _save(self, look: Look) -> None:
        arrays = {f"state:{k}": v for k, v in state_arrays(look.state).items()}
        arrays |= {f"history:{k}": v for k, v in look.history.arrays().items()}
        cursor = Cursor(
            fingerprint=self._fingerprint,
            epoch=look.epoch,
            step=look.step,
            environment=environment(),
            asked=self._asked,
            n_events=self._folder.n_events,
        )
        try:
            self._folder.save_checkpoint(arrays, cursor.as_dict())
        except FileError as error:
            if not is_want_of_space(error.__cause__):
                raise
            # Space may come back before the end; the checkpoints that are there stay.
            self._warn(f"{error.what} Training goes on and tries again.")
        self._saved = time.monotonic()


def environment() -> dict[str, str]:
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
