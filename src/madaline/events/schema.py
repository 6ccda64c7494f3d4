"""The JSON Schema of the events, derived from their records: what other programs read them by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin

from madaline.events.kinds import KINDS, VERSION
from madaline.events.learning_rates import LearningRates
from madaline.events.record import JSON, Record, field_types, key_of
from madaline.events.search import Searched
from madaline.events.summary import About, Summary

Schema = dict[str, JSON]
ANSWERS = (Summary, About, Searched, LearningRates)
"""Records that are no events, and that other programs are given too."""

_PLAIN: dict[object, Schema] = {
    JSON: {},
    NoneType: {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    str: {"type": "string"},
    float: {"type": ["number", "null"]},  # null: not finite
}


def schema() -> Schema:
    """The schema of a line of ``events.jsonl``: one of the kinds, with what every line has.

    Its definitions also hold the records of `ANSWERS`.
    """
    roots = (*KINDS.values(), *ANSWERS)
    records = {record.__name__: record for root in roots for record in _within(root)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event of a run of Madaline",
        "oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in KINDS.values()],
        "$defs": {name: _record(record) for name, record in sorted(records.items())},
    }


def _within(record: type[Record]) -> Iterator[type[Record]]:
    """The record, and those that its fields hold."""
    yield record
    for kind in field_types(record).values():
        for inner in _records(kind):
            yield from _within(inner)


def _records(kind: object) -> Iterator[type[Record]]:
    if isinstance(kind, type) and issubclass(kind, Record):
        yield kind
    for inner in get_args(kind):
        yield from _records(inner)


def _record(record: type[Record]) -> Schema:
    head = _head(record)
    cut: Schema = {"cut": {"type": "object"}} if head else {}  # how long its fields were
    own = {name: _of(kind) for name, kind in field_types(record).items() if name != record.KEY}
    return {
        "type": "object",
        "description": (record.__doc__ or "").splitlines()[0],
        "properties": {**head, **own, **cut},
        "required": [*head, *own],
        "additionalProperties": False,
    }


def _head(record: type[Record]) -> Mapping[str, Schema]:
    """What every line has, if the record has lines."""
    for name, kind in KINDS.items():
        if kind is record:
            return {
                "v": {"const": VERSION},
                "n": {"type": "integer", "description": "Number of the line, from 1."},
                "t": {"type": "number", "description": "Seconds since 1970."},
                "kind": {"const": name},
            }
    return {}


def _of(kind: object) -> Schema:
    """The schema of the type of a field."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, type):
        return {"$ref": f"#/$defs/{kind.__name__}"}
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return {"anyOf": [_of(each) for each in inner]}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is tuple and not key_of(inner[0]):
        return {"type": "array", "items": _of(inner[0])}
    return {"type": "object", "additionalProperties": _of(inner[0 if origin is tuple else 1])}
