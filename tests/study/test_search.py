from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from madaline.data.dataset import Dataset
from madaline.errors import DataError, UsageError
from madaline.events.search import Runoff
from madaline.pipeline.run import run
from madaline.settings.table import Settings
from madaline.study import choice
from madaline.study import search as module
from madaline.study.choice import paired_gain
from madaline.study.ranges import Range, Values
from madaline.study.record import write_trials
from madaline.study.search import mixed, search

# The first is hopeless, the second learns.
RATES = {"learning_rate": Values((1e-6, 0.02))}


@pytest.fixture(scope="module")
def found(small):
    settings = small.settings(learning_rate=1e-6, drop=("c",))
    return search(Dataset(small.table(), ("y",)), settings, space=RATES)


def test_settings_that_are_clearly_better_are_taken(found):
    assert found.taken == (found.best,) == (1,)
    assert found.settings.learning_rate == 0.02
    assert found.comparison.gain > 3 * found.comparison.noise
    assert [trial.number for trial in found.trials] == [1, 0]
    assert found.varied == {"learning_rate": 1e-6}


def test_what_the_person_left_open_stays_open(found):
    assert found.settings.members is None
    assert found.settings.folds is None
    assert found.settings.dropout is None


def test_the_settings_are_kept_where_nothing_is_better_by_more_than_chance(
    small, found, monkeypatch
):
    settings = small.settings(learning_rate=1e-6, drop=("c",))
    monkeypatch.setattr(choice, "_CHOSEN_BY", 1e6)
    kept = search(Dataset(small.table(), ("y",)), settings, space=RATES)
    assert (kept.best, kept.taken, kept.changed) == (1, (), ())
    assert kept.settings == settings
    assert kept.comparison.gain == found.comparison.gain


def test_the_gain_of_losses_is_paired_and_weighted():
    hard = np.array([1.0, 100.0, 10.0, 5.0])
    gain, noise = paired_gain(hard, hard - 0.25, np.ones(4))
    assert gain == pytest.approx(0.25)
    assert noise == pytest.approx(0.0, abs=1e-12)
    falls = np.array([0.0, 1.0, 2.0, 3.0])
    gain, noise = paired_gain(hard, hard - falls, np.ones(4))
    assert noise == pytest.approx(falls.std() / 2)
    weight = np.array([0.0, 2.0, 0.0, 2.0])
    assert paired_gain(hard, hard - falls, weight)[0] == pytest.approx(2.0)


def test_test_rows_decide_nothing(small, found):
    table = small.table()
    settings = small.settings(learning_rate=1e-6, drop=("c",), test=0.0)
    rest, held = table.take(np.arange(170)), table.take(np.arange(170, 200))
    broken = replace(
        held, columns=tuple(replace(c, values=c.values[::-1].copy()) for c in held.columns)
    )
    one, two = (
        search(Dataset(rest, ("y",), test=test), settings, space=RATES).trials
        for test in (held, broken)
    )
    assert one == two


def test_without_held_out_rows_there_is_no_search(small):
    with pytest.raises(DataError, match="none are held out"):
        search(Dataset(small.table(), ("y",)), small.settings(validation=0.0))


def test_choices_without_effect_are_refused(small):
    with pytest.raises(UsageError, match=r"momentum = 0\.5 has no effect"):
        search(
            Dataset(small.table(), ("y",)), small.settings(), space={"momentum": Values((0.5, 0.6))}
        )


def test_trials_are_written_one_json_line_each(found, tmp_path):
    path = write_trials(tmp_path, found)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert path.name == "trials.jsonl"
    assert [line["number"] for line in lines] == [1, 0]
    assert lines[0]["choices"] == {"learning_rate": 0.02}
    assert lines[0]["scores"][-1] == lines[0]["score"]


def test_a_trial_that_breaks_loses_and_is_called_by_its_name(small):
    settings = small.settings(drop=("c",))
    space = {"learning_rate": Values((1e25, 1e30))}
    found = search(Dataset(small.table(), ("y",)), settings, space=space)
    assert found.taken == ()
    assert {trial.why for trial in found.trials if trial.number} == {"diverged"}


