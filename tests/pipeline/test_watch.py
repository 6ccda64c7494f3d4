"""Several who look on as one: told from the first to the last, asked from the last to the first."""

from __future__ import annotations

from typing import Any

import pytest

from madaline.events.search import Runoff
from madaline.pipeline.watch import Look, together

NOTHING: Any = None
LOOK = Look(NOTHING, NOTHING, NOTHING, 1, 1, 0.1, False, predictor=NOTHING)


class Onlooker:
    def __init__(self, log, name, wish=None):
        self.log, self.name, self.wish = log, name, wish

    def event(self, event):
        self.log.append((self.name, event.trial))

    def progress(self, look):
        self.log.append((self.name, look.wish))
        return self.wish


def test_the_first_hears_first_and_is_asked_last_knowing_what_others_wish():
    log = []
    both = together(Onlooker(log, "recorder"), Onlooker(log, "person", "interrupted"))
    both.event(Runoff(3))
    assert both.progress(LOOK) == "interrupted"
    assert log == [
        ("recorder", 3),
        ("person", 3),
        ("person", None),
        ("recorder", "interrupted"),
    ]


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ((), None),
        ((None, None), None),
        ((False, True), True),
        (("time", "interrupted"), "interrupted"),
        (("stopped", None), "stopped"),
    ],
)
def test_the_wish_of_who_is_asked_first_counts(wishes, expected):
    found = together(None, *(Onlooker([], "x", wish) for wish in wishes)).progress(LOOK)
    assert found == expected or (not found and not expected)


def test_one_who_looks_on_alone_stays_alone():
    alone = Onlooker([], "x")
    assert together(None, alone) is alone
    inner = together(together(alone, None), together())
    assert inner.progress(LOOK) is None
