from __future__ import annotations

import io
import json

import pytest

from madaline.cli.output import Output, colour_wanted, json_text, live_wanted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("mode", ["json", "events", "quiet"])
def test_only_text_mode_speaks_to_people(mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(mode)  # type: ignore[arg-type]
    output.result(["a result"])
    output.note("a note")
    assert capsys.readouterr() == ("", "")


def test_results_go_to_stdout_and_notes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.result(["a result"])
    output.note("a note")
    output.document("fit", {})
    assert capsys.readouterr() == ("a result\n", "a note\n")


def test_labels_are_bold_where_colour_is_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    Output().result(["Data      people.csv", "Dataset  x", ""])
    assert capsys.readouterr().out == "\x1b[1mData\x1b[0m      people.csv\nDataset  x\n\n"


def test_a_document_names_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    Output("json").document("fit", {"rows": 3})
    assert json.loads(capsys.readouterr().out) == {"schema": "madaline.fit/1", "rows": 3}


def test_json_has_no_nan() -> None:
    assert json_text([float("inf"), {"ä": float("nan")}]) == '[null, {"ä": null}]'


@pytest.mark.parametrize(
    ("environment", "terminal", "colour"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
    ],
)
def test_colour_obeys_the_environment(
    environment: dict[str, str], terminal: bool, colour: bool
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    assert colour_wanted(stream, environment) is colour


@pytest.mark.parametrize(
    ("environment", "terminal", "live"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"CI": "true"}, True, False),
        ({"CI": "false"}, True, True),
        ({"FORCE_COLOR": "1"}, False, False),
        ({"NO_COLOR": "1"}, True, True),
    ],
)
def test_a_live_line_needs_a_terminal(
    environment: dict[str, str], terminal: bool, live: bool
) -> None:
    assert live_wanted(Terminal() if terminal else io.StringIO(), environment) is live
