"""Heads: what fits together, what is refused, and the constant that a network starts from."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from madaline.errors import UsageError
from madaline.nn.architecture import Architecture, Inputs
from madaline.nn.head import Head, first_bias, make_head
from madaline.nn.heads import row_metric
from madaline.nn.mlp import apply_mlp, init_mlp
from madaline.predict.losses import row_losses
from madaline.settings import table as settings

PAIRS = {
    ("regression", "squared"): "linear",
    ("regression", "absolute"): "linear",
    ("regression", "huber"): "linear",
    ("regression", "quantile"): "linear",
    ("regression", "poisson"): "exp",
    ("binary", "binary_cross_entropy"): "sigmoid",
    ("multilabel", "binary_cross_entropy"): "sigmoid",
    ("multiclass", "cross_entropy"): "softmax",
}
WRONG = [
    (task, loss)
    for task in settings.TASKS
    for loss in settings.LOSSES
    if loss != "auto" and (task, loss) not in PAIRS
]
USUAL = {
    "regression": "squared",
    "binary": "binary_cross_entropy",
    "multilabel": "binary_cross_entropy",
    "multiclass": "cross_entropy",
}


@pytest.mark.parametrize(("task", "loss"), PAIRS)
def test_task_and_loss_decide_the_output(task, loss):
    head = make_head(task, loss)
    assert (head.loss, head.output) == (loss, PAIRS[task, loss])
    assert head.classifies == (task != "regression")


def test_every_loss_of_the_settings_has_a_task():
    assert {loss for _, loss in PAIRS} == set(settings.LOSSES) - {"auto"}


@pytest.mark.parametrize("task", settings.TASKS)
def test_auto_is_the_usual_loss_of_the_task(task):
    assert make_head(task).loss == USUAL[task]


@pytest.mark.parametrize(("task", "loss"), WRONG)
def test_a_wrong_pair_is_refused_and_each_fix_in_the_message_works(task, loss):
    with pytest.raises(UsageError) as caught:
        make_head(task, loss)
    assert repr(loss) in caught.value.what
    assert repr(task) in caught.value.what
    names, other = (
        caught.value.fix.removesuffix(", or another task."),
        caught.value.settings["task"],
    )
    for name in names.removeprefix("Use ").removeprefix("one of ").split(", "):
        assert (task, name) in PAIRS
    assert (other, loss) in PAIRS


def _targets(loss: str, n: int = 400):
    rng = np.random.default_rng(7)
    weight = rng.choice([0.0, 0.5, 1.0, 3.0], n)
    match loss:
        case "cross_entropy":
            return rng.choice(3, n, p=[0.7, 0.2, 0.1]), weight, 3
        case "binary_cross_entropy":
            return (rng.random((n, 2)) < [0.05, 0.6]).astype(float), weight, 2
        case "poisson":
            return rng.poisson([0.3, 40.0], (n, 2)).astype(float), weight, 2
        case _:
            return rng.exponential([1.0, 50.0], (n, 2)) - [0.0, 1e3], weight, 2


HEADS = [
    Head("squared"),
    Head("absolute"),
    Head("huber", delta=0.3),
    Head("huber", delta=5.0),
    Head("quantile", level=0.1),
    Head("quantile", level=0.9),
    Head("poisson"),
    Head("binary_cross_entropy"),
    Head("cross_entropy"),
]


def _mean_loss(head, z, y, weight):
    """``z (c, k)``: the weighted mean loss of each constant."""
    each = [row_losses(head, np.tile(one, (len(y), 1)), y) for one in z]
    return np.stack(each) @ weight / weight.sum()


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_no_other_constant_has_a_lower_loss(head):
    y, weight, k = _targets(head.loss)
    bias = first_bias(head, y, weight, k)
    sizes = np.array([1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0])
    moves = np.concatenate([sign * size * np.eye(k) for size in sizes for sign in (-1, 1)])
    losses = _mean_loss(head, np.concatenate([bias[None], bias + moves]), y, weight)
    assert bias.shape == (k,)
    assert (losses[1:] >= losses[0] * (1 - 1e-9)).all()


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_first_loss_is_the_best_constant_guess(head):
    y, weight, k = _targets(head.loss)
    shape = Architecture(Inputs(4), (8, 8), ("relu", "tanh"), k, head.output)
    bias = first_bias(head, y, weight, k)
    x = jnp.asarray(np.random.default_rng(1).normal(size=(5, 4)) * 10, jnp.float32)
    model = init_mlp(shape, bias, seed=3)
    forward = jax.jit(jax.vmap(lambda row: apply_mlp(shape, model, row, jnp.zeros(0, jnp.int32))))
    z = forward(x)
    best = _mean_loss(head, bias[None], y, weight)[0]
    found = _mean_loss(head, np.asarray(z, np.float64), y, weight)
    np.testing.assert_allclose(found, best, rtol=1e-4)


def test_first_bias_is_the_closed_form():
    y = np.array([[1.0], [2.0], [4.0], [9.0]])
    even = np.ones(4)
    assert first_bias(Head("squared"), y, even, 1) == 4.0
    assert first_bias(Head("quantile", level=0.75), y, even, 1) == 4.0
    assert first_bias(Head("poisson"), y, even, 1) == pytest.approx(np.log(4.0))
    assert first_bias(Head("huber", delta=100.0), y, even, 1) == pytest.approx(4.0)
    bits = np.array([[1.0], [0.0], [0.0], [0.0]])
    assert first_bias(Head("binary_cross_entropy"), bits, even, 1) == pytest.approx(-np.log(3))
    labels = np.array([0, 0, 0, 1])
    shares = np.exp(first_bias(Head("cross_entropy"), labels, even, 2))
    np.testing.assert_allclose(shares, [0.75, 0.25])


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_weight_two_is_the_row_twice_and_weight_zero_is_no_row(head):
    y, _, k = _targets(head.loss, 101)
    counts = np.array([0, 1, 2])[np.arange(101) % 3]
    repeated = np.repeat(y, counts, axis=0)
    found = first_bias(head, y, counts.astype(float), k)
    expected = first_bias(head, repeated, np.ones(len(repeated)), k)
    # Huber's centre and a quantile need not be unique: what counts is the loss.
    lowest = _mean_loss(head, expected[None], y, counts)
    np.testing.assert_allclose(_mean_loss(head, found[None], y, counts), lowest, rtol=1e-9)


@pytest.mark.parametrize(
    ("head", "y"),
    [
        (Head("binary_cross_entropy"), np.zeros((9, 1))),
        (Head("binary_cross_entropy"), np.ones((9, 1))),
        (Head("poisson"), np.zeros((9, 1))),
        (Head("cross_entropy"), np.zeros(9, int)),
    ],
)
def test_first_bias_is_finite_where_a_class_has_no_rows(head, y):
    assert np.isfinite(first_bias(head, y, np.ones(9), 3 if y.ndim == 1 else 1)).all()


def test_metric_is_what_people_read():
    z = jnp.array([0.2, 3.0, -1.0])
    assert float(row_metric(Head("cross_entropy"), z, jnp.int32(1))) == 1.0
    assert float(row_metric(Head("cross_entropy"), z, jnp.int32(2))) == 0.0
    bits = jnp.array([1.0, 1.0, 1.0])
    assert float(row_metric(Head("binary_cross_entropy"), z, bits)) == pytest.approx(2 / 3)
    assert float(row_metric(Head("squared"), z, z + 2)) == pytest.approx(4.0)
    assert float(row_metric(Head("poisson"), jnp.log(jnp.array([3.0])), jnp.array([5.0]))) == (
        pytest.approx(4.0, rel=1e-5)
    )
