"""Shapes that differ by little share a program.

The folds of a table seldom have the same number of inputs: a fold without a gap lacks the indicator
of gaps, another lacks a rare level. While a network is trained on few rows, its features and its
tables of codes are padded to a grid. Padding is zero in every row and in every weight, so it
changes no output and learns nothing; whoever looks at a state sees none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import jax
import numpy as np

from madaline.arrays import Array
from madaline.nn.architecture import Inputs
from madaline.nn.mlp import MLP, Dense
from madaline.train.batches import Rows, bucket
from madaline.train.state import Problem

# Rows up to which a program costs more than its padding: about 4 seconds against a percent or two.
_FEW_ROWS = 4096
_STEP = 8

State = TypeVar("State")


def on_grid(problem: Problem) -> Problem:
    """The problem with padded features and tables, where its rows are few.

    Noise on the inputs would move the weights of the padding: there it stays as it is.
    """
    inputs = problem.architecture.inputs
    if len(problem.train.x) > _FEW_ROWS or "input_noise" in problem.plan.extras:
        return problem
    wider = padded_inputs(inputs)
    check, members = problem.check, len(problem.hyper.member)
    dtype = problem.train.x.dtype
    return replace(
        problem,
        architecture=replace(problem.architecture, inputs=wider),
        hyper=replace(problem.hyper, n_inputs=np.full(members, inputs.n_inputs, dtype)),
        train=_padded_rows(problem.train, wider.n_features),
        check=check and replace(check, rows=_padded_rows(check.rows, wider.n_features)),
    )


def padded_inputs(inputs: Inputs) -> Inputs:
    """With as many features and codes as the next place of the grid.

    >>> padded = padded_inputs(Inputs(10, (39, 3), (8, 8)))
    >>> padded.n_features, padded.code_sizes
    (16, (40, 4))
    """
    features = _next_place(inputs.n_features) if inputs.n_features else 0
    codes = tuple(_next_place(size) for size in inputs.code_sizes)
    return replace(inputs, n_features=features, code_sizes=codes)


def _next_place(size: int) -> int:
    """4, 8, 16, 24, ...: four are not made eight, for that would double their products."""
    return bucket(size, _STEP if size > _STEP // 2 else _STEP // 2)


def padded_state(state: State, inputs: Inputs, wider: Inputs) -> State:
    """Weights, moments and best weights of inputs for the wider ones."""
    more = wider.n_features - inputs.n_features

    def first(leaf: Array) -> Array:  # features come first among the inputs
        gap = np.zeros((*leaf.shape[:-1], more), leaf.dtype)
        head, tail = leaf[..., : inputs.n_features], leaf[..., inputs.n_features :]
        return np.concatenate([head, gap, tail], axis=-1)

    def table(leaf: Array, codes: int) -> Array:
        gap = np.zeros((*leaf.shape[:-2], codes - leaf.shape[-2], leaf.shape[-1]), leaf.dtype)
        return np.concatenate([leaf, gap], axis=-2)

    return _changed(state, first, table, wider)


def cut_state(state: State, inputs: Inputs) -> State:
    """The inverse of `padded_state`; of a state without padding nothing is cut."""
    after = inputs.n_inputs - inputs.n_features

    def first(leaf: Array) -> Array:
        head, tail = leaf[..., : inputs.n_features], leaf[..., leaf.shape[-1] - after :]
        return np.concatenate([head, tail], axis=-1)

    return _changed(state, first, lambda leaf, codes: leaf[..., :codes, :], inputs)


def _changed(
    state: State,
    first: Callable[[Array], Array],
    table: Callable[[Array, int], Array],
    inputs: Inputs,
) -> State:
    """The state with the leaves of every first stage changed, in whatever is like a model."""

    def change(part: Any) -> Any:
        if not isinstance(part, MLP):
            return part
        tables = zip(part.embeddings, inputs.code_sizes, strict=True)
        layer = part.layers[0]
        return replace(
            part,
            embeddings=tuple(table(leaf, codes) for leaf, codes in tables),
            layers=(Dense(first(layer.weight), layer.bias), *part.layers[1:]),
            scale=None if part.scale is None else first(part.scale),
        )

    return jax.tree.map(change, state, is_leaf=lambda part: isinstance(part, MLP))


def _padded_rows(rows: Rows, n_features: int) -> Rows:
    gap = len(rows.x), n_features - rows.x.shape[1]
    return replace(rows, x=np.concatenate([rows.x, np.zeros(gap, rows.x.dtype)], axis=1))
