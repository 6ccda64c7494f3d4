"""The records that hold scores: numbers with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import ClassVar

from madaline.errors import DataError, nearest
from madaline.events.record import Record

PRIMARY_METRIC = {
    "binary": "accuracy",
    "multiclass": "accuracy",
    "multilabel": "accuracy",
    "regression": "r2",
}


@dataclass(frozen=True, slots=True)
class Score(Record):
    """One number with its 95 % interval; NaN where it is not defined."""

    KEY: ClassVar[str] = "name"

    name: str
    value: float
    low: float = nan
    high: float = nan


@dataclass(frozen=True, slots=True)
class ClassScore(Record):
    """Accuracy within one class (its recall), or of one label.

    Attributes:
        label: The class or label.
        accuracy: Share of its rows predicted right; for a label, share of all rows.
        low: Lower end of Wilson's interval.
        high: Upper end.
        support: Rows that belong to the class or carry the label.
    """

    label: str
    accuracy: float
    low: float
    high: float
    support: int


@dataclass(frozen=True, slots=True)
class OutputScores(Record):
    """The scores of one output of a regression with several."""

    name: str
    scores: tuple[Score, ...]

    def score(self, name: str) -> Score:
        """The score of this name.

        Raises:
            DataError: There is none; the nearest name is suggested.
        """
        return _named(self.scores, name)


@dataclass(frozen=True, slots=True)
class Scores(Record):
    """All scores of one model on one set of rows.

    Attributes:
        n_rows: Rows that were scored.
        primary: Name of the score that a person is told first.
        scores: The primary one first.
        classes: Of a classification, or the labels where there are several a row.
        outputs: Of a regression with several.

    >>> scores = Scores(10, "accuracy", (Score("accuracy", 0.9, 0.6, 1.0),))
    >>> scores.value("accuracy"), Scores.from_dict(scores.as_dict()) == scores
    (0.9, True)
    """

    n_rows: int
    primary: str
    scores: tuple[Score, ...]
    classes: tuple[ClassScore, ...] = ()
    outputs: tuple[OutputScores, ...] = ()

    def score(self, name: str) -> Score:
        """The score of this name.

        Raises:
            DataError: There is none; the nearest name is suggested.
        """
        return _named(self.scores, name)

    def value(self, name: str) -> float:
        """The value of the score of this name."""
        return self.score(name).value


def _named(scores: tuple[Score, ...], name: str) -> Score:
    for score in scores:
        if score.name == name:
            return score
    known = [score.name for score in scores]
    raise DataError(f"There is no score {name!r}.", nearest(name, known))


@dataclass(frozen=True, slots=True)
class Scored(Record):
    """The scores of the network beside those of its references, on the rows that judge it.

    Attributes:
        part: What these rows are: test, or validation or train where nothing else is left.
        network: Of the network.
        constant: Of the best constant guess; None where it was not asked.
        linear: Of the linear model; None where there is none.
        train: Of the network on training rows; None where they were not asked.
    """

    kind: ClassVar[str] = "scores"

    part: str
    network: Scores
    constant: Scores | None = None
    linear: Scores | None = None
    train: Scores | None = None
