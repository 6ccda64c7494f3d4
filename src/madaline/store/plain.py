"""Python and NumPy values <-> JSON text, in two manners: for people to read, and without loss."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Protocol, cast, runtime_checkable

from madaline.errors import FileError
from madaline.events.record import JSON

DEEPEST = 60
"""Levels of lists and dictionaries in a document."""
MOST_CONTAINERS = 300_000
"""Lists and dictionaries in a document."""


@runtime_checkable
class HasList(Protocol):
    """A number or an array of NumPy or JAX."""

    def tolist(self) -> object:
        """The same as Python's numbers and lists."""
        ...


def plain(value: object) -> JSON:
    """A value as strict JSON has it: for events and for files that browsers read.

    NumPy and JAX numbers become Python's, NaN and infinities None, what JSON does not know becomes
    its text.

    >>> plain({"loss": float("nan"), "shape": (2, 3)})
    {'loss': None, 'shape': [2, 3]}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return {str(name): plain(item) for name, item in pairs.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("list[object]", value)]
    if isinstance(value, HasList):
        return plain(value.tolist())
    return str(value)


def printable(text: str, longest: int = 300) -> str:
    r"""A text out of a file that nobody vouches for, so that a terminal can show it.

    >>> printable("a\x1b[2Jb\n" + 500 * "c", 20)
    'a?[2Jb?ccccccccccccc ...'
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[:longest])
    return shown + (" ..." if len(text) > longest else "")


def document_text(document: Mapping[str, object]) -> bytes:
    """JSON bytes from which `read_document` gives back the same document, NaN included.

    Raises:
        FileError: Something in it is neither text, number, list nor dictionary, or could not be
            read back.

    >>> document_text({"best": float("inf"), "epoch": 3})
    b'{"best":Infinity,"epoch":3}'
    """
    try:
        _check_depth(document)
        return json.dumps(document, separators=(",", ":"), default=_number).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise FileError(f"A document cannot be saved: {error}.") from error


def read_document(text: bytes) -> JSON:
    """The value of a JSON text.

    Raises:
        ValueError: It is not JSON, nests too deeply, holds more lists than any real one, or says a
            key twice; which one of the two would count is what attacks on readers play with.

    >>> read_document(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ValueError: the key 'a' is there twice
    """
    # An empty list takes 3 bytes of text and 64 of memory.
    if text.count(b"[") + text.count(b"{") > MOST_CONTAINERS:
        raise ValueError("it holds more lists than any real one")
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it nests too deeply") from None
    _check_depth(document)
    return document


def _check_depth(document: object) -> None:
    """Refuse what can be parsed, but not be walked through by a function that calls itself."""
    level = [document]
    for _ in range(DEEPEST):
        level = [item for outer in level for item in _items(outer)]
        if not level:
            return
    raise ValueError("it nests too deeply")


def _items(value: object) -> list[object]:
    """The lists and dictionaries directly inside a value."""
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).values()
    elif isinstance(value, list | tuple):
        items = cast("list[object]", value)
    else:
        return []
    return [item for item in items if isinstance(item, Mapping | list | tuple)]


def _once(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise ValueError(f"the key {twice[:40]!r} is there twice")
    return found


def _number(value: object) -> object:
    """NumPy's numbers and arrays inside a document."""
    if isinstance(value, HasList):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not a JSON value")
