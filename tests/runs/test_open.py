"""The one door into a finished run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.errors import FileError, UsageError
from madaline.runs.open import open_run
from madaline.runs.start import start_run
from madaline.settings.table import Settings
from madaline.train.state import state_arrays
from tools import interrupter

TINY = Settings(preset="classic", hidden=(4,), epochs=4)


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k], equal_nan=True) for k in a)


@pytest.mark.parametrize(
    "settings",
    [
        TINY,
        replace(TINY, patience=0),
        Settings(epochs=3, members=2),
        replace(TINY, optimizer="lbfgs"),
    ],
    ids=["best", "last", "folds", "lbfgs"],
)
def test_a_finished_run_is_opened_as_it_was(settings):
    done = start_run("iris", "species", settings, output="run")
    again = open_run("run")
    assert same(state_arrays(again.state), state_arrays(done.state))
    assert same(again.history.arrays(), done.history.arrays())
    assert same(dict(again.predictor.weights), dict(done.predictor.weights))
    assert (again.settings, again.why, again.folder) == (done.settings, done.why, done.folder)
    assert again.verdict == done.verdict
    assert again.scores == done.scores
    assert again.summary == done.summary


def test_one_that_the_clock_ended_is_finished_too():
    done = start_run("iris", "species", replace(TINY, time_budget=1e-9), output="run")
    assert done.why == "time"
    assert same(state_arrays(open_run("run").state), state_arrays(done.state))


def test_rows_that_are_others_are_refused():
    table = as_table({"x": np.arange(60.0), "y": np.arange(60.0) % 2})
    start_run(table, "y", TINY, output="run")
    assert open_run("run", table).why == "done"
    with pytest.raises(UsageError, match="not at hand"):
        open_run("run")
    other = as_table({"x": np.arange(60.0) + 1, "y": np.arange(60.0) % 2})
    with pytest.raises(UsageError, match="not what the run began with"):
        open_run("run", other)


def test_a_run_that_is_not_finished_is_to_be_resumed_first():
    start_run("iris", "species", replace(TINY, epochs=300), output="run", watch=interrupter())
    with pytest.raises(UsageError, match="not finished"):
        open_run("run")


def test_a_run_without_its_checkpoints_is_no_run_to_open():
    done = start_run("iris", "species", TINY, output="run")
    for path in done.folder.glob("checkpoint*"):
        path.unlink()
    with pytest.raises(FileError, match="no checkpoint of its end"):
        open_run("run")
