from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.errors import DataError, FileError, UsageError
from madaline.pipeline.run import run
from madaline.runs import recorder
from madaline.runs.resume import resume_run
from madaline.runs.start import start_run
from madaline.settings.table import Settings
from madaline.store.bundle import load_model
from madaline.train.history import CURVES
from tools import Onlooker, interrupter

pytestmark = pytest.mark.usefixtures("quick_compilation")

N = 300
X = np.random.default_rng(0).normal(size=(N, 2))
QUICK = {
    "preset": "classic",
    "hidden": (8,),
    "epochs": 60,
    "batch_size": 32,
    "patience": 0,
    "members": 2,
}


@pytest.fixture(autouse=True)
def _a_file():
    lines = [f"{a!r},{b!r},{a * b + a!r}" for a, b in X.tolist()]
    Path("rows.csv").write_text("\n".join(["a,b,y", *lines]))


def started(folder="run", *, data="rows.csv", watch=None, **chosen):
    return start_run(data, "y", Settings(**{**QUICK, **chosen}), output=folder, watch=watch)


def bits(done):
    return {name: value.tobytes() for name, value in done.predictor.weights.items()}


def events(folder):
    return [json.loads(line) for line in Path(folder, "events.jsonl").read_text().splitlines()]


def test_a_folder_an_onlooker_and_the_way_rows_came_change_no_bit():
    settings = Settings(**QUICK)
    table = as_table({"a": X[:, 0], "b": X[:, 1], "y": X[:, 0] * X[:, 1] + X[:, 0]})
    written = started("run", watch=Onlooker())
    assert bits(written) == bits(started("again")) == bits(run(Dataset(table, ("y",)), settings))


def test_the_model_in_the_folder_is_the_one_returned():
    done = started()
    kept = load_model("run")
    assert {name: value.tobytes() for name, value in kept.weights.items()} == bits(done)
    assert kept.about["verdict"]["code"] == done.verdict.code
    assert kept.about["settings"]["hidden"] == [8]
    assert done.summary.run == "run"
    json.dumps(done.summary.as_dict(), allow_nan=False)


def test_the_log_holds_what_the_onlooker_saw():
    watch = Onlooker()
    started(watch=watch)
    log = events("run")
    assert [event["kind"] for event in log] == ["start", *(event.kind for event in watch.events)]
    assert [event["n"] for event in log] == list(range(1, len(log) + 1))
    assert [e["epoch"] for e in log if e["kind"] == "epoch"] == list(range(1, 61))


@pytest.mark.parametrize("chunks", [1, 2, 3])
def test_an_interrupted_run_ends_as_the_unbroken_one(chunks):
    unbroken = started("unbroken", dropout=0.2, epochs=400)
    broken = started("broken", dropout=0.2, epochs=400, watch=interrupter(chunks))
    assert broken.why == "interrupted"
    assert len(broken.history) < 400
    assert load_model("broken").predict(as_table({"a": [1.0], "b": [2.0]})).shape == (1,)
    done = resume_run("broken")
    assert (done.why, bits(done)) == ("done", bits(unbroken))
    for name in CURVES:
        assert np.array_equal(
            getattr(done.history, name), getattr(unbroken.history, name), equal_nan=True
        )
    assert (np.diff(done.history.seconds) >= 0).all()
    assert done.summary.scores == unbroken.summary.scores
    kinds = [event["kind"] for event in events("broken")]
    assert kinds == [event["kind"] for event in events("unbroken")]
    epochs = [event["epoch"] for event in events("broken") if event["kind"] == "epoch"]
    assert epochs == list(range(1, 401))


def test_patience_and_the_best_weights_survive_an_interruption():
    chosen = {"epochs": 2000, "patience": 30, "learning_rate": 0.02}
    unbroken = started("unbroken", **chosen)
    assert unbroken.why == "stopped_early"
    started("broken", **chosen, watch=interrupter(2))
    done = resume_run("broken", watch=interrupter(2))
    if done.why == "interrupted":
        done = resume_run("broken")
    assert (done.why, len(done.history)) == ("stopped_early", len(unbroken.history))
    assert bits(done) == bits(unbroken)


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew():
    unbroken = started("unbroken")
    started("broken", watch=interrupter())
    for path in Path("broken").glob("checkpoint*"):
        path.unlink()
    assert bits(resume_run("broken")) == bits(unbroken)
    assert [e["kind"] for e in events("broken")] == [e["kind"] for e in events("unbroken")]


def test_a_run_that_was_killed_before_its_model_was_written_is_finished_by_resume():
    unbroken = started("unbroken")
    started("broken")
    Path("broken", "model.madaline").unlink()
    assert bits(resume_run("broken")) == bits(unbroken)
    assert Path("broken", "model.madaline").exists()


def test_a_damaged_checkpoint_is_told_and_the_one_before_taken(monkeypatch):
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.0)
    unbroken = started("unbroken", epochs=400)
    started("broken", epochs=400, watch=interrupter(3))
    newest = Path("broken", "checkpoint.safetensors")
    newest.write_bytes(newest.read_bytes()[:-3])
    watch = Onlooker()
    assert bits(resume_run("broken", watch=watch)) == bits(unbroken)
    (text,) = watch.texts("alert")
    assert "the checkpoint before it" in text


