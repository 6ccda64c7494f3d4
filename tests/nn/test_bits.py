"""Random numbers: uniform, independent from place to place and from key to key."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from madaline.nn.bits import fold_in, happens, make_key, mix, normal, random_bits, uniform

N = 1 << 16
SEEDS = (0, 1, 7, 2**31 - 1)
draw = jax.jit(uniform, static_argnames="size")


@pytest.mark.parametrize("seed", SEEDS)
def test_uniform_numbers_have_the_moments_of_the_uniform_distribution(seed):
    u = np.asarray(draw(make_key(seed), N), np.float64)
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 4 * math.sqrt(1 / 12 / N)
    assert abs(u.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / N)


@pytest.mark.parametrize("seed", SEEDS)
def test_uniform_numbers_fill_the_interval_evenly(seed):
    u = np.sort(np.asarray(draw(make_key(seed), N), np.float64))
    steps = np.arange(N + 1) / N
    kolmogorov = max(np.abs(u - steps[:-1]).max(), np.abs(u - steps[1:]).max())
    assert kolmogorov * math.sqrt(N) < 1.95  # exceeded once in a thousand


@pytest.mark.parametrize("seed", SEEDS)
def test_neighbours_are_uncorrelated(seed):
    u = np.asarray(draw(make_key(seed), N), np.float64) - 0.5
    for lag in (1, 2, 3, 16, 1024):
        assert abs(np.mean(u[lag:] * u[:-lag]) * 12) < 4.5 / math.sqrt(N)


def test_every_bit_is_set_half_of_the_time_and_no_two_go_together():
    bits = np.asarray(random_bits(jnp.asarray(make_key(3)), N))
    planes = ((bits[:, None] >> np.arange(32, dtype=np.uint32)) & 1) * 2.0 - 1
    agreement = planes.T @ planes / N - np.eye(32)
    assert np.abs(planes.mean(0)).max() < 5 / math.sqrt(N)
    assert np.abs(agreement).max() < 5 / math.sqrt(N)


def test_folded_keys_give_streams_that_are_unlike():
    key = jnp.asarray(make_key(0))
    streams = np.stack([np.asarray(draw(fold_in(key, i), 4096)) for i in range(24)]) - 0.5
    likeness = streams @ streams.T * 12 / 4096 - np.eye(24)
    assert np.abs(likeness - np.diag(np.diag(likeness))).max() < 5 / math.sqrt(4096)


def test_fold_in_gives_another_key_for_each_number_and_each_parent():
    parents = jnp.stack([jnp.asarray(make_key(seed)) for seed in range(8)])
    numbers = jnp.arange(4096, dtype=jnp.uint32)
    fold = jax.vmap(jax.vmap(fold_in, in_axes=(None, 0)), in_axes=(0, None))
    keys = np.asarray(fold(parents, numbers)).reshape(-1, 2)
    assert len(np.unique(keys, axis=0)) == 8 * 4096


def test_folding_twice_does_not_commute():
    key = jnp.asarray(make_key(0))
    assert fold_in(fold_in(key, 1), 2).tolist() != fold_in(fold_in(key, 2), 1).tolist()


def test_mix_is_a_bijection_that_flips_half_of_the_bits():
    places = jnp.arange(N, dtype=jnp.uint32)
    mixed = np.asarray(mix(places))
    assert len(np.unique(mixed)) == N
    for bit in range(32):
        flipped = np.bitwise_count(mixed ^ np.asarray(mix(places ^ jnp.uint32(1 << bit)))).mean()
        assert abs(flipped - 16) < 0.6


@pytest.mark.parametrize("chance", [0.0, 0.15, 0.5, 0.95])
def test_events_happen_as_often_as_their_chance_and_apart_for_each_key(chance):
    keys = jax.vmap(lambda place: fold_in(make_key(1), place))(jnp.arange(2000, dtype=jnp.uint32))
    lost = np.asarray(jax.vmap(lambda key: happens(jnp.float32(chance), key, 100))(keys))
    spread = math.sqrt(chance * (1 - chance))
    assert abs(lost.mean() - chance) <= 4.5 * spread / math.sqrt(lost.size)
    for axis, size in ((0, 2000), (1, 100)):  # units and rows: none is favoured
        assert np.abs(lost.mean(axis) - chance).max() <= 5 * spread / math.sqrt(size)
    if chance:
        assert np.abs(np.corrcoef(lost.T) - np.eye(100)).max() < 5.5 / math.sqrt(2000)


def test_normal_numbers_are_normal():
    z = np.asarray(normal(jnp.asarray(make_key(5)), N), np.float64)
    assert np.isfinite(z).all()
    assert abs(z.mean()) < 4 / math.sqrt(N)
    assert abs(z.var() - 1) < 4 * math.sqrt(2 / N)
    assert abs(np.mean(z**4) - 3) < 4 * math.sqrt(96 / N)
    below = np.array([np.mean(z < q) for q in (-2, -1, 0, 1, 2)])
    np.testing.assert_allclose(below, [0.02275, 0.15866, 0.5, 0.84134, 0.97725], atol=0.008)


def test_seeds_give_keys_of_their_own():
    keys = {tuple(make_key(seed).tolist()) for seed in (*range(1000), 2**31 - 1, 2**32, 2**32 + 1)}
    assert len(keys) == 1003
