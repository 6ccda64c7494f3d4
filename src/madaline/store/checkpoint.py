"""The checkpoint: all that training needs to go on as if nothing had happened.

One safetensors file of arrays with a JSON cursor in its header; the one before is kept. The file
is sealed: a SHA-256 at a fixed place of the header covers every byte (its own 64 digits read as
zeros), so a damaged file is never continued from.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from madaline.errors import FileError
from madaline.events.record import JSON
from madaline.store.files import file_trouble, open_regular, temporary_path, write_bytes
from madaline.store.plain import document_text, printable, read_document
from madaline.store.tensors import ALL_TYPES, Arrays, Bytes, pack_arrays, unpack_arrays

NAME = "checkpoint.safetensors"
PREVIOUS = "checkpoint.previous.safetensors"
LARGEST_CHECKPOINT = 16_000_000_000
"""Bytes of the largest checkpoint that is read."""

_FORMAT = "madaline.checkpoint 1"
_BEFORE_SEAL = b'{"__metadata__":{"sha256":"'
_SEAL = slice(8 + len(_BEFORE_SEAL), 8 + len(_BEFORE_SEAL) + 64)


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """What was saved.

    Attributes:
        arrays: By name, bit for bit as they were.
        cursor: Where training stood: step, epoch, best score, patience, settings.
        note: None, or one sentence if the newest file was damaged and the previous one was taken.
    """

    arrays: Arrays
    cursor: dict[str, JSON]
    note: str | None = None


def save_checkpoint(
    folder: Path | str, arrays: Mapping[str, np.ndarray], cursor: Mapping[str, JSON]
) -> None:
    """Save a checkpoint and keep the one before.

    Killed at any moment, the folder still holds a whole checkpoint.

    Args:
        folder: An existing folder.
        arrays: Any shapes, also ``()``; floats, integers and booleans.
        cursor: A JSON document; NaN and infinities are kept.

    Raises:
        FileError: It cannot be written; the checkpoints that were there are untouched.

    >>> import tempfile, numpy as np
    >>> folder = tempfile.TemporaryDirectory()
    >>> save_checkpoint(folder.name, {"weight": np.ones(2)}, {"epoch": 3})
    >>> load_checkpoint(folder.name).cursor
    {'epoch': 3}
    >>> folder.cleanup()
    """
    folder = Path(folder)
    sealed = _seal(arrays, cursor)
    spare = _keep(folder / NAME)
    try:
        write_bytes(folder / NAME, *sealed)
        if spare is not None:
            # Only now: were the newest one damaged, the previous one was the only good one so far.
            _rename(spare, folder / PREVIOUS)
    finally:
        if spare is not None:
            with contextlib.suppress(OSError):
                spare.unlink()


def load_checkpoint(folder: Path | str) -> Checkpoint | None:
    """The newest whole checkpoint of a folder; None if there never was one.

    Raises:
        FileError: There are checkpoints, and none of them is whole.
    """
    newest, previous = Path(folder) / NAME, Path(folder) / PREVIOUS
    if not os.path.exists(newest) and not os.path.exists(previous):
        return None
    try:
        return _open(newest)
    except FileError as error:
        if not os.path.exists(previous):
            raise
        trouble = error
    try:
        found = _open(previous)
    except FileError as error:
        raise FileError(
            f"No checkpoint in {folder} is whole: {trouble.what} {error.what}",
            "Start a new run, or restore the folder from a copy.",
        ) from error
    note = f"{trouble.what} Training goes on from the checkpoint before it, {PREVIOUS}."
    return Checkpoint(found.arrays, found.cursor, " ".join(note.split()))


def _seal(arrays: Mapping[str, np.ndarray], cursor: Mapping[str, JSON]) -> list[Bytes]:
    """The file in parts, with the checksum of all of them at its place."""
    notes = {
        "sha256": "0" * 64,  # first, so that its place is always the same
        "format": _FORMAT,
        "cursor": document_text(cursor).decode("ascii"),
    }
    header, body = pack_arrays(arrays, notes)
    checksum = hashlib.sha256(header)
    for part in body:
        checksum.update(part)
    sealed = bytearray(header)
    sealed[_SEAL] = checksum.hexdigest().encode("ascii")
    return [sealed, *body]


def _open(path: Path) -> Checkpoint:
    """One checkpoint file, whole."""
    stream, size = open_regular(path, LARGEST_CHECKPOINT)
    try:
        with stream:
            _check_seal(stream)
            stream.seek(0)
            arrays, notes = unpack_arrays(memoryview(stream.read(size)), ALL_TYPES)
        if notes.get("format") != _FORMAT:
            raise FileError(
                f"{path} says {printable(notes.get('format', ''), 40)!r}, not {_FORMAT!r}: it was"
                " written by another version of Madaline.",
                "Resume with that version.",
            )
        cursor = read_document(notes.get("cursor", "").encode("ascii"))
        if not isinstance(cursor, dict):
            raise ValueError("its cursor is not a dictionary")
    except FileError:
        raise
    except OSError as error:
        raise file_trouble(path, error, "read") from error
    except ValueError as error:
        raise FileError(
            f"{path} is damaged: {printable(str(error))}.",
            "Start a new run, or restore the file from a copy.",
        ) from error
    return Checkpoint(arrays, cursor)


def _check_seal(stream: BinaryIO) -> None:
    """Compare the checksum, in pieces: what is not whole never takes memory."""
    start = bytearray(stream.read(_SEAL.stop))
    if not start.startswith(_BEFORE_SEAL, 8):
        raise ValueError("it does not start like a checkpoint")
    seal, start[_SEAL] = bytes(start[_SEAL]), b"0" * 64
    checksum = hashlib.sha256(start)
    while piece := stream.read(1 << 20):
        checksum.update(piece)
    if checksum.hexdigest().encode("ascii") != seal:
        raise ValueError("its checksum is not right")


def _keep(path: Path) -> Path | None:
    """A second name for a file that is about to be replaced; None if there is no such file."""
    if not os.path.exists(path):
        return None
    spare = temporary_path(path.parent)
    try:
        os.link(path, spare)
    except OSError:  # file systems without hard links: exFAT, some network shares
        try:
            shutil.copyfile(path, spare)
        except OSError as error:
            with contextlib.suppress(OSError):
                spare.unlink()
            raise file_trouble(path, error, "kept") from error
    return spare


def _rename(old: Path, new: Path) -> None:
    try:
        os.replace(old, new)
    except OSError as error:
        raise file_trouble(new, error, "written") from error
