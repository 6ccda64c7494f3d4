"""What a search tells on its way to better settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from madaline.events.record import Record


@dataclass(frozen=True, slots=True)
class Rung(Record):
    """Trials have trained to here; the better of them go on.

    Attributes:
        epoch: How far they were trained.
        number: Of the rung, counted from 1.
        rungs: How many there are.
        trials: How many were trained.
        best: Their lowest validation loss.
        preset: That of trial 0, the settings as they are.
        seconds: Since the race began.
    """

    kind: ClassVar[str] = "rung"

    epoch: int
    number: int
    rungs: int
    trials: int
    best: float
    preset: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Runoff(Record):
    """Whole networks are trained to compare the settings as they are with those of a trial.

    Attributes:
        trial: Its number.
    """

    kind: ClassVar[str] = "runoff"

    trial: int
