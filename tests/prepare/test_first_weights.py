"""First weights that fit the rows."""

from dataclasses import replace

import numpy as np
import pytest

from madaline.nn.architecture import Architecture, Inputs
from madaline.nn.mlp import init_mlp, model_arrays, stack_members
from madaline.nn.pieces import fit_pieces
from madaline.predict.forward import ACTIVATIONS, logits
from madaline.prepare.first_weights import fit_first_weights

RNG = np.random.default_rng(0)
N, WIDTHS = 700, (32, 16)
X = (RNG.normal(size=(N, 3)) * [1, 20, 0.01] + [0, 5, 1]).astype(np.float32)
CODES = RNG.integers(0, 4, (N, 1)).astype(np.int32)
SHAPE = Architecture(
    Inputs(3, (4,), (2,), 3, 4, scaled=True), WIDTHS, ("mish", "relu"), 2, "linear", True
)


def fitted(seed=0, members=2):
    pieces = fit_pieces(X, 4, np.array([0.0, 0.3])[:members], np.float32)
    model = stack_members(
        [
            init_mlp(
                SHAPE, np.array([0.5, -2.0]), seed=seed, member=member,
            )
            for member in range(members)
        ]
    )  # fmt: skip
    model = replace(model, pieces=pieces)
    return fit_first_weights(SHAPE, model, X, CODES, seed)


@pytest.mark.parametrize("member", [0, 1])
def test_every_hidden_sum_has_variance_1_and_its_plane_meets_the_rows(member):
    weights = {name: value[member] for name, value in model_arrays(fitted()).items()}
    low, slope = weights["pieces.low"], weights["pieces.slope"]
    pieces = np.clip((X[:, :, None] - low) * slope, 0, 1).reshape(N, -1)
    h = np.concatenate([X, pieces, weights["embeddings.0"][CODES[:, 0]]], axis=1)
    for index, name in enumerate(SHAPE.activations):
        z = h @ weights[f"layers.{index}.weight"].T + weights[f"layers.{index}.bias"]
        np.testing.assert_allclose(z.std(axis=0), 1, rtol=0.02)
        assert np.all(z.min(axis=0) < 0)
        assert np.all(z.max(axis=0) > 0)
        h = ACTIVATIONS[name](z)


def test_the_network_still_begins_as_the_best_constant():
    answers = logits(SHAPE, model_arrays(fitted()), X, CODES)
    np.testing.assert_array_equal(answers, np.broadcast_to([0.5, -2.0], answers.shape))


def test_members_and_seeds_differ_and_a_seed_repeats():
    first, again, other = fitted(), fitted(), fitted(seed=1)
    bias = first.layers[0].bias
    assert not np.array_equal(bias[0], bias[1])
    np.testing.assert_array_equal(bias, again.layers[0].bias)
    assert not np.array_equal(bias, other.layers[0].bias)
