"""One neuron is linear or logistic regression; L-BFGS finds it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from madaline.nn.head import Head
from madaline.train.chunk import run_chunk
from madaline.train.plan import Plan

FULL = Plan("lbfgs", batch_size=0)


def _labels(x):
    logit = x @ [1.5, -2.0, 0.5] + 0.3
    return (np.random.default_rng(5).random(len(x)) < 1 / (1 + np.exp(-logit))).astype(float)


def test_one_neuron_is_linear_regression(engine):
    x, y = engine.data(80)
    y = np.concatenate([y, x @ [[1.0], [2.0], [-3.0]] + 7], axis=1)
    progress = engine.train(engine.problem(x, y, plan=FULL, hidden=(), outputs=2), 30)
    found, expected = progress.state.model.layers[0], LinearRegression().fit(x, y)
    np.testing.assert_allclose(found.weight[0], expected.coef_, atol=1e-3)
    np.testing.assert_allclose(found.bias[0], expected.intercept_, atol=1e-3)


def test_one_neuron_is_logistic_regression_and_lbfgs_beats_adam(engine):
    x, _ = engine.data(80)
    y = _labels(x)
    head = Head("binary_cross_entropy")
    arguments = {"head": head, "hidden": (), "check": (x, y[:, None]), "dtype": np.float64}
    arguments |= {"gradient_tolerance": 1e-8}
    problem = engine.problem(x, y[:, None], plan=FULL, **arguments)
    run_chunk.clear_cache()
    before = run_chunk._cache_size()
    progress = engine.train(problem, 30, chunk=10)
    found, expected = progress.state.model.layers[0], LogisticRegression(C=np.inf, tol=1e-8)
    expected.fit(x, y)
    np.testing.assert_allclose(found.weight[0], expected.coef_, atol=1e-3)
    np.testing.assert_allclose(found.bias[0], expected.intercept_, atol=1e-3)
    assert run_chunk._cache_size() == before + 1, "its chunks are one program"
    adam = engine.problem(x, y[:, None], plan=Plan("adam", batch_size=0), learning_rate=0.02,
                          **arguments)  # fmt: skip
    other = engine.train(adam, 30)
    loss, slower = (float(run.history.loss[-1, 0]) for run in (progress, other))
    assert loss < slower - 0.01
    assert np.all(np.diff(progress.history.loss[:, 0]) <= 1e-6), "no step is uphill"


def test_the_least_penalised_neuron_is_ridge_regression(engine):
    pytest.importorskip("sklearn.linear_model")
    from sklearn.linear_model import Ridge

    x, y = engine.data(80)
    y = np.concatenate([y, x @ [[1.0], [2.0], [-3.0]] + 7], axis=1)
    alpha = 0.3
    problem = engine.problem(x, y, plan=FULL, hidden=(), outputs=2, l2=alpha)
    found = engine.train(problem, 40).state.model.layers[0]
    # mean over rows and outputs of squares + alpha/2 |w|^2, against a sum of squares + |w|^2
    expected = Ridge(alpha=alpha / 2 * 80 * 2).fit(x, y)
    np.testing.assert_allclose(found.weight[0], expected.coef_, atol=1e-3)
    np.testing.assert_allclose(found.bias[0], expected.intercept_, atol=1e-3)
