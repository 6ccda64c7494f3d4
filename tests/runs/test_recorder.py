"""A run writes itself down, also where the disk is full or the folder goes away."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from madaline.errors import FileError, UsageError
from madaline.runs import recorder
from madaline.runs.resume import resume_run
from madaline.runs.start import start_run
from madaline.settings.table import Settings
from madaline.store import checkpoint, folder
from madaline.store.bundle import load_model
from tools import Onlooker, interrupter

pytestmark = pytest.mark.usefixtures("quick_compilation")

X = np.random.default_rng(0).normal(size=(300, 2))
QUICK = {"preset": "classic", "hidden": (8,), "epochs": 60, "batch_size": 32, "patience": 0}


@pytest.fixture(autouse=True)
def _a_file_and_many_checkpoints(monkeypatch):
    lines = [f"{a!r},{b!r},{a * b + a!r}" for a, b in X.tolist()]
    Path("rows.csv").write_text("\n".join(["a,b,y", *lines]))
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.0)


def started(name="run", *, watch=None, **chosen):
    return start_run("rows.csv", "y", Settings(**{**QUICK, **chosen}), output=name, watch=watch)


def interrupted(name="run", *, at=1):
    return started(name, watch=interrupter(at))


def bits(done):
    return {name: value.tobytes() for name, value in done.predictor.weights.items()}


def kinds(name="run"):
    lines = Path(name, "events.jsonl").read_text().splitlines()
    return [json.loads(line)["kind"] for line in lines]


def full(*_, **__):
    raise FileError("It cannot be written: the disk is full.") from OSError(errno.ENOSPC, "")


def broken(*_, **__):
    raise FileError("It cannot be written: the disk reports an error.") from OSError(errno.EIO, "")


def test_a_full_disk_in_mid_run_is_told_once_and_the_run_goes_on(monkeypatch):
    unbroken = started("unbroken")
    watch = Onlooker(lambda: monkeypatch.setattr(checkpoint, "save_checkpoint", full))
    done = started(watch=watch)
    assert bits(done) == bits(unbroken)
    (text,) = watch.texts()
    assert text.endswith("the disk is full. Training goes on and tries again.")
    assert bits(SimpleNamespace(predictor=load_model("run"))) == bits(unbroken)


def test_any_other_trouble_with_a_checkpoint_ends_the_run_at_once(monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(FileError, match="reports an error"):
        started(watch=Onlooker(lambda: patch.setattr(checkpoint, "save_checkpoint", broken), at=2))
    assert bits(resume_run("run")) == bits(started("unbroken"))


def test_without_a_written_model_nothing_succeeds_and_resume_writes_it(monkeypatch):
    unbroken = started("unbroken")
    watch = Onlooker()
    said = r"disk is full.*Then resume the run in run"
    with monkeypatch.context() as patch:
        patch.setattr(folder.bundle, "save_model", full)
        with pytest.raises(FileError, match=said):
            started(watch=watch)
    assert "end" not in [event.kind for event in watch.events]
    assert "end" not in kinds()
    assert not Path("run", "model.madaline").exists()
    done = resume_run("run")
    assert (bits(done), done.why) == (bits(unbroken), "done")
    assert kinds() == kinds("unbroken")


def test_an_interrupted_model_does_not_pass_for_the_finished_one(monkeypatch):
    interrupted()
    with monkeypatch.context() as patch:
        patch.setattr(folder.bundle, "save_model", full)
        with pytest.raises(FileError, match="disk is full"):
            resume_run("run")  # trained to the end, but the old model is still there
    unbroken = started("unbroken")
    assert bits(resume_run("run")) == bits(unbroken)
    assert bits(SimpleNamespace(predictor=load_model("run"))) == bits(unbroken)
    assert kinds() == kinds("unbroken")


@pytest.mark.parametrize("again", [False, True], ids=["gone", "made anew by another run"])
def test_a_folder_that_vanishes_in_mid_run_ends_it_and_nothing_is_written_there(again):
    def vanish():
        shutil.rmtree("run")
        if again:
            folder.RunFolder.create("run", {"other": True}).close()

    with pytest.raises(FileError, match="run was removed or replaced while the run went on"):
        started(watch=Onlooker(vanish, at=2))
    left = sorted(path.name for path in Path("run").iterdir()) if again else Path("run").exists()
    assert left == (["events.jsonl", "lock", "run.json"] if again else False)


@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPipeError, RuntimeError])
def test_what_breaks_before_training_leaves_no_folder(error):
    class Breaks(Onlooker):
        def event(self, event):
            if event.kind == "network":
                raise error

    with pytest.raises(error):
        started(watch=Breaks())
    assert sorted(os.listdir()) == ["rows.csv"]


def test_a_disk_that_is_too_full_is_told_before_training(monkeypatch):
    usage = SimpleNamespace(total=10**9, used=10**9, free=500)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    watch = Onlooker()
    with pytest.raises(FileError, match=r"run needs about .* MB; the disk has 0.0 MB left"):
        started(watch=watch)
    assert [event.kind for event in watch.events] == ["data"]
    assert not Path("run").exists()


def test_a_model_larger_than_a_file_may_be_is_told_before_training(monkeypatch):
    monkeypatch.setattr(folder, "LARGEST_ARCHIVE", 100)
    with pytest.raises(FileError, match=r"model file of run would need"):
        started()
    assert not Path("run").exists()


def edited(name, **settings):
    path = Path(name, "run.json")
    about = json.loads(path.read_text())
    about["settings"] |= settings
    path.write_text(json.dumps(about))


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"epochs": 90}, "epochs 60 -> 90"),
        ({"learning_rate": 0.5}, "learning_rate None -> 0.5"),
        ({"hidden": [9]}, r"hidden \(8,\) -> \(9,\)"),
    ],
)
def test_other_settings_are_refused(change, shown):
    interrupted()
    edited("run", **change)
    before = Path("run", "events.jsonl").read_bytes()
    with pytest.raises(UsageError, match=f"run began with other settings: {shown}"):
        resume_run("run")
    assert Path("run", "events.jsonl").read_bytes() == before


def test_class_weights_given_at_the_start_must_be_given_again():
    lines = ["a,b,y", *(f"{a!r},{b!r},{'yes' if a > 0.5 else 'no'}" for a, b in X.tolist())]
    Path("rows.csv").write_text("\n".join(lines))
    weights = {"yes": 3.0, "no": 1.0}
    watch = interrupter()
    settings = Settings(**QUICK)
    start_run("rows.csv", "y", settings, output="run", watch=watch, class_weight=weights)
    with pytest.raises(UsageError, match="class_weight given"):
        resume_run("run")
    assert resume_run("run", class_weight=weights).why == "done"


def test_a_part_that_ran_elsewhere_is_remembered(monkeypatch):
    interrupted()
    here = recorder.environment
    with monkeypatch.context() as patch:
        patch.setattr(recorder, "environment", lambda: {**here(), "threads": "77"})
        resume_run("run", watch=interrupter())
    watch = Onlooker()
    resume_run("run", watch=watch)
    (text,) = watch.texts()
    assert "threads 77 ->" in text


def test_a_run_that_was_killed_before_its_first_event_begins_anew():
    unbroken = started("unbroken")
    interrupted()
    for path in Path("run").glob("*"):
        if path.name not in ("run.json", "lock"):
            path.unlink()
    assert bits(resume_run("run")) == bits(unbroken)
    assert kinds() == kinds("unbroken")


def test_a_checkpoint_that_no_run_wrote_is_refused_in_one_line():
    interrupted()
    saved = checkpoint.load_checkpoint("run")
    crafted = [
        ({}, saved.cursor),
        ({k: v for k, v in saved.arrays.items() if k != "history:loss"}, saved.cursor),
        ({k: v[:-1] if k == "history:loss" else v for k, v in saved.arrays.items()}, saved.cursor),
        ({k: v.reshape(-1) for k, v in saved.arrays.items()}, saved.cursor),
        ({k: np.tile(v, (1, 2)) for k, v in saved.arrays.items()}, saved.cursor),
        ({k: v.astype(np.int32) for k, v in saved.arrays.items()}, saved.cursor),
        (saved.arrays, {**saved.cursor, "asked": {"settings": 7}}),
        *((saved.arrays, {**saved.cursor, name: None}) for name in saved.cursor if name != "step"),
    ]
    for arrays, cursor in crafted:
        checkpoint.save_checkpoint("run", arrays, cursor)
        with pytest.raises(FileError, match="checkpoint of run is damaged"):
            resume_run("run")
