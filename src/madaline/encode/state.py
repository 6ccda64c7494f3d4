"""Strict reading of a saved state: nothing in a file is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from madaline.errors import FileError
from madaline.events.record import JSON

State = dict[str, JSON]
Arrays = dict[str, np.ndarray]


def damaged(what: str) -> FileError:
    """The error for a state that no encoder can have written.

    >>> print(damaged("'median' is not a finite number"))
    The model file is damaged: 'median' is not a finite number. Copy it again, or train again.
    """
    return FileError(f"The model file is damaged: {what}.", "Copy it again, or train again.")


def read_record(state: object, keys: tuple[str, ...], what: str) -> State:
    """A dictionary with exactly these keys.

    Raises:
        FileError: It is none, or a key is missing or unknown.
    """
    if not isinstance(state, dict) or set(cast(State, state)) != set(keys):
        raise damaged(f"{what} must have exactly the keys {', '.join(keys)}")
    return cast(State, state)


def read_text(value: object, what: str, choices: tuple[str, ...] | None = None) -> str:
    """A text, one of ``choices`` if they are given.

    Raises:
        FileError: It is none of them.
    """
    if type(value) is not str or (choices is not None and value not in choices):
        expected = "a text" if choices is None else f"one of {', '.join(choices)}"
        raise damaged(f"{what} must be {expected}")
    return value


def read_list(value: object, what: str) -> list[Any]:
    """A list.

    Raises:
        FileError: It is none.
    """
    if type(value) is not list:
        raise damaged(f"{what} must be a list")
    return cast("list[Any]", value)


def read_texts(value: object, what: str, choices: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """A list of different texts.

    Raises:
        FileError: It is none.
    """
    texts = tuple(read_text(item, f"each of {what}", choices) for item in read_list(value, what))
    if len(set(texts)) != len(texts):
        raise damaged(f"{what} must be different from each other")
    return texts


def read_flag(value: object, what: str) -> bool:
    """True or false.

    Raises:
        FileError: It is neither.
    """
    if type(value) is not bool:
        raise damaged(f"{what} must be true or false")
    return value


def read_vectors(
    arrays: Mapping[str, object], keys: tuple[str, ...], length: int
) -> tuple[NDArray[np.float64], ...]:
    """Exactly these arrays: float64, ``(length,)``, finite.

    Raises:
        FileError: One is missing, unknown, of another shape or type, or not finite.
    """
    if set(arrays) != set(keys):
        raise damaged(f"its arrays must be {', '.join(keys)}")
    read: list[NDArray[np.float64]] = []
    for key in keys:
        array = arrays[key]
        if (
            not isinstance(array, np.ndarray)
            or array.dtype != np.float64
            or array.shape != (length,)
            or not np.isfinite(array).all()
        ):
            raise damaged(f"{key!r} must be {length} finite numbers")
        read.append(np.array(array, np.float64))
    return tuple(read)
