"""Schedules that look back at the rows seen and at the progress made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from madaline.train.plan import Plan


def _rates(engine, schedule, *, epochs, **numbers):
    x, y = engine.data(40)
    plan = Plan("sgd", schedule=schedule, batch_size=16)
    problem = engine.problem(x, y, plan=plan, check=(x, y), dtype=np.float64, **numbers)
    progress = engine.train(problem, epochs)
    return progress, progress.history.learning_rate[:, 0]


def test_inverse_scaling_falls_with_the_rows_seen(engine):
    _, rates = _rates(engine, "inverse_scaling", epochs=6, learning_rate=0.1, decay_power=0.25)
    seen = 40 * np.arange(6)
    np.testing.assert_allclose(rates, 0.1 / (seen + 1) ** 0.25, rtol=1e-12)


def test_adaptive_goes_on_at_a_fifth_until_the_rate_is_nothing(engine):
    progress, rates = _rates(
        engine, "adaptive", epochs=300, learning_rate=0.1, patience=3, tolerance=1e6
    )
    falls = rates[1:][np.diff(rates) < 0] / rates[:-1][np.diff(rates) < 0]
    np.testing.assert_allclose(falls, 0.2, rtol=1e-12)
    assert rates[-1] <= 1e-6 < 5 * rates[-1]
    # The first epoch is better than no score at all, so it counts as progress.
    assert progress.epoch == 1 + 3 * (len(falls) + 1)


def test_rows_that_are_not_shuffled_come_as_they_are(engine):
    x, y = engine.data(40)
    plans = [Plan("sgd", batch_size=16, shuffle=flag) for flag in (True, False)]
    dealt, still = (
        engine.train(engine.problem(x, y, plan=plan, learning_rate=0.1), 2) for plan in plans
    )
    other = engine.train(engine.problem(x, y, plan=plans[1], learning_rate=0.1, seed=5), 2)
    assert not engine.same(dealt.state.model, still.state.model)
    # Two seeds differ in their first weights alone, so the same weights see the same rows.
    start = engine.start(engine.problem(x, y, plan=plans[1], learning_rate=0.1))
    problem = engine.problem(x, y, plan=plans[1], learning_rate=0.1, seed=5)
    again = engine.train(problem, 2, state=start)
    assert engine.same(again.state.model, still.state.model)
    assert not engine.same(other.state.model, still.state.model)


def test_adaptive_wakes_no_member_that_broke(engine, monkeypatch):
    """Of two members one has an absurd rate; it stays stopped while the other goes on."""
    monkeypatch.setenv("NPROC", "1")  # both in one lane
    x, y = engine.data(40)
    plan = Plan("sgd", schedule="adaptive", batch_size=16)
    problem = engine.problem(
        x, y, plan=plan, members=2, check=(x, y), activation="relu", dtype=np.float64,
        learning_rate=[0.01, 1e200], patience=2, tolerance=1e6,
    )  # fmt: skip
    start = replace(engine.start(problem), best_score=np.full(2, 1e9))
    progress = engine.train(problem, 40, chunk=1, state=start)
    assert progress.state.rate[1] == 1.0
    assert progress.state.rate[0] < 1e-3
