"""Gradients: backpropagation against finite differences, for every loss and activation."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from madaline.nn.activations import ACTIVATIONS
from madaline.nn.architecture import Architecture, Inputs
from madaline.nn.bits import make_key
from madaline.nn.head import Head
from madaline.nn.mlp import MLP, Dense
from madaline.predict.forward import logits
from madaline.predict.losses import row_losses
from madaline.train.batches import Batch, Rows
from madaline.train.plan import Form, Plan, make_hyper, with_extras
from madaline.train.step import batch_loss, penalty, row_scores

HEADS = [
    Head("squared"),
    Head("absolute"),
    Head("huber", delta=0.7),
    Head("quantile", level=0.3),
    Head("poisson"),
    Head("binary_cross_entropy"),
    Head("cross_entropy"),
]
KEY = make_key(0)
N = 6
STEP = 1e-5  # of finite differences


def _case(head, activation, dtype):
    """A network with embeddings and all its weights at work, and rows that weigh unequally."""
    k = 3 if head.loss == "cross_entropy" else 2
    shape = Architecture(Inputs(2, (3,), (2,)), (4, 3), (activation,) * 2, k, head.output)
    rng = np.random.default_rng(4)
    layers = tuple(
        Dense(
            (rng.normal(size=(fan_out, fan_in)) / np.sqrt(fan_in)).astype(dtype),
            (0.3 * rng.normal(size=fan_out)).astype(dtype),
        )
        for fan_in, fan_out in shape.layer_sizes
    )
    model = MLP((rng.normal(size=(3, 2)).astype(dtype),), layers)
    model = jax.tree.map(jnp.asarray, model)
    y = {
        "cross_entropy": rng.integers(0, 3, N).astype(np.int32),
        "binary_cross_entropy": rng.integers(0, 2, (N, 2)).astype(dtype),
        "poisson": rng.poisson(2.0, (N, 2)).astype(dtype),
    }.get(head.loss, rng.normal(size=(N, 2)).astype(dtype))
    weight = np.array([1, 2, 0, 0.5, 1, 3], dtype)
    codes = np.arange(N, dtype=np.int32)[:, None] % 3
    return shape, model, Batch(Rows(rng.normal(size=(N, 2)).astype(dtype), codes, y), weight)


def _numbers(dtype, **numbers):
    hyper = make_hyper(1, dtype=dtype, **numbers)
    return with_extras(Plan(), hyper), jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), hyper)


def _gradients(head, activation, **numbers):
    """By finite differences in float64, by backpropagation in float64 and in float32."""
    with jax.enable_x64(True):
        shape, model, batch = _case(head, activation, np.float32)
        wide = jax.tree.map(lambda a: a.astype(np.float64) if a.dtype.kind == "f" else a, batch)
        plan, hyper = _numbers(np.float64, **numbers)
        flat, form = ravel_pytree(jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), model))

        def loss(point):
            return batch_loss(Form(shape, head, plan), hyper, form(point), wide, KEY)[0]

        moves = STEP * jnp.eye(flat.size)
        points = jnp.concatenate([flat[None] + moves, flat[None] - moves])
        compute = jax.jit(lambda at, near: (jax.grad(loss)(at), jax.vmap(loss)(near)))
        exact, losses = compute(flat, points)
        slopes = (losses[: flat.size] - losses[flat.size :]) / (2 * STEP)
    plan, hyper = _numbers(np.float32, **numbers)
    single = jax.jit(
        jax.grad(lambda m: batch_loss(Form(shape, head, plan), hyper, m, batch, KEY)[0])
    )
    return np.asarray(slopes), np.asarray(exact), np.asarray(ravel_pytree(single(model))[0])


def _error(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


def _numpys_slopes(head, activation):
    """By finite differences of the NumPy twin: each moved network is one of its members."""
    shape, model, batch = _case(head, activation, np.float32)
    leaves = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(model)]
    names = ["embeddings.0"]
    for index in range(len(shape.layer_sizes)):
        names += [f"layers.{index}.weight", f"layers.{index}.bias"]
    flat = np.concatenate([leaf.ravel() for leaf in leaves])
    moves = STEP * np.eye(flat.size)
    moved = np.concatenate([flat + moves, flat - moves])
    cuts = np.cumsum([leaf.size for leaf in leaves])[:-1]
    weights = {
        name: part.reshape(-1, *leaf.shape)
        for name, leaf, part in zip(names, leaves, np.split(moved, cuts, axis=1), strict=True)
    }
    z = logits(shape, weights, batch.rows.x.astype(np.float64), batch.rows.codes)
    losses = [row_losses(head, z[:, i], batch.rows.y) for i in range(len(moved))]
    means = np.average(losses, axis=1, weights=batch.weight)
    return (means[: flat.size] - means[flat.size :]) / (2 * STEP)


def _backward(head, activation, dtype):
    shape, model, batch = _case(head, activation, np.float32)
    model, batch = jax.tree.map(
        lambda leaf: jnp.asarray(leaf, dtype if leaf.dtype.kind == "f" else leaf.dtype),
        (model, batch),
    )
    plan, hyper = _numbers(dtype)
    slope = jax.grad(lambda m: batch_loss(Form(shape, head, plan), hyper, m, batch, KEY)[0])(model)
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(slope)])


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("head", HEADS, ids=lambda head: head.loss)
def test_backpropagation_equals_finite_differences(head, activation):
    slopes = _numpys_slopes(head, activation)
    with jax.enable_x64(True):
        double = _backward(head, activation, np.float64)
    single = _backward(head, activation, np.float32)
    assert np.abs(slopes).max() > 1e-2
    assert (double.dtype, single.dtype) == (np.float64, np.float32)
    assert _error(double, slopes) <= 1e-7
    assert _error(single, double) <= 5e-6


@pytest.mark.parametrize(
    ("head", "numbers"),
    [
        (HEADS[0], {"l1": 0.1, "l2": 0.2, "lp": 0.3}),
        (HEADS[0], {"lp": 0.3, "lp_order": 3.0}),
        (HEADS[0], {"input_noise": 0.5}),
        (HEADS[-1], {"dropout": 0.4}),
        (HEADS[-1], {"label_smoothing": 0.2}),
        (HEADS[-2], {"label_smoothing": 0.2, "l2": 0.1}),
    ],
    ids=str,
)
def test_backpropagation_through_penalties_and_noise_equals_finite_differences(head, numbers):
    slopes, double, single = _gradients(head, "tanh", **numbers)
    assert np.abs(double - _numpys_slopes(head, "tanh")).max() > 1e-3
    assert _error(double, slopes) <= 1e-7
    assert _error(single, double) <= 1e-5


def test_loss_is_the_weighted_mean_of_the_rows_losses():
    shape, model, batch = _case(HEADS[0], "tanh", np.float32)
    plan, hyper = _numbers(np.float32)
    loss, (total, weight) = batch_loss(Form(shape, HEADS[0], plan), hyper, model, batch, KEY)
    scores = row_scores(shape, HEADS[0], model, batch.rows)
    losses, metrics = scores["loss"], scores["metric"]
    assert float(loss) == pytest.approx(np.average(losses, weights=batch.weight), rel=1e-6)
    assert float(total / weight) == pytest.approx(float(loss), rel=1e-6)
    np.testing.assert_allclose(losses, metrics, rtol=1e-6)


def test_a_row_of_weight_zero_may_hold_what_overflows():
    shape, model, batch = _case(HEADS[0], "tanh", np.float32)
    plan, hyper = _numbers(np.float32)
    y = batch.rows.y.copy()
    y[2] = 1e30  # its square is no float32
    wild = replace(batch, rows=replace(batch.rows, y=y))

    def of(batch):
        return jax.value_and_grad(
            lambda m: batch_loss(Form(shape, HEADS[0], plan), hyper, m, batch, KEY)[0]
        )(model)

    for a, b in zip(jax.tree.leaves(of(wild)), jax.tree.leaves(of(batch)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_batch_without_weight_has_loss_and_slope_zero():
    shape, model, batch = _case(HEADS[0], "tanh", np.float32)
    plan, hyper = _numbers(np.float32)
    empty = replace(batch, weight=np.zeros(N, np.float32))
    loss, slope = jax.value_and_grad(
        lambda m: batch_loss(Form(shape, HEADS[0], plan), hyper, m, empty, KEY)[0]
    )(model)
    assert float(loss) == 0
    assert all((np.asarray(leaf) == 0).all() for leaf in jax.tree.leaves(slope))


def test_penalties_are_their_formulas_on_weights_alone():
    _, model, _ = _case(HEADS[0], "tanh", np.float32)
    weights = [*model.embeddings, *(layer.weight for layer in model.layers)]
    entries = np.abs(np.concatenate([np.ravel(w) for w in weights]).astype(np.float64))
    for numbers, expected in [
        ({"l1": 0.3}, 0.3 * entries.sum()),
        ({"l2": 0.3}, 0.15 * (entries**2).sum()),
        ({"lp": 0.3, "lp_order": 2.5}, 0.3 * (entries**2.5).sum()),
    ]:
        plan, hyper = _numbers(np.float32, **numbers)
        assert float(penalty(plan, hyper, model)) == pytest.approx(expected, rel=1e-5)
    assert penalty(Plan(), hyper, model) == 0


def test_smoothing_mixes_the_label_with_all_classes():
    head = HEADS[-1]
    shape, model, batch = _case(head, "tanh", np.float32)
    plan, hyper = _numbers(np.float32, label_smoothing=0.3)
    smooth = batch_loss(Form(shape, head, plan), hyper, model, batch, KEY)[0]
    per_class = [
        row_scores(shape, head, model, replace(batch.rows, y=np.full(N, label, np.int32)))["loss"]
        for label in range(3)
    ]
    right = row_scores(shape, head, model, batch.rows)["loss"]
    expected = np.average(0.7 * right + 0.3 * np.mean(per_class, axis=0), weights=batch.weight)
    assert float(smooth) == pytest.approx(expected, rel=1e-5)


def test_rows_of_a_batch_draw_apart_and_keys_draw_anew():
    shape = Architecture(Inputs(2), (64,), ("identity",), 1, "linear")
    hidden = Dense(np.ones((64, 2), np.float32), np.zeros(64, np.float32))
    last = Dense(np.full((1, 64), 1 / 64, np.float32), np.zeros(1, np.float32))
    model = MLP((), (hidden, last))

    def outputs(key, **numbers):
        plan, hyper = _numbers(np.float32, **numbers)
        loss = jax.jit(
            lambda batch: batch_loss(Form(shape, HEADS[0], plan), hyper, model, batch, key)[0]
        )
        found = []
        for row in range(N):
            weight = np.eye(N, dtype=np.float32)[row]
            rows = Rows(np.ones((N, 2), np.float32), np.zeros((N, 0), np.int32),
                        np.zeros((N, 1), np.float32))  # fmt: skip
            found.append(float(loss(Batch(rows, weight))))
        return found

    for numbers in ({"dropout": 0.5}, {"input_noise": 1.0}):
        first, again = outputs(KEY, **numbers), outputs(KEY, **numbers)
        other = outputs(make_key(12345678901), **numbers)
        assert first == again
        assert len({*first, *other}) > 9
