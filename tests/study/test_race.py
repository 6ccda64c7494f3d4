from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from madaline.data.dataset import Dataset
from madaline.pipeline.run import run
from madaline.study.arms import GROUP
from madaline.study.race import race, rungs, survivors
from madaline.train.chunk import run_chunk
from madaline.train.state import state_arrays

RATES = [{}, *({"learning_rate": rate} for rate in (1e-5, 1e-3, 3e-3, 3e-2, 0.1, 1.0))]


def _same(a, b):
    a, b = state_arrays(a), state_arrays(b)
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)


def test_rungs_are_where_the_cycles_of_the_presets_end():
    assert rungs(150) == (10, 30, 70, 150)
    assert rungs(1) == (1,)


def test_a_trial_is_the_network_that_a_run_of_its_settings_trains(small):
    entrants = small.entered(RATES[:4])
    raced = race(entrants)
    for entrant in raced:
        settings = small.settings(
            learning_rate=entrant.settings.learning_rate, members=1, drop=("c",)
        )
        done = run(Dataset(small.table(), ("y",)), settings)
        assert entrant.scores[-1] == pytest.approx(float(done.history.score.min()), rel=1e-5)


def test_the_better_half_goes_on_and_trial_0_always_does(small):
    entrants = small.entered([{"learning_rate": 1e-6}, *RATES[1:], {"weight_decay": 0.5}])
    told = []
    raced = race(entrants, tell=told.append)
    assert [rung.trials for rung in told] == [8, 4, 4, 4]
    assert [rung.epoch for rung in told] == [1, 3, 7, 15]
    assert told[0].preset > told[0].best
    finished = [entrant.number for entrant in raced if len(entrant.scores) == 4]
    behind = [entrant for entrant in raced if len(entrant.scores) == 1]
    assert 0 in finished
    assert len(finished) == len(behind) == 4
    firsts = {entrant.number: entrant.scores[0] for entrant in raced}
    best_others = sorted((score, number) for number, score in firsts.items() if number)
    assert {number for _, number in best_others[:3]} == set(finished) - {0}


def test_nothing_that_another_trial_does_changes_a_trial(small):
    trials = [{}, {"weight_decay": 0.2}, {"learning_rate": 1e30}, {"beta_1": 0.8}]
    broken = race(small.entered(trials))
    others = race(small.entered([*trials[:2], {"learning_rate": 2e-3}, trials[3]]))
    for number in (0, 1, 3):
        one, two = (next(e for e in found if e.number == number) for found in (broken, others))
        assert one.scores == two.scores
        assert _same(one.trained.state, two.trained.state)
    assert broken[-1].number == 2
    assert broken[-1].score >= max(entrant.score for entrant in broken[:-1])


def test_one_program_serves_all_trials_and_rungs_that_differ_in_numbers(small):
    entrants = small.entered([*RATES, {"dropout": 0.3}, {"weight_decay": 0.5}], "c")
    assert len({entrant.trained.program for entrant in entrants}) == 1
    before = run_chunk._cache_size()
    race(entrants)
    assert run_chunk._cache_size() == before + 1


def test_settings_that_decide_the_program_part_the_trials(small):
    entrants = small.entered([{}, {"hidden": (4,)}, *RATES[1:3]])
    programs = [entrant.trained.program for entrant in entrants]
    assert programs[0] is programs[2]
    assert programs[1] is not programs[0]
    assert [program.size for program in programs] == [3, 1, 3, 3]
    assert {len(entrant.scores) for entrant in race(entrants)} == {4}


def test_all_trials_begin_with_the_same_weights(small):
    entrants = small.entered(RATES[:3])
    assert all(_same(entrant.trained.state, entrants[0].trained.state) for entrant in entrants)
    assert {int(entrant.trained.opening.problem.hyper.member[0]) for entrant in entrants} == {0}
    assert jax.tree.leaves(entrants[0].trained.state.model)[0].shape[0] == 1


def test_no_group_begins_after_the_time_is_up(small):
    entrants = small.entered([*RATES, {"beta_1": 0.8}])
    raced = race(entrants, seconds=1e-9)
    assert [len(entrant.scores) for entrant in raced] == [1] * GROUP + [0] * (8 - GROUP)
    assert 0 in [entrant.number for entrant in raced[:GROUP]]


def test_a_score_that_is_no_number_comes_last(small):
    entrants = small.entered(RATES[:5])
    scored = [
        replace(entrant, scores=(score,))
        for entrant, score in zip(entrants, (9.0, np.nan, 3.0, 1.0, 2.0), strict=True)
    ]
    assert [entrant.number for entrant in survivors(scored)] == [0, 3, 4, 2]


def test_where_the_last_weights_are_kept_the_last_score_counts(small):
    entrants = small.entered([{}, {"learning_rate": 0.5}, *RATES[1:3]], patience=0)
    raced = race(entrants)
    worse = next(entrant for entrant in raced if entrant.number == 1)
    assert worse.score > float(np.asarray(worse.trained.state.best_score)[0])
