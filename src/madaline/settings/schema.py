"""The table of settings as a JSON Schema: what a form in a browser needs to ask for them."""

from __future__ import annotations

from typing import Any, Literal, cast, get_args, get_origin

from madaline.settings.row import Row
from madaline.settings.table import ROWS, Settings, accepted

_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def settings_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a person's settings; ``group`` is the heading of each.

    A value that it takes is one that `madaline.settings.values.take_value` and `Settings` take.

    >>> settings_schema()["properties"]["shuffle"]
    {'title': 'shuffle', 'description': 'Deal the rows in a new order in each epoch; false: as they
     are.', 'group': 'Training', 'type': 'boolean', 'default': True}
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _property(name, row) for name, row in ROWS.items()},
    }


def _property(name: str, row: Row) -> dict[str, Any]:
    default = getattr(Settings, name)
    kinds = [_of_kind(kind, row) for kind in accepted(name)]
    if default is None:
        kinds.append({"type": "null"})
    told = {"title": name.replace("_", " "), "description": row.help, "group": row.group}
    shape = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if isinstance(default, tuple):
        default = list(cast("tuple[Any, ...]", default))
    return told | shape | {"default": default}


def _of_kind(kind: Any, row: Row) -> dict[str, Any]:
    """One of the types that a setting takes."""
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _of_kind(get_args(kind)[0], row)}
    if get_origin(kind) is Literal:
        return {"enum": list(get_args(kind))}
    shape: dict[str, Any] = {"type": _TYPES[kind]}
    if kind is str:
        return shape | ({"enum": list(row.choices)} if row.choices else {"minLength": 1})
    if kind is not bool:
        low = "exclusiveMinimum" if row.open_low else "minimum"
        ends = {low: row.low, "maximum": row.high}
        shape |= {name: end for name, end in ends.items() if end is not None}
    return shape
