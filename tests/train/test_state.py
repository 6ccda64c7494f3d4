"""A training's state as named arrays: nothing is lost, and what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest

from madaline.errors import UsageError
from madaline.train.history import CURVES, empty_history, history_from
from madaline.train.plan import Plan
from madaline.train.state import (
    join_members,
    restored,
    state_arrays,
    take_members,
)

NUMBERS = {"learning_rate": 0.02, "members": 2, "patience": 9}


def _problem(engine, **changes):
    x, y = engine.data(40)
    arguments = {"plan": Plan("adam", batch_size=16), "check": (x, y), **NUMBERS, **changes}
    return engine.problem(x, y, **arguments)


def test_training_goes_on_from_named_arrays_bit_for_bit(engine):
    problem = _problem(engine)
    whole = engine.train(problem, 9)
    half = engine.train(problem, 4)
    kept = {name: array.copy() for name, array in state_arrays(half.state).items()}
    curves = {name: array.copy() for name, array in half.history.arrays().items()}
    state = restored(engine.start(problem), kept)
    rest = engine.train(problem, 9, state=state, history=history_from(curves))
    assert engine.same(rest.state, whole.state)
    for name in CURVES:
        assert engine.same(getattr(rest.history, name), getattr(whole.history, name))


def test_names_are_unique_and_say_what_they_hold(engine):
    names = list(state_arrays(engine.start(_problem(engine))))
    assert len(set(names)) == len(names)
    assert ".model.layers[0].weight" in names
    assert {".step", ".epoch", ".best_score", ".stale", ".active"} <= set(names)


def test_members_that_are_taken_apart_and_joined_again_train_on_bit_for_bit(engine):
    problem = _problem(engine)
    whole = engine.train(problem, 9)
    half = engine.train(problem, 4)
    second, first = (take_members(half.state, [member]) for member in (1, 0))
    again = take_members(join_members([second, first]), [1, 0])
    assert engine.same(again, half.state)
    rest = engine.train(problem, 9, state=again, history=half.history)
    assert engine.same(rest.state, whole.state)


@pytest.mark.parametrize(
    "change", [{"hidden": (6,)}, {"members": 3}, {"dtype": np.float64}, {"hidden": (5, 5)}]
)
def test_a_checkpoint_of_other_settings_is_refused(engine, change):
    arrays = state_arrays(engine.start(_problem(engine)))
    with pytest.raises(UsageError, match="does not fit the settings"):
        restored(engine.start(_problem(engine, **change)), arrays)


def test_a_curve_may_have_further_axes():
    chunk = {name: np.ones((3, 2), np.float32) for name in CURVES} | {"recall": np.ones((3, 2, 5))}
    history = empty_history(2).extended(chunk, 1.5).extended(chunk, 2.5)
    assert history.curves["recall"].shape == (6, 2, 5)
    again = history_from(history.arrays())
    assert again.curves["recall"].shape == (6, 2, 5)
    assert len(again) == 6


def test_history_grows_by_chunks_and_keeps_the_time():
    chunk = {name: np.ones((3, 2), np.float32) for name in CURVES}
    history = empty_history(2).extended(chunk, 1.5).extended(chunk, 2.5)
    assert len(history) == 6
    assert history.seconds.tolist() == [1.5] * 3 + [2.5] * 3
    assert history.loss.shape == (6, 2)
    assert len(empty_history(2)) == 0
    assert set(history.arrays()) == {*CURVES, "seconds"}
