"""Padded inputs: the same training, and one program for shapes that are nearly alike."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from madaline.nn.architecture import Inputs
from madaline.train import grid
from madaline.train.batches import Rows
from madaline.train.chunk import run_chunk
from madaline.train.loop import init_state
from madaline.train.plan import Plan

PLAN = Plan("adamw", batch_size=16, layer_rates="scaled")


def _problem(engine, n_features=5, codes=5, plan=PLAN, **numbers):
    """Rows with features, pieces of two of them, and the codes of a column."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, n_features))
    problem = engine.problem(
        x, x[:, :1], plan=plan, members=2, dtype=np.float64, hidden=(6,), check=(x, x[:, :1]),
        learning_rate=0.02, weight_decay=0.1, **numbers,
    )  # fmt: skip
    inputs = Inputs(n_features, (codes,), (2,), n_numbers=2, pieces=3, scaled=True)
    column = rng.integers(0, codes, (40, 1)).astype(np.int32)
    check = problem.check
    return replace(
        problem,
        architecture=replace(problem.architecture, inputs=inputs),
        train=Rows(problem.train.x, column, problem.train.y),
        check=replace(check, rows=Rows(check.rows.x, column, check.rows.y)),
    )


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_padding_changes_no_weight(engine, monkeypatch, optimizer):
    problem = _problem(engine, plan=replace(PLAN, optimizer=optimizer))
    padded = engine.train(problem, 5)
    monkeypatch.setattr(grid, "_FEW_ROWS", 0)
    plain = engine.train(problem, 5)
    for a, b in zip(jax.tree.leaves(padded.state), jax.tree.leaves(plain.state), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(padded.history.loss, plain.history.loss, rtol=1e-9)


def test_the_padding_of_weights_stays_zero(engine):
    problem = _problem(engine)
    part = engine.train(problem, 5).parts[0]
    weight, table = np.asarray(part.model.layers[0].weight), np.asarray(part.model.embeddings[0])
    assert weight.shape[-1] == 8 + 2 * 3 + 2
    assert np.abs(weight[:, :, :5]).min() > 0
    assert (weight[:, :, 5:8] == 0).all()
    assert (table[:, 5:] == 0).all()


def test_a_feature_and_a_level_more_compile_nothing(engine):
    run_chunk.clear_cache()
    for n_features, codes in ((5, 5), (6, 6), (8, 8)):
        engine.train(_problem(engine, n_features, codes), 2)
    assert run_chunk._cache_size() == 1


def test_a_state_is_cut_to_what_it_was(engine):
    problem = _problem(engine)
    inputs, state = problem.architecture.inputs, init_state(problem)
    wider = grid.padded_inputs(inputs)
    padded = grid.padded_state(state, inputs, wider)
    assert padded.best.layers[0].weight.shape[-1] == wider.n_inputs
    assert engine.same(grid.cut_state(padded, inputs), state)
    assert engine.same(grid.cut_state(state, inputs), state)


def test_many_rows_and_noisy_inputs_are_trained_as_they_are(engine, monkeypatch):
    noisy = _problem(engine, input_noise=0.1)
    assert grid.on_grid(noisy) is noisy
    monkeypatch.setattr(grid, "_FEW_ROWS", 39)
    many = _problem(engine)
    assert grid.on_grid(many) is many
