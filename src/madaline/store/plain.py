"""Python and NumPy values <-> JSON text, in two manners: for people to read, and without loss."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, cast

from madaline.errors import FileError


def plain(value: Any) -> Any:
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
        pairs = cast("Mapping[Any, Any]", value)
        return {str(name): plain(item) for name, item in pairs.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("list[Any]", value)]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def document_text(document: dict[str, Any]) -> bytes:
    """JSON bytes from which `read_document` gives back the same document, NaN included.

    Raises:
        FileError: Something in it is neither text, number, list nor dictionary.

    >>> document_text({"best": float("inf"), "epoch": 3})
    b'{"best":Infinity,"epoch":3}'
    """
    try:
        return json.dumps(document, separators=(",", ":"), default=_number).encode("ascii")
    except (TypeError, ValueError) as error:
        raise FileError(f"A document cannot be saved: {error}.") from error


def read_document(text: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: It is not JSON, nests too deeply, or says a key twice; which one of the two
            would count is what attacks on readers play with.

    >>> read_document(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ValueError: the key 'a' is there twice
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it nests too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:40]!r} is there twice")
    return found


def _number(value: Any) -> Any:
    """NumPy's numbers and arrays inside a document."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not a JSON value")
