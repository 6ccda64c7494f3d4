"""Numbers seen piece by piece."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from madaline.nn.architecture import Architecture, Inputs
from madaline.nn.mlp import apply_mlp, init_mlp, model_arrays, model_from, stack_members
from madaline.nn.pieces import Pieces, apply_pieces, first_heights, fit_pieces


def pieces_of(x, count, height=1.0):
    found = fit_pieces(np.asarray(x, float), count, np.array([height]), np.float32)
    return jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), found)


def test_a_piece_rises_from_nothing_to_its_height_while_the_number_crosses_it():
    pieces = pieces_of(np.arange(9.0)[:, None], 4, height=0.5)
    seen = jax.vmap(lambda x: apply_pieces(pieces, x))(jnp.array([[-5.0], [1.0], [4.0], [99.0]]))
    assert seen.tolist() == [[0, 0, 0, 0], [0.25, 0, 0, 0], [0.5, 0.5, 0, 0], [0.5, 0.5, 0.5, 0.5]]


def test_pieces_have_equal_shares_of_the_rows():
    x = np.random.default_rng(0).lognormal(0, 2, (4000, 2))
    low = np.asarray(pieces_of(x, 8).low)
    counts = [np.histogram(x[:, i], [*low[i], np.inf])[0] for i in range(2)]
    assert np.all(np.abs(np.array(counts) - 500) <= 2)


def test_ties_make_fewer_pieces_and_a_constant_none():
    x = np.stack([np.repeat([0.0, 1.0], [60, 40]), np.full(100, 7.0)], axis=1)
    pieces = pieces_of(x, 4)
    assert np.count_nonzero(np.asarray(pieces.slope), axis=1).tolist() == [1, 0]
    assert apply_pieces(pieces, jnp.array([0.5, 7.0])).tolist() == [0.5, 0, 0, 0, 0, 0, 0, 0]


def test_no_gradient_moves_pieces():
    pieces = pieces_of(np.arange(9.0)[:, None], 4)

    def total(at: Pieces):
        return jnp.sum(apply_pieces(at, jnp.array([2.5])))

    slopes = jax.grad(total)(pieces)
    assert all(not np.any(np.asarray(leaf)) for leaf in jax.tree.leaves(slopes))


def test_every_second_member_sees_pieces_and_one_alone_does():
    assert (first_heights(4) > 0).tolist() == [False, True, False, True]
    assert first_heights(1)[0] > 0


@pytest.mark.parametrize("height", [0.0, 0.3, 1.0])
def test_scales_and_heights_become_part_of_the_first_weights(height):
    """A model that was taken apart for a predictor and put together again answers alike."""
    shape = Architecture(
        Inputs(3, (4,), (2,), 2, 4, scaled=True), (5, 4), ("mish", "tanh"), 2, "linear", True
    )
    rng = np.random.default_rng(1)
    pieces = pieces_of(rng.normal(size=(50, 2)), 4, height)
    model = replace(init_mlp(shape, np.ones(2), seed=0), pieces=pieces)
    changed = jax.tree.map(lambda leaf: leaf + rng.uniform(0.1, 1, np.shape(leaf)), model)
    changed = stack_members([type(changed)(**{**vars(changed), "pieces": model.pieces})])
    again = model_from(shape, model_arrays(changed), np.float32)
    one = lambda of: jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), of)  # noqa: E731
    x, codes = jnp.array([0.3, -0.7, 1.5]), jnp.array([2])
    expected = apply_mlp(shape, one(changed), x, codes)
    np.testing.assert_allclose(apply_mlp(shape, one(again), x, codes), expected, rtol=1e-5)
