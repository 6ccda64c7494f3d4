"""First weights: the right size, reproducible, and different for each member."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

from madaline.nn.architecture import Architecture, Inputs
from madaline.nn.initializers import INITIALIZERS, POWER, Draws, init_weight
from madaline.nn.mlp import init_mlp
from madaline.predict.forward import ACTIVATIONS

NAMES = sorted(POWER)


@pytest.mark.parametrize("name", NAMES)
def test_power_is_the_second_moment_after_the_activation(name):
    nodes, weights = np.polynomial.hermite_e.hermegauss(180)
    moment = np.sum(weights * ACTIVATIONS[name](nodes) ** 2) / math.sqrt(2 * math.pi)
    assert POWER[name] == pytest.approx(moment, rel=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_ten_layers_keep_the_power_of_a_signal(name):
    rows = np.random.default_rng(0).normal(size=(512, 256))
    h, before = rows, "identity"
    for layer in range(10):
        weight = init_weight(Draws(layer, 0), 256, 256, before=before)
        z = h @ weight.T
        assert 0.5 < np.mean(z**2) < 2, layer
        h, before = ACTIVATIONS[name](z), name


@pytest.mark.parametrize("name", NAMES)
def test_variance_of_each_layers_numbers_neither_dies_nor_explodes(name):
    """The spread between rows, not only the power: what a layer can still tell apart."""
    rows = np.random.default_rng(0).normal(size=(512, 256))
    shape = Architecture(Inputs(256), (256,) * 10, (name,) * 10, 1, "linear")
    model = init_mlp(shape, np.zeros(1), seed=1)
    h = rows
    for layer in model.layers[:-1]:
        z = h @ np.asarray(layer.weight).T
        h = ACTIVATIONS[name](z)
        assert z.var() < 2
        assert np.isfinite(h).all()
        assert h.std(axis=0).max() > 0


@pytest.mark.parametrize(
    ("name", "variance"), [("glorot", 2 / 600), ("he", 2 / 200), ("lecun", 1 / 200)]
)
def test_named_initializers_have_their_papers_variance(name, variance):
    weight = init_weight(Draws(0, 0), 400, 200, before="relu", initializer=name)
    assert weight.shape == (400, 200)
    assert weight.var() == pytest.approx(variance, rel=0.02)
    assert abs(weight.mean()) < 4 * math.sqrt(variance / weight.size)


@pytest.mark.parametrize("size", [(7, 7), (12, 5), (5, 12)])
def test_orthogonal_weights_have_singular_values_one(size):
    weight = init_weight(Draws(0, 0), *size, before="tanh", initializer="orthogonal")
    np.testing.assert_allclose(np.linalg.svd(weight, compute_uv=False), 1, rtol=1e-12)


@pytest.mark.parametrize("initializer", ["auto", *INITIALIZERS])
def test_hidden_biases_are_zero_and_the_output_is_the_first_bias(initializer):
    shape = Architecture(Inputs(5, (4,), (3,)), (7, 6), ("relu", "tanh"), 2, "linear")
    model = init_mlp(shape, np.array([1.5, -2.0]), seed=0, initializer=initializer)
    assert all((layer.bias == 0).all() for layer in model.layers[:-1])
    assert all((layer.weight != 0).all() for layer in model.layers[:-1])
    assert (model.layers[-1].weight == 0).all()
    assert model.layers[-1].bias.tolist() == [1.5, -2.0]


def test_code_zero_of_an_embedding_is_the_origin_and_the_others_have_a_quarter_of_unit_variance():
    shape = Architecture(Inputs(0, (4000,), (6,)), (2,), ("relu",), 1, "linear")
    table = np.asarray(init_mlp(shape, np.zeros(1), seed=0).embeddings[0])
    assert (table[0] == 0).all()
    assert table[1:].var() == pytest.approx(0.25, rel=0.05)


def _leaves(seed: int, member: int, dtype: type = np.float32):
    shape = Architecture(Inputs(5, (4,), (3,)), (7, 6), ("relu", "tanh"), 2, "linear")
    return jax.tree.leaves(init_mlp(shape, np.zeros(2), seed=seed, member=member, dtype=dtype))


def test_the_same_seed_gives_the_same_bits():
    for a, b in zip(_leaves(3, 1), _leaves(3, 1), strict=True):
        assert a.tobytes() == b.tobytes()


def test_a_seed_means_these_weights_on_every_machine():
    weight = init_weight(Draws(7, 2), 2, 2, before="relu")
    expected = [
        [-0.46228962435754456, -0.34678439177020043],
        [1.2055017556744483, 0.6012161470053345],
    ]
    np.testing.assert_allclose(weight, expected, rtol=1e-14)


def test_members_seeds_and_layers_have_weights_of_their_own():
    first = [_leaves(seed, member)[1] for seed, member in ((0, 0), (0, 1), (1, 0), (1, 1))]
    for i, a in enumerate(first):
        for b in first[:i]:
            assert not np.intersect1d(a, b).size
    layers = _leaves(0, 0)
    assert not np.intersect1d(layers[1], layers[3]).size


def test_precision_is_rounding_only():
    for a, b in zip(_leaves(0, 0), _leaves(0, 0, np.float64), strict=True):
        assert (a.dtype, b.dtype) == (np.float32, np.float64)
        np.testing.assert_array_equal(a, b.astype(np.float32))
