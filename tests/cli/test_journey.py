"""The commands on the real thing: a small table is trained on, judged, shown and used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

Call = Callable[..., Result]


@pytest.fixture
def flats(here: Path) -> Path:
    draw = np.random.default_rng(0)
    rooms, area = draw.integers(1, 6, 200), draw.uniform(20, 120, 200).round(1)
    cheap = np.where(area + 10 * rooms < 100, "yes", "no")
    lines = [f"{r},{a},{c}" for r, a, c in zip(rooms, area, cheap, strict=True)]
    path = here / "flats.csv"
    path.write_text("\n".join(["rooms,area,cheap", *lines]) + "\n")
    return path


def test_a_table_is_trained_on_and_the_network_used(call: Call, flats: Path) -> None:
    done = call(
        "fit", "flats.csv", "-t", "cheap", "--epochs", "20", "--hidden", "8", "--set",
        "learning_rate=0.02", "--json", "-o", "run",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["run"] == "run"
    origins = json.loads(Path("run/run.json").read_text())["origins"]
    assert origins["epochs"] == "option"
    assert origins["learning_rate"] == "--set"

    predicted = call("predict", "run", "flats.csv", "--proba")
    assert predicted.stdout.splitlines()[0] == "prediction,p_no,p_yes"
    assert len(predicted.stdout.splitlines()) == 201

    judged = call("evaluate", "run", "flats.csv", "--fail-under", "accuracy=0.7")
    assert judged.exit_code == 0, judged.stderr

    shown = call("info", "run")
    assert shown.exit_code == 0, shown.stderr
    for part in ("binary classification", "area", "rooms", "Verdict"):
        assert part in shown.stdout

    again = call("fit", "--resume", "run")
    assert again.exit_code == 2
    assert "finished" in again.stderr


def test_the_report_of_a_real_run_reads_from_top_to_bottom(call: Call, flats: Path) -> None:
    done = call("fit", "flats.csv", "-t", "cheap", "--epochs", "2", "--hidden", "none")
    assert done.exit_code == 0, done.stderr
    order = [
        "Data ",
        "Target ",
        "Split ",
        "Network ",
        "Trained ",
        "Scores on",
        "Verdict ",
        "Saved ",
    ]
    places = [done.stdout.index(f"\n{label}" if i else label) for i, label in enumerate(order)]
    assert places == sorted(places)
    assert "epoch 1" in done.stderr


@pytest.mark.parametrize(
    ("options", "mended"),
    [
        (("--optimizer", "lbfgs", "--dropout", "0.2"), "(--optimizer adam)"),
        (("--optimizer", "lbfgs", "--batch-size", "32"), "(--batch-size full)"),
        (("--momentum", "0.5"), "(--optimizer momentum)"),
        (("--task", "regression"), "or leave the task out."),
    ],
)
def test_an_error_from_deep_inside_speaks_of_options(
    call: Call, flats: Path, options: tuple[str, ...], mended: str
) -> None:
    result = call("fit", "flats.csv", "-t", "cheap", *options)
    assert result.exit_code in (2, 3)
    assert result.stderr.endswith(f"{mended}\n")
