"""`Record`: a frozen dataclass that JSON can hold, and the one way from it to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields
from functools import cache
from math import isfinite, nan
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    ClassVar,
    Literal,
    Self,
    TypeAlias,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from madaline.errors import DataError

if TYPE_CHECKING:
    JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None
    """Anything that JSON can say."""
else:
    JSON = object  # a type that contains itself cannot be evaluated at run time


@dataclass(frozen=True, slots=True)
class Record:
    """Fields by name, as JSON has them.

    A field is text, a number, a boolean, a name from a fixed list (`Literal`), `JSON`, a record, a
    tuple of one of these, or a mapping from text to one of these. A number that is not finite is
    null, and null is NaN where a number is due. Nothing else is forgiven on the way back: a field
    that is not known, or that lacks and has no default, is refused.

    Attributes:
        KEY: The field that names the records of a tuple, which in JSON are an object of the names.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, slots=True)
    ... class Point(Record):
    ...     x: float
    ...     tags: tuple[str, ...] = ()
    >>> Point(0.5, ("a", "b")).as_dict()
    {'x': 0.5, 'tags': ['a', 'b']}
    >>> Point.from_dict({"x": None})
    Point(x=nan, tags=())
    >>> Point.from_dict({"x": 0.5, "y": 1})
    Traceback (most recent call last):
    madaline.errors.DataError: There is no 'y' in Point. ...
    """

    KEY: ClassVar[str] = ""

    def as_dict(self) -> dict[str, JSON]:
        """Plain values for JSON."""
        return {field.name: as_json(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_dict(cls, shown: Mapping[str, JSON]) -> Self:
        """The inverse of `as_dict`.

        Raises:
            DataError: A field is not known, lacks, or holds what it cannot.
        """
        kinds = field_types(cls)
        for name in shown:
            if name not in kinds:
                raise DataError(
                    f"There is no {name[:40]!r} in {cls.__name__}.", f"Known: {', '.join(kinds)}."
                )
        for field in fields(cls):
            if field.name not in shown and field.default is field.default_factory is MISSING:
                raise DataError(f"{cls.__name__} lacks {field.name!r}.", "Give what was written.")
        return cls(**{name: read_json(kinds[name], shown[name], name) for name in shown})


@cache
def field_types(cls: type[Record]) -> dict[str, object]:
    """The type of each field of a record, by name."""
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


def key_of(kind: object) -> str:
    """The field that names records of this type; empty for other types."""
    return kind.KEY if isinstance(kind, type) and issubclass(kind, Record) else ""


def as_json(value: object) -> JSON:
    """A value of a field as JSON has it."""
    match value:
        case Record():
            return value.as_dict()
        case float():
            return value if isfinite(value) else None
        case tuple() | list():
            items = cast("Sequence[object]", value)
            if items and isinstance(items[0], Record) and items[0].KEY:
                return _by_name(cast("Sequence[Record]", items))
            return [as_json(item) for item in items]
        case Mapping():
            pairs = cast("Mapping[str, object]", value)
            return {name: as_json(item) for name, item in pairs.items()}
        case _:
            return cast("JSON", value)


def _by_name(records: Sequence[Record]) -> dict[str, JSON]:
    shown = [record.as_dict() for record in records]
    return {str(each.pop(record.KEY)): each for record, each in zip(records, shown, strict=True)}


def read_json(kind: object, value: JSON, name: str) -> object:
    """The value that JSON stands for.

    Args:
        kind: The type of the field.
        value: As `as_json` gave it.
        name: Of the field, for the error.

    Raises:
        DataError: The value is not of this type.

    >>> read_json(tuple[int, ...], [1, 2], "sizes"), read_json(float | None, None, "left")
    ((1, 2), None)
    """
    if kind is JSON:
        return _frozen(value)
    if kind is float and (value is None or type(value) in (int, float)):
        return nan if value is None else float(cast("float", value))
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _read_one_of(inner, value, name)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(read_json(inner[0], item, name) for item in value)
    if isinstance(value, Mapping):
        if origin is tuple and key_of(inner[0]):
            return _read_named(inner[0], value)
        if origin is Mapping:
            return {key: read_json(inner[1], item, key) for key, item in value.items()}
        if isinstance(kind, type) and issubclass(kind, Record):
            return kind.from_dict(value)
    if value in inner if origin is Literal else type(value) is kind:
        return value
    raise _refused(kind, value, name)


def _read_one_of(kinds: Sequence[object], value: JSON, name: str) -> object:
    """What a union holds; None is meant where None is allowed."""
    if value is None and NoneType in kinds:
        return None
    for kind in kinds[:-1]:
        with suppress(DataError):
            return read_json(kind, value, name)
    return read_json(kinds[-1], value, name)


def _read_named(kind: type[Record], shown: Mapping[str, JSON]) -> tuple[Record, ...]:
    """Records out of an object of their names."""
    found: list[Record] = []
    for name, each in shown.items():
        if not isinstance(each, Mapping):
            raise _refused(kind, each, name)
        found.append(kind.from_dict({kind.KEY: name, **each}))
    return tuple(found)


def _frozen(value: JSON) -> JSON:
    """The same with tuples for lists, so that what was frozen comes back equal."""
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, Mapping):
        return {name: _frozen(item) for name, item in value.items()}
    return value


def _refused(kind: object, value: JSON, name: str) -> DataError:
    known = get_args(kind) if get_origin(kind) is Literal else ()
    what = f"{name} = {str(value)[:40]!r}"
    if known:
        return DataError(f"{what} is not known.", f"Known: {', '.join(known)}.")
    wanted = kind.__name__ if isinstance(kind, type) else str(kind)
    return DataError(f"{what} cannot be read.", f"Give a value of type {wanted}.")