def test_a_time_budget_ends_the_search_with_what_is_known(small):
    settings = small.settings(drop=("c",), time_budget=1e-6)
    space = {"learning_rate": Range(1e-3, 1e-1, log=True)}
    found = search(Dataset(small.table(), ("y",)), settings, space=space, n_trials=6)
    assert [len(trial.scores) for trial in found.trials] == [1] * 4 + [0] * 2
    assert "time" in {trial.why for trial in found.trials}


def test_where_members_hold_out_rows_in_turn_whole_networks_are_compared(small):
    settings = small.settings(learning_rate=1e-6, drop=("c",), members=2, folds=True)
    told = []
    found = search(Dataset(small.table(), ("y",)), settings, space=RATES, tell=told.append)
    assert found.taken == (1,)
    assert found.comparison.rows == 60  # of two stretches, 30 each
    assert told[-1] == Runoff(1)
    assert {rung.kind for rung in told[:-1]} == {"rung"}
    before, after = (
        run(Dataset(small.table(), ("y",)), chosen) for chosen in (settings, found.settings)
    )
    fall = _encoded_mse(before) - _encoded_mse(after)
    assert found.comparison.gain == pytest.approx(fall, rel=1e-4)


def test_a_network_of_members_takes_the_better_trials_and_keeps_the_settings_in_half(small):
    settings = Settings(preset="fast", hidden=(8,), epochs=15, pieces=0, drop=("c",))
    settings = replace(settings, learning_rate=1e-6)
    found = search(Dataset(small.table(), ("y",)), settings, space=RATES)
    assert found.changed == ("members", "learning_rate")
    assert (found.best, found.taken) == (1, (1,))
    assert found.settings.members == 4
    assert found.settings.learning_rate == (1e-6, 1e-6, 0.02, 0.02)
    done = run(Dataset(small.table(), ("y",)), found.settings)
    assert done.settings.learning_rate == found.settings.learning_rate
    told = done.predictor.about["settings"]["learning_rate"]
    assert list(told) == [1e-6, 1e-6, 0.02, 0.02]
    given = replace(settings, members=2)  # a person's number of members stays
    assert search(Dataset(small.table(), ("y",)), given, space=RATES).settings.members == 2


def test_a_mixture_takes_turns():
    full = Settings(dropout=0.1, weight_decay=0.5)
    better = [{"dropout": 0.3}, {"dropout": 0.2, "weight_decay": 0.25}]
    assert mixed([], full, 8) == {}
    assert mixed(better[:1], full, 2) == {"members": 2, "dropout": (0.1, 0.3)}
    found = mixed(better, full, 8)
    assert found["weight_decay"] == (0.5,) * 6 + (0.25,) * 2
    assert mixed(better[:1], full, 8)["dropout"] == (0.1, 0.1, 0.3, 0.3) * 2


def _encoded_mse(done):
    scores = {score.name: score.value for score in done.scores["validation"].scores}
    return scores["mse"] / float(done.predictor.target.scale[0]) ** 2


def test_an_interrupted_comparison_ends_the_search(small, monkeypatch):
    settings = small.settings(drop=("c",), members=2, folds=True)
    stopped = run(Dataset(small.table(), ("y",)), settings)
    monkeypatch.setattr(module, "run", lambda *_, **__: replace(stopped, why="interrupted"))
    space = {"learning_rate": Values((0.02, 0.05, 0.1))}
    with pytest.raises(KeyboardInterrupt):
        search(Dataset(small.table(), ("y",)), replace(settings, learning_rate=1e-6), space=space)


def test_whole_networks_are_compared_also_where_trial_0_leads_the_race(small):
    settings = small.settings(learning_rate=0.02, drop=("c",), members=2, folds=True)
    space = {"learning_rate": Values((1e-4, 1e30))}
    found = search(Dataset(small.table(), ("y",)), settings, space=space)
    assert (found.best, found.taken) == (1, ())
    assert found.comparison.gain < 0
    assert found.comparison.rows == 60
