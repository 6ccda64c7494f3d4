from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]


def test_the_report_goes_to_stdout_and_progress_to_stderr(call: Call, runs: Any) -> None:
    result = call("fit", "people.csv", "-t", "sick")
    assert result.exit_code == 0
    for part in ("people.csv", "sick", "it learned.", "Saved ", "1123-people"):
        assert part in result.stdout
    assert "epoch" not in result.stdout.split("Saved ")[1]
    epochs = [line for line in result.stderr.splitlines() if line.lower().startswith("epoch")]
    assert 10 <= len(epochs) <= 12


def test_options_become_settings_with_their_origins(call: Call, runs: Any) -> None:
    Path("madaline.toml").write_text("seed = 5\nmembers = 3")
    call(
        "fit", "people.csv", "-t", "a", "--target", "b", "--hidden", "none", "--batch-size", "full",
        "--drop", "id", "--drop", "x,y", "--validation", "held-out.csv", "--set", "seed=7",
        "-o", "here",
    )  # fmt: skip
    asked = runs.calls[0]
    settings, origins = asked["settings"], asked["origins"]
    assert asked["data"] == "people.csv"
    assert asked["target"] == ("a", "b")
    assert asked["output"] == "here"
    assert settings.hidden == ()
    assert settings.batch_size == "full"
    assert settings.drop == ("id", "x", "y")
    assert settings.validation == "held-out.csv"
    assert (settings.seed, origins["seed"]) == (7, "--set")
    assert (settings.members, origins["members"]) == (3, "madaline.toml")
    assert (settings.epochs, origins["epochs"]) == (None, "preset")
    assert origins["target"] == "option"


def test_the_target_may_come_from_the_configuration(call: Call, runs: Any) -> None:
    Path("madaline.toml").write_text("[data]\ntarget = 'sick'")
    assert call("fit", "people.csv").exit_code == 0
    assert runs.calls[0]["target"] == ("sick",)


def test_json_is_one_object_and_nothing_else(call: Call, runs: Any) -> None:
    result = call("fit", "people.csv", "-t", "sick", "--json")
    found = json.loads(result.stdout)
    assert found["schema"] == "madaline.fit/1"
    assert found["verdict"]["code"] == "fine"
    assert result.stderr == ""


def test_events_are_json_lines_in_order(call: Call, runs: Any) -> None:
    result = call("fit", "people.csv", "-t", "sick", "--events")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    kinds = [event["kind"] for event in events]
    assert kinds[:4] == ["data", "alert", "network", "epoch"]
    assert kinds[-3:] == ["scores", "verdict", "end"]
    assert [event["n"] for event in events] == list(range(1, len(events) + 1))
    assert result.stderr == ""


def test_quiet_prints_nothing(call: Call, runs: Any) -> None:
    result = call("fit", "people.csv", "-t", "sick", "-q")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 0)


def test_verbose_says_where_settings_come_from(call: Call, runs: Any) -> None:
    result = call("fit", "people.csv", "-t", "sick", "--epochs", "5", "-v")
    assert "epochs = 5  (option)" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["people.csv"], "--target"),
        (["-t", "sick"], "DATA"),
        (["people.csv", "-t", "sick", "--epochs", "0"], "at least 1"),
        (["people.csv", "-t", "sick", "--optimizer", "adamm"], "Did you mean 'adam"),
        (["people.csv", "-t", "sick", "--set", "epoch=1"], "Did you mean 'epochs'"),
        (["people.csv", "-t", "sick", "--json", "--events"], "do not go together"),
        (["people.csv", "--resume", "runs/x"], "DATA would change"),
        (["--resume", "runs/x", "--epochs", "5"], "--epochs would change"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    call: Call, runs: Any, arguments: list[str], message: str
) -> None:
    result = call("fit", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not runs.calls


def test_resume_goes_on_with_the_run_alone(call: Call, runs: Any) -> None:
    assert call("fit", "--resume", "runs/x").exit_code == 0
    assert runs.calls == [{"resume": "runs/x"}]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_after_the_epochs_in_flight_and_tells_how_to_go_on(
    call: Call, runs: Any, number: int, code: int
) -> None:
    runs.before = lambda epoch: send(number) if epoch == 5 else None
    result = call("fit", "people.csv", "-t", "sick")
    assert result.exit_code == code
    assert "Stopping" in result.stderr
    assert "madaline fit --resume" in result.stderr.splitlines()[-1]
    assert "1123-people" in result.stderr.splitlines()[-1]
    assert "error" not in result.stderr.splitlines()[-1]
    assert "Saved " not in result.stdout


def test_a_signal_before_training_ends_at_once(call: Call, runs: Any) -> None:
    runs.before = lambda epoch: send(signal.SIGTERM)
    result = call("fit", "people.csv", "-t", "sick")
    assert result.exit_code == 143
    assert "before training began" in result.stderr


def test_an_interruption_is_told_in_json_too(call: Call, runs: Any) -> None:
    runs.before = lambda epoch: send(signal.SIGINT) if epoch == 5 else None
    result = call("fit", "people.csv", "-t", "sick", "--json")
    found = json.loads(result.stdout)
    assert found["schema"] == "madaline.fit/1"
    assert found["error"]["code"] == "interrupted"
    assert "--resume" in found["error"]["hint"]


def test_a_diverged_training_ends_with_code_4_and_the_report(call: Call, runs: Any) -> None:
    runs.why = "diverged"
    result = call("fit", "people.csv", "-t", "sick")
    assert result.exit_code == 4
    assert "it learned." in result.stdout
    assert "learning-rate" in result.stderr


def test_the_demo_trains_on_penguins_here(call: Call, runs: Any) -> None:
    result = call("demo", "--set", "hidden=none")
    assert result.exit_code == 0
    asked = runs.calls[0]
    assert (asked["data"], asked["target"], asked["output"]) == ("penguins", ("species",), None)
    assert asked["settings"].hidden == ()
    assert "penguins" in result.stderr


def test_an_unknown_sample_is_refused_with_the_known(call: Call, runs: Any) -> None:
    result = call("demo", "penguin")
    assert result.exit_code == 2
    assert "Did you mean 'penguins'" in result.stderr


def test_the_demo_ignores_settings_that_are_meant_for_other_data(call: Call, runs: Any) -> None:
    Path("madaline.toml").write_text("drop = ['no such column']")
    call("demo")
    assert runs.calls[0]["settings"].drop == ()


def send(number: int) -> None:
    """Send the signal to this process and wait until it was counted."""
    import time

    os.kill(os.getpid(), number)
    time.sleep(0.1)