@pytest.mark.parametrize("change", ["a row less", "target doubled", "a cell", "column renamed"])
def test_other_data_are_refused(change):
    started(watch=interrupter(), epochs=400)
    lines = Path("rows.csv").read_text().splitlines()
    if change == "a row less":
        lines = lines[:-1]
    elif change == "target doubled":
        rows = [[float(cell) for cell in line.split(",")] for line in lines[1:]]
        lines[1:] = [f"{a!r},{b!r},{2 * y!r}" for a, b, y in rows]
    elif change == "a cell":
        lines[7] = "0.125," + lines[7].split(",", 1)[1]
    else:
        lines[0] = "a,c,y"
    Path("rows.csv").write_text("\n".join(lines))
    before = Path("run", "events.jsonl").read_bytes()
    with pytest.raises(UsageError, match="not what the run began with"):
        resume_run("run")
    assert Path("run", "events.jsonl").read_bytes() == before


def test_a_finished_run_is_refused():
    started()
    before = Path("run", "events.jsonl").read_bytes()
    with pytest.raises(UsageError, match=r"finished \(done\)"):
        resume_run("run")
    assert Path("run", "events.jsonl").read_bytes() == before


@pytest.mark.parametrize("name", ["jaxlib", "threads", "processor"])
def test_another_environment_is_told_in_one_warning(name):
    unbroken = started("unbroken")
    started("run", watch=interrupter())
    about = json.loads(Path("run", "run.json").read_text())
    about["environment"][name] = "0.0.1"
    Path("run", "run.json").write_text(json.dumps(about))
    watch = Onlooker()
    assert bits(resume_run("run", watch=watch)) == bits(unbroken)
    (text,) = watch.texts("alert")
    assert text.startswith(f"Not bit-identical to the unbroken run: {name} 0.0.1 -> ")


def test_the_same_environment_is_no_warning():
    started(watch=interrupter())
    watch = Onlooker()
    resume_run("run", watch=watch)
    assert watch.texts("alert") == []


def test_rows_that_came_from_no_file_must_be_given_again():
    table = as_table({"a": X[:, 0], "b": X[:, 1], "y": X[:, 0] * X[:, 1]})
    unbroken = started("unbroken", data=table)
    started("run", data=table, watch=interrupter())
    with pytest.raises(UsageError, match="Give them again"):
        resume_run("run")
    assert bits(resume_run("run", table)) == bits(unbroken)


def test_weights_given_with_the_rows_are_given_again():
    table = as_table({"a": X[:, 0], "b": X[:, 1], "y": X[:, 0] * X[:, 1]})
    weight, settings = np.arange(N) + 1.0, Settings(**QUICK)
    unbroken = start_run(table, "y", settings, output="unbroken", weight=weight)
    start_run(table, "y", settings, output="run", weight=weight, watch=interrupter())
    with pytest.raises(UsageError, match="not what the run began with"):
        resume_run("run", table)
    assert bits(resume_run("run", table, weight=weight)) == bits(unbroken)


def test_a_run_and_its_files_are_found_from_another_folder(monkeypatch):
    text = Path("rows.csv").read_text()
    Path("own.csv").write_text(text)
    chosen = {"validation": "own.csv", "test": "own.csv"}
    unbroken = started("unbroken", **chosen)
    assert unbroken.summary.rows.as_dict() == {"train": N, "validation": N, "test": N}
    started("run", **chosen, watch=interrupter())
    folder = Path("run").resolve()
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert bits(resume_run(folder)) == bits(unbroken)


@pytest.mark.parametrize(
    ("chosen", "error"),
    [({"loss": "cross_entropy"}, DataError), ({"optimizer": "lbfgs"}, UsageError)],
    ids=["data", "settings"],
)
def test_a_run_that_never_trained_leaves_its_name_free(chosen, error):
    text = Path("rows.csv").read_text()
    with pytest.raises((error, UsageError)):
        started("run", **chosen, **({} if error is UsageError else {"task": "regression"}))
    assert not Path("run").exists()
    Path("rows.csv").write_text(text)
    started("run")


def test_two_runs_never_share_a_folder():
    started("run")
    with pytest.raises(FileError, match="not empty"):
        started("run")


def test_a_run_without_a_name_is_called_by_the_day_and_its_file():
    done = start_run("rows.csv", "y", Settings(**QUICK))
    assert done.folder.parent.name == "runs"
    assert done.folder.name[4:] == "-rows"
    assert done.folder.name[:4].isdigit()


def test_an_unknown_target_makes_no_folder():
    with pytest.raises(DataError, match="There is no column 'Y'"):
        start_run("rows.csv", "Y", output="run")
    assert not Path("run").exists()


@pytest.mark.parametrize("missing", ["data", "settings", "target", "environment"])
def test_a_run_file_that_lacks_something_is_refused_in_one_line(missing):
    started(watch=interrupter())
    about = json.loads(Path("run", "run.json").read_text())
    del about[missing]
    Path("run", "run.json").write_text(json.dumps(about))
    with pytest.raises(FileError) as caught:
        resume_run("run")
    assert "\n" not in str(caught.value)


def test_a_setting_that_is_refused_leaves_no_folder_behind():
    with pytest.raises(UsageError):
        start_run("rows.csv", "y", Settings(optimizer="lbfgs", batch_size=8), output="run")
    assert not Path("run").exists()
