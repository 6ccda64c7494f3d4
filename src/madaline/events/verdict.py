"""The verdict on a training, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from madaline.events.record import JSON, Record

Code = Literal["diverged", "not_learning", "underfit", "overfit", "still_improving", "fine"]
CODES: tuple[Code, ...] = get_args(Code)


@dataclass(frozen=True, slots=True)
class Verdict(Record):
    """What became of a training.

    Attributes:
        code: One of `CODES`.
        text: One sentence.
        evidence: Sentences with the numbers.
        action: One next thing to do.
        settings: The settings that do it; may be empty.
        hard_to_tell: True if rows are too few, or noise too large, to be sure.
        remarks: What else is worth knowing, such as a linear model that is as good.

    >>> verdict = Verdict("fine", "It works.", ("Loss 0.1.",), "Use it.", {"hidden": (8,)})
    >>> Verdict.from_dict(verdict.as_dict()) == verdict
    True
    """

    kind: ClassVar[str] = "verdict"

    code: Code
    text: str
    evidence: tuple[str, ...]
    action: str
    settings: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    hard_to_tell: bool = False
    remarks: tuple[str, ...] = ()
