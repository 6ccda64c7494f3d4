"""Early stopping: the best epoch's weights come back, patience counts, broken runs stop."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from madaline.nn.head import Head
from madaline.predict.forward import logits
from madaline.predict.losses import row_losses
from madaline.train.loop import init_state
from madaline.train.plan import Plan

PLAN = Plan("adam", batch_size=0)


def _problem(engine, **numbers):
    """Few rows and noise alone: the validation loss soon rises."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(24, 3)), rng.normal(size=(24, 1))
    return engine.problem(
        x[:12], y[:12], plan=PLAN, hidden=(16,), check=(x, y), members=2,
        **{"learning_rate": 0.02, **numbers},
    )  # fmt: skip


def _validation_loss(problem, model, member):
    weights = {}
    for index, layer in enumerate(model.layers):
        weights |= {f"layers.{index}.weight": layer.weight, f"layers.{index}.bias": layer.bias}
    rows = problem.check.rows
    z = logits(problem.architecture, weights, rows.x, rows.codes)[:, member]
    return row_losses(Head("squared"), z, rows.y)[12:].mean()


def test_best_weights_have_the_lowest_loss_of_the_curve(engine):
    problem = _problem(engine)
    progress = engine.train(problem, 200)
    curve = progress.history.validation_loss
    for member in range(2):
        assert progress.state.best_epoch[member] == curve[:, member].argmin() + 1
        assert progress.state.best_score[member] == curve[:, member].min()
        assert curve[-1, member] > 1.05 * curve[:, member].min()
        found = _validation_loss(problem, progress.state.best, member)
        assert found == pytest.approx(curve[:, member].min(), rel=1e-5)


@pytest.mark.parametrize("patience", [1, 5, 20])
def test_patience_counts_epochs_since_the_best(engine, patience):
    free = engine.train(_problem(engine), 200).history.validation_loss
    progress = engine.train(_problem(engine, patience=patience), 200)
    ends = []
    for member in range(2):
        best, stop = np.inf, 0
        for epoch, loss in enumerate(free[:, member], 1):
            if loss < best:
                best, stop = loss, epoch
            elif epoch - stop >= patience:
                break
        ends.append(epoch)
        assert progress.state.best_epoch[member] == stop
        assert progress.state.best_score[member] == best
        assert not progress.state.active[member]
    assert progress.epoch == max(ends) < 200
    assert progress.done


def test_patience_zero_never_stops(engine):
    progress = engine.train(_problem(engine, patience=0), 150)
    assert progress.epoch == 150
    assert progress.state.active.all()


def test_patience_survives_a_cut(engine):
    problem = _problem(engine, patience=7)
    whole = engine.train(problem, 200)
    cut = engine.train(problem, 200, chunk=3)
    assert engine.same(cut.state, whole.state)
    assert cut.epoch == whole.epoch


def _in_cycles(engine, x, y, loss="binary_cross_entropy", **numbers):
    plan = replace(PLAN, schedule="cycles")
    numbers = {"learning_rate": 0.05, "total_steps": 150.0, "patience": 1000, **numbers}
    return engine.problem(
        x[:12], y[:12], plan=plan, head=Head(loss), hidden=(16,), check=(x, y), **numbers
    )


def test_a_classifiers_third_cycle_in_vain_is_its_last(engine):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(24, 3))
    noise = (rng.normal(size=(24, 1)) > 0).astype(float)
    done = engine.train(_in_cycles(engine, x, noise), 150)
    assert done.epoch == 70  # where the third cycle ends
    assert done.done
    assert done.state.best_epoch <= 30  # where it began
    cut = engine.train(_in_cycles(engine, x, noise), 150, chunk=23)
    assert engine.same(cut.state, done.state)
    assert engine.train(_in_cycles(engine, x, noise, patience=0), 150).epoch == 150
    assert engine.train(_in_cycles(engine, x, noise, loss="squared"), 150).epoch == 150
    rule = (x[:, :1] > 0).astype(float)
    learned = engine.train(_in_cycles(engine, x, rule, learning_rate=0.005), 150)
    assert learned.epoch == 150
    assert learned.state.best_epoch > 30


