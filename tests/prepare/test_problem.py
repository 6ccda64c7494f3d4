from __future__ import annotations

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.errors import UsageError
from madaline.prepare.parts import prepare
from madaline.prepare.problem import class_weights, make_problem
from madaline.settings.recipes import complete
from madaline.settings.table import Settings

N = 100
RNG = np.random.default_rng(0)


def a_problem(y=None, *, class_weight=None, weight=None, **chosen):
    y = RNG.normal(size=N) if y is None else y
    table = as_table({"a": RNG.normal(size=N), "b": RNG.normal(size=N), "y": y})
    settings = Settings(**{"preset": "classic", "folds": False, **chosen})
    found = prepare(Dataset(table, ("y",), weight=weight), settings)
    settings = complete(settings, found.parts["train"].n_rows)
    return found, make_problem(found, settings, class_weights(found, settings, class_weight))


def test_the_first_bias_is_the_answer_of_a_constant():
    y = np.where(np.arange(N) % 4 == 0, "yes", "no")
    found, problem = a_problem(y)
    rate = found.parts["train"].y.mean()
    assert 1 / (1 + np.exp(-problem.first_bias[0])) == pytest.approx(rate)


def test_balanced_classes_begin_even():
    y = np.where(np.arange(N) % 4 == 0, "yes", "no")
    _, problem = a_problem(y, class_weight=None)
    assert problem.first_bias[0] < -1
    found, problem = a_problem(y, class_weight={"yes": 3.0})
    weight = np.asarray(problem.weight)[:, 0]
    assert np.array_equal(weight, np.where(found.parts["train"].y[:, 0] == 1, 3.0, 1.0))


def test_a_batch_of_all_rows_or_more_is_the_full_batch():
    assert a_problem(batch_size="full")[1].plan.batch_size == 0
    assert a_problem(batch_size=1000)[1].plan.batch_size == 0
    assert a_problem(batch_size=32)[1].plan.batch_size == 32


def test_a_schedule_knows_how_many_steps_there_are():
    found, problem = a_problem(batch_size=32, epochs=7)
    steps = -(-found.parts["train"].n_rows // 32) * 7
    assert np.asarray(problem.hyper.total_steps).tolist() == [steps]


def test_the_learning_rate_follows_the_batch_if_asked():
    sgd = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 32, "scale_from_batch": 16}
    assert a_problem(**sgd)[1].hyper.learning_rate[0] == pytest.approx(0.2)
    adam = sgd | {"optimizer": "adam", "batch_size": 64}
    assert a_problem(**adam)[1].hyper.learning_rate[0] == pytest.approx(0.2)


def test_each_member_may_have_its_own_number():
    own = {"learning_rate": (0.1, 0.2), "dropout": (0.0, 0.3), "l2": (1e-3, 0.0)}
    _, problem = a_problem(members=2, batch_size=32, scale_from_batch=8, **own)
    assert problem.hyper.learning_rate == pytest.approx([0.2, 0.4])  # by the root of 32 / 8
    assert problem.hyper.dropout == pytest.approx([0.0, 0.3])
    assert problem.hyper.l2 == pytest.approx([1e-3, 0.0])
    assert {"dropout", "l2"} <= {*problem.plan.extras}


@pytest.mark.parametrize("members", [None, 3])
def test_numbers_for_more_or_fewer_members_than_there_are_are_refused(members):
    with pytest.raises(
        UsageError, match=r"dropout has 2 values and the network \d members"
    ) as error:
        a_problem(members=members, dropout=(0.0, 0.3))
    assert "members=2" in str(error.value)


def test_only_extras_of_some_strength_are_compiled_in():
    assert a_problem()[1].plan.extras == ("weight_decay",)
    assert a_problem(weight_decay=0.0, dropout=0.1, l2=0.1)[1].plan.extras == ("dropout", "l2")


def test_check_rows_weigh_the_training_sample_and_the_validation_rows_apart():
    found, problem = a_problem(members=2)
    n = found.parts["validation"].n_rows
    weight = np.asarray(problem.check.weight)
    assert weight.shape == (2 * n, 2, 2)
    assert weight[:n, 0].all()
    assert not weight[:n, 1].any()
    assert weight[n:, 1].all()
    assert np.array_equal(problem.check.rows.x[n:], found.parts["validation"].features.x)


def test_without_validation_rows_training_rows_judge_the_epochs():
    weight = np.asarray(a_problem(validation=0.0)[1].check.weight)
    assert weight[:, 0].all()
    assert not weight[:, 1].any()


def test_double_precision_reaches_every_number():
    problem = a_problem(precision="float64")[1]
    assert problem.train.x.dtype == problem.train.y.dtype == problem.weight.dtype == np.float64
    assert problem.hyper.learning_rate.dtype == np.float64


def test_a_network_of_another_task_is_refused():
    with pytest.raises(UsageError, match="not for task"):
        a_problem(["x", "y"] * (N // 2), loss="squared", task="binary")
    with pytest.raises(UsageError, match="for 3 hidden layers"):
        a_problem(hidden=(4, 4, 4), activation=("relu", "tanh"))
