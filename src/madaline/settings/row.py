"""One row of the table of settings: all that other rooms need to know of a setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, Literal, ParamSpec, cast

from madaline.errors import UsageError, nearest

P = ParamSpec("P")

_MOST_SHOWN = 60

# Data of a compiled program, of which another value compiles nothing; or what decides the program.
Role = Literal["", "number", "program"]


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of a setting beside its type and default.

    Whether a number may be one a member is said by its type.

    Attributes:
        group: One of `GROUPS`.
        help: One sentence.
        choices: The fixed words it takes.
        low, high: The least and the greatest number; None where there is none.
        open_low: It must be above ``low``.
        estimator: scikit-learn's name, where it has one.
        role: What it is for the compiled program.
        searched: A search can vary it.
        needs: Another setting (or the task), and the values of it with which this one has an
            effect; no values: all but nothing and 0.
    """

    group: str
    help: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    estimator: str | None = None
    role: Role = ""
    searched: bool = False
    needs: tuple[str, tuple[str, ...]] | None = None

    def holds(self, number: float) -> bool:
        """Whether the number is in range; what is no number is not.

        >>> Row("Model", "", low=0, open_low=True).holds(0)
        False
        """
        low, high = self.low, self.high
        enough = low is None or (number > low if self.open_low else number >= low)
        return number == number and enough and (high is None or number <= high)

    def range(self) -> str:
        """The range in words; empty where there is none.

        >>> Row("Model", "", low=0, high=0.95).range()
        'at least 0 and at most 0.95'
        """
        start = "above" if self.open_low else "at least"
        ends = [f"{start} {self.low:g}"] if self.low is not None else []
        ends += [f"at most {self.high:g}"] if self.high is not None else []
        return " and ".join(ends)


def _as_field(make: Callable[P, Row]) -> Callable[Concatenate[Any, P], Any]:
    """A field of a dataclass: its default, then what a row holds."""

    def made(default: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        return field(default=default, metadata={"row": make(*args, **kwargs)})

    return made


setting = _as_field(Row)


def check(name: str, value: Any, row: Row) -> None:
    """Refuse a value that is no choice, or out of range.

    Raises:
        UsageError: Names the value and what it must be.
    """
    items = cast("tuple[Any, ...]", value) if isinstance(value, tuple) else (value,)
    for item in items:
        if isinstance(item, str) and row.choices and item not in row.choices:
            raise UsageError(
                f"{name} = {shown(item)} is not known.",
                nearest(item, row.choices),
                settings={name: None},
            )
        if isinstance(item, bool) or not isinstance(item, int | float):
            continue
        if not row.holds(item):
            raise UsageError(
                f"{name} = {shown(item)} is out of range.",
                f"It must be {row.range()}.",
                settings={name: None},
            )


def shown(raw: Any) -> str:
    """What was given, on a line, however long it is."""
    text = repr(raw)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
