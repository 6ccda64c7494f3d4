"""Killed at any moment and resumed, a run ends with the bits of the unbroken one."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from madaline.store.bundle import load_model
from madaline.store.checkpoint import load_checkpoint

ROWS, EPOCHS = 2000, 60

# Trains, or goes on; says each epoch, and saves at nearly every look.
CHILD = """
import sys
from pathlib import Path
from madaline.runs import recorder, resume, start
from madaline.settings.table import Settings

class Watch:
    def event(self, event):
        if event.kind == "epoch":
            print(event.epoch, flush=True)
    def progress(self, progress):
        return None

recorder.CHECKPOINT_SECONDS = 0.01
data, folder, epochs = *sys.argv[1:3], int(sys.argv[3])
if Path(folder, "run.json").exists():
    resume.resume_run(folder, watch=Watch())
else:
    chosen = {"hidden": (16, 16), "batch_size": 2, "dropout": 0.1, "patience": 0}
    settings = Settings(preset="classic", epochs=epochs, test=0.1, **chosen)
    start.start_run(data, "y", settings, output=folder, watch=Watch())
"""


def write_rows(path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 4))
    y = np.where(x[:, 0] * x[:, 1] + 0.3 * rng.normal(size=ROWS) > 0, "yes", "no")
    lines = [
        ",".join(map(repr, row)) + f",{label}" for row, label in zip(x.tolist(), y, strict=True)
    ]
    path.write_text("\n".join(["a,b,c,d,y", *lines]))


def train(data, folder, *, kill_after=None, moments=None):
    """The child's exit code; with ``kill_after`` it is killed some moments after that epoch."""
    command = [sys.executable, "-c", CHILD, str(data), str(folder), str(EPOCHS)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        for line in child.stdout:
            if kill_after is not None and int(line) >= kill_after:
                try:
                    child.wait(moments.uniform(0, 0.05))
                except subprocess.TimeoutExpired:
                    child.send_signal(signal.SIGKILL)
                break
        _, said = child.communicate()
    assert child.returncode in (0, -signal.SIGKILL), said
    return child.returncode


def epochs_saved(folder):
    saved = load_checkpoint(folder) if Path(folder).exists() else None
    return saved.cursor["epoch"] if saved else 0


def broken(data, folder, kills, moments):
    """Kill and resume until it ends; how often it was killed."""
    done = 0
    for _ in range(kills):
        at = epochs_saved(folder) + moments.randint(1, EPOCHS // 10)
        done += train(data, folder, kill_after=at, moments=moments) != 0
        if Path(folder, "model.madaline").exists():
            return done
    assert train(data, folder) == 0
    return done


def outcome(folder):
    """Weights, curves and told epochs."""
    arrays = dict(load_model(folder).weights)
    arrays |= load_checkpoint(folder).arrays
    arrays.pop("history:seconds")
    lines = Path(folder, "events.jsonl").read_text().splitlines()
    told = [event["epoch"] for event in map(json.loads, lines) if event["kind"] == "epoch"]
    return {name: value.tobytes() for name, value in arrays.items()}, told


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    place = tmp_path_factory.mktemp("unbroken")
    write_rows(place / "rows.csv")
    assert train(place / "rows.csv", place / "run") == 0
    return place


def test_killed_at_random_moments_a_run_ends_with_the_same_bits(unbroken, tmp_path):
    kills = broken(unbroken / "rows.csv", tmp_path / "run", 3, random.Random(0))
    assert kills >= 3
    weights, told = outcome(tmp_path / "run")
    assert told == list(range(1, EPOCHS + 1))
    assert (weights, told) == outcome(unbroken / "run")
