"""The verdict on a training, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from madaline.errors import DataError

Code = Literal["diverged", "not_learning", "underfit", "overfit", "still_improving", "fine"]
CODES: tuple[Code, ...] = get_args(Code)


@dataclass(frozen=True, slots=True)
class Verdict:
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

    code: Code
    text: str
    evidence: tuple[str, ...]
    action: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    hard_to_tell: bool = False
    remarks: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain lists and dictionaries for JSON."""
        settings = {k: list(v) if isinstance(v, tuple) else v for k, v in self.settings.items()}
        return {
            "code": self.code,
            "text": self.text,
            "evidence": list(self.evidence),
            "action": self.action,
            "settings": settings,
            "hard_to_tell": self.hard_to_tell,
            "remarks": list(self.remarks),
        }

    @classmethod
    def from_dict(cls, shown: Mapping[str, Any]) -> Verdict:
        """The inverse of `as_dict`.

        Raises:
            DataError: It is no verdict, or its code is not one of `CODES`.
        """
        try:
            code: Any = shown["code"]
            found = cls(
                code=code,
                text=shown["text"],
                evidence=tuple(shown["evidence"]),
                action=shown["action"],
                settings={
                    k: tuple(v) if isinstance(v, list) else v for k, v in shown["settings"].items()
                },
                hard_to_tell=bool(shown.get("hard_to_tell", False)),
                remarks=tuple(shown.get("remarks", ())),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError("That is no verdict.", "Give what `as_dict` returned.") from error
        if code not in CODES:
            raise DataError(f"The verdict {code!r} is not known.", f"Known: {CODES}.")
        return found
