"""Whoever looks on while a run goes its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from madaline.events.kinds import Event
from madaline.events.training import Ending
from madaline.predict.predictor import Predictor
from madaline.train.loop import Progress

Wish: TypeAlias = Ending | bool | None
"""True, or the reason to give, ends a training; a reason that is not known counts as True."""


@dataclass(frozen=True)
class Look(Progress):
    """Where a training stands, and what it would predict.

    Attributes:
        predictor: Makes a predictor of the newest weights.
        wish: What those who were asked before want: see `Watch.progress`.
    """

    predictor: Callable[[], Predictor]
    wish: Wish = None


class Watch(Protocol):
    """Whoever looks on while a run goes its way."""

    def event(self, event: Event) -> None:
        """Something happened."""

    def progress(self, look: Look) -> Wish:
        """After each chunk of epochs; True or a reason such as "interrupted" ends the training."""


@dataclass(frozen=True)
class Together:
    """Several who look on as one; see `together`."""

    watches: tuple[Watch, ...]

    def event(self, event: Event) -> None:
        """Tell each of them, from the first to the last."""
        for watch in self.watches:
            watch.event(event)

    def progress(self, look: Look) -> Wish:
        """Ask each of them, from the last to the first."""
        for watch in reversed(self.watches):
            wish = watch.progress(look)
            look = replace(look, wish=look.wish or wish)
        return look.wish


def together(*watches: Watch | None) -> Watch:
    """Several who look on as one, like layers around the run.

    The first hears of an event before the others do, so it can write it down before they act on it;
    it is asked for its wish after them, so it knows whether the training ends.

    Args:
        watches: None of them is passed over.
    """
    there = tuple(watch for watch in watches if watch is not None)
    return there[0] if len(there) == 1 else Together(there)
