from __future__ import annotations

import numpy as np
import pytest

from madaline.errors import UsageError
from madaline.settings.recipes import complete
from madaline.settings.table import Settings
from madaline.study.ranges import Range, Values
from madaline.study.space import default_space, draw_trials


def _space(**chosen):
    given = Settings(**chosen)
    return default_space(given, complete(given, 1000))


def test_the_default_space_lies_around_the_preset():
    space = _space(preset="balanced")
    assert list(space) == ["learning_rate", "weight_decay", "dropout"]
    preset = complete(Settings(preset="balanced"), 1000)
    assert space["learning_rate"].at(0.5) == pytest.approx(preset.learning_rate)
    assert space["weight_decay"].at(0.5) == pytest.approx(preset.weight_decay)
    assert space["dropout"].at(0.0) <= preset.dropout <= space["dropout"].at(1.0)


def test_what_a_person_chose_is_not_varied():
    assert list(_space(learning_rate=0.1, dropout=0.0)) == ["weight_decay"]


def test_what_would_have_no_effect_is_not_varied():
    assert list(_space(optimizer="sgd", hidden=())) == ["learning_rate"]


def test_nothing_left_to_vary_is_said():
    with pytest.raises(UsageError, match="nothing to vary"):
        _space(optimizer="lbfgs")
    with pytest.raises(UsageError, match="nothing to vary"):
        draw_trials({}, 4, Settings())
    with pytest.raises(UsageError, match="nothing to vary"):
        draw_trials({"dropout": Values((0.2,))}, 4, Settings(dropout=0.2))


def test_the_first_trial_is_the_settings_as_they_are_and_no_other_one_is():
    space = {"dropout": Values((0.0, 0.2)), "l2": Values((0.0, 1e-3))}
    trials = draw_trials(space, 10, Settings(dropout=0.2))
    assert trials == (
        {}, {"dropout": 0.0, "l2": 0.0}, {"dropout": 0.0, "l2": 1e-3}, {"dropout": 0.2, "l2": 1e-3}
    )  # fmt: skip


def test_a_grid_that_is_too_large_is_sampled_without_repeats():
    trials = draw_trials({"l2": Values(tuple(range(100)))}, 20, Settings())
    values = [trial["l2"] for trial in trials[1:]]
    assert len(trials) == 20
    assert len(set(values)) == 19


def test_trials_end_where_a_space_holds_no_more():
    space = {"l2": Values((1e-3, 1e-2)), "dropout": Values((0.5,) * 40)}
    assert len(draw_trials(space, 16, Settings())) == 3


def test_draws_fill_a_space_evenly_and_one_seed_gives_one_search():
    space = {"learning_rate": Range(1e-4, 1e-2, log=True), "dropout": Range(0.0, 0.4)}
    trials = draw_trials(space, 65, Settings(seed=3))
    assert trials == draw_trials(space, 65, Settings(seed=3))
    assert trials != draw_trials(space, 65, Settings(seed=4))
    assert trials[:17] == draw_trials(space, 17, Settings(seed=3))
    places = np.log([trial["learning_rate"] for trial in trials[1:]])
    counts, _ = np.histogram(places, bins=8, range=(np.log(1e-4), np.log(1e-2)))
    assert counts.tolist() == [8] * 8


def test_one_trial_is_no_search_and_some_settings_cannot_be_varied():
    with pytest.raises(UsageError, match="no search"):
        draw_trials({"l2": Range(0, 1)}, 1, Settings())
    with pytest.raises(UsageError, match="cannot vary seed"):
        draw_trials({"seed": Values((1, 2))}, 4, Settings())
