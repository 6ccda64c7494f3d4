"""Many trainings as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from madaline.data.dataset import Dataset
from madaline.pipeline.run import run
from madaline.prepare.opening import open_training
from madaline.study.arms import Arm, enter, train_arms
from madaline.train.chunk import run_chunk


@pytest.fixture
def opening(small):
    data = Dataset(small.table(), ("y",))
    return open_training(data, small.settings(members=1, folds=False, drop=("c",)))


def weights(trained):
    return np.concatenate([np.ravel(leaf.weight) for leaf in trained.model.layers])


def test_an_arm_is_the_network_that_a_run_of_its_settings_trains(small, opening):
    settings = small.settings(members=1, drop=("c",))
    arms = [Arm(str(rate), replace(settings, learning_rate=rate)) for rate in (1e-3, 1e-2, 0.1)]
    for arm in train_arms(opening, arms):
        done = run(opening.data, arm.arm.settings)
        assert arm.score == pytest.approx(float(done.history.score.min()), rel=1e-5)
        assert arm.curves["loss"] == pytest.approx(done.history.loss[:, 0], rel=1e-5)


def test_another_seed_is_another_network_and_the_same_seed_the_same(small, opening):
    settings = small.settings()
    arms = [Arm(str(i), settings, seed) for i, seed in enumerate((0, 1, 2, 1))]
    first = [weights(arm) for arm in train_arms(opening, arms)]
    assert np.array_equal(first[1], first[3])
    assert not np.allclose(first[0], first[1])
    again = [weights(arm) for arm in train_arms(opening, arms[::-1])]
    assert all(np.array_equal(a, b) for a, b in zip(first, again[::-1], strict=True))


def test_a_row_of_weight_0_is_not_learned_from(small, opening):
    n = opening.prepared.parts["train"].n_rows
    half = (np.arange(n) < n // 2) * 1.0
    part = opening.prepared.parts["train"]
    part.y[n // 2 :] = 1e6  # whoever learned from these would show it
    whole, some = train_arms(
        opening, [Arm("all", small.settings()), Arm("half", small.settings(), 0, half)]
    )
    assert np.abs(whole.opening.problem.first_bias).max() > 1e5
    assert np.abs(some.opening.problem.first_bias).max() < 10
    assert np.isfinite(some.score)
    assert np.abs(weights(some)).max() < 10


def test_arms_that_differ_in_numbers_are_one_program(small, opening):
    settings = small.settings()
    arms = [
        Arm(f"{rate} {seed}", replace(settings, learning_rate=rate), seed)
        for rate in (1e-3, 1e-2)
        for seed in range(3)
    ]
    assert len({arm.program for arm in enter(opening, arms)}) == 1
    before = run_chunk._cache_size()
    heard = []
    trained = train_arms(opening, arms, tell=heard.append)
    assert run_chunk._cache_size() <= before + 1
    assert [arm.arm.label for arm in trained] == [arm.label for arm in arms]
    assert heard == [4, 6]


def test_arms_end_where_they_are_told_to(small, opening):
    arms = [Arm("a", small.settings()), Arm("b", small.settings(epochs=9))]
    assert [arm.epochs for arm in train_arms(opening, arms)] == [15, 9]
    assert [arm.epochs for arm in train_arms(opening, arms, until=4)] == [4, 4]


def test_the_losses_of_a_part_are_those_of_the_weights_that_are_kept(small, opening):
    (arm,) = train_arms(opening, [Arm("a", small.settings())])
    assert arm.losses().mean() == pytest.approx(arm.score, rel=1e-5)
