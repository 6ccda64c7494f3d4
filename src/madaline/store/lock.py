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

    The file stays, unless the one who holds it removes it together with the folder.

    Raises:
        FileError: Another process has it, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        while True:
            self._handle = _open(self._path)
            try:
                self._take(folder)
            except FileError:
                os.close(self._handle)
                raise
            if self.is_in_place():
                break
            os.close(self._handle)  # its holder removed it meanwhile: others lock another file
        with contextlib.suppress(OSError):  # the number is only for the message
            os.ftruncate(self._handle, 0)
            os.write(self._handle, f"{os.getpid()}\n".encode())

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
                "Wait until it ends, or choose another folder.",
            ) from error

    def is_in_place(self) -> bool:
        """Whether the folder still has this lock; not so once it was removed or replaced."""
        try:
            return os.path.samestat(os.fstat(self._handle), os.stat(self._path))
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def remove(self) -> None:
        """Give the folder back and leave no file, which goes while it is held: nobody loses it."""
        if fcntl is None:  # Windows does not remove an open file
            self.release()
        with contextlib.suppress(OSError):
            self._path.unlink()
        self.release()

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


def _open(path: Path) -> int:
    """The lock file, made if needed; a link is refused, since what it leads to would be emptied."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    except OSError as error:
        raise file_trouble(path, error, "written") from error
