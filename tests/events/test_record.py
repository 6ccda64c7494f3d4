"""Records go to JSON and come back as they were; what is not theirs is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest

from madaline.errors import DataError
from madaline.events.alert import Alert
from madaline.events.data import ColumnSeen
from madaline.events.learning_rates import LearningRates
from madaline.events.record import Record
from madaline.events.scores import OutputScores, Score, Scores


@dataclass(frozen=True, slots=True)
class Point(Record):
    """One of each kind of field."""

    size: float
    rank: int = 0
    way: Literal["up", "down"] = "up"
    rate: float | tuple[float, ...] = 0.5
    left: float | None = None
    inner: tuple[ColumnSeen, ...] = ()


def back(record: Record) -> Record:
    return type(record).from_dict(json.loads(json.dumps(record.as_dict(), allow_nan=False)))


@pytest.mark.parametrize(
    "record",
    [
        Point(1.5, 3, "down", (0.1, 0.2), 4.0, (ColumnSeen("age", "number", 2),)),
        Point(1.5, left=None),
        Alert("warn", "drift", "It moved.", settings={"hidden": (8, 8)}, rows=(3, 9)),
        LearningRates((0.1, 1.0), ((0.5, None), (0.25, 0.5)), epochs=3, rows=9),
        Scores(9, "r2", (Score("r2", 0.5), Score("a", 0.2)), (), (OutputScores("x", ()),)),
    ],
)
def test_a_record_survives_json(record):
    assert back(record) == record or "nan" in repr(record)
    assert repr(back(record)) == repr(record)


def test_numbers_that_are_not_finite_come_back_as_nan():
    for value in (np.inf, -np.inf, np.nan):
        assert Point(value).as_dict()["size"] is None
        assert np.isnan(back(Point(value)).size)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ({"size": 1.0, "weight": 2}, "There is no 'weight' in Point"),
        ({"rank": 1}, "Point lacks 'size'"),
        ({"size": "1"}, "size = '1' cannot be read. Give a value of type float"),
        ({"size": True}, "size = 'True' cannot be read"),
        ({"size": 1.0, "rank": 1.0}, "rank = '1.0' cannot be read"),
        ({"size": 1.0, "rank": None}, "rank = 'None' cannot be read"),
        ({"size": 1.0, "way": "left"}, "way = 'left' is not known. Known: up, down"),
        ({"size": 1.0, "way": []}, r"way = '\[\]' is not known"),
        ({"size": 1.0, "rate": ["a"]}, "rate = 'a' cannot be read"),
        ({"size": 1.0, "inner": [{"name": 1, "kind": "date"}]}, "name = '1' cannot be read"),
        ({"size": 1.0, "inner": 4}, "inner = '4' cannot be read"),
        ({"size": 1.0, "inner": {}}, "inner = '{}' cannot be read"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(shown, words):
    with pytest.raises(DataError, match=words):
        Point.from_dict(shown)


def test_scores_are_an_object_of_their_names_whatever_their_order():
    scores = Scores(9, "r2", (Score("r2", 0.5), Score("mae", 0.2)))
    shown = scores.as_dict()
    assert shown["scores"] == {
        "r2": {"value": 0.5, "low": None, "high": None},
        "mae": {"value": 0.2, "low": None, "high": None},
    }
    sorted_ = Scores.from_dict(json.loads(json.dumps(shown, sort_keys=True)))
    assert (sorted_.primary, sorted_.value("r2")) == ("r2", 0.5)
