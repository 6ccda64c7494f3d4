"""What scikit-learn's world expects: callbacks, metadata routing, HTML, threads, odd targets."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
import sklearn
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from madaline import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
SMALL = {"preset": "classic", "hidden_layer_sizes": (8,), "random_state": 0}


def _callbacks():
    return pytest.importorskip("sklearn.callback", reason="callbacks are new in 1.9")


def test_a_scoring_monitor_sees_every_epoch():
    monitor = _callbacks().ScoringMonitor(scoring="accuracy")
    model = MLPClassifier(**SMALL, max_iter=12).set_callbacks(monitor).fit(*IRIS)
    rows = monitor.get_logs().data
    epochs = [row["accuracy"] for row in rows if row["task_name"] == "epoch"]
    assert len(epochs) == model.n_iter_ == 12
    assert epochs[-1] > epochs[0]
    whole = [row["accuracy"] for row in rows if row["task_name"] == "fit"]
    assert whole == [model.score(*IRIS)]


def test_callbacks_change_nothing():
    callbacks = _callbacks()
    watched = MLPClassifier(**SMALL, max_iter=9).set_callbacks(
        callbacks.ScoringMonitor(scoring="accuracy")
    )
    plain = MLPClassifier(**SMALL, max_iter=9).fit(*IRIS)
    np.testing.assert_array_equal(
        watched.fit(*IRIS).predict_proba(IRIS[0]), plain.predict_proba(IRIS[0])
    )


def test_callbacks_work_in_pipelines_and_searches(capsys):
    callbacks = _callbacks()
    monitor = callbacks.ScoringMonitor(scoring="accuracy")
    model = MLPClassifier(**SMALL, max_iter=4).set_callbacks(monitor)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), model), {"mlpclassifier__alpha": [0.0, 1.0]}, cv=2
    )
    search.fit(*IRIS)
    names = [row["task_name"] for row in monitor.get_logs().data]
    assert names.count("epoch") == 5 * 4  # two settings in two folds, and the refit
    bar = callbacks.ProgressBar()
    MLPRegressor(**SMALL, max_iter=4).set_callbacks(bar).fit(*load_diabetes(return_X_y=True))


def test_a_callback_may_end_the_training():
    _callbacks()

    class Stop:
        seen = 0

        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            self.seen += context.task_name == "epoch"
            return self.seen >= 3

    model = MLPClassifier(**SMALL, max_iter=50).set_callbacks(Stop()).fit(*IRIS)
    assert model.n_iter_ == 3


def test_sample_weights_are_routed():
    X, y = IRIS
    weight = np.where(y == 0, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier(**SMALL, max_iter=30)
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_val_score(model, X, y, params={"sample_weight": weight}, cv=3)
        assert scores.shape == (3,)
        assert not hasattr(MLPClassifier(), "set_fit_request") or (
            "watch" not in MLPClassifier().get_metadata_routing().fit.requests
        )


def test_a_notebook_shows_verdict_and_curve():
    model = MLPClassifier(**SMALL, max_iter=5)
    assert "<svg" not in model._repr_mimebundle_()["text/html"].split("</style>")[-1]
    model.fit(*IRIS)
    shown = model._repr_mimebundle_()["text/html"]
    assert "Loss by epoch over 5 epochs" in shown
    assert model.verdict_.text in shown
    assert "Loss by epoch" in model._repr_html_()
    assert repr(model).startswith("MLPClassifier(")


def test_two_fits_in_two_threads_do_not_disturb_each_other():
    X, y = IRIS
    alone = [MLPClassifier(**{**SMALL, "random_state": i}, max_iter=20).fit(X, y) for i in range(4)]
    found: dict[int, MLPClassifier] = {}

    def work(i):
        found[i] = MLPClassifier(**{**SMALL, "random_state": i}, max_iter=20).fit(X, y)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for i, model in enumerate(alone):
        np.testing.assert_array_equal(found[i].predict_proba(X), model.predict_proba(X))


def test_one_class_and_one_value_are_learned_as_they_are():
    X, _ = IRIS
    one = MLPClassifier(**SMALL, max_iter=3).fit(X, np.full(150, "only"))
    assert set(one.predict(X)) == {"only"}
    assert one.predict_proba(X).shape == (150, 1)
    flat = MLPRegressor(**SMALL, max_iter=3).fit(X, np.full(150, 7.5))
    np.testing.assert_allclose(flat.predict(X), 7.5)


def test_numbers_near_the_end_of_float64_are_no_trouble():
    """scikit-learn's MLP ends with weights that are not finite."""
    X = np.finfo(np.float64).max * np.random.default_rng(0).uniform(size=(40, 2))
    y = np.where(X[:, 0] > X[:, 1], 1.0, -1.0)
    assert MLPRegressor(**SMALL, max_iter=300).fit(X, y).score(X, y) > 0.7


def test_infinite_rows_and_answers_are_refused_with_their_place():
    X, y = IRIS
    wrong = X.copy()
    wrong[6, 2] = np.inf
    for call in (lambda m: m.fit(wrong, y), lambda m: m.fit(X, y).predict(wrong)):
        with pytest.raises(ValueError, match=r"contains infinity .* 'x2', row 7"):
            call(MLPClassifier(**SMALL, max_iter=2))


@pytest.mark.parametrize("again", ["fit", "partial_fit"])
def test_a_fit_that_fails_leaves_the_model_as_it_was(again):
    X, y = IRIS
    model = MLPClassifier(**SMALL, max_iter=3).fit(X, y)
    before, held = model.predict(X), dict(vars(model))
    answers = np.array(["setosa", "versicolor", "virginica"])[y] if again == "fit" else y
    with pytest.raises(ValueError, match=r"rows|samples"):
        getattr(model, again)(X[:5], answers)
    assert vars(model) == held
    assert (model.predict(X) == before).all()
