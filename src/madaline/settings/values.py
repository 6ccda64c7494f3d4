"""The value of a setting, however it comes: text, TOML, JSON, Python; and back into text.

A person writes: what they mean is read (`read_value`: a text, or a value of a TOML file). A program
gives: what it gives has the right type or is wrong (`take_value`: JSON, Python).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any, Literal, cast, get_args, get_origin

from madaline.errors import UsageError, nearest
from madaline.settings.row import shown
from madaline.settings.table import MEMBERWISE, SETTING_NAMES, Settings, accepted

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def is_list(name: str) -> bool:
    """Whether the setting's value is several, separated by commas."""
    return get_origin(accepted(name)[0]) is tuple


def words(name: str) -> tuple[str, ...]:
    """The fixed words that stand beside numbers, such as ``auto`` and ``full``."""
    return tuple(
        word for kind in accepted(name) if get_origin(kind) is Literal for word in get_args(kind)
    )


def read_value(name: str, raw: Any) -> Any:
    """The value that ``raw`` (a text, or a value of a TOML file) means for the setting ``name``.

    Ranges and choices are checked by `Settings` itself.

    Raises:
        UsageError: It cannot be read as the setting's type, or there is no such setting.

    >>> read_value("hidden", "64,32"), read_value("hidden", "none"), read_value("epochs", "1e3")
    ((64, 32), (), 1000)
    >>> read_value("batch_size", "auto"), read_value("validation", "0.2")
    ('auto', 0.2)
    >>> read_value("shuffle", "no"), read_value("dropout", "0.1,0.2")
    (False, (0.1, 0.2))
    """
    check_name(name)
    if isinstance(raw, str):
        raw = raw.strip()
    for kind in accepted(name):
        if get_origin(kind) is tuple and (raw or is_list(name)):
            return _read_list(name, raw, get_args(kind)[0])
        value = _read_one(raw, kind)
        if value is not None:
            return value
    raise _unreadable(name, raw)


def take_value(name: str, given: Any) -> Any:
    """The value that a program gives: a JSON value or a Python object, where no text is a number.

    Ranges and choices are checked by `Settings` itself.

    Raises:
        UsageError: It is not of the setting's type, or there is no such setting.

    >>> take_value("hidden", [64, 32]), take_value("epochs", None), take_value("batch_size", "full")
    ((64, 32), None, 'full')
    >>> take_value("epochs", "12")
    Traceback (most recent call last):
    madaline.errors.UsageError: epochs = '12' cannot be read. It must be a whole number.
    """
    check_name(name)
    if getattr(given, "shape", None) == ():  # a scalar of NumPy
        given = given.item()
    if given is None and getattr(Settings, name) is None:
        return None
    for kind in accepted(name):
        value = _take_one(given, kind)
        if value is not None:
            return value
    raise _unreadable(name, given)


def check_name(name: str) -> None:
    """Raise `UsageError`, with the nearest name, if there is no such setting."""
    if name not in SETTING_NAMES:
        raise UsageError(
            f"There is no setting {shown(name)}.", nearest(name.replace("-", "_"), SETTING_NAMES)
        )


def expected(name: str) -> str:
    """What a person may write for the setting, in words.

    >>> expected("batch_size"), expected("hidden")
    ("a whole number, 'auto' or 'full'", "whole numbers separated by commas, or 'none'")
    """
    kinds = accepted(name)
    if is_list(name):
        numbers = int in get_args(kinds[0])
        return (
            "whole numbers separated by commas, or 'none'"
            if numbers
            else "texts separated by commas"
        )
    parts = [
        {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[k]
        for k in kinds
        if k in (bool, int, float, str)
    ]
    if float in kinds and str in kinds:
        parts = ["a number", "the name of a file"]
    parts += [repr(word) for word in words(name)]
    parts += ["one a member, separated by commas"] if name in MEMBERWISE else []
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def value_text(value: Any) -> str:
    """A value as it would be written after an option.

    >>> value_text((256, 64)), value_text(()), value_text(0.15), value_text(None)
    ('256,64', 'none', '0.15', '')
    >>> value_text(("age", "height, cm"))
    'age,"height, cm"'
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        return _line([value_text(item) for item in items]) if items else "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number_text(value) if isinstance(value, float) else str(value)


def _line(cells: list[str]) -> str:
    """Cells as a line of CSV, which `read_value` reads."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _number_text(number: float) -> str:
    """Short where that says all of it: 1000, 0.15, 1e-05."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)


def _unreadable(name: str, raw: Any) -> UsageError:
    return UsageError(
        f"{name} = {shown(raw)} cannot be read.",
        f"It must be {expected(name)}.",
        settings={name: None},
    )


def _read_list(name: str, raw: Any, kind: Any) -> tuple[Any, ...]:
    if isinstance(raw, str):
        if not raw or (kind is int and raw.lower() == "none"):
            return ()
        raw = _cells(name, raw)
    items = cast("list[Any]", raw) if isinstance(raw, list) else [raw]
    read = [_read_one(item.strip() if isinstance(item, str) else item, kind) for item in items]
    if any(value is None or value == "" for value in read):
        raise _unreadable(name, raw)
    return tuple(read)


def _cells(name: str, text: str) -> list[str]:
    """As in a CSV line, so a column's name may hold a comma: ``age,"height, cm"``."""
    try:
        return next(csv.reader([text], skipinitialspace=True))
    except csv.Error as error:  # a line break in it
        raise _unreadable(name, text) from error


def _read_one(raw: Any, kind: Any) -> Any:
    """The value as this type; None if it cannot be."""
    if kind is bool:
        return _TRUTH.get(str(raw).lower())
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    if get_origin(kind) is Literal:
        word = raw.lower() if isinstance(raw, str) else raw
        return word if word in get_args(kind) else None
    if kind is str:
        return raw if isinstance(raw, str) and raw else None
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    if kind is int:
        return _whole(raw, number)
    return number


def _take_one(given: Any, kind: Any) -> Any:
    """The value where it is of this type; None where not."""
    if get_origin(kind) is tuple:
        if not isinstance(given, list | tuple):
            return None
        items = [_take_one(item, get_args(kind)[0]) for item in cast("Sequence[Any]", given)]
        return None if None in items else tuple(items)
    if get_origin(kind) is Literal:
        return given if isinstance(given, str) and given in get_args(kind) else None
    if isinstance(given, bool) or kind is bool:
        return given if isinstance(given, bool) and kind is bool else None
    if isinstance(given, float) and not math.isfinite(given):
        return None
    return given if isinstance(given, int | float if kind is float else kind) else None


def _whole(raw: str | int | float, number: float) -> int | None:
    """Exact where it is written as a whole number; ``1e3`` is one too."""
    if isinstance(raw, int):
        return raw
    try:
        return int(raw) if isinstance(raw, str) else _integral(number)
    except ValueError:
        return _integral(number)


def _integral(number: float) -> int | None:
    return int(number) if number.is_integer() else None
