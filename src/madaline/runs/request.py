"""What a run was asked for, out of ``run.json``. Read strictly: a folder may come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from madaline.errors import FileError, UsageError
from madaline.settings.table import Settings
from madaline.settings.values import take_value


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
    madaline.errors.FileError: The run.json of run is damaged: epochs = 'many' cannot be read. ...
    """
    for name in ("data", "target", "settings", "environment"):
        if name not in about:
            raise _damaged(folder, f"it has no {name!r}")
    data, target = about["data"], about["target"]
    if not (data is None or isinstance(data, str)):
        raise _damaged(folder, "its data is not the name of a file")
    if not isinstance(target, list) or not target:
        raise _damaged(folder, "its target is not a list of names")
    names = tuple(cast("list[Any]", target))
    if not all(isinstance(name, str) for name in names):
        raise _damaged(folder, "its target is not a list of names")
    if not isinstance(about["settings"], dict) or not isinstance(about["environment"], dict):
        raise _damaged(folder, "its settings or environment is not a dictionary")
    settings = _read_settings(folder, cast("dict[str, Any]", about["settings"]))
    environment = cast("dict[str, Any]", about["environment"])
    return Request(data, names, settings, environment)


def _read_settings(folder: Path, found: Mapping[str, Any]) -> Settings:
    """Settings as they were written; one that is not known would be lost silently."""
    try:
        return Settings(**{name: take_value(name, value) for name, value in found.items()})
    except UsageError as error:
        raise _damaged(folder, error.what.rstrip(".")) from error


def _damaged(folder: Path, what: str) -> FileError:
    return FileError(
        f"The run.json of {folder} is damaged: {what}.",
        "Restore it from a copy, or start a new run.",
    )
