"""What is left of a run: its final numbers, and what its model file says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from madaline.errors import DataError
from madaline.events.data import Split, Task
from madaline.events.record import JSON, Record, field_types, read_json
from madaline.events.scores import Scores
from madaline.events.training import Ending
from madaline.events.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Baselines(Record):
    """The scores of the references on the rows that judge the network.

    Attributes:
        part: What these rows are: test, or validation or train where nothing else is left.
        constant: Of the best constant guess.
        linear: Of the linear model; None where there is none.
    """

    part: str
    constant: Scores
    linear: Scores | None = None


@dataclass(frozen=True, slots=True)
class Summary(Record):
    """All final numbers of a run.

    Attributes:
        run: Its folder; None where it has none.
        task: What was learned.
        target: Names of the target columns.
        rows: Of each part.
        features: Inputs of the network.
        parameters: Of all members.
        epochs: Trained.
        best_epoch: See `madaline.events.training.Ended`.
        best_epochs: Likewise.
        why: Why training ended.
        seconds: Of training.
        scores: Of the network, by part.
        baselines: Scores of the references.
        verdict: What to think of it.
        search: What a search before it found; None where there was none.
    """

    run: str | None
    task: Task
    target: tuple[str, ...]
    rows: Split
    features: int
    parameters: int
    epochs: int
    best_epoch: int
    best_epochs: tuple[int, ...]
    why: Ending
    seconds: float
    scores: Mapping[str, Scores]
    baselines: Baselines
    verdict: Verdict
    search: Mapping[str, JSON] | None = None


@dataclass(frozen=True, slots=True)
class About(Record):
    """What a model file says of itself, beside what it needs to predict; all of it may be lost.

    Attributes:
        created: When.
        task_because: Why the task is what it is; one sentence.
        settings: Complete, by name.
        versions: Of Madaline and of what decides its numbers.
        columns: Of the rows that an estimator was fitted on, those left out among them.
        task, target, rows, epochs, best_epoch, why, scores, baselines, verdict: See `Summary`.
    """

    created: str = ""
    task_because: str = ""
    settings: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    task: Task | None = None
    target: tuple[str, ...] = ()
    rows: Split | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    why: Ending | None = None
    scores: Mapping[str, Scores] = field(default_factory=dict[str, Scores])
    baselines: Baselines | None = None
    verdict: Verdict | None = None
    columns: tuple[str, ...] = ()

    @classmethod
    def read(cls, shown: Mapping[str, JSON]) -> Self:
        """What can be read of it: a model predicts without, and another version may say more.

        >>> About.read({"created": "2026-01-31", "verdict": 5, "colour": "red"}).created
        '2026-01-31'
        """
        readable: dict[str, JSON] = {}
        for name, kind in field_types(cls).items():
            with suppress(DataError, KeyError):
                read_json(kind, shown[name], name)
                readable[name] = shown[name]
        return cls.from_dict(readable)