def test_a_score_within_the_tolerance_is_no_progress_and_yet_the_best(engine):
    progress = engine.train(_problem(engine, patience=4, tolerance=1e6), 200)
    curve = progress.history.validation_loss
    assert progress.epoch == 5
    assert progress.state.best_epoch.tolist() == (1 + np.argmin(curve, axis=0)).tolist()
    free = engine.train(_problem(engine), 200).history.validation_loss[:, 0]
    loose = engine.train(_problem(engine, patience=5, tolerance=0.01), 200)
    best, stale = np.inf, 0
    for epoch, loss in enumerate(free, 1):
        stale = 0 if loss < best - np.float32(0.01) else stale + 1
        best = min(best, loss)
        if stale == 5:
            break
    assert np.isnan(loose.history.validation_loss[epoch:, 0]).all() or loose.epoch >= epoch
    assert loose.state.best_epoch[0] == 1 + np.argmin(free[:epoch])


def test_a_diverging_member_stops_and_keeps_the_last_finite_best(engine):
    problem = _problem(engine, learning_rate=[0.02, 3e37])
    progress = engine.train(problem, 40)
    assert progress.state.active.tolist() == [True, False]
    assert progress.epoch == 40
    best = jax.tree.leaves(progress.state.best)
    assert all(np.isfinite(leaf).all() for leaf in best)
    first = engine.train(_problem(engine), 40)
    assert progress.state.best_score[0] == first.state.best_score[0]


def test_a_run_ends_when_every_member_has_broken(engine):
    progress = engine.train(_problem(engine, learning_rate=3e37), 40)
    assert progress.done
    assert progress.epoch < 40
    assert len(progress.history) == progress.epoch
    assert not np.isfinite(progress.history.validation_loss[-1]).any()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(progress.state.best))


def _with_check(problem, **changes):
    return replace(problem, check=replace(problem.check, **changes))


def test_an_infinite_loss_of_one_part_stays_out_of_the_other_curve(engine):
    problem = _problem(engine)
    x = np.array(problem.check.rows.x)
    x[0] = np.inf  # a row of the training sample
    rows = replace(problem.check.rows, x=x)
    progress = engine.train(_with_check(problem, rows=rows), 5)
    assert not np.isfinite(progress.history.train_loss).any()
    assert np.isfinite(progress.history.validation_loss).all()
    assert progress.epoch == 5


def test_without_validation_rows_the_training_loss_after_the_epoch_decides(engine):
    problem = _problem(engine)
    weight = np.array(problem.check.weight)
    weight[:, 1] = 0
    progress = engine.train(_with_check(problem, weight=weight), 10)
    assert np.isnan(progress.history.validation_loss).all()
    best = progress.history.train_loss.argmin(axis=0)
    np.testing.assert_array_equal(progress.state.best_epoch, best + 1)


def test_first_weights_are_the_best_where_no_epoch_does_better(engine):
    problem = _problem(engine)
    state = init_state(problem, first_score=0.0)
    progress = engine.train(problem, 5, state=state)
    np.testing.assert_array_equal(progress.state.best_epoch, 0)
    np.testing.assert_array_equal(progress.state.best.layers[-1].weight, 0)


def test_labels_are_smoothed_as_far_as_the_rows_that_judge_are_told_apart(engine):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 3))
    easy, hard = (x[:, :1] > 0).astype(float), rng.integers(0, 2, size=(40, 1)).astype(float)

    def trained(y, **chosen):
        plan = replace(PLAN, **chosen)
        problem = engine.problem(
            x[:20], y[:20], plan=plan, head=Head("binary_cross_entropy"), hidden=(16,),
            check=(x, y), learning_rate=0.02, label_smoothing=0.1 * bool(chosen),
        )  # fmt: skip
        return engine.train(problem, 100)

    # Noise is never told apart: as if there were no smoothing. Else the loss keeps a floor.
    adaptive = {"adaptive_smoothing": True}
    np.testing.assert_allclose(
        trained(hard, **adaptive).history.loss, trained(hard).history.loss, rtol=0.01
    )
    assert trained(easy).history.loss[-1, 0] < 0.05 < trained(easy, **adaptive).history.loss[-1, 0]
