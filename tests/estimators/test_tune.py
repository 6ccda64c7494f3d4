"""`tune`: a search before `fit`."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris

from madaline import MLPClassifier, MLPRegressor
from madaline.errors import DataError, UsageError

IRIS = load_iris(return_X_y=True)
X, Y = load_diabetes(return_X_y=True)
SMALL = {
    "preset": "classic",
    "hidden_layer_sizes": (8,),
    "random_state": 0,
    "dropout": 0.0,
    "weight_decay": 0.01,
}


def test_a_tuned_fit_is_the_fit_with_the_settings_that_were_found():
    tuned = MLPRegressor(**SMALL, tune=5).fit(X, Y)
    assert len(tuned.trials_) == 5
    assert {name for trial in tuned.trials_ for name in trial.choices} == {"learning_rate"}
    rate = tuned.run_.settings.learning_rate
    assert rate in [trial.choices.get("learning_rate", 1e-3) for trial in tuned.trials_]
    alone = MLPRegressor(**SMALL, learning_rate_init=rate).fit(X, Y)
    np.testing.assert_array_equal(tuned.predict(X), alone.predict(X))


def test_validation_rows_of_ones_own_judge_the_trials():
    features, labels = IRIS
    chosen = {**SMALL, "max_iter": 5, "learning_rate": "cosine"}
    model = MLPClassifier(**chosen, tune=3)
    model.fit(features[::2], labels[::2], X_val=features[1::2], y_val=labels[1::2])
    assert len(model.trials_) == 3
    assert model.score(features, labels) > 0.3


def test_without_tune_there_are_no_trials():
    model = MLPClassifier(**SMALL, max_iter=2, learning_rate="cosine").fit(*IRIS)
    assert not hasattr(model, "trials_")
    assert clone(MLPClassifier(tune=7)).tune == 7


@pytest.mark.parametrize("tune", [1, 0, 2.5, True, "16"])
def test_a_number_of_trials_that_is_no_search_is_refused(tune):
    with pytest.raises(UsageError, match="The 'tune' parameter of MLPClassifier must be a whole"):
        MLPClassifier(tune=tune).fit(*IRIS)


def test_a_search_needs_held_out_rows_and_a_new_training():
    with pytest.raises(DataError, match="none are held out"):
        MLPRegressor(**SMALL, tune=3, early_stopping=False).fit(X, Y)
    model = MLPRegressor(**SMALL, warm_start=True).fit(X, Y)
    with pytest.raises(UsageError, match="warm_start goes on"):
        model.set_params(tune=3).fit(X, Y)
