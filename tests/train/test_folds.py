"""Members that hold out different rows."""

from dataclasses import replace

import numpy as np
import pytest

from madaline.train.plan import Plan

N, HELD, MEMBERS = 40, 10, 4
PLAN = Plan(batch_size=16, shared_batches=False, folds=True)


def folded(engine, problem, held_from=(0, 10, 20, 30), n_held=HELD):
    hyper = replace(problem.hyper, held_from=np.array(held_from, np.uint32))
    return replace(problem, hyper=hyper, n_held=n_held, check=None)


@pytest.fixture
def problem(engine):
    x, y = engine.data(N)
    return folded(engine, engine.problem(x, y, plan=PLAN, members=MEMBERS))


def test_a_row_that_a_member_holds_out_does_not_move_it(engine, problem):
    start = engine.start(problem)
    trained = engine.train(problem, 3, state=start).state.model.layers[0].weight
    other = np.array(problem.train.y)
    other[12] += 100.0  # member 1 holds out rows 10 to 19
    changed = replace(problem, train=replace(problem.train, y=other))
    again = engine.train(changed, 3, state=start).state.model.layers[0].weight
    same = [np.array_equal(a, b) for a, b in zip(trained, again, strict=True)]
    assert same == [False, True, False, False]


def test_a_held_out_row_is_judged_by_the_member_that_holds_it_out(engine, problem):
    start = engine.start(problem)
    before = engine.train(problem, 1, state=start).history
    other = np.array(problem.train.y)
    other[12] += 100.0
    changed = replace(problem, train=replace(problem.train, y=other))
    after = engine.train(changed, 1, state=start).history
    worse = after.validation_loss[0] > before.validation_loss[0] + 100
    assert worse.tolist() == [False, True, False, False]


def test_validation_loss_is_that_of_the_held_out_rows(engine, problem):
    found = engine.train(problem, 1)
    x, y = np.asarray(problem.train.x), np.asarray(problem.train.y)
    layers = found.state.model.layers
    for member in range(MEMBERS):
        rows = slice(HELD * member, HELD * (member + 1))
        (w1, b1), (w2, b2) = (
            (np.asarray(layer.weight[member]), np.asarray(layer.bias[member])) for layer in layers
        )
        z = np.tanh(x[rows] @ w1.T + b1) @ w2.T + b2
        expected = np.mean((z - y[rows]) ** 2)
        assert found.history.validation_loss[0, member] == pytest.approx(expected, rel=1e-5)


def test_rows_held_out_may_begin_anywhere_in_the_circle(engine):
    x, y = engine.data(N)
    around = folded(engine, engine.problem(x, y, plan=PLAN, members=1), held_from=(35,))
    turned = np.roll(np.arange(N), 5)  # the same circle, begun five rows earlier
    straight = folded(engine, engine.problem(x[turned], y[turned], plan=PLAN, members=1), (0,))
    first, second = (engine.train(p, 2).history.validation_loss for p in (around, straight))
    np.testing.assert_allclose(first, second, rtol=1e-5)


def test_each_epoch_trains_on_every_row_that_is_not_held_out(engine, problem):
    found = engine.train(problem, 2)
    assert found.step == 2 * -(-(N - HELD) // 16)
