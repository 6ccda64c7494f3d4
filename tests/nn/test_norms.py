"""The L^p norm: NumPy's values, the axioms, and no overflow."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from madaline.nn.norms import norm, power_sum

ORDERS = (1.0, 1.5, 2.0, 3.0, 7.5, 100.0, float("inf"))
slope_of_norm = jax.jit(jax.grad(norm), static_argnames="p")
compiled = {p: jax.jit(norm, static_argnames="p") for p in (*ORDERS, 1e4)}
entries = st.floats(-1e3, 1e3).map(lambda value: round(value, 6))
vectors = arrays(np.float64, 5, elements=entries)


def _norm(x, p) -> float:
    with jax.enable_x64(True):
        return float(compiled[p](jnp.asarray(x, jnp.float64), p=p))


def _norm32(x, p) -> float:
    return float(compiled[p](jnp.asarray(x, jnp.float32), p=p))


@pytest.mark.parametrize("p", ORDERS)
@settings(max_examples=25)
@given(x=vectors)
def test_norm_agrees_with_numpy(p, x):
    np.testing.assert_allclose(_norm(x, p), np.linalg.norm(x, p), rtol=1e-12)
    rounded = x.astype(np.float32)
    expected = np.linalg.norm(rounded.astype(np.float64), p)
    np.testing.assert_allclose(_norm32(rounded, p), expected, rtol=6e-7)


@pytest.mark.parametrize("p", ORDERS)
@settings(max_examples=25)
@given(x=vectors, y=vectors)
def test_the_way_through_a_third_point_is_not_shorter(p, x, y):
    assert _norm(x + y, p) <= (_norm(x, p) + _norm(y, p)) * (1 + 1e-12)


@pytest.mark.parametrize("p", ORDERS)
@settings(max_examples=25)
@given(x=vectors, factor=entries)
def test_a_factor_comes_out(p, x, factor):
    np.testing.assert_allclose(_norm(factor * x, p), abs(factor) * _norm(x, p), rtol=1e-12)


@settings(max_examples=25)
@given(x=vectors)
def test_norm_falls_as_p_rises(x):
    values = [_norm(x, p) for p in ORDERS]
    assert all(a >= b * (1 - 1e-12) for a, b in pairwise(values))


def test_the_lectures_example_is_7_not_25():
    assert _norm([3, 4], 1.0) == 7.0


@pytest.mark.parametrize("p", [*ORDERS, 1e4])
@pytest.mark.parametrize("exponent", [37, 30, 0, -30, -37])
def test_nothing_overflows_or_vanishes_at_any_size(p, exponent):
    x = np.array([3.0, -1.5, 0.5, 0.0]) * 10.0**exponent
    big = np.abs(x).max()
    expected = big * np.sum((np.abs(x) / big) ** p) ** (1 / p) if p < np.inf else big
    np.testing.assert_allclose(_norm32(x, p), expected, rtol=1e-6)


def test_the_largest_float_is_its_own_norm():
    top = np.finfo(np.float32).max
    for p in compiled:
        assert _norm32([top, 0.0], p) == top


@pytest.mark.parametrize("p", [*ORDERS, 1e4])
def test_equal_entries_give_the_root_of_their_number(p):
    expected = 1e30 * 4.0 ** (1 / p)
    np.testing.assert_allclose(_norm32(np.full(4, 1e30), p), expected, rtol=1e-6)


@pytest.mark.parametrize("p", ORDERS)
def test_nothing_has_norm_zero_and_what_is_not_finite_shows(p):
    assert _norm32([0.0, 0.0], p) == 0.0
    assert _norm32([], p) == 0.0
    assert _norm32([np.inf, 1.0], p) == np.inf
    assert np.isnan(_norm32([np.nan, 1.0], p))


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0])
def test_slope_of_the_norm_is_that_of_the_formula(p):
    with jax.enable_x64(True):
        x = jnp.array([3.0, -4.0, 0.5])
        slope = np.asarray(slope_of_norm(x, p=p))
        expected = np.sign(x) * (np.abs(x) / float(norm(x, p))) ** (p - 1)
    np.testing.assert_allclose(slope, expected, rtol=1e-12)


def test_slope_at_zero_and_at_small_entries_is_finite():
    assert slope_of_norm(jnp.zeros(3)).tolist() == [0, 0, 0]
    np.testing.assert_allclose(slope_of_norm(jnp.array([3e-30, 4e-30])), [0.6, 0.8], rtol=1e-5)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0])
def test_power_sum_is_the_norm_to_the_power_p(p):
    with jax.enable_x64(True):
        x = jnp.array([[3.0, -4.0], [0.5, 0.0]])
        np.testing.assert_allclose(power_sum(x, p), norm(x.ravel(), p) ** p, rtol=1e-12)
        slope = np.asarray(jax.grad(power_sum)(x, jnp.float64(p)))
        expected = p * np.sign(x) * np.abs(x) ** (p - 1)
    np.testing.assert_allclose(slope, expected, rtol=1e-12)
