"""How one column becomes features: what is learned from it, and the names of what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from madaline.data.table import Kind

Code = Literal["scaled", "sign", "one_hot", "embedding", "date"]
# The codes that a kind of column can have.
CODES: Mapping[Kind, tuple[Code, ...]] = {
    "number": ("scaled",),
    "boolean": ("sign",),
    "category": ("sign", "one_hot", "embedding"),
    "date": ("date",),
}

# Source: RealMLP (arXiv 2407.04491, section 3): one-hot up to 8 values, embeddings above.
MOST_ONE_HOT = 8

# Parts of a date besides its seconds, in the order of their features.
PARTS = ("year", "month", "weekday", "day of year", "hour")


@dataclass(frozen=True, eq=False)
class ColumnCode:
    """What was learned from the training rows of one column.

    Attributes:
        name: Name of the column.
        kind: Its kind in training.
        code: How it is encoded.
        gap: Missing values were seen: an indicator feature (``scaled``, ``sign``, ``date``) or a
            code of its own (``embedding``). ``one_hot`` writes zeros anyway.
        levels: Sorted texts seen, for ``sign`` (0 to 2), ``one_hot`` (3 to 8) and ``embedding``.
        parts: Which of `PARTS` vary in a date.

    >>> ColumnCode("age", "number", "scaled", gap=True).how
    'robust scaled, smooth clip; indicator of missing'
    """

    name: str
    kind: Kind
    code: Code
    gap: bool = False
    levels: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each level; built once, since a model predicts many times."""
        return {level: position for position, level in enumerate(self.levels)}

    @property
    def has_indicator(self) -> bool:
        """Whether a 0/1 feature tells that the value is missing."""
        return self.gap and self.code in ("scaled", "sign", "date")

    @property
    def n_codes(self) -> int:
        """Codes of an embedded column: never seen, the levels, and missing if it was seen."""
        return 1 + len(self.levels) + self.gap

    @property
    def number_names(self) -> tuple[str, ...]:
        """Names of its robust-scaled features."""
        match self.code:
            case "scaled":
                return (self.name,)
            case "date":
                return (self.name, f"{self.name} year") if "year" in self.parts else (self.name,)
            case _:
                return ()

    @property
    def other_names(self) -> tuple[str, ...]:
        """Names of its other features, without the indicator."""
        match self.code:
            case "sign":
                known = self.kind == "category" and len(self.levels) == 2
                return (f"{self.name} = {self.levels[1]}" if known else self.name,)
            case "one_hot":
                return tuple(f"{self.name} = {level}" for level in self.levels)
            case "date":
                return tuple(
                    f"{self.name} {part} {wave}"
                    for part in self.parts
                    if part != "year"
                    for wave in ("sine", "cosine")
                )
            case _:
                return ()

    @property
    def how(self) -> str:
        """How it is encoded, in words."""
        match self.code:
            case "scaled":
                text = "robust scaled, smooth clip"
            case "sign" if len(self.levels) == 2:
                text = f"-1 for {self.levels[0]}, +1 for {self.levels[1]}"
            case "sign":
                text = "constant: 0"
            case "one_hot":
                text = f"one-hot, {len(self.levels)} values"
            case "embedding":
                text = f"embedding, {self.n_codes} codes"
            case "date":
                text = ", ".join(("seconds", *self.parts))
        return text + ("; indicator of missing" if self.has_indicator else "")
