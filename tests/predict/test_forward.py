"""The NumPy twin gives JAX's numbers, and warns of nothing."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from madaline.nn import activations
from madaline.nn.architecture import Architecture, Inputs
from madaline.nn.head import Head
from madaline.nn.heads import row_loss
from madaline.nn.mlp import MLP, Dense, apply_mlp, model_from
from madaline.predict import forward
from madaline.predict.losses import row_losses
from madaline.settings import table as settings

OUTPUT = {"poisson": "exp", "binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}
LOSSES = [name for name in settings.LOSSES if name != "auto"]


def _network(names, members=3, n=40, output="linear", k=3):
    rng = np.random.default_rng(0)
    shape = Architecture(Inputs(4, (5, 3), (2, 3)), (6,) * len(names), tuple(names), k, output)
    weights = {
        f"embeddings.{i}": rng.normal(size=(members, codes, size)).astype(np.float32)
        for i, (codes, size) in enumerate(zip((5, 3), (2, 3), strict=True))
    }
    for i, (fan_in, fan_out) in enumerate(shape.layer_sizes):
        weights[f"layers.{i}.weight"] = rng.normal(size=(members, fan_out, fan_in)) / fan_in**0.5
        weights[f"layers.{i}.bias"] = rng.normal(size=(members, fan_out))
    weights = {name: array.astype(np.float32) for name, array in weights.items()}
    x = rng.normal(size=(n, 4)).astype(np.float32)
    return shape, weights, x, rng.integers(0, 3, (n, 2)).astype(np.int32)


def _in_jax(shape, weights, x, codes):
    layers = tuple(
        Dense(weights[f"layers.{i}.weight"], weights[f"layers.{i}.bias"])
        for i in range(len(shape.layer_sizes))
    )
    tables = tuple(weights[f"embeddings.{i}"] for i in range(len(shape.inputs.code_sizes)))
    model = jax.tree.map(jnp.asarray, MLP(tables, layers))
    rows = jax.vmap(lambda m, a, c: apply_mlp(shape, m, a, c), in_axes=(None, 0, 0))
    return np.asarray(jax.vmap(rows, in_axes=(0, None, None), out_axes=1)(model, x, codes))


def test_pieces_and_mixes_give_jaxs_numbers():
    shape, weights, x, codes = _network(("mish", "tanh"))
    rng, numbers, pieces = np.random.default_rng(1), 3, 4
    inputs = replace(shape.inputs, n_numbers=numbers, pieces=pieces)
    shape = replace(shape, inputs=inputs, parametric=True)
    weights["pieces.low"] = np.sort(rng.normal(size=(3, numbers, pieces)), axis=2)
    weights["pieces.slope"] = rng.uniform(0, 3, (3, numbers, pieces))
    weights["layers.0.weight"] = rng.normal(size=(3, 6, shape.inputs.n_inputs))
    weights |= {f"mixes.{i}": rng.normal(size=(3, 6)) for i in range(2)}
    weights = {name: array.astype(np.float32) for name, array in weights.items()}
    model = jax.tree.map(jnp.asarray, model_from(shape, weights, np.float32))
    rows = jax.vmap(lambda m, a, c: apply_mlp(shape, m, a, c), in_axes=(None, 0, 0))
    expected = jax.vmap(rows, in_axes=(0, None, None), out_axes=1)(model, x, codes)
    found = forward.logits(shape, weights, x, codes)
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", settings.ACTIVATIONS)
def test_networks_of_each_activation_give_jaxs_numbers(name):
    case = _network((name, name))
    found = forward.logits(*case)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, _in_jax(*case), rtol=1e-5, atol=2e-6)


def test_a_network_without_hidden_layers_gives_jaxs_numbers():
    case = _network(())
    np.testing.assert_allclose(forward.logits(*case), _in_jax(*case), rtol=1e-5, atol=2e-6)


def test_blocks_of_rows_leave_no_seam(monkeypatch):
    case = _network(("tanh",))
    whole = forward.logits(*case)
    monkeypatch.setattr(forward, "_FEWEST_ROWS", 7)
    monkeypatch.setattr(forward, "_CELLS", 1)
    np.testing.assert_allclose(forward.logits(*case), whole, rtol=1e-5, atol=1e-6)
    assert forward.logits(case[0], case[1], case[2][:0], case[3][:0]).shape == (0, 3, 3)


@pytest.mark.parametrize("name", settings.ACTIVATIONS)
def test_activation_equals_jaxs_at_any_size(name):
    x = np.concatenate([np.linspace(-12, 12, 481), [-1e9, -1e4, -100, 100, 1e4, 1e9]])
    x = x.astype(np.float32)
    expected = np.asarray(activations.ACTIVATIONS[name](jnp.asarray(x)))
    np.testing.assert_allclose(forward.ACTIVATIONS[name](x), expected, rtol=2e-6, atol=1e-6)


SQUASH = {
    "linear": lambda z: z,
    "exp": jnp.exp,
    "sigmoid": jax.nn.sigmoid,
    "softmax": jax.nn.softmax,
}


@pytest.mark.parametrize("output", SQUASH)
def test_outputs_equal_jaxs(output):
    z = np.random.default_rng(0).normal(size=(50, 2, 3)).astype(np.float32) * 8
    shape = Architecture(Inputs(4), (), (), 3, output)
    np.testing.assert_allclose(forward.outputs(shape, z), SQUASH[output](z), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("output", SQUASH)
def test_outputs_of_huge_numbers_are_finite(output):
    z = np.array([[1e4, -1e4, 0.0], [-1e38, 1e38, 1.0]], np.float32)
    found = forward.outputs(Architecture(Inputs(4), (), (), 3, output), z)
    assert np.isfinite(found).all()
    if output == "softmax":
        np.testing.assert_allclose(found.sum(-1), 1)


def _targets(loss, n=60):
    rng = np.random.default_rng(1)
    return {
        "cross_entropy": rng.integers(0, 3, n).astype(np.int32),
        "binary_cross_entropy": rng.integers(0, 2, (n, 3)).astype(np.float32),
        "poisson": rng.poisson(1.0, (n, 3)).astype(np.float32),
    }.get(loss, rng.normal(size=(n, 3)).astype(np.float32))


@pytest.mark.parametrize("loss", LOSSES)
def test_row_losses_equal_jaxs(loss):
    z, y = np.random.default_rng(0).normal(size=(60, 3)) * 3, _targets(loss)
    head = Head(loss, level=0.2, delta=0.6)
    with jax.enable_x64(True):
        expected = jax.vmap(lambda a, b: row_loss(head, a, b))(jnp.asarray(z), jnp.asarray(y))
    found = row_losses(head, z, y)
    assert found.shape == (60,)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_row_losses_of_huge_numbers_are_right_and_warn_of_nothing(loss):
    y = _targets(loss, 2)
    z = np.array([[500.0, -500, 0], [1e4, -1e4, 1e4]], np.float32)
    found = row_losses(Head(loss), z, y)
    assert not np.isnan(found).any()
    assert (found >= 0).all()
    assert np.isfinite(found).all() or loss == "poisson"  # exp(10,000) is infinite in truth
