"""Named arrays <-> the bytes of a safetensors file. NumPy only; strict when reading.

The format: 8 bytes with the length of a JSON header, the header (for each array its dtype, shape
and place), the arrays' bytes without gaps. Nothing in it is ever executed or looked up.
Reading checks everything against the bytes that are present before an array is made, in Python's
integers, which do not overflow.

Source: https://github.com/huggingface/safetensors (Format), and its audit of May 2023.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TypeGuard

import numpy as np

from madaline.errors import FileError
from madaline.events.record import JSON
from madaline.store.plain import read_document

Arrays = dict[str, np.ndarray]
Bytes = bytes | bytearray | memoryview

DTYPES = {
    "BOOL": "|b1", "U8": "|u1", "I8": "|i1", "U16": "<u2", "I16": "<i2", "F16": "<f2",
    "U32": "<u4", "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
}  # fmt: skip
"""The format's names of the types that are written and read."""

ALL_TYPES = frozenset(DTYPES)

LARGEST_HEADER = 32_000_000
"""Bytes of the largest header that is parsed (the format allows 100 MB)."""

_NAMES = {np.dtype(code).str: name for name, code in DTYPES.items()}
_DEEPEST = 32  # dimensions of an array; NumPy 2 allows 64


def pack_arrays(
    arrays: Mapping[str, np.ndarray],
    notes: Mapping[str, str] | None = None,
    allowed: frozenset[str] = ALL_TYPES,
) -> tuple[bytes, list[Bytes]]:
    """The header and the body of a safetensors file. Equal arrays give equal bytes.

    Args:
        arrays: Any shapes, also ``()``; integers, floats and booleans.
        notes: Texts for the header, in this order.
        allowed: The types that may occur, keys of `DTYPES`.

    Returns:
        The header with its length before it, and the bytes of each array, which are those of the
        array itself where its layout allows: to write megabytes need not copy them.

    Raises:
        FileError: An array has a type that such a file cannot hold.

    >>> header, body = pack_arrays({"bias": np.zeros(2, np.float32)})
    >>> len(header) % 8, [len(part) for part in body]
    (0, [8])
    """
    header: dict[str, JSON] = {"__metadata__": dict(notes)} if notes else {}
    body: list[Bytes] = []
    start = 0
    # The widest types first, so that every array starts at a multiple of its item's size.
    for name in sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name)):
        array = np.asarray(arrays[name])
        kind = _NAMES.get(array.dtype.newbyteorder("<").str)
        if kind not in allowed or name == "__metadata__":
            raise FileError(f"The array {name!r} of type {array.dtype} cannot be saved.")
        flat = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1)
        body.append(flat.view(np.uint8).data)
        stop = start + flat.nbytes
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": (start, stop)}
        start = stop
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    if len(text) > LARGEST_HEADER:
        raise FileError(f"The arrays need a header of {len(text):,} bytes; that is too large.")
    return len(text).to_bytes(8, "little") + text, body


def file_of(arrays: Mapping[str, np.ndarray], allowed: frozenset[str] = ALL_TYPES) -> bytes:
    """All bytes of a safetensors file in one piece; see `pack_arrays`."""
    header, body = pack_arrays(arrays, allowed=allowed)
    return b"".join([header, *body])


def unpack_arrays(
    data: bytes | memoryview, allowed: frozenset[str]
) -> tuple[Arrays, dict[str, str]]:
    """The arrays of a safetensors file, and the texts of its header.

    Args:
        data: All bytes of the file.
        allowed: The types that may occur, keys of `DTYPES`.

    Raises:
        ValueError: Anything is not as the format demands; the text says what.

    >>> arrays, notes = unpack_arrays(file_of({"a": np.ones(2)}), frozenset({"F64"}))
    >>> arrays["a"]
    array([1., 1.])
    """
    view = memoryview(data)
    length = header_length(view)
    header = read_document(bytes(view[8 : 8 + length]))
    if not isinstance(header, dict):
        raise ValueError("the header is not a dictionary")
    notes = _notes(header.pop("__metadata__", {}))
    body = view[8 + length :]
    places = {name: _place(name, entry, allowed) for name, entry in header.items()}
    _check_places(places, len(body))
    return {name: _array(name, place, body) for name, place in places.items()}, notes


def header_length(view: memoryview) -> int:
    """Bytes of the header, not more than are present and allowed."""
    if len(view) < 8:
        raise ValueError(f"it has {len(view)} bytes, too few for a header")
    length = int.from_bytes(view[:8], "little")
    if length > min(LARGEST_HEADER, len(view) - 8):
        raise ValueError(f"its header says {length:,} bytes, which are not there or too many")
    return length


_Place = tuple[str, tuple[int, ...], int, int]  # dtype, shape, first byte, end


def _notes(found: JSON) -> dict[str, str]:
    if not isinstance(found, dict):
        raise ValueError("the header's notes are not a dictionary")
    notes = {name: text for name, text in found.items() if isinstance(text, str)}
    if len(notes) < len(found):
        raise ValueError("the header's notes are not texts")
    return notes


def _place(name: str, entry: JSON, allowed: frozenset[str]) -> _Place:
    """One entry of the header, checked by itself."""
    shown = f"the array {name[:60]!r}"
    if not isinstance(entry, dict):
        raise ValueError(f"{shown} has no description")
    if set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{shown} is not described by dtype, shape and data_offsets")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in allowed:
        raise ValueError(f"{shown} has the type {str(kind)[:20]!r}")
    if not _are_counts(shape) or len(shape) > _DEEPEST:
        raise ValueError(f"{shown} has no proper shape")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise ValueError(f"{shown} has no proper place")
    start, stop = offsets
    if math.prod(shape) * np.dtype(DTYPES[kind]).itemsize != stop - start:
        raise ValueError(f"{shown} has {stop - start} bytes, which is not its shape")
    return kind, tuple(shape), start, stop


def _are_counts(values: JSON) -> TypeGuard[list[int]]:
    """A list of integers from 0 (a bool is none)."""
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)


def _check_places(places: dict[str, _Place], n_bytes: int) -> None:
    """The arrays lie one after the other and fill the file."""
    end = 0
    for _, _, start, stop in sorted(places.values(), key=lambda place: place[2:]):
        if start != end:
            raise ValueError("its arrays overlap or leave gaps")
        end = stop
    if end != n_bytes:
        raise ValueError(f"its arrays say {end:,} bytes; {n_bytes:,} are there")


def _array(name: str, place: _Place, body: memoryview) -> np.ndarray:
    """An array of its own: aligned, writable, free of the file's bytes."""
    kind, shape, start, stop = place
    content = np.frombuffer(body[start:stop], np.uint8) if stop > start else np.empty(0, np.uint8)
    if kind == "BOOL" and content.size and content.max() > 1:
        raise ValueError(f"the array {name[:60]!r} has booleans that are neither 0 nor 1")
    own = content.copy().view(np.dtype(DTYPES[kind]))
    return own.reshape(shape)  # its ValueError: an empty array with an absurd shape
