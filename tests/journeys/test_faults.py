"""Whatever ends a process, its run goes on to the same bits, and no good file is harmed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from madaline.errors import UsageError
from madaline.runs import recorder
from madaline.runs.resume import resume_run
from madaline.runs.start import start_run
from madaline.settings.table import Settings
from madaline.store.bundle import load_model
from madaline.store.checkpoint import load_checkpoint
from tools import interrupter

pytestmark = pytest.mark.usefixtures("quick_compilation")

CALLS = (
    "open", "mkdir", "write", "fsync", "replace", "link", "unlink", "ftruncate", "rmdir",
)  # fmt: skip
SETTINGS = Settings(preset="classic", hidden=(4,), epochs=4, batch_size=16, patience=0, test=0.0)


class Killed(BaseException):
    """Stands for SIGKILL: from here on nothing of the process happens."""


class Mortal:
    """Lets the process die at the k-th call that could change a file."""

    def __init__(self, patch, at):
        self.calls, self.at, self.handles = 0, at, set()
        self._close = os.close
        patch.setattr(os, "close", self._closed)
        for name in CALLS:
            patch.setattr(os, name, self._wrapped(getattr(os, name), name))
        patch.setattr(Path, "open", self._wrapped(Path.open, "Path.open"))

    def _wrapped(self, function, name):
        def call(*arguments, **options):
            self.calls += 1
            if self.calls == self.at and name == "write":
                handle, content = arguments
                function(handle, content[: len(content) // 2])  # a torn line
            if self.calls >= self.at:
                raise Killed
            result = function(*arguments, **options)
            if name == "open":
                self.handles.add(result)
            return result

        return call

    def _closed(self, handle):
        self.handles.discard(handle)
        self._close(handle)

    def bury(self):
        """What the system closes, which gives back the lock."""
        for handle in self.handles:
            self._close(handle)


@pytest.fixture(autouse=True)
def _rows(monkeypatch):
    x = np.random.default_rng(0).normal(size=(80, 2))
    lines = [f"{a!r},{b!r},{a * b + a!r}" for a, b in x.tolist()]
    Path("rows.csv").write_text("\n".join(["a,b,y", *lines]))
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.0)


def started(folder, watch=None):
    return start_run("rows.csv", "y", SETTINGS, output=folder, watch=watch)


def gone_on_with(folder):
    """As a person would: resume, or start again where nothing was begun."""
    if not Path(folder, "run.json").exists():
        return started(folder)
    try:
        return resume_run(folder)
    except UsageError as error:
        if "is finished (done)" not in str(error):
            raise
        return None


def outcome(folder):
    """Weights, where training stood, and told events; all but the times."""
    arrays = {**load_model(folder).weights, **load_checkpoint(folder).arrays}
    arrays.pop("history:seconds")
    lines = map(json.loads, Path(folder, "events.jsonl").read_text().splitlines())
    told = [(event["n"], event["kind"], event.get("epoch")) for event in lines]
    return {name: value.tobytes() for name, value in arrays.items()}, told


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def kills(life, monkeypatch, before=lambda folder: None):
    """Call ``life`` with the name of a folder, and let it die at every call; yields the names."""
    for at in range(1, 1000):
        folder = f"run{at}"
        before(folder)
        with monkeypatch.context() as patch:
            mortal = Mortal(patch, at)
            try:
                life(folder)
            except Killed:
                mortal.bury()
            else:
                assert mortal.calls < at
                return
        yield folder


def test_killed_at_every_call_of_its_life_a_run_ends_as_the_unbroken_one(monkeypatch):
    started("unbroken")
    n_kills = 0
    for folder in kills(started, monkeypatch):
        gone_on_with(folder)
        assert outcome(folder) == outcome("unbroken")
        assert names(folder) == names("unbroken")
        n_kills += 1
    assert n_kills >= 50


def test_killed_at_every_call_of_a_resumption_the_earlier_model_is_not_damaged(monkeypatch):
    started("unbroken")
    started("begun", interrupter())
    earlier, n_kills = load_model("begun").weights, 0

    def copy(folder):
        shutil.copytree("begun", folder)

    for folder in kills(resume_run, monkeypatch, copy):
        kept = load_model(folder).weights
        gone_on_with(folder)
        assert outcome(folder) == outcome("unbroken")
        assert names(folder) == names("unbroken")
        final = load_model(folder).weights
        assert any(
            all(kept[name].tobytes() == one[name].tobytes() for name in kept)
            for one in (earlier, final)
        )
        n_kills += 1
    assert n_kills >= 30
