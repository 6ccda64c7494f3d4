"""What a person lets vary: ``1e-4..1e-2:log`` as a range, ``32..256:log:4`` as values.

The grammar is ``a..b``, then ``:log`` for steps of equal ratio, then ``:n`` for n values with both
ends instead of anything between them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from madaline.errors import UsageError, nearest
from madaline.events.record import JSON
from madaline.settings.table import NUMBERS, ROWS, accepted

VARIABLE = tuple(name for name, row in ROWS.items() if row.searched)
# Each network of a compiled program has its own value of these: another one costs nothing. All
# others decide the program, and each value is compiled for itself.
_NUMBERS = tuple(name for name in VARIABLE if name in NUMBERS)
_WHOLE = tuple(name for name in VARIABLE if int in accepted(name))
RANGED = (*_NUMBERS, *_WHOLE)
_MOST_VALUES = 1000
_GRAMMAR = "Write a..b, a..b:log, or a..b:log:5 for five values, such as 1e-4..1e-2:log."


@dataclass(frozen=True)
class Range:
    """object number between two.

    Attributes:
        low, high: The ends.
        log: Equal ratios are equally likely, instead of equal differences.
    """

    low: float
    high: float
    log: bool = False

    def at(self, share: float) -> float:
        """The number at a share of the way, 0 to 1.

        >>> Range(1e-4, 1e-2, log=True).at(0.5), Range(0.0, 0.4).at(0.25)
        (0.001, 0.1)
        """
        if share in (0, 1):
            return self.high if share else self.low
        if not self.log:
            return self.low + share * (self.high - self.low)
        a, b = math.log(self.low), math.log(self.high)
        return float(f"{math.exp(a + share * (b - a)):.12g}")  # 0.001, not 0.0009999999999999998


@dataclass(frozen=True)
class Values:
    """One of several values."""

    values: tuple[JSON, ...]

    def at(self, share: float) -> JSON:
        """The value at a share of the way, each with the same part of it.

        >>> Values(("relu", "tanh")).at(0.6)
        'tanh'
        """
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]


Axis = Range | Values
Space = Mapping[str, Axis]


def is_range(text: str) -> bool:
    """Whether a text is meant as a range."""
    return ".." in text


def read_range(name: str, text: str) -> Axis:
    """The range that a text means for a setting.

    Raises:
        UsageError: It is none, or the setting has no values between two.

    >>> read_range("dropout", "0..0.4")
    Range(low=0.0, high=0.4, log=False)
    >>> read_range("batch_size", "32..256:log:4")
    Values(values=(32, 64, 128, 256))
    """
    check_variable(name)
    if name not in RANGED:
        raise UsageError(f"{name} = {text!r}: {name} is no number.", "Name its values one by one.")
    ends, *rest = (part.strip() for part in text.split(":"))
    log = rest[:1] == ["log"]
    counts = rest[1:] if log else rest
    low, _, high = ends.partition("..")
    whole = name in _WHOLE
    try:
        a, b = (int(end) if whole else float(end) for end in (low, high))
        n = int(counts[0]) if counts else None
    except ValueError:
        raise UsageError(f"{name} = {text!r} is no range.", _GRAMMAR) from None
    if len(counts) > 1 or not (math.isfinite(a) and math.isfinite(b)):
        raise UsageError(f"{name} = {text!r} is no range.", _GRAMMAR)
    if not a < b:
        raise UsageError(f"{name} = {text!r} has no width.", "The first end must be the lower one.")
    if log and a <= 0:
        raise UsageError(
            f"{name} = {text!r} begins at {a:g}, which has no logarithm.",
            "Begin above 0, or leave :log out.",
        )
    if n is None and whole:
        raise UsageError(
            f"{name} = {text!r} would compile a program for every trial.",
            f"Say how many values: {text}:4.",
        )
    if n is None:
        return Range(a, b, log)
    if not 2 <= n <= _MOST_VALUES:
        raise UsageError(
            f"{name} = {text!r} has {n} values.", f"It must have 2 to {_MOST_VALUES} of them."
        )
    values = [Range(a, b, log).at(i / (n - 1)) for i in range(n)]
    return Values(tuple(dict.fromkeys(map(round, values))) if whole else tuple(values))


def check_variable(name: str) -> None:
    """Raise `UsageError`, with the reason, if a search cannot vary the setting."""
    if name not in VARIABLE:
        raise UsageError(
            f"A search cannot vary {name}: its trials share rows, loss and epochs.",
            nearest(name, VARIABLE),
        )
