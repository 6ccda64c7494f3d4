"""scikit-learn's parameters, with scikit-learn's meaning and better messages."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

from madaline import MLPClassifier, MLPRegressor
from madaline.errors import DataError, UsageError
from madaline.estimators.parameters import Shape, holds_out, settings_of
from madaline.estimators.spelling import as_parameters

IRIS = load_iris(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)


def settings(estimator, *, n=1000, mean_weight=1.0, n_outputs=1, task="binary", own=False):
    given = estimator.get_params(deep=False) | {"random_state": 0}
    shape = Shape(n, mean_weight, n_outputs, task, own)
    return settings_of(given, shape, type(estimator).__name__)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)]
)
def test_every_parameter_of_scikit_learn_is_one_of_ours(ours, theirs):
    known = set(inspect.signature(ours).parameters)
    assert set(inspect.signature(theirs).parameters) <= known


@pytest.mark.parametrize(
    ("chosen", "optimizer"),
    [
        ({}, "nesterov"),
        ({"nesterovs_momentum": False}, "momentum"),
        ({"momentum": 0}, "sgd"),
    ],
)
def test_sgd_has_momentum_as_in_scikit_learn(chosen, optimizer):
    assert settings(MLPClassifier(solver="sgd", **chosen)).optimizer == optimizer


def test_alpha_is_divided_by_the_weight_of_a_batch():
    found = settings(MLPClassifier(alpha=0.5, batch_size=50, early_stopping=False))
    assert found.l2 == pytest.approx(0.5 / 50)
    heavy = MLPClassifier(alpha=0.5, batch_size=50, early_stopping=False)
    assert settings(heavy, mean_weight=2.0).l2 == pytest.approx(0.5 / 100)
    # Their squared error is halved and summed over the outputs, ours is neither.
    values = MLPRegressor(alpha=0.5, batch_size=50, early_stopping=False)
    assert settings(values, task="regression", n_outputs=3).l2 == pytest.approx(2 * 0.5 / 150)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_lbfgs_takes_all_rows_whatever_the_batch_size():
    of_batches = MLPClassifier(solver="lbfgs", batch_size=16, max_iter=5, random_state=0)
    of_all = MLPClassifier(solver="lbfgs", max_iter=5, random_state=0)
    found = [model.fit(*IRIS).predict_proba(IRIS[0]) for model in (of_batches, of_all)]
    assert np.array_equal(*found)


def test_alpha_replaces_the_decay_of_the_preset():
    assert settings(MLPClassifier(alpha=0.1)).weight_decay == 0
    assert settings(MLPClassifier(alpha=0.1, weight_decay=0.2)).weight_decay == 0.2
    assert settings(MLPClassifier()).weight_decay is None


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_schedules_of_scikit_learn_are_for_gradient_descent_alone(solver):
    found = settings(MLPClassifier(solver=solver, learning_rate="invscaling"))
    assert found.schedule == ("inverse_scaling" if solver == "sgd" else None)
    assert settings(MLPClassifier(solver=solver, learning_rate="cosine")).schedule == "cosine"


def test_few_rows_are_all_trained_on_unless_asked_otherwise():
    def held(n, **chosen):
        given = MLPClassifier(**chosen).get_params(deep=False)
        return holds_out(given, Shape(n, 1.0, 1, "binary"))

    assert [held(59), held(60)] == [False, True]
    assert [held(20, early_stopping=True), held(1000, early_stopping=False)] == [True, False]
    assert [held(1000, solver=name) for name in ("adam", "sgd", "lbfgs")] == [False] * 3
    assert held(1000, solver="adam", early_stopping=True)
    with pytest.raises(DataError, match="validation set is too small"):
        settings(MLPClassifier(early_stopping=True), n=5)


def test_patience_ends_after_one_epoch_more_as_in_scikit_learn():
    assert settings(MLPClassifier(n_iter_no_change=4)).patience == 5
    endless = settings(MLPClassifier(n_iter_no_change=np.inf))
    assert endless.patience > 10**9


WRONG = {
    "alpha": (-1, "alpha.*at least 0.*-1"),
    "max_iter": (2.5, "max_iter.*whole number.*2.5"),
    "learning_rate_init": ("fast", "learning_rate_init.*a number above 0.*'fast'"),
    "hidden_layer_sizes": ((10, -3), "hidden_layer_sizes must be > 0"),
    "activation": ("rely", "activation.*Did you mean 'relu'"),
    "solver": ("adams", "solver.*Did you mean 'adam'"),
    "learning_rate": ("invscale", "learning_rate.*Did you mean 'invscaling'"),
    "batch_size": (0, "batch_size.*at least 1"),
    "n_iter_no_change": (0, "n_iter_no_change.*at least 1"),
    "shuffle": ("yes", "shuffle.*True or False"),
    "early_stopping": ("sometimes", "early_stopping.*'auto', True or False"),
    "beta_1": (1.5, "beta_1.*at most 1"),
    "tol": (float("nan"), "tol.*at least 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_parameter_is_named_as_it_was_typed(name):
    value, message = WRONG[name]
    with pytest.raises(UsageError, match=message) as caught:
        MLPClassifier(**{name: value}).fit(*IRIS)
    assert "\n" not in str(caught.value)
    assert "MLPClassifier" in str(caught.value) or name == "hidden_layer_sizes"


def test_epochs_that_run_out_are_warned_of():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
        MLPClassifier(preset="classic", max_iter=3, hidden_layer_sizes=(4,), random_state=0).fit(
            *IRIS
        )
    with pytest.warns(ConvergenceWarning, match="max_fun = 2"):
        MLPClassifier(solver="lbfgs", max_fun=2, hidden_layer_sizes=(4,)).fit(*IRIS)


def test_a_schedule_that_ends_by_plan_is_no_failure_to_converge():
    X, y = IRIS
    chosen = {"learning_rate": "cosine", "n_iter_no_change": np.inf, "random_state": 0}
    MLPClassifier(preset="classic", max_iter=3, hidden_layer_sizes=(4,), **chosen).fit(X, y)


def test_fitted_attributes_of_scikit_learn_are_all_there():
    X, y = IRIS
    chosen = {
        "preset": "classic",
        "hidden_layer_sizes": (5,),
        "early_stopping": False,
        "random_state": 0,
    }
    ours = MLPClassifier(**chosen).fit(X, y)
    theirs = TheirClassifier(hidden_layer_sizes=(5,), max_iter=600, random_state=0)
    with pytest.warns(ConvergenceWarning):
        theirs.set_params(max_iter=5).fit(X, y)
    for name in [key for key in vars(theirs) if key.endswith("_") and not key.startswith("_")]:
        assert hasattr(ours, name), name
    assert [w.shape for w in ours.coefs_] == [w.shape for w in theirs.coefs_]
    assert (ours.n_layers_, ours.n_outputs_) == (theirs.n_layers_, theirs.n_outputs_)
    assert ours.out_activation_ == theirs.out_activation_ == "softmax"
    assert ours.t_ == 150 * ours.n_iter_
    assert len(ours.loss_curve_) == ours.n_iter_
    assert ours.best_loss_ == min(ours.loss_curve_)
    assert ours.validation_scores_ is None


def test_validation_scores_are_the_scores_of_the_kept_network():
    X, y = DIABETES
    model = MLPRegressor(
        preset="classic", hidden_layer_sizes=(8,), random_state=0, early_stopping=True
    ).fit(X, y)
    scores = model.scores_["validation"]
    best = model.run_.summary.best_epoch
    assert model.validation_scores_[best - 1] == pytest.approx(scores.value("r2"), abs=1e-4)
    assert model.best_loss_ is None


def test_the_type_of_the_rows_is_the_type_of_the_answers():
    X, y = DIABETES
    for kind in (np.float32, np.float64):
        model = MLPRegressor(preset="classic", hidden_layer_sizes=(4,), random_state=0).fit(
            X.astype(kind), y
        )
        assert model.predict(X.astype(kind)).dtype == kind
        assert {w.dtype for w in (*model.coefs_, *model.intercepts_)} == {np.dtype(kind)}


def test_what_mends_an_error_is_told_as_parameters():
    with pytest.raises(UsageError, match="L-BFGS cannot train with dropout") as caught:
        MLPClassifier(solver="lbfgs", dropout=0.2).fit(*IRIS)
    assert str(caught.value).endswith("Leave it out, or use another optimizer. (solver='adam')")
    assert caught.value.settings == {"optimizer": "adam"}


@pytest.mark.parametrize(
    ("setting", "value", "parameter"),
    [
        ("hidden", (8, 4), "hidden_layer_sizes=(8, 4)"),
        ("activation", ("sigmoid", "tanh"), "activation=('logistic', 'tanh')"),
        ("schedule", "inverse_scaling", "learning_rate='invscaling'"),
        ("learning_rate", 0.1, "learning_rate_init=0.1"),
        ("patience", 11, "n_iter_no_change=10"),
        ("gradient_tolerance", 0.01, "tol=0.01"),
        ("loss", "absolute", "loss='absolute_error'"),
        ("dropout", 0.2, "dropout=0.2"),
        ("group", "patient", ""),
    ],
)
def test_settings_are_spelled_as_the_parameters_they_came_from(setting, value, parameter):
    known = MLPRegressor().get_params(deep=False)
    assert as_parameters({setting: value}, known) == parameter
