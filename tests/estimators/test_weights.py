"""Row weights: 2 is the row twice, 0 is no row, and classes may have weights too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from madaline import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(1)
X = RNG.normal(size=(30, 3))
WEIGHT = RNG.integers(0, 4, 30)
TWICE = np.repeat(np.arange(30), WEIGHT)
CHOSEN = {
    "preset": "classic",
    "hidden_layer_sizes": (6,),
    "batch_size": "full",
    "max_iter": 40,
    "random_state": 0,
}


@pytest.mark.parametrize("alpha", [None, 0.5])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_weight_of_two_is_the_row_twice_and_of_zero_no_row(solver, alpha):
    y = X[:, 0] - X[:, 1] ** 2
    weighed = MLPRegressor(solver=solver, alpha=alpha, **CHOSEN).fit(X, y, sample_weight=WEIGHT)
    repeated = MLPRegressor(solver=solver, alpha=alpha, **CHOSEN).fit(X[TWICE], y[TWICE])
    # Values are about 1; after 40 line searches one near 0 has fewer digits, on some processors.
    near_zero = 1e-8 if solver == "lbfgs" else 0.0
    np.testing.assert_allclose(weighed.predict(X), repeated.predict(X), rtol=1e-7, atol=near_zero)


def test_weights_count_in_scales_and_values_of_columns():
    """A row of weight 0 teaches no category, no missing mark and no scale."""
    frame = pd.DataFrame({"a": X[:, 0], "b": np.where(WEIGHT > 0, "seen", "ghost")})
    frame.loc[WEIGHT == 0, "a"] = np.nan
    y = np.where(X[:, 1] > 0, "yes", "no")
    model = MLPClassifier(**CHOSEN).fit(frame, y, sample_weight=WEIGHT)
    other = MLPClassifier(**CHOSEN).fit(frame.iloc[TWICE], y[TWICE])
    assert model.predictor_.encoder.feature_names == other.predictor_.encoder.feature_names
    np.testing.assert_allclose(model.predict_proba(frame), other.predict_proba(frame), rtol=1e-7)
