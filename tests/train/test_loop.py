"""The loop: the same bits however it is cut, members apart, nothing compiled twice."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from madaline.train.chunk import run_chunk
from madaline.train.history import CURVES
from madaline.train.loop import train_epochs
from madaline.train.plan import EXTRAS, Plan

NOISY = {"dropout": 0.2, "input_noise": 0.1, "weight_decay": 0.01, "l1": 1e-3}
PLANS = {
    "shared": Plan("adamw", batch_size=16),
    "own": Plan("adamw", batch_size=16, shared_batches=False),
}


def _noisy(engine, mode, n=50, **changes):
    x, y = engine.data(60)
    arguments = {"learning_rate": 0.02, "members": 2, **NOISY, **changes}
    return engine.problem(x[:n], y[:n], plan=PLANS[mode], check=(x[:40], y[:40]), **arguments)


def _curves(history):
    return [getattr(history, name) for name in CURVES]


@pytest.mark.parametrize("mode", PLANS)
def test_any_cut_into_chunks_gives_the_same_bits(engine, mode):
    problem = _noisy(engine, mode)
    whole = engine.train(problem, 12)
    assert whole.epoch == 12
    assert whole.done
    for lengths in ((1, 4, 7), (11, 1), (2, 10)):
        state, history, total = engine.start(problem), None, 0
        for length in lengths:
            total += length
            cut = engine.train(problem, total, state=state, history=history)
            state, history = cut.state, cut.history
        assert engine.same(state, whole.state)
        assert engine.same(_curves(history), _curves(whole.history))
    for chunk in (1, 5):
        assert engine.same(engine.train(problem, 12, chunk=chunk).state, whole.state)


@pytest.mark.parametrize("mode", PLANS)
def test_training_again_gives_the_same_bits(engine, mode):
    problem = _noisy(engine, mode)
    first = engine.train(problem, 5)
    for _ in range(10):
        again = engine.train(problem, 5)
        assert engine.same(again.state, first.state)
        assert engine.same(_curves(again.history), _curves(first.history))


def test_another_total_of_epochs_has_the_same_beginning(engine):
    short, long = (
        engine.train(_noisy(engine, "shared", total_steps=4 * total), total) for total in (5, 9)
    )
    beginning = [curve[:5] for curve in _curves(long.history)]
    assert engine.same(_curves(short.history), beginning)


@pytest.mark.parametrize("mode", PLANS)
def test_member_equals_the_same_network_alone(engine, mode):
    both = engine.train(_noisy(engine, mode, learning_rate=[0.02, 0.005]), 12)
    alone = engine.train(_noisy(engine, mode, members=1, member=[1], learning_rate=0.005), 12)
    member = jax.tree.map(lambda leaf: leaf[1], both.state.model)
    np.testing.assert_allclose(
        engine.flat(member), engine.flat(alone.state.model), rtol=2e-5, atol=2e-5
    )
    for name in CURVES:
        np.testing.assert_allclose(
            getattr(both.history, name)[:, 1], getattr(alone.history, name)[:, 0], rtol=2e-5
        )


@pytest.mark.parametrize("mode", PLANS)
def test_members_seeds_and_batch_modes_give_trainings_of_their_own(engine, mode):
    state = engine.train(_noisy(engine, mode), 2).state
    first, second = (jax.tree.map(lambda leaf, i=i: leaf[i], state.model) for i in (0, 1))
    assert np.abs(engine.flat(first) - engine.flat(second)).max() > 0.01
    other = engine.train(_noisy(engine, mode, seed=1), 2).state
    assert np.abs(engine.flat(state.model) - engine.flat(other.model)).max() > 0.01


@pytest.mark.parametrize("mode", PLANS)
def test_another_number_compiles_nothing(engine, mode, caplog):
    run_chunk.clear_cache()
    engine.train(_noisy(engine, mode), 12)
    before = run_chunk._cache_size()
    with jax.log_compiles(True), caplog.at_level("WARNING"):
        engine.train(_noisy(engine, mode, learning_rate=0.3, dropout=0.4, patience=3), 6, chunk=2)
        engine.train(_noisy(engine, mode, n=49), 3, chunk=1)
        engine.train(_noisy(engine, mode, seed=9, total_steps=77), 5)
    assert run_chunk._cache_size() == before
    assert [record for record in caplog.records if "Compiling" in record.getMessage()] == []


def test_progress_tells_epochs_updates_and_curves(engine):
    problem = _noisy(engine, "shared")
    looks = list(train_epochs(problem, engine.start(problem), 7, chunk=3))
    assert [look.epoch for look in looks] == [3, 6, 7]
    assert [look.step for look in looks] == [12, 24, 28]
    assert [look.done for look in looks] == [False, False, True]
    assert [len(look.history) for look in looks] == [3, 6, 7]
    assert looks[0].seconds <= looks[1].seconds <= looks[2].seconds
    assert all(np.isfinite(curve).all() for curve in _curves(looks[-1].history))


def test_going_on_without_the_old_curves_gives_the_new_ones(engine):
    problem = _noisy(engine, "shared")
    whole = engine.train(problem, 9)
    half = engine.train(problem, 4)
    rest = engine.train(problem, 9, state=half.state)
    assert engine.same(_curves(rest.history), [curve[4:] for curve in _curves(whole.history)])


def test_nothing_left_to_train_yields_nothing(engine):
    problem = _noisy(engine, "shared")
    done = engine.train(problem, 4)
    assert list(train_epochs(problem, done.state, 4, history=done.history)) == []


def test_curves_are_the_losses_of_the_model_after_the_epoch(engine):
    from madaline.predict.forward import logits
    from madaline.predict.losses import row_losses

    problem = _noisy(engine, "shared")
    progress = engine.train(problem, 3)
    model, rows = progress.state.model, problem.check.rows
    weights = {}
    for index, layer in enumerate(model.layers):
        weights |= {f"layers.{index}.weight": layer.weight, f"layers.{index}.bias": layer.bias}
    z = logits(problem.architecture, weights, rows.x, rows.codes)
    for member in range(2):
        losses = row_losses(problem.head, z[:, member], rows.y)
        for name, part in (("train", slice(0, 20)), ("validation", slice(20, 40))):
            for kind in ("loss", "metric"):
                found = getattr(progress.history, f"{name}_{kind}")[-1, member]
                assert found == pytest.approx(losses[part].mean(), rel=1e-5)


# -- strength zero, weights


def _plain(engine, **changes):
    from madaline.nn.head import Head

    x, _ = engine.data(50)
    y = (np.abs(x[:, 0]) + x[:, 1] > 0.7).astype(np.int32) + (x[:, 2] > 1)
    return engine.problem(
        x, y.astype(np.int32), head=Head("cross_entropy"), outputs=3, learning_rate=0.02, **changes
    )


def test_strength_zero_equals_absent_bit_for_bit(engine):
    """What no member has is not compiled in: the program itself is the same."""
    absent, zero = _plain(engine), _plain(engine, **dict.fromkeys(EXTRAS, 0.0))
    assert zero.plan == absent.plan
    assert engine.same(engine.train(zero, 8).state, engine.train(absent, 8).state)


def test_strength_zero_beside_another_members_strength_is_absent_but_for_rounding(engine):
    absent = engine.train(_plain(engine), 8)
    present = engine.train(_plain(engine, extras=EXTRAS), 8)
    np.testing.assert_allclose(
        engine.flat(present.state.model), engine.flat(absent.state.model), rtol=2e-6, atol=2e-6
    )


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_weight_zero_is_no_row_and_weight_two_is_the_row_twice(engine, optimizer):
    x, y = engine.data(48)
    counts = np.array([0, 1, 2])[np.arange(48) % 3]
    plan, rate = Plan(optimizer, batch_size=0), 0.02
    weighed = engine.train(
        engine.problem(x, y, plan=plan, weight=counts.astype(float), learning_rate=rate), 30
    )
    repeated = engine.train(
        engine.problem(x.repeat(counts, 0), y.repeat(counts, 0), plan=plan, learning_rate=rate), 30
    )
    np.testing.assert_allclose(
        engine.flat(weighed.state.model), engine.flat(repeated.state.model), rtol=1e-6, atol=2e-6
    )


def test_rows_without_weight_for_one_member_are_a_fold(engine):
    x, y = engine.data(48)
    fold = np.stack([np.ones(48), (np.arange(48) < 24).astype(float)], axis=1)
    plan = Plan("sgd", batch_size=0)
    both = engine.train(
        engine.problem(x, y, plan=plan, weight=fold, members=2, learning_rate=0.05), 20
    )
    spoilt = y.copy()
    spoilt[24:] = 1e3
    other = engine.problem(x, spoilt, plan=plan, weight=fold, members=2, learning_rate=0.05)
    other = engine.train(other, 20, state=engine.start(engine.problem(
        x, y, plan=plan, weight=fold, members=2, learning_rate=0.05)))  # fmt: skip
    second = [jax.tree.map(lambda leaf: leaf[1], run.state.model) for run in (both, other)]
    assert engine.same(*second)


def test_float64_trains_in_float64(engine):
    x, y = engine.data(24)
    problem = engine.problem(x, y, plan=Plan("sgd", batch_size=0), dtype=np.float64,
                             learning_rate=0.05)  # fmt: skip
    progress = engine.train(problem, 3)
    kinds = {np.asarray(leaf).dtype for leaf in jax.tree.leaves(progress.state.model)}
    assert kinds == {np.dtype(np.float64)}
    narrow = engine.problem(x, y, plan=Plan("sgd", batch_size=0), learning_rate=0.05)
    single = engine.train(narrow, 3)
    difference = engine.flat(progress.state.model) - engine.flat(single.state.model)
    assert 0 < np.abs(difference).max() < 1e-5


def test_inactive_members_keep_their_best_while_others_go_on(engine):
    problem = _noisy(engine, "shared", patience=2, learning_rate=[0.0, 0.02], epsilon=1e-8)
    progress = engine.train(problem, 12)
    assert not progress.state.active[0]
    assert progress.state.best_epoch[0] == 1
    assert progress.epoch > 3
    still = replace(problem, hyper=replace(problem.hyper, patience=np.zeros(2, np.int32)))
    free = engine.train(still, progress.epoch)
    going, stopped = (
        [curve[:, 1] for curve in _curves(found.history)] for found in (free, progress)
    )
    assert engine.same(going, stopped)
