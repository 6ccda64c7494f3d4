"""Each activation against its formula, its range, its slope, and its NumPy twin."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from madaline.nn.activations import ACTIVATIONS
from madaline.predict import forward
from madaline.settings import table as settings

NAMES = sorted(ACTIVATIONS)
POINTS = np.array([-30.0, -3.0, -1.0, -0.1, 0.2, 1.0, 2.5, 30.0])


def _softplus(x):
    return math.log1p(math.exp(x))


def _gelu(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _selu(x):
    return 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x))


FORMULAS = {
    "identity": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x)),
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "selu": _selu,
    "gelu": _gelu,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "mish": lambda x: x * math.tanh(_softplus(x)),
    "softplus": _softplus,
}
RANGES = {
    "identity": (-math.inf, math.inf),
    "sigmoid": (0, 1),
    "tanh": (-1, 1),
    "relu": (0, math.inf),
    "leaky_relu": (-math.inf, math.inf),
    "elu": (-1, math.inf),
    "selu": (-1.7580994, math.inf),
    "gelu": (-0.1700408, math.inf),
    "silu": (-0.2784645, math.inf),
    "mish": (-0.3088451, math.inf),
    "softplus": (0, math.inf),
}


def test_the_names_are_those_of_the_settings_and_of_the_numpy_twin():
    assert set(NAMES) == set(settings.ACTIVATIONS) == set(forward.ACTIVATIONS) == set(FORMULAS)


@pytest.mark.parametrize("name", NAMES)
def test_activation_has_its_formulas_values(name):
    with jax.enable_x64(True):
        found = np.asarray(ACTIVATIONS[name](jnp.asarray(POINTS)))
    np.testing.assert_allclose(found, [FORMULAS[name](x) for x in POINTS], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_activation_stays_in_its_range_and_comes_near_its_ends(name):
    x = np.concatenate([np.linspace(-20, 20, 40_001), [-1e4, 1e4]]).astype(np.float32)
    found = np.asarray(ACTIVATIONS[name](jnp.asarray(x)))
    low, high = RANGES[name]
    assert np.isfinite(found).all()
    assert found.min() >= low - 1e-6
    assert found.max() <= high
    assert found.min() <= low + 1e-5 if math.isfinite(low) else found.min() < -90
    assert found.max() >= high - 1e-5 if math.isfinite(high) else found.max() >= 1e4


@pytest.mark.parametrize("name", NAMES)
def test_slope_equals_finite_differences(name):
    step = 1e-6
    x = np.linspace(-6, 6, 241) + 0.0123  # no point on a kink
    with jax.enable_x64(True):
        function = ACTIVATIONS[name]
        slope = np.asarray(jax.vmap(jax.grad(function))(jnp.asarray(x)))
        rise = np.asarray(function(jnp.asarray(x + step)) - function(jnp.asarray(x - step)))
    np.testing.assert_allclose(slope, rise / (2 * step), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_slope_is_finite_and_bounded_for_huge_numbers(name):
    x = jnp.asarray([-1e12, -1e5, -90.0, 0.0, 90.0, 1e5, 1e12], jnp.float32)
    slope = np.asarray(jax.vmap(jax.grad(ACTIVATIONS[name]))(x))
    assert np.isfinite(slope).all()
    assert (np.abs(slope) <= 1.76).all()  # selu's, just below 0, is the largest


def test_relu_has_slope_zero_at_zero():
    assert float(jax.grad(ACTIVATIONS["relu"])(0.0)) == 0.0
