"""Files that are whole or not there: written aside, made durable, renamed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from madaline.errors import FileError
from madaline.events.record import JSON
from madaline.store.plain import read_document

LARGEST_JSON = 64_000_000
"""Bytes of the largest JSON file that is read."""

TEMPORARY = ".madaline-*.tmp"
"""Pattern of the names of files that are being written; leftovers after a kill match it."""

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space or choose another folder."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space or choose another folder."),
    errno.EFBIG: ("the file would grow over a size limit", "Raise the limit (ulimit -f)."),
    errno.EACCES: ("permission was denied", "Change its permissions or choose another place."),
    errno.EPERM: ("permission was denied", "Change its permissions or choose another place."),
    errno.EROFS: ("the file system is read-only", "Choose another folder."),
    errno.ENOENT: ("it or its folder does not exist", "Check the path."),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Check the path."),
    errno.EISDIR: ("it is a folder", "Give the name of a file."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter name."),
    errno.ELOOP: ("it is a symbolic link that is not followed", "Give the file itself."),
    errno.EIO: ("the disk reports an error", "Check the disk and choose another folder."),
}


def file_trouble(path: Path | str, error: OSError, doing: str) -> FileError:
    """The error of the operating system in words, with what to do about it.

    Args:
        path: The file or folder as the person named it.
        error: What the operating system said.
        doing: What was tried: ``written``, ``read``.

    >>> print(file_trouble("a.json", OSError(errno.ENOSPC, ""), "written"))
    a.json cannot be written: the disk is full. Free some space or choose another folder.
    """
    unknown = (error.strerror or str(error) or type(error).__name__, "")
    # Polars writes in Rust, which tells the number in the text alone.
    told = re.search(r"\(os error (\d+)\)", str(error))
    number = error.errno or (int(told[1]) if told else 0)
    reason, fix = _REASONS.get(number, unknown)
    return FileError(f"{path} cannot be {doing}: {reason}.", fix)


def is_want_of_space(error: BaseException | None) -> bool:
    """Whether a file could not be written only for want of space, which may be freed."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def temporary_path(folder: Path) -> Path:
    """A new hidden name in a folder, for a file that will be renamed when it is whole."""
    return folder / TEMPORARY.replace("*", secrets.token_hex(8))


def sweep(folder: Path) -> None:
    """Remove what killed processes left half written; only while nobody else writes there."""
    for leftover in folder.glob(TEMPORARY):
        with contextlib.suppress(OSError):
            leftover.unlink()


def write_atomically(path: Path | str, write: Callable[[BinaryIO], None]) -> None:
    """Write a file so that, whatever happens, its name holds all of the old or all of the new.

    The bytes go to a hidden temporary name in the same folder and to the disk before the rename,
    and the rename goes to the disk before this returns.

    Args:
        path: The file; an earlier one is replaced. A link is followed.
        write: Writes the content to the open file.

    Raises:
        FileError: The file cannot be written. The earlier file is untouched.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "a.txt"
    >>> write_atomically(path, lambda stream: print(stream.write(b"whole")))
    5
    >>> path.read_bytes()
    b'whole'
    >>> folder.cleanup()
    """
    target = Path(os.path.realpath(path))
    if os.path.isdir(target):
        raise file_trouble(path, OSError(errno.EISDIR, ""), "written")
    temporary = temporary_path(target.parent)
    try:
        with temporary.open("xb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
        sync_folder(target.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and not isinstance(error, FileError):
            raise file_trouble(path, error, "written") from error
        raise


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can do that."""
    if os.name == "nt":  # Windows cannot open a folder; its renames are journaled.
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network and FUSE file systems have no fsync for folders; the file itself is safe.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(handle)


def open_regular(path: Path | str, largest: int) -> tuple[BinaryIO, int]:
    """Open a regular file that is not too large; also its size in bytes.

    Pipes and devices are refused before they are opened, because opening them may never return.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise FileError(f"{path} is not a regular file.", "Give the name of a file.")
        stream = open(path, "rb")  # noqa: SIM115  (the caller closes it)
    except FileError:
        raise
    except OSError as error:
        raise file_trouble(path, error, "read") from error
    size = os.fstat(stream.fileno()).st_size
    if size > largest:
        stream.close()
        raise FileError(
            f"{path} has {size:,} bytes; at most {largest:,} are read.", "Is it the right file?"
        )
    return stream, size


def read_bytes(path: Path | str, largest: int) -> bytes:
    """All bytes of a regular file that is not too large."""
    stream, size = open_regular(path, largest)
    try:
        with stream:
            return stream.read(size)
    except OSError as error:
        raise file_trouble(path, error, "read") from error


def read_json(path: Path | str, *, largest: int = LARGEST_JSON) -> JSON:
    """Read a small JSON file.

    Args:
        path: The file.
        largest: Bytes above which it is refused unread.

    Raises:
        FileError: It is missing, too large or not JSON.

    >>> read_json("missing.json")
    Traceback (most recent call last):
    madaline.errors.FileError: missing.json cannot be read: it or its folder does not exist. ...
    """
    text = read_bytes(path, largest)
    try:
        return read_document(text)
    except ValueError as error:
        raise FileError(
            f"{path} is damaged: it is not JSON ({error}).", "Restore it from a copy."
        ) from error


def write_json(path: Path | str, document: Mapping[str, JSON]) -> None:
    """Write a JSON file that people read, atomically. The document is plain already."""
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    write_bytes(path, text.encode("ascii"))


def write_bytes(path: Path | str, *parts: bytes | bytearray | memoryview) -> None:
    """Write these bytes, one part after the other, atomically."""

    def write(stream: BinaryIO) -> None:
        for part in parts:
            stream.write(part)

    write_atomically(path, write)
