"""Losses: their formulas, Optax's values, safe for large numbers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from madaline.nn import losses

rng = np.random.default_rng(0)
Z = rng.normal(size=(50, 3)) * 3
Y = rng.normal(size=(50, 3)) * 2
BITS = (rng.random((50, 3)) < 0.4).astype(float)
LABELS = rng.integers(0, 3, 50)


def _rows(loss, *arrays, **options):
    with jax.enable_x64(True):
        each = jax.vmap(lambda *row: loss(*row, **options))
        return np.asarray(each(*(jnp.asarray(array) for array in arrays)))


def _oracle(loss, *arrays):
    with jax.enable_x64(True):
        return np.asarray(loss(*(jnp.asarray(array) for array in arrays)))


def test_squared_error_is_optaxs_mean_over_outputs():
    expected = _oracle(optax.squared_error, Z, Y).mean(1)
    np.testing.assert_allclose(_rows(losses.squared, Z, Y), expected, rtol=1e-14)


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
def test_huber_is_optaxs(delta):
    expected = _oracle(lambda z, y: optax.huber_loss(z, y, delta=delta), Z, Y).mean(1)
    np.testing.assert_allclose(_rows(losses.huber, Z, Y, delta=delta), expected, rtol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_binary_cross_entropy_is_optaxs_with_labels_drawn_to_a_half(smoothing):
    smooth = BITS * (1 - smoothing) + smoothing / 2
    expected = _oracle(optax.sigmoid_binary_cross_entropy, Z, smooth).mean(1)
    found = _rows(losses.binary_cross_entropy, Z, BITS, smoothing=smoothing)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_cross_entropy_is_optaxs_with_labels_spread_over_all_classes(smoothing):
    smooth = _oracle(lambda hot: optax.smooth_labels(hot, smoothing), np.eye(3)[LABELS])
    expected = _oracle(optax.softmax_cross_entropy, Z, smooth)
    found = _rows(losses.cross_entropy, Z, LABELS, smoothing=smoothing)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_absolute_error_is_the_mean_distance():
    np.testing.assert_allclose(_rows(losses.absolute, Z, Y), np.abs(Z - Y).mean(1), rtol=1e-14)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_pinball_loss_weighs_the_two_sides_by_the_level(level):
    error = Y - Z
    expected = np.where(error > 0, level * error, (1 - level) * -error).mean(1)
    np.testing.assert_allclose(_rows(losses.quantile, Z, Y, level=level), expected, rtol=1e-12)


def test_half_the_absolute_error_is_the_pinball_loss_at_the_median():
    found = _rows(losses.quantile, Z, Y, level=0.5)
    np.testing.assert_allclose(found, _rows(losses.absolute, Z, Y) / 2, rtol=1e-14)


def test_poisson_is_half_the_deviance():
    counts = np.random.default_rng(1).poisson(2.0, (50, 1)).astype(float)
    found = _rows(losses.poisson, Z[:, :1], counts)
    rates, y = np.exp(Z[:, 0]), counts[:, 0]
    log_ratio = np.log(np.where(y > 0, y, 1) / np.where(y > 0, rates, 1))
    np.testing.assert_allclose(found, y * log_ratio - (y - rates), rtol=1e-10, atol=1e-12)
    assert float(losses.poisson(jnp.log(jnp.array([5.0])), jnp.array([5.0]))) == pytest.approx(
        0, abs=1e-5
    )


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber", "quantile"])
def test_a_perfect_prediction_costs_nothing_and_any_other_something(loss):
    options = {"huber": {"delta": 1.0}, "quantile": {"level": 0.3}}.get(loss, {})
    function = getattr(losses, loss)
    assert (_rows(function, Y, Y, **options) == 0).all()
    assert (_rows(function, Y + 0.1, Y, **options) > 0).all()
    assert (_rows(function, Y - 0.1, Y, **options) > 0).all()


@pytest.mark.parametrize("size", [100.0, 1e4, 1e30])
def test_cross_entropies_and_their_slopes_are_finite_for_huge_logits(size):
    z = jnp.asarray([size, -size], jnp.float32)
    for label in (0, 1):
        value, slope = jax.value_and_grad(losses.cross_entropy)(z, jnp.int32(label))
        assert np.isfinite(value)
        assert np.isfinite(slope).all()
    for y in ([0.0, 0.0], [1.0, 1.0], [0.0, 1.0]):
        value, slope = jax.value_and_grad(losses.binary_cross_entropy)(z, jnp.asarray(y))
        assert np.isfinite(value)
        assert np.isfinite(slope).all()
        assert value >= 0
        np.testing.assert_allclose(slope, (np.array([1.0, 0.0]) - np.array(y)) / 2, atol=1e-6)
