"""One process at a time in a run folder."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from madaline.errors import FileError
from madaline.store.files import file_trouble

try:
    import fcntl
except ImportError:  # Windows has no flock: there, two trainings in one folder are not noticed
    fcntl = None

NAME = "lock"


class FolderLock:
    """The right to write into a folder; ends with `release` or with the process, however it ends.

    The file stays: removing it would let a third process lock a file that has no name any more.

    Raises:
        FileError: Another process has it, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise file_trouble(folder / NAME, error, "written") from error
        try:
            self._take(folder)
            os.ftruncate(self._handle, 0)
            os.write(self._handle, f"{os.getpid()}\n".encode())
        except FileError:
            os.close(self._handle)
            raise
        except OSError:
            pass  # the process's number is only for the message; the lock holds without it

    def _take(self, folder: Path) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                return  # a file system without locks: go on without one
            owner = os.pread(self._handle, 20, 0).decode("ascii", "replace").strip()
            raise FileError(
                f"The run folder {folder} is in use by process {owner or 'unknown'}.",
                "Wait until it ends, or choose another --output.",
            ) from error

    def release(self) -> None:
        """Give the folder back; a second call does nothing."""
        if self._handle < 0:
            return
        if fcntl is not None:
            # Said aloud, because a forked child may still hold a copy of the handle.
            with contextlib.suppress(OSError):
                fcntl.flock(self._handle, fcntl.LOCK_UN)
        os.close(self._handle)
        self._handle = -1
