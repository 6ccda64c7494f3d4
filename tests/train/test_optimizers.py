"""Optimisers step by step against formulas in NumPy; schedules at their landmarks.

The reference follows PyTorch's documentation of SGD, Adam and AdamW and has its own
backpropagation: it shares no code with the engine.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from madaline.nn.mlp import MLP, Dense
from madaline.train.optimizers import (
    apply_gradient,
    fading,
    init_moments,
    learning_rate_at,
    weights_only,
)
from madaline.train.plan import Plan, make_hyper, with_extras

STEPS = 100
RATES = {"sgd": 0.05, "momentum": 0.02, "nesterov": 0.02, "adam": 0.01, "adamw": 0.01}
MU, BETA_1, BETA_2, EPSILON, DECAY = 0.9, 0.9, 0.99, 1e-8, 0.1


def _gradient(weights, x, y):
    """Of the mean squared error of a tanh network, layer by layer backwards."""
    w1, b1, w2, b2 = weights
    h = np.tanh(x @ w1.T + b1)
    slope = 2 * (h @ w2.T + b2 - y) / len(x)
    back = (slope @ w2) * (1 - h**2)
    return [back.T @ x, back.sum(0), slope.T @ h, slope.sum(0)]


def _reference(optimizer, weights, x, y):
    weights = [w.astype(np.float64) for w in weights]
    first = [np.zeros_like(w) for w in weights]
    second = [np.zeros_like(w) for w in weights]
    rate = RATES[optimizer]
    for step in range(1, STEPS + 1):
        for i, g in enumerate(_gradient(weights, x, y)):
            match optimizer:
                case "sgd":
                    move = g
                case "momentum":
                    first[i] = MU * first[i] + g
                    move = first[i]
                case "nesterov":
                    first[i] = MU * first[i] + g
                    move = g + MU * first[i]
                case _:
                    if optimizer == "adamw" and weights[i].ndim == 2:
                        weights[i] = weights[i] - rate * DECAY * weights[i]
                    first[i] = BETA_1 * first[i] + (1 - BETA_1) * g
                    second[i] = BETA_2 * second[i] + (1 - BETA_2) * g * g
                    m = first[i] / (1 - BETA_1**step)
                    v = second[i] / (1 - BETA_2**step)
                    move = m / (np.sqrt(v) + EPSILON)
            weights[i] = weights[i] - rate * move
    return weights


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 1e-6), (np.float64, 1e-8)])
@pytest.mark.parametrize("optimizer", RATES)
def test_a_hundred_steps_equal_the_formulas(engine, optimizer, dtype, limit):
    x, y = engine.data(24)
    x, y = x.astype(np.float32).astype(np.float64), y.astype(np.float32).astype(np.float64)
    problem = engine.problem(
        x, y, plan=Plan(optimizer, batch_size=0), dtype=dtype, learning_rate=RATES[optimizer],
        momentum=MU, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON,
        weight_decay=DECAY if optimizer == "adamw" else 0.0,
    )  # fmt: skip
    # Not from the first weights: at the best constant the output bias has a slope of rounding
    # errors, and Adam makes steps of full length of them.
    state = engine.start(problem)
    rng = np.random.default_rng(1)
    begin = [
        rng.normal(size=w.shape[1:]).astype(np.float32).astype(dtype)
        for layer in state.model.layers
        for w in (layer.weight, layer.bias)
    ]
    layers = tuple(Dense(w[None], b[None]) for w, b in zip(begin[::2], begin[1::2], strict=True))
    state = replace(state, model=MLP((), layers))
    progress = engine.train(problem, STEPS, state=state)
    expected = _reference(optimizer, begin, x, y)
    found = [w[0] for layer in progress.state.model.layers for w in (layer.weight, layer.bias)]
    assert progress.step == STEPS
    for a, b, c in zip(found, expected, begin, strict=True):
        assert a.dtype == dtype
        assert np.abs(b - c).max() > 0.01
        assert np.abs(a - b).max() <= limit * max(1, np.abs(b).max())


MODEL = MLP(
    (jnp.ones((2, 2)),),
    (Dense(jnp.full((2, 2), 3.0), jnp.full(2, 5.0)), Dense(jnp.ones((1, 2)), jnp.ones(1))),
)


def _one(plan, gradient, **numbers):
    hyper = jax.tree.map(lambda leaf: leaf[0], make_hyper(1, **numbers))
    moments = init_moments(plan, hyper, MODEL)
    return apply_gradient(
        with_extras(plan, make_hyper(1, **numbers)), hyper, MODEL, moments, gradient,
        step=jnp.int32(0), loss=jnp.float32(0), loss_of=lambda model: jnp.float32(0),
    )[0]  # fmt: skip


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_decay_shrinks_weights_and_embeddings_and_leaves_biases_alone(optimizer):
    nothing = jax.tree.map(jnp.zeros_like, MODEL)
    moved = _one(Plan(optimizer, batch_size=0), nothing, learning_rate=0.1, weight_decay=0.5)
    np.testing.assert_allclose(moved.embeddings[0], 0.95, rtol=1e-6)
    np.testing.assert_allclose(moved.layers[0].weight, 3 * 0.95, rtol=1e-6)
    np.testing.assert_array_equal(moved.layers[0].bias, MODEL.layers[0].bias)


def test_adams_first_step_is_the_rate_whatever_the_gradients_size():
    for size in (1e-3, 1.0, 1e6):
        moved = _one(Plan("adam"), jax.tree.map(lambda w, s=size: s * w, MODEL), learning_rate=0.1)
        change = jax.tree.map(lambda a, b: a - b, moved, MODEL)
        for leaf in jax.tree.leaves(change):
            np.testing.assert_allclose(leaf, -0.1, rtol=1e-4)


def test_weights_only_sets_biases_to_zero():
    kept = weights_only(MODEL)
    assert kept.layers[0].weight is MODEL.layers[0].weight
    assert not any(layer.bias.any() for layer in kept.layers)


def _rate(schedule, step, **numbers):
    hyper = make_hyper(1, learning_rate=0.4, total_steps=1000, **numbers)
    hyper = jax.tree.map(lambda leaf: leaf[0], hyper)
    return float(learning_rate_at(Plan(schedule=schedule), hyper, jnp.int32(step)))


LANDMARKS = {
    "constant": {0: 1.0, 500: 1.0, 1000: 1.0, 5000: 1.0},
    "cosine": {0: 1.0, 250: 0.5 + np.sqrt(0.125), 500: 0.5, 1000: 0.0, 5000: 0.0},
    "step": {0: 1.0, 499: 1.0, 500: 0.1, 749: 0.1, 750: 0.01, 1000: 0.01},
    "warmup": {0: 0.005, 99: 0.5, 199: 1.0, 200: 1.0, 1000: 1.0},
    "one_cycle": {0: 0.005, 99: 0.5, 200: 1.0, 600: 0.5, 1000: 0.0, 5000: 0.0},
}


@pytest.mark.parametrize("schedule", LANDMARKS)
def test_schedule_has_its_formulas_values(schedule):
    for step, share in LANDMARKS[schedule].items():
        found = _rate(schedule, step, warmup=0.2)
        assert found == pytest.approx(0.4 * share, abs=2e-7), step


@pytest.mark.parametrize("schedule", LANDMARKS)
@pytest.mark.parametrize("warmup", [0.0, 0.05, 1.0])
def test_no_schedule_exceeds_the_rate_and_none_wastes_the_first_update(schedule, warmup):
    rates = [_rate(schedule, step, warmup=warmup) for step in range(0, 1001, 125)]
    assert rates[0] > 0
    assert min(rates) >= 0
    assert max(rates) <= 0.4 * (1 + 1e-6)
    if warmup == 0:
        assert rates[0] == pytest.approx(0.4)


def test_scaled_rates_train_a_network_as_if_its_sums_were_divided_by_the_root_of_their_inputs():
    """A step of Adam on ``z = V x`` moves it as one on ``z = W x / root(d)``, ``V = W / root(d)``.

    The steps of the second are those of the neural tangent parametrisation, at 16 times the rate.
    """
    d, rate = 9, 0.01
    model = MLP((), (Dense(jnp.full((2, d), 0.3), jnp.zeros(2)),))
    plan = Plan(optimizer="adam", layer_rates="scaled")
    hyper = jax.tree.map(lambda leaf: leaf[0], make_hyper(1, learning_rate=rate, epsilon=1e-12))
    slope = jnp.linspace(-1.0, 1.0, 2 * d).reshape(2, d) + 0.03
    gradient = MLP((), (Dense(slope, jnp.ones(2)),))
    moved, _ = apply_gradient(
        plan, hyper, model, init_moments(plan, hyper, model), gradient,
        step=jnp.int32(0), loss=jnp.float32(0), loss_of=lambda at: jnp.float32(0),
    )  # fmt: skip
    in_w = 16 * rate * jnp.sign(slope)  # Adam's first step, of W
    np.testing.assert_allclose(moved.layers[0].weight, 0.3 - in_w / d**0.5, rtol=1e-5)
    np.testing.assert_allclose(moved.layers[0].bias, -0.1 * 16 * rate, rtol=1e-5)


def test_cycles_end_at_rate_0_and_each_is_twice_as_long_as_the_one_before():
    hyper = jax.tree.map(lambda leaf: leaf[0], make_hyper(1, learning_rate=1.0, total_steps=1500))
    plan = Plan(schedule="cycles")
    rates = np.array([learning_rate_at(plan, hyper, jnp.int32(step)) for step in range(0, 1501, 5)])
    ends = [0, 100, 300, 700, 1500]
    assert np.all(rates[np.array(ends) // 5] < 1e-6)
    tops = [float(rates[a // 5 : b // 5].max()) for a, b in itertools.pairwise(ends)]
    np.testing.assert_allclose(tops, 1, atol=0.01)


def test_what_fades_is_whole_in_the_first_half_and_gone_in_the_end():
    hyper = jax.tree.map(lambda leaf: leaf[0], make_hyper(1, total_steps=100))
    left = [float(fading(Plan(fade=True), hyper, jnp.int32(step))) for step in (0, 50, 75, 100)]
    np.testing.assert_allclose(left, [1, 1, 0.5, 0], atol=1e-6)
    assert fading(Plan(), hyper, jnp.int32(100)) == 1.0
