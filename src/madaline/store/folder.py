"""The run folder: what a run is, what happened in it, where it stood, what it learned."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from madaline.errors import DataError, FileError, UsageError
from madaline.events.kinds import Event, events_of
from madaline.events.record import JSON
from madaline.store import bundle, checkpoint, lock
from madaline.store.archive import LARGEST_ARCHIVE
from madaline.store.checkpoint import Checkpoint
from madaline.store.events import EventLog, read_events
from madaline.store.files import TEMPORARY, file_trouble, read_json, sweep, write_json
from madaline.store.plain import plain

if TYPE_CHECKING:
    from madaline.predict.predictor import Predictor

ABOUT = "run.json"
EVENTS = "events.jsonl"
_FORMAT = {"format": "madaline.run", "version": 1}
_OWN = (ABOUT, EVENTS, checkpoint.NAME, checkpoint.PREVIOUS, bundle.MODEL_NAME)


class RunFolder:
    """One run on disk. Make it with `create` or `open`; leave it with `close` or ``with``.

    Files that are not the run's own are never touched.

    Attributes:
        path: The folder.
        about: What ``run.json`` says: settings, seed, versions, fingerprint of the data.

    >>> import tempfile
    >>> from madaline.events.alert import Alert
    >>> parent = tempfile.TemporaryDirectory()
    >>> with RunFolder.create(parent.name + "/first", {"seed": 7}) as folder:
    ...     folder.event(Alert("note", "greeting", "hello"))
    >>> folder = RunFolder.open(parent.name + "/first", lock=False)
    >>> folder.about, [event.text for event in folder.read_events()]
    ({'seed': 7}, ['hello'])
    >>> parent.cleanup()
    """

    def __init__(self, path: Path, about: dict[str, JSON], held: lock.FolderLock | None) -> None:
        self.path = path
        self.about = about
        self._lock = held
        self._log = EventLog(path / EVENTS) if held else None

    @classmethod
    def create(cls, path: Path | str, about: Mapping[str, object]) -> Self:
        """Start a run in a new or empty folder, and lock it.

        Args:
            path: The folder; parents are made.
            about: What ``run.json`` shall say; made plain (see `madaline.store.plain`).

        Raises:
            FileError: The folder has files already, is in use, or cannot be written.
        """
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise FileError(f"{path} is a file, not a folder.", "Choose another folder.") from error
        except OSError as error:
            raise file_trouble(path, error, "made") from error
        refuse_full(path)
        held = lock.FolderLock(path)
        try:
            refuse_full(path)  # again: another process may have been faster than the lock
        except BaseException:
            held.release()
            raise
        try:
            sweep(path)
            found = cast("dict[str, JSON]", plain(about))
            write_json(path / ABOUT, {**_FORMAT, **found})
            return cls(path, found, held)
        except BaseException:
            _take_back(path, held)
            raise

    @classmethod
    def open(cls, path: Path | str, *, lock: bool) -> Self:
        """Open an existing run.

        Args:
            path: The folder.
            lock: True to go on with the run; False to look at it, also while it is running.

        Raises:
            FileError: It is not a run folder, is damaged, or (with ``lock``) in use.
        """
        path = Path(path)
        if not os.path.isfile(path / ABOUT):
            raise FileError(
                f"{path} is not a run folder: it has no {ABOUT}.", "Give the folder of a run."
            )
        about = _read_about(path / ABOUT)
        held = _hold(path) if lock else None
        try:
            return cls(path, about, held)
        except BaseException:
            if held:
                held.release()
            raise

    def update_about(self, **fields: object) -> None:
        """Change or add entries of ``run.json``.

        Raises:
            FileError: It cannot be written; the earlier one is untouched.
        """
        self._writable()
        about = {**self.about, **cast("dict[str, JSON]", plain(fields))}
        write_json(self.path / ABOUT, {**_FORMAT, **about})
        self.about = about

    def event(self, event: Event) -> None:
        """Append one event to the log. A full disk loses the event, never the run."""
        self._writable().append(event.kind, event.as_dict())

    def read_events(self) -> Iterator[Event]:
        """The events so far; those of a kind that is not known are passed over.

        Raises:
            FileError: The log cannot be read, or an event is not what its kind has.
        """
        try:
            for line in read_events(self.path / EVENTS):
                yield from events_of(line)
        except DataError as error:
            raise FileError(
                f"{self.path / EVENTS} is damaged: {error.what}", "Restore it from a copy."
            ) from error

    def truncate_events(self, n_events: int) -> None:
        """Keep only the first events: those that a checkpoint knows, before its run goes on."""
        self._writable().truncate(n_events)

    @property
    def n_events(self) -> int:
        """Events in the log."""
        return self._writable().n_events

    @property
    def trouble(self) -> str | None:
        """None, or one sentence: events could not be written."""
        return self._log.trouble if self._log else None

    def save_checkpoint(self, arrays: Mapping[str, np.ndarray], cursor: Mapping[str, JSON]) -> None:
        """Save a checkpoint; its cursor also gets ``n_events``, for `truncate_events`.

        Raises:
            FileError: It cannot be written; the earlier ones are untouched.
        """
        log = self._writable()
        self._refuse_replaced()
        log.sync()
        checkpoint.save_checkpoint(self.path, arrays, {**cursor, "n_events": log.n_events})

    def load_checkpoint(self) -> Checkpoint | None:
        """The newest whole checkpoint, or None.

        Raises:
            FileError: There are checkpoints, and none of them is whole.
        """
        return checkpoint.load_checkpoint(self.path)

    def save_model(self, predictor: Predictor) -> Path:
        """Write ``model.madaline``; returns its path.

        Raises:
            FileError: It cannot be written; an earlier one is untouched.
        """
        self._writable()
        self._refuse_replaced()
        path = self.path / bundle.MODEL_NAME
        bundle.save_model(path, predictor)
        return path

    def require_space(self, model: int, all_files: int) -> None:
        """Refuse a run of which it is known beforehand that its files cannot be written.

        Args:
            model: Bytes of its model file, about.
            all_files: Bytes of all its files, about.

        Raises:
            FileError: Model files cannot be so large, or the disk has not so much space.
        """
        if model > LARGEST_ARCHIVE:
            raise FileError(
                f"The model file of {self.path} would need {model / 1e6:,.0f} MB;"
                f" at most {LARGEST_ARCHIVE / 1e6:,.0f} MB can be written.",
                "Use fewer members, smaller layers or columns with fewer categories.",
            )
        try:
            free = shutil.disk_usage(self.path).free
        except OSError:
            return  # writing will tell
        if free < all_files:
            raise FileError(
                f"The run in {self.path} needs about {all_files / 1e6:,.1f} MB;"
                f" the disk has {free / 1e6:,.1f} MB left.",
                "Free some space or choose another folder.",
            )

    def discard(self) -> None:
        """Take back a run that never began: its log and ``run.json``, and the folder if empty."""
        self._writable().close()
        if self._lock:
            _take_back(self.path, self._lock)
        self._lock = None

    def close(self) -> None:
        """Give the folder back; a second call does nothing."""
        if self._log:
            self._log.close()
        if self._lock:
            self._lock.release()
        self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refuse_replaced(self) -> None:
        """Never write into a folder that has become another one, perhaps of another run."""
        if self._lock and not self._lock.is_in_place():
            raise FileError(
                f"The run folder {self.path} was removed or replaced while the run went on.",
                "Start the run anew, and leave its folder in place.",
            )

    def _writable(self) -> EventLog:
        if self._log is None or self._lock is None:
            raise UsageError(
                f"{self.path} is closed or open for reading only.", "Open it with lock=True."
            )
        return self._log


def _take_back(path: Path, held: lock.FolderLock) -> None:
    """Leave nothing of a run that never began: its files, its lock, and the folder if empty."""
    for name in (EVENTS, ABOUT):
        with contextlib.suppress(OSError):
            (path / name).unlink(missing_ok=True)
    held.remove()
    with contextlib.suppress(OSError):
        path.rmdir()


def refuse_full(path: Path) -> None:
    """A new run never mixes with what is already there.

    Raises:
        FileError: The folder has files, or cannot be read.
    """
    try:
        found = sorted(
            item.name
            for item in path.iterdir()
            # What a process leaves that was killed before its run began.
            if item.name != lock.NAME and not item.match(TEMPORARY)
        )
    except OSError as error:
        raise file_trouble(path, error, "read") from error
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise FileError(
            f"The folder {path} is not empty: it holds {found[0]}{more}.",
            "Choose another folder, or resume the run in it.",
        )


def _hold(path: Path) -> lock.FolderLock:
    """The lock of an existing run; what a killed process left half written is swept out.

    Raises:
        FileError: It is in use, or one of its files is a link: going on would write elsewhere.
    """
    for name in _OWN:
        if os.path.islink(path / name):
            raise FileError(
                f"{path / name} is a symbolic link; the files of a run are plain files.",
                "Put the file itself in its place.",
            )
    held = lock.FolderLock(path)
    sweep(path)
    return held


def _read_about(path: Path) -> dict[str, JSON]:
    found = read_json(path)
    if not isinstance(found, dict):
        raise FileError(f"{path} is damaged: it is not a dictionary.", "Restore it from a copy.")
    if any(found.get(name) != value for name, value in _FORMAT.items()):
        raise FileError(
            f"{path} says format {str(found.get('format'))[:40]!r},"
            f" version {str(found.get('version'))[:20]!r}; this Madaline knows"
            f" {_FORMAT['format']!r}, version {_FORMAT['version']}.",
            "Upgrade Madaline, or give the folder of a run.",
        )
    return {name: value for name, value in found.items() if name not in _FORMAT}
