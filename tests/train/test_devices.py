"""Members in threads: the same results, whatever the number of lanes, and each in its own time."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from madaline.train import devices
from madaline.train.chunk import run_chunk
from madaline.train.plan import Plan


def _problem(engine, **numbers):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(24, 3))
    y = x[:, :1] - x[:, 1:2]
    return engine.problem(
        x[:12], y[:12], plan=Plan("adam", batch_size=0), hidden=(16,), check=(x, y), members=4,
        **{"learning_rate": 0.02, **numbers},
    )  # fmt: skip


@pytest.fixture
def threads(monkeypatch):
    return lambda count: monkeypatch.setenv("NPROC", str(count))


@pytest.mark.parametrize("count", [2, 4])
def test_lanes_train_what_one_program_trains(engine, threads, count):
    threads(1)
    one = engine.train(_problem(engine, dtype=np.float64), 12)
    threads(count)
    problem = _problem(engine, dtype=np.float64)
    assert len(devices.make_lanes(problem)) == count
    many = engine.train(problem, 12)
    for a, b in zip(jax.tree.leaves(one.state), jax.tree.leaves(many.state), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.history.validation_loss, many.history.validation_loss, rtol=1e-9)


@pytest.mark.parametrize("chunk", [1, 4, 40])
def test_a_lane_that_stops_early_waits_and_its_curves_stay(engine, threads, chunk):
    threads(2)
    # The first lane's members never get better and run out of patience; the others go on.
    problem = _problem(engine, patience=3, learning_rate=[1e-9, 1e-9, 0.02, 0.02], tolerance=1e-4)
    progress = engine.train(problem, 40, chunk=chunk)
    loss = progress.history.validation_loss
    assert progress.state.active.tolist()[:2] == [False, False]
    assert len(loss) == progress.epoch > 4
    np.testing.assert_array_equal(loss[4:, 0], loss[3, 0])
    assert loss[4, 2] != loss[3, 2]


def test_a_lane_that_had_stopped_before_has_no_curve(engine, threads):
    threads(2)
    problem = _problem(engine)
    begun = engine.train(problem, 2).state
    begun = replace(begun, active=np.array([False, False, True, True]))
    progress = engine.train(problem, 5, state=begun)
    assert np.isnan(progress.history.validation_loss[:, :2]).all()
    assert np.isfinite(progress.history.validation_loss[:, 2:]).all()


def test_chunks_of_lanes_are_bit_equal(engine, threads):
    threads(2)
    whole = engine.train(_problem(engine), 12, chunk=12)
    part = engine.train(_problem(engine), 5, chunk=1)
    rest = engine.train(_problem(engine), 12, chunk=7, state=part.state, history=part.history)
    for a, b in zip(jax.tree.leaves(whole.state), jax.tree.leaves(rest.state), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(whole.history.loss, rest.history.loss)


def test_threads_are_those_that_xla_uses(threads, monkeypatch):
    threads(3)
    assert devices.thread_count() == 3
    monkeypatch.delenv("NPROC")
    assert devices.thread_count() >= 1


def test_programs_of_earlier_trainings_are_dropped(engine, monkeypatch):
    monkeypatch.setattr(devices, "_MOST_PROGRAMS", 2)
    x, y = engine.data(20)
    for width in (2, 3, 4, 5):
        engine.train(engine.problem(x, y, hidden=(width,)), 1)
        assert run_chunk._cache_size() <= 2


@pytest.mark.parametrize("count", [1, 2])
def test_the_state_stays_on_its_device_until_somebody_looks(engine, threads, count):
    threads(count)
    progress = engine.train(_problem(engine), 3, chunk=1)
    assert len(progress.parts) == count
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(progress.parts))
    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(progress.state))
    assert len(progress.state.active) == 4
