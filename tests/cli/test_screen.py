"""What a run told can be read again from its log, word by word."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from madaline.cli.interrupt import Stop
from madaline.cli.output import Output
from madaline.cli.progress import Silent
from madaline.cli.screen import Screen
from madaline.events.kinds import KINDS
from madaline.events.schema import schema
from madaline.store.folder import RunFolder

Call = Callable[..., Result]
QUICK = ("--set", "preset=classic", "--set", "hidden=8", "--set", "epochs=4", "-o", "run")


def test_the_demo_is_printed_from_the_events_it_wrote(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = call("demo", *QUICK)
    assert shown.exit_code == 0, shown.stderr
    screen = Screen(Output(), Stop(), Silent())
    for event in RunFolder.open("run", lock=False).read_events():
        screen.event(event)
    report, _, saved = shown.stdout.partition("\nSaved ")
    assert capsys.readouterr().out == report
    assert "madaline predict run" in saved


def test_the_lines_of_a_run_are_those_of_its_log(call: Call) -> None:
    shown = call("demo", *QUICK, "--events")
    assert shown.exit_code == 0, shown.stderr
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    with open("run/events.jsonl") as log:
        start, *written = map(json.loads, log)
    assert start["kind"] == "start"
    told = [{**line, "n": line["n"] + 1, "t": None} for line in lines]
    assert told == [{**line, "t": None} for line in written]
    shapes = schema()["$defs"]
    for line in (start, *written):
        assert set(line) == set(shapes[KINDS[line["kind"]].__name__]["required"])
