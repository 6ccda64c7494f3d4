"""What a run was asked for, out of ``run.json``. Read strictly: a folder may come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from madaline.errors import FileError, UsageError
from madaline.settings.table import Settings


@dataclass(frozen=True)
class Request:
    """What a person asked for, and where.

    Attributes:
        data: The file or sample; None where the rows came from the memory of a program.
        target: Names of the target columns.
        settings: The person's choices.
        environment: What the bits of the result depend on beside them.
    """

    data: str | None
    target: tuple[str, ...]
    settings: Settings
    environment: Mapping[str, Any]


def read_request(folder: Path, about: Mapping[str, Any]) -> Request:
    """The request that ``run.json`` of a folder holds.

    Raises:
        FileError: Something is missing, or is not what a run has.

    >>> about = {"data": "iris", "target": ["species"], "settings": {"hidden": [8]},
    ...          "environment": {}}
    >>> read_request(Path("run"), about).settings.hidden
    (8,)
    >>> read_request(Path("run"), {**about, "settings": {"epochs": "many"}})
    Traceback (most recent call last):
    madaline.errors.FileError: The run.json of run is damaged: 'many' is no value for epochs. ...
    """
    for name in ("data", "target", "settings", "environment"):
        if name not in about:
            raise _damaged(folder, f"it has no {name!r}")
    data, target = about["data"], about["target"]
    if not (data is None or isinstance(data, str)):
        raise _damaged(folder, "its data is not the name of a file")
    if not _fits(_as_tuple(target), tuple[str, ...]) or not target:
        raise _damaged(folder, "its target is not a list of names")
    if not isinstance(about["settings"], dict) or not isinstance(about["environment"], dict):
        raise _damaged(folder, "its settings or environment is not a dictionary")
    settings = _read_settings(folder, cast("dict[str, Any]", about["settings"]))
    environment = cast("dict[str, Any]", about["environment"])
    return Request(data, tuple(target), settings, environment)


def _read_settings(folder: Path, found: Mapping[str, Any]) -> Settings:
    """Settings, where tuples have become lists; one that is not known would be lost silently."""
    hints = get_type_hints(Settings)
    values = {name: _as_tuple(value) for name, value in found.items()}
    for name, value in values.items():
        if name not in hints:
            raise _damaged(folder, f"its setting {name[:40]!r} is not known")
        if not _fits(value, hints[name]):
            raise _damaged(folder, f"{str(value)[:40]!r} is no value for {name}")
    try:
        return Settings(**values)
    except UsageError as error:
        raise _damaged(folder, error.what.rstrip(".")) from error


def _as_tuple(value: Any) -> Any:
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type that a setting is declared with."""
    kind = get_origin(hint)
    if kind in (Union, UnionType):
        return any(_fits(value, member) for member in get_args(hint))
    if kind is Literal:
        return type(value) is str and value in get_args(hint)
    if kind is tuple:
        items = cast("tuple[Any, ...]", value)
        return type(value) is tuple and all(_fits(item, get_args(hint)[0]) for item in items)
    return type(value) in (int, float) if hint is float else type(value) is hint


def _damaged(folder: Path, what: str) -> FileError:
    return FileError(
        f"The run.json of {folder} is damaged: {what}.",
        "Restore it from a copy, or start a new run.",
    )
