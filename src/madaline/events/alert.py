"""`Alert`: one thing that is wrong, or that a person should know, with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from madaline.events.record import JSON, Record

Level = Literal["error", "warn", "note"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""From the gravest on: scores would be worthless; likely wrong; good to know."""


@dataclass(frozen=True, slots=True)
class Alert(Record):
    """One thing that is wrong, or that a person should know.

    Attributes:
        level: One of `LEVELS`.
        code: What kind of thing, such as ``constant``.
        text: One sentence, with the number that decides.
        evidence: Further sentences.
        action: One sentence: what to do, or what happens by itself; may be empty.
        settings: The settings that do it; may be empty.
        columns: The columns it is about.
        rows: Numbers of the rows it is about, from 1, the header not counted; the most striking or
            the first ones first. Empty if it is about whole columns.
        source: What the table of these rows is called.
        numbers: All that was measured.

    >>> Alert("note", "constant", "Column 'a' is 1.", columns=("a",)).as_dict()["columns"]
    ['a']
    """

    kind: ClassVar[str] = "alert"

    level: Level
    code: str
    text: str
    evidence: tuple[str, ...] = ()
    action: str = ""
    settings: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    source: str = ""
    numbers: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
