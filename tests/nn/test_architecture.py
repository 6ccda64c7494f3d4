"""The shape of a network: counts, and what is no network."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madaline.errors import UsageError
from madaline.nn.architecture import Architecture, Inputs, one_per_layer
from madaline.nn.mlp import init_mlp


def test_layer_sizes_run_from_the_features_to_the_outputs():
    shape = Architecture(Inputs(4), (8, 6), ("relu", "tanh"), 3, "softmax")
    assert shape.layer_sizes == ((4, 8), (8, 6), (6, 3))


def test_embeddings_lengthen_the_input():
    shape = Architecture(Inputs(4, (5, 9), (2, 3)), (8,), ("relu",), 1, "linear")
    assert shape.inputs.n_inputs == 4 + 2 + 3
    assert shape.n_parameters == 5 * 2 + 9 * 3 + (9 * 8 + 8) + (8 * 1 + 1)


@given(
    n_features=st.integers(1, 9),
    hidden=st.lists(st.integers(1, 12), max_size=3),
    n_outputs=st.integers(1, 4),
    tables=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), max_size=2),
)
def test_n_parameters_counts_the_numbers_of_the_model(n_features, hidden, n_outputs, tables):
    shape = Architecture(
        Inputs(
            n_features,
            tuple(codes for codes, _ in tables),
            tuple(size for _, size in tables),
        ),
        tuple(hidden),
        ("tanh",) * len(hidden),
        n_outputs,
        "linear",
    )
    model = init_mlp(shape, np.zeros(n_outputs), seed=0)
    assert sum(leaf.size for leaf in jax.tree.leaves(model)) == shape.n_parameters


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        ((Inputs(4), (8, 0), ("relu", "relu"), 1, "linear"), "at least 1"),
        ((Inputs(4), (), (), 0, "linear"), "at least 1"),
        ((Inputs(4), (8,), ("relu", "relu"), 1, "linear"), "one a layer"),
    ],
)
def test_what_is_no_network_is_refused_with_the_fix(arguments, fix):
    with pytest.raises(UsageError, match=fix):
        Architecture(*arguments)


def test_one_activation_serves_all_layers_and_several_are_kept():
    assert one_per_layer(("relu",), 2) == ("relu", "relu")
    assert one_per_layer(("relu",), 0) == ()
    assert one_per_layer(("relu", "tanh"), 2) == ("relu", "tanh")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((4, (3,), ()), "equal length"),
        ((0,), "without inputs"),
        ((2, (), (), 3), "3 of 2 features"),
    ],
)
def test_what_is_no_first_stage_is_refused(arguments, what):
    with pytest.raises(UsageError, match=what):
        Inputs(*arguments)
