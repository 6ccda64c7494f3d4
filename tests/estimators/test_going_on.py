"""`partial_fit` and `warm_start`: a network goes on from where it stands."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris

from madaline import MLPClassifier, MLPRegressor
from madaline.errors import DataError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
X, Y = load_diabetes(return_X_y=True)
SMALL = {"preset": "classic", "hidden_layer_sizes": (8,), "random_state": 0}


def test_calls_with_the_same_rows_are_epochs_of_a_fit_bit_for_bit():
    chosen = {**SMALL, "batch_size": 32, "n_iter_no_change": np.inf, "early_stopping": False}
    whole = MLPRegressor(**chosen, max_iter=7).fit(X, Y)
    steps = MLPRegressor(**chosen)
    for _ in range(7):
        steps.partial_fit(X, Y)
    for a, b in zip(
        whole.run_.state.model.layers, steps._fitted.state.state.model.layers, strict=True
    ):
        np.testing.assert_array_equal(a.weight, b.weight)
    np.testing.assert_array_equal(whole.loss_curve_, steps.loss_curve_)
    assert steps.n_iter_ == 7
    assert steps.t_ == 7 * len(X)


def test_a_stream_of_batches_is_learned():
    features, labels = IRIS
    order = np.random.default_rng(0).permutation(150)
    model = MLPClassifier(**SMALL, learning_rate_init=0.01)
    for turn in range(30):
        for start in range(0, 150, 50):
            rows = order[start : start + 50]
            model.partial_fit(features[rows], labels[rows], classes=[0, 1, 2])
    assert turn == 29
    assert model.score(features, labels) > 0.93


def test_classes_and_values_that_come_later_are_known():
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": ["x", "y", "x", "y"]})
    model = MLPClassifier(**SMALL).partial_fit(frame, list("uuvv"), classes=list("uvw"))
    later = pd.DataFrame({"a": [np.nan, 5.0], "b": ["never seen", None]})
    model.partial_fit(later, ["w", "u"])
    assert model.classes_.tolist() == ["u", "v", "w"]
    assert model.predict_proba(later).shape == (2, 3)


def test_early_stopping_holds_rows_out_of_each_call_and_keeps_the_best():
    model = MLPRegressor(**SMALL, early_stopping=True, learning_rate_init=0.05)
    for _ in range(40):
        model.partial_fit(X, Y)
    scores = model.validation_scores_
    assert len(scores) == 40
    best = int(np.asarray(model._fitted.state.state.best_epoch)[0])
    assert scores[best - 1] == max(scores) == model.best_validation_score_
    weights = model._fitted.state.state
    kept = model.predictor_.weights["layers.0.weight"]
    np.testing.assert_array_equal(kept, weights.best.layers[0].weight)


def test_an_own_validation_set_judges_each_call():
    model = MLPRegressor(**SMALL)
    for _ in range(5):
        model.partial_fit(X[:300], Y[:300], X_val=X[300:], y_val=Y[300:])
    assert len(model.validation_scores_) == 5


def test_held_out_rows_judge_anew_after_a_fit_that_had_none():
    model = MLPRegressor(**SMALL, max_iter=200, early_stopping=False, learning_rate_init=0.01)
    model.fit(X[:200], Y[:200])
    before = model.predict(X)
    model.partial_fit(X[:200], Y[:200], X_val=X[200:], y_val=Y[200:])
    assert not np.array_equal(model.predict(X), before)


def test_partial_fit_goes_on_after_a_fit_a_pickle_and_a_model_file(tmp_path):
    model = MLPRegressor(**SMALL, max_iter=20).fit(X, Y)
    model.save(tmp_path / "m.madaline")
    before = model.predict(X)
    again = pickle.loads(pickle.dumps(model))
    loaded = MLPRegressor.load(tmp_path / "m.madaline")
    for one in (model, again, loaded):
        one.partial_fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))
    assert not np.array_equal(model.predict(X), before)
    assert np.corrcoef(loaded.predict(X), before)[0, 1] > 0.99
    assert not hasattr(model, "verdict_"), "it judged other weights"


def test_what_does_not_fit_the_first_call_is_refused():
    features, labels = IRIS
    with pytest.raises(UsageError, match="classes must be passed on the first call"):
        MLPClassifier(**SMALL).partial_fit(features, labels)
    model = MLPClassifier(**SMALL).partial_fit(features, labels, classes=[0, 1, 2])
    with pytest.raises(UsageError, match="not the same as on last call"):
        model.partial_fit(features, labels, classes=[0, 1])
    with pytest.raises(DataError, match="7"):
        model.partial_fit(features[:2], [0, 7])
    with pytest.raises(ValueError, match="2 features"):
        model.partial_fit(features[:, :2], labels)
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")


def test_a_warm_start_begins_where_the_last_fit_ended():
    chosen = {**SMALL, "max_iter": 15, "early_stopping": False}
    model = MLPRegressor(**chosen, warm_start=True).fit(X, Y)
    first = model.loss_
    model.fit(X, Y)
    assert model.n_iter_ == 15
    assert len(model.loss_curve_) == 30
    assert model.loss_curve_[15] < 1.05 * first
    assert model.loss_ < first
    cold = clone(model).set_params(warm_start=False).fit(X, Y)
    assert cold.loss_curve_[:15] == model.loss_curve_[:15]


def test_a_warm_start_keeps_classes_and_layers():
    features, labels = IRIS
    model = MLPClassifier(**SMALL, max_iter=3, warm_start=True).fit(features, labels)
    with pytest.raises(UsageError, match="same classes as in the previous call to fit"):
        model.fit(features, np.minimum(labels, 1))
    with pytest.raises(UsageError, match="other layers or members"):
        model.set_params(hidden_layer_sizes=(9,)).fit(features, labels)
