"""The order of an epoch: every row once, evenly mixed, another one each time."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.nn.architecture import Architecture, Inputs
from madaline.nn.bits import fold_in, make_key
from madaline.nn.head import Head
from madaline.train.batches import Rows, bucket, pad_rows, row_at, steps_per_epoch
from madaline.train.loop import init_state, train_epochs
from madaline.train.plan import Plan, make_hyper
from madaline.train.state import Problem

order_of = jax.jit(row_at)
keys_of = jax.jit(jax.vmap(fold_in, in_axes=(None, 0)))


def _order(n: int, key, size: int) -> np.ndarray:
    position = np.minimum(np.arange(size), n - 1).astype(np.uint32)
    return np.asarray(order_of(jnp.asarray(position), jnp.uint32(n), jnp.asarray(key)))[:n]


def _keys(n: int, seed: int = 0):
    return keys_of(jnp.asarray(make_key(seed)), jnp.arange(n, dtype=jnp.uint32))


def test_every_row_comes_once_for_each_number_of_rows_up_to_200():
    for n, key in zip(range(1, 201), np.asarray(_keys(200)), strict=True):
        assert (np.sort(_order(n, key, 200)) == np.arange(n)).all(), n


@settings(max_examples=12)
@given(n=st.integers(1, 10**6), key=st.tuples(*[st.integers(0, 2**32 - 1)] * 2))
def test_every_row_comes_once_for_any_number_of_rows_and_key(n, key):
    order = _order(n, np.array(key, np.uint32), 1 << 20)
    seen = np.bincount(order, minlength=n)
    assert len(seen) == n
    assert (seen == 1).all()


@pytest.mark.parametrize("n", [16, 17, 37, 100])
def test_each_row_is_as_likely_at_each_position_and_after_each_other_row(n):
    draws = 8000
    position = jnp.arange(n, dtype=jnp.uint32)
    orders = jax.jit(jax.vmap(lambda key: row_at(position, jnp.uint32(n), key)))(_keys(draws, n))
    orders = np.asarray(orders)
    seen = np.stack([np.bincount(column, minlength=n) for column in orders.T])
    chi_square = np.sum((seen - draws / n) ** 2) / (draws / n) / (n - 1) ** 2
    pairs = np.bincount(orders[:, 0] * n + orders[:, 1], minlength=n * n).reshape(n, n)
    expected = draws / (n * (n - 1))
    pair_chi = np.sum((pairs[~np.eye(n, dtype=bool)] - expected) ** 2) / expected
    # The smallest grids are slightly uneven: six rounds are few for 4 x 4 places.
    assert 0.8 < chi_square < 1.25
    assert 0.8 < pair_chi / (n * (n - 1) - 1) < 1.45
    assert (np.diag(pairs) == 0).all()


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_a_handful_of_rows_comes_in_all_orders(n):
    position = jnp.arange(n, dtype=jnp.uint32)
    orders = jax.vmap(lambda key: order_of(position, jnp.uint32(n), key))(_keys(12_000, n))
    _, seen = np.unique(np.asarray(orders), axis=0, return_counts=True)
    assert len(seen) == np.prod(np.arange(1, n + 1))
    assert seen.max() < 5 * seen.mean()  # so few places are mixed a little unevenly


def test_order_looks_shuffled():
    order = _order(1000, _keys(1)[0], 1000).astype(float)
    place = np.arange(1000)
    assert abs(np.corrcoef(order, place)[0, 1]) < 0.13
    assert abs(np.corrcoef(order[1:], order[:-1])[0, 1]) < 0.13
    assert np.sum(order == place) < 8


def test_each_epoch_has_an_order_of_its_own():
    orders = np.stack([_order(1000, key, 1000) for key in _keys(12)])
    for i in range(12):
        for j in range(i):
            assert np.sum(orders[i] == orders[j]) < 10  # 1 expected by chance


@given(n=st.integers(1, 10**6))
def test_a_bucket_is_large_enough_and_wastes_little(n):
    size = bucket(n)
    assert size >= max(n, 32)
    assert size <= max(n + 31, 1.125 * n + 1)
    assert bucket(size) == size


def test_there_are_eight_buckets_to_a_doubling():
    assert len({bucket(n) for n in range(1025, 2049)}) == 8


def test_padding_adds_rows_without_weight():
    rows = Rows(np.ones((3, 2)), np.ones((3, 1), int), np.ones(3, int))
    padded, weight = pad_rows((rows, np.ones((3, 4))), 5)
    assert padded.x.shape == (5, 2)
    assert weight.shape == (5, 4)
    assert weight.sum() == 12
    assert padded.x.ctypes.data % 64 == 0
    np.testing.assert_array_equal(pad_rows(rows, 3).x, rows.x)


N = 10
MODES = [(1, True), (4, True), (4, False), (16, True), (0, True)]


@pytest.mark.parametrize(("size", "shared"), MODES)
def test_an_epoch_sees_every_row_once_in_the_stated_number_of_updates(size, shared):
    """Each row owns a weight, and its slope is -1 for ever: a weight counts its row's visits."""
    members, rate = 2, 1.0
    rows = Rows(
        np.eye(N, dtype=np.float32),
        np.zeros((N, 0), np.int32),
        np.full((N, 1), 1e6, np.float32),
    )
    problem = Problem(
        architecture=Architecture(Inputs(N), (), (), 1, "linear"),
        head=Head("absolute"),
        plan=Plan("sgd", batch_size=size, shared_batches=shared),
        hyper=make_hyper(members, learning_rate=rate),
        train=rows,
        weight=np.ones((N, members), np.float32),
        check=None,
        first_bias=np.zeros(1),
        seed=0,
    )
    updates = steps_per_epoch(N, size)
    assert updates == {1: N, 4: 3, 16: 1, 0: 1}[size]
    state = init_state(problem)
    for epochs in (1, 3):
        *_, progress = train_epochs(problem, state, epochs, chunk=8)
        assert progress.step == progress.state.step == epochs * updates
        visits = np.asarray(progress.state.model.layers[0].weight).reshape(members, N)
        if size == 4:  # batches of 4, 4 and 2: rows of the short one count double
            assert visits.sum() == pytest.approx(members * epochs * 3)
            if epochs == 1:
                np.testing.assert_allclose(np.sort(visits), [[0.25] * 8 + [0.5] * 2] * members)
                assert (visits[0] == visits[1]).all() == shared
        else:
            np.testing.assert_allclose(visits, epochs / min(size or N, N), rtol=1e-5)
        bias = np.asarray(progress.state.model.layers[0].bias)
        np.testing.assert_allclose(bias, epochs * updates, rtol=1e-6)


@given(n=st.integers(1, 10**5), size=st.integers(1, 10**5))
def test_updates_an_epoch_are_n_ceil_n_over_m_and_one(n, size):
    assert steps_per_epoch(n, 1) == n
    assert steps_per_epoch(n, size) == int(np.ceil(n / size))
    assert steps_per_epoch(n, 0) == 1
