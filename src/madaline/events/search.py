"""What a search tells on its way to better settings, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from madaline.events.record import JSON, Record

TrialEnding = Literal["done", "stopped_early", "behind", "diverged", "time"]
"""Why a trial ended; behind: others were better."""


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


@dataclass(frozen=True, slots=True)
class Trial(Record):
    """What became of a trial.

    Attributes:
        number: 0 is the settings as they are.
        choices: How it differs from them.
        score: Lowest validation loss, calibrated where the settings say so; None: never finite.
        scores: The same at each rung that it reached.
        epochs: Epochs that it trained.
        why: See `TrialEnding`.
    """

    number: int
    choices: Mapping[str, JSON]
    score: float | None
    scores: tuple[float | None, ...]
    epochs: int
    why: TrialEnding


@dataclass(frozen=True, slots=True)
class Comparison(Record):
    """The best trial against the settings as they are, on the same rows.

    Attributes:
        gain: How much lower its mean loss is.
        noise: Standard error of that, over the rows.
        doubt: Standard errors that the gain must exceed.
        rows: How many rows compare.
    """

    gain: float
    noise: float
    doubt: float
    rows: int

    @property
    def is_clear(self) -> bool:
        """Whether the gain is more than luck."""
        return self.gain > self.doubt * self.noise


@dataclass(frozen=True, slots=True)
class Searched(Record):
    """What a search found.

    Attributes:
        trials: All of them, those that went furthest first, and of those the best first.
        varied: Names of the settings that were varied, with their values in trial 0.
        best: Number of the best trial; where whole networks are compared, of the best other than 0.
        taken: Numbers of the trials whose choices went into the settings; none where none is
            better.
        changed: Names of the settings that were changed.
        comparison: Of the best with trial 0.
        programs: Programs that were compiled.
        seconds: It took.
    """

    trials: tuple[Trial, ...]
    varied: Mapping[str, JSON]
    best: int
    taken: tuple[int, ...]
    changed: tuple[str, ...]
    comparison: Comparison
    programs: int
    seconds: float
