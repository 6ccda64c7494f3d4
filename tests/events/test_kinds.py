"""Lines of a log become records, also those of earlier versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from madaline.errors import DataError
from madaline.events.alert import Alert
from madaline.events.data import Data
from madaline.events.kinds import KINDS, VERSION, events_of
from madaline.events.training import Ended, Network

GOLDEN = Path(__file__).parents[1] / "golden" / "v1" / "run" / "events.jsonl"


def golden() -> list[dict]:
    return [json.loads(line) for line in GOLDEN.read_text().splitlines()]


def test_every_line_of_version_1_is_one_event_of_its_kind():
    for line in golden():
        (event,) = events_of(line)
        assert event.kind == line["kind"]


def test_what_version_1_did_not_tell_has_a_default():
    events = [event for line in golden() for event in events_of(line)]
    (network,) = [event for event in events if isinstance(event, Network)]
    (end,) = [event for event in events if isinstance(event, Ended)]
    assert (network.calibrated, network.embeddings[0].column) == (False, "town")
    assert (end.why, end.best_epochs) == ("interrupted", ())


def test_notices_of_version_1_become_alerts():
    line = golden()[1]
    notice = {"code": "constant", "text": "It is 1.", "columns": ["a"], "fix": "It is left out."}
    data, alert = events_of(line | {"notices": [notice]})
    assert isinstance(data, Data)
    expected = Alert("note", "constant", "It is 1.", action="It is left out.", columns=("a",))
    assert alert == expected
    note, warning = (
        next(events_of({"v": 1, "n": 1, "t": 0.0, "kind": kind, "text": "So."}))
        for kind in ("note", "warn")
    )
    assert (note.level, warning.level, warning.text) == ("note", "warn", "So.")


def test_an_unknown_kind_is_passed_over_and_an_unknown_field_is_not():
    head = {"v": VERSION, "n": 1, "t": 0.0}
    assert [*events_of({**head, "kind": "hologram", "colour": 3})] == []
    with pytest.raises(DataError, match="There is no 'colour' in Runoff"):
        [*events_of({**head, "kind": "runoff", "trial": 1, "colour": 3})]


def test_the_kinds_are_those_that_the_documents_name():
    assert " ".join(KINDS) == "start data network epoch alert scores verdict end rung runoff"
