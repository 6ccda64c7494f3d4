"""The classes of a target column: found, ordered, shown, and read from a file."""

from __future__ import annotations

from typing import Any

import numpy as np

from madaline.data.table import Column, Kind, number_text
from madaline.encode.accept import refuse_one_value
from madaline.encode.state import damaged
from madaline.errors import DataError
from madaline.settings.table import Task

ClassValue = bool | int | float | str

_MOST_CLASSES = 1000
_MOST_LETTERS = 10_000_000
_MOST_WHOLE = 2**53  # up to here float64 holds every whole number


def fit_classes(column: Column, task: Task, *, lenient: bool = False) -> tuple[ClassValue, ...]:
    """The different values in order: numbers from low to high, texts in alphabetical order.

    Args:
        column: The target.
        task: ``binary`` or ``multiclass``.
        lenient: Allow a single class.

    Raises:
        DataError: There is one class only, more than two for binary, or more than 1,000.

    >>> fit_classes(Column("digit", "number", np.array([3.0, 1.0, 3.0])), "multiclass")
    (1, 3)
    """
    distinct = np.unique(column.values).tolist()
    values: list[ClassValue] = []
    if column.kind == "category":
        values = sorted(column.levels[code] for code in distinct)
    elif column.kind == "boolean":
        values = [bool(value) for value in distinct]
    else:
        whole = all(value == int(value) and abs(value) <= _MOST_WHOLE for value in distinct)
        values = [int(value) if whole else value for value in distinct]
    shown = listed(tuple(label_text(value) for value in values))
    if len(values) == 1 and not lenient:
        refuse_one_value(column, shown, "Add rows of another class.")
    if task == "binary" and len(values) > 2:
        raise DataError(
            f"task = binary needs two classes; {column.name!r} has {len(values)}: {shown}.",
            "Take them as many classes.",
            settings={"task": "multiclass"},
            column=column.name,
        )
    if len(values) > _MOST_CLASSES:
        numbers = column.kind == "number"
        raise DataError(
            f"The target {column.name!r} has {len(values)} different values; "
            f"at most {_MOST_CLASSES} classes can be learned.",
            "Predict the numbers." if numbers else "Choose another target.",
            settings={"task": "regression"} if numbers else None,
            column=column.name,
        )
    return tuple(values)


def label_text(value: ClassValue) -> str:
    """A class as a person would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_text(value)


def listed(classes: tuple[str, ...]) -> str:
    """The first few classes, for a message."""
    more = f" and {len(classes) - 8} more" if len(classes) > 8 else ""
    return ", ".join(classes[:8]) + more


def check_classes(values: tuple[Any, ...], task: Task, kind: Kind) -> None:
    """Different classes in order, of the one type that fits the kind; two of them if binary.

    Raises:
        FileError: They are not.
    """
    types = {type(value) for value in values}
    fitting = {"category": (str,), "boolean": (bool,), "number": (int, float)}[kind]
    most = 2 if task == "binary" else _MOST_CLASSES
    least = 2 if task == "binary" else 1
    if len(types) != 1 or types.pop() not in fitting or not least <= len(values) <= most:
        raise damaged(f"the classes do not fit the task {task}")
    numbers = kind == "number"
    most_number = np.finfo(np.float64).max if type(values[0]) is float else _MOST_WHOLE
    if numbers and not all(abs(value) <= most_number for value in values):
        raise damaged("a class is not a finite number")
    if list(values) != sorted(set(values)):
        raise damaged("the classes are not in order")
    # As one NumPy array each class takes the room of the longest.
    if kind == "category" and len(values) * max(map(len, values)) > _MOST_LETTERS:
        raise damaged("the classes are longer than any real ones")
