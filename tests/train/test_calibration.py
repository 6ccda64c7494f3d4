"""The loss at the best temperature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from madaline.train.calibration import CALIBRATIONS, calibrated_loss, lowest


def losses(z, y):
    """Binary cross-entropy at each temperature."""
    factors = np.array(CALIBRATIONS)[:, None]
    return jnp.asarray(np.mean(np.logaddexp(0, z * factors) - y * z * factors, axis=1))


@pytest.mark.parametrize("sureness", [0.5, 1.0, 1.7, 3.0])
def test_it_is_the_loss_after_the_best_temperature(sureness):
    rng = np.random.default_rng(0)
    z = rng.normal(0, 2, 4000)
    y = rng.random(4000) < 1 / (1 + np.exp(-z))
    fine = np.exp(np.linspace(np.log(0.25), np.log(4), 400))
    best = min(np.mean(np.logaddexp(0, z * sureness * f) - y * z * sureness * f) for f in fine)
    found = lowest(losses(z * sureness, y)[:, None])
    assert float(found[0]) == pytest.approx(best, abs=2e-3)


def test_how_sure_a_network_is_changes_nothing():
    rng = np.random.default_rng(1)
    z = rng.normal(0, 2, 4000)
    y = rng.random(4000) < 1 / (1 + np.exp(-z))
    both = jnp.stack([losses(z, y), losses(1.5 * z, y)], axis=1)
    first, second = lowest(both)
    assert float(first) == pytest.approx(float(second), abs=2e-3)


def test_beyond_the_last_temperature_the_least_loss_stands():
    falling = jnp.arange(9.0, 0.0, -1.0)[:, None]
    assert lowest(falling).tolist() == [1.0]
    assert jax.jit(lowest)(falling[::-1]).tolist() == [1.0]


def test_a_few_rows_that_are_all_right_are_no_reason_to_be_ever_surer():
    right = losses(np.array([3.0, -2.0]), np.array([True, False]))[:, None]
    assert float(lowest(right)[0]) < float(calibrated_loss(right, jnp.array([2.0]))[0])
    many = calibrated_loss(right, jnp.array([1e6]))
    assert float(many[0]) == pytest.approx(float(lowest(right)[0]), abs=1e-3)
