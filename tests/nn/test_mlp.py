"""The network: by hand, with embeddings, dropout and members."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from madaline.nn.architecture import Architecture, Inputs
from madaline.nn.bits import make_key
from madaline.nn.mlp import MLP, Dense, apply_mlp, init_mlp, stack_members

NO_CODES = jnp.zeros(0, jnp.int32)


def test_a_network_is_its_formula():
    shape = Architecture(Inputs(2), (2,), ("relu",), 1, "linear")
    hidden = Dense(jnp.array([[1.0, 2.0], [-1.0, 0.5]]), jnp.array([0.5, -3.0]))
    model = MLP((), (hidden, Dense(jnp.array([[2.0, 10.0]]), jnp.array([1.0]))))
    z = apply_mlp(shape, model, jnp.array([1.0, 3.0]), NO_CODES)
    assert z.tolist() == [2 * (1 + 6 + 0.5) + 10 * 0 + 1]  # the second unit is off: -1 + 1.5 - 3


def test_layers_without_activation_are_one_matrix():
    shape = Architecture(Inputs(3), (4, 5), ("identity", "identity"), 2, "linear")
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=size) for size in ((4, 3), (5, 4), (2, 5))]
    layers = tuple(Dense(jnp.asarray(w), jnp.zeros(len(w))) for w in weights)
    x = rng.normal(size=3)
    z = apply_mlp(shape, MLP((), layers), jnp.asarray(x), NO_CODES)
    np.testing.assert_allclose(z, weights[2] @ weights[1] @ weights[0] @ x, rtol=1e-5)


def test_codes_look_up_their_rows_and_follow_the_numbers():
    shape = Architecture(Inputs(1, (3, 2), (2, 2)), (), (), 5, "linear")
    tables = (jnp.arange(6.0).reshape(3, 2), 10 + jnp.arange(4.0).reshape(2, 2))
    model = MLP(tables, (Dense(jnp.eye(5), jnp.zeros(5)),))
    z = apply_mlp(shape, model, jnp.array([-7.0]), jnp.array([2, 1]))
    assert z.tolist() == [-7, 4, 5, 12, 13]


def test_a_code_has_a_slope_of_its_own_row_only():
    shape = Architecture(Inputs(1, (3,), (2,)), (), (), 1, "linear")
    model = MLP((jnp.ones((3, 2)),), (Dense(jnp.ones((1, 3)), jnp.zeros(1)),))
    slope = jax.grad(lambda m: apply_mlp(shape, m, jnp.ones(1), jnp.array([1]))[0])(model)
    assert slope.embeddings[0].tolist() == [[0, 0], [1, 1], [0, 0]]


WIDE = Architecture(Inputs(1), (4096,), ("identity",), 1, "linear")
ONES = MLP(
    (),
    (
        Dense(jnp.ones((4096, 1)), jnp.zeros(4096)),
        Dense(jnp.full((1, 4096), 1 / 4096), jnp.zeros(1)),
    ),
)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_switches_off_its_share(share):
    def one(key):
        return apply_mlp(WIDE, ONES, jnp.ones(1), NO_CODES, dropout=jnp.float32(share), key=key)[0]

    keys = jnp.stack([jnp.asarray(make_key(seed)) + jnp.uint32(seed << 16) for seed in range(20)])
    means = np.asarray(jax.vmap(one)(keys))
    spread = np.sqrt(share / (1 - share) / 4096)
    assert abs(means.mean() - 1) < 4 * spread / np.sqrt(20)
    assert 0.4 * spread < means.std() < 1.8 * spread
    kept = means * 4096 * (1 - share)
    np.testing.assert_allclose(kept, np.round(kept), atol=0.05)


def test_dropout_draws_anew_for_each_key_and_layer():
    shape = Architecture(Inputs(1), (64, 64), ("identity", "identity"), 64, "linear")
    eye = Dense(jnp.eye(64), jnp.zeros(64))
    model = MLP((), (Dense(jnp.ones((64, 1)), jnp.zeros(64)), eye, eye))

    def kept(seed):
        key = jnp.asarray(make_key(0)) + jnp.uint32(seed * 7919)
        z = apply_mlp(shape, model, jnp.ones(1), NO_CODES, dropout=jnp.float32(0.5), key=key)
        return z > 0

    assert 5 < int(kept(0).sum()) < 28  # a quarter of 64: the two layers draw apart
    assert kept(0).tolist() == kept(0).tolist()
    assert kept(0).tolist() != kept(1).tolist()


def test_members_are_the_leading_axis():
    shape = Architecture(Inputs(3, (5,), (2,)), (4,), ("tanh",), 2, "linear")
    models = [init_mlp(shape, np.zeros(2), seed=0, member=member) for member in range(3)]
    stacked = stack_members(models)
    assert stacked.layers[0].weight.shape == (3, 4, 5)
    for index, model in enumerate(models):
        same = jax.tree.map(lambda a, b, i=index: bool((a[i] == b).all()), stacked, model)
        assert all(jax.tree.leaves(same))
