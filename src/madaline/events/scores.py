"""The records that hold scores: numbers with intervals, and their JSON form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from madaline.errors import DataError, nearest

PRIMARY_METRIC = {
    "binary": "accuracy",
    "multiclass": "accuracy",
    "multilabel": "accuracy",
    "regression": "r2",
}


@dataclass(frozen=True, slots=True)
class Score:
    """One number with its 95 % interval; NaN where it is not defined."""

    name: str
    value: float
    low: float = nan
    high: float = nan


@dataclass(frozen=True, slots=True)
class ClassScore:
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
class OutputScores:
    """The scores of one output of a regression with several."""

    name: str
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """All scores of one model on one set of rows; the first is the primary one.

    >>> scores = Scores(10, (Score("accuracy", 0.9, 0.6, 1.0),))
    >>> scores.value("accuracy"), Scores.from_dict(scores.as_dict()) == scores
    (0.9, True)
    """

    n_rows: int
    scores: tuple[Score, ...]
    classes: tuple[ClassScore, ...] = ()
    outputs: tuple[OutputScores, ...] = ()

    @property
    def primary(self) -> Score:
        """The score that a person is told first."""
        return self.scores[0]

    def score(self, name: str) -> Score:
        """The score of this name.

        Raises:
            DataError: There is none; the nearest name is suggested.
        """
        for score in self.scores:
            if score.name == name:
                return score
        known = [score.name for score in self.scores]
        raise DataError(f"There is no score {name!r}.", nearest(name, known))

    def value(self, name: str) -> float:
        """The value of the score of this name."""
        return self.score(name).value

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries for JSON: numbers that are not finite become None."""
        shown: dict[str, Any] = {"n_rows": self.n_rows, "primary": self.scores[0].name}
        shown["scores"] = _score_dict(self.scores)
        shown["classes"] = [
            {
                "label": c.label,
                "accuracy": _jsonable(c.accuracy),
                "low": _jsonable(c.low),
                "high": _jsonable(c.high),
                "support": c.support,
            }
            for c in self.classes
        ]
        if self.outputs:
            shown["outputs"] = [
                {"name": output.name, "scores": _score_dict(output.scores)}
                for output in self.outputs
            ]
        return shown

    @classmethod
    def from_dict(cls, shown: Mapping[str, Any]) -> Scores:
        """The inverse of `as_dict`."""
        classes = tuple(
            ClassScore(
                c["label"],
                _number(c["accuracy"]),
                _number(c["low"]),
                _number(c["high"]),
                c["support"],
            )
            for c in shown.get("classes", ())
        )
        outputs = tuple(
            OutputScores(output["name"], _score_tuple(output["scores"], None))
            for output in shown.get("outputs", ())
        )
        scores = _score_tuple(shown["scores"], shown.get("primary"))
        return cls(int(shown["n_rows"]), scores, classes, outputs)


def _score_dict(scores: Iterable[Score]) -> dict[str, Any]:
    return {
        s.name: {"value": _jsonable(s.value), "low": _jsonable(s.low), "high": _jsonable(s.high)}
        for s in scores
    }


def _score_tuple(shown: Mapping[str, Any], primary: str | None) -> tuple[Score, ...]:
    """The primary score first, whatever order the JSON was written in."""
    names = sorted(shown, key=lambda name: name != primary)
    return tuple(
        Score(n, _number(shown[n]["value"]), _number(shown[n]["low"]), _number(shown[n]["high"]))
        for n in names
    )


def _jsonable(value: float) -> float | None:
    return value if isfinite(value) else None


def _number(value: float | None) -> float:
    return nan if value is None else float(value)
