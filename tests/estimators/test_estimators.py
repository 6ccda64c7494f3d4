"""The scikit-learn face: names, shapes, and what scikit-learn's own MLP refuses."""

from __future__ import annotations

import inspect
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from madaline import MLPClassifier, MLPRegressor, resume_run
from madaline.errors import DataError, FileError, UsageError
from madaline.settings.table import ROWS
from madaline.store.bundle import save_model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FAST = {"preset": "classic", "max_iter": 15, "random_state": 0, "hidden_layer_sizes": (16,)}


@pytest.fixture(scope="module")
def people():
    """Rows as people have them: strings, a category, booleans, dates, gaps."""
    rng = np.random.default_rng(0)
    n = 240
    city = rng.choice(["Ulm", "Bonn", "Kiel"], n).astype(object)
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.integers(18, 80, n)),
            "city": np.where(rng.random(n) < 0.1, None, city),
            "member": rng.random(n) < 0.5,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "grade": pd.Categorical(rng.choice(["a", "b"], n)),
        }
    )
    label = np.where((frame["city"] == "Ulm") ^ frame["member"], "yes", "no")
    return frame, label


@pytest.fixture(scope="module")
def fitted(people):
    return MLPClassifier(preset="classic", max_iter=60, random_state=0, early_stopping=True).fit(
        *people
    )


def test_a_frame_with_strings_gaps_and_dates_is_learned(people, fitted):
    frame, label = people
    assert fitted.score(frame, label) > 0.85
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert fitted.feature_names_in_.tolist() == frame.columns.tolist()
    p = fitted.predict_proba(frame)
    assert p.shape == (len(frame), 2)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)


def test_a_frame_in_another_order_is_refused_as_scikit_learn_does(people, fitted):
    frame, _ = people
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        fitted.predict(frame[frame.columns[::-1]])
    with pytest.raises(ValueError, match="yet now missing:\n- city"):
        fitted.predict(frame.drop(columns="city"))


def test_columns_of_a_dictionary_are_matched_by_name(people, fitted):
    frame, _ = people
    columns = {name: frame[name] for name in frame.columns[::-1]} | {"extra": frame["age"]}
    np.testing.assert_array_equal(fitted.predict(columns), fitted.predict(frame))
    del columns["city"]
    with pytest.raises(DataError, match="lacks the column 'city'"):
        fitted.predict(columns)


def test_rows_without_names_are_taken_in_the_order_of_training_with_a_warning(people, fitted):
    frame, _ = people
    rows = frame.astype(object).to_numpy()
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        found = fitted.predict(rows[:20])
    np.testing.assert_array_equal(found, fitted.predict(frame[:20]))


def test_frames_are_taken_in_the_order_of_rows_without_names_with_a_warning():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier(**FAST).fit(X, y)
    for frame in (
        pd.DataFrame(X, columns=list("abcd")),
        pa.table({n: X[:, i] for i, n in enumerate("abcd")}),
    ):
        with pytest.warns(UserWarning, match="was fitted without feature names"):
            found = model.predict(frame)
        np.testing.assert_array_equal(found, model.predict(X))


def test_numbers_are_no_names_of_columns():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier(**FAST).fit(pd.DataFrame(X), y)
    assert not hasattr(model, "feature_names_in_")
    np.testing.assert_array_equal(model.predict(X), model.predict(pd.DataFrame(X)))


def test_polars_and_pandas_frames_give_the_same(people, fitted):
    frame, label = people
    polars = pl.from_pandas(frame)
    np.testing.assert_array_equal(fitted.predict(polars), fitted.predict(frame))
    model = MLPClassifier(**FAST).fit(polars, label)
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    np.testing.assert_array_equal(model.predict(frame), model.predict(polars))


def test_fitted_attributes_tell_the_story(fitted):
    assert fitted.n_iter_ == len(fitted.loss_curve_) == len(fitted.history_["validation_loss"])
    assert fitted.verdict_.code
    assert set(fitted.scores_) == {"train", "validation"}
    assert [w.shape[1] for w in fitted.coefs_] == [256, 256, 1]
    assert [len(b) for b in fitted.intercepts_] == [256, 256, 1]


def test_labels_come_back_in_the_type_they_had():
    X, y = load_iris(return_X_y=True)
    for labels in (y, y.astype(float), np.array(["a", "b", "c"])[y], y.astype(np.int8)):
        model = MLPClassifier(**FAST).fit(X, labels)
        assert model.predict(X).dtype == np.unique(labels).dtype


def test_sparse_and_dense_rows_give_the_same():
    X, y = load_iris(return_X_y=True)
    dense = MLPClassifier(**FAST).fit(X, y).predict_proba(X)
    thin = MLPClassifier(**FAST).fit(sparse.csr_matrix(X), y).predict_proba(sparse.csr_matrix(X))
    np.testing.assert_array_equal(dense, thin)


def test_several_labels_and_several_targets():
    X, y = load_iris(return_X_y=True)
    labels = np.stack([y == 0, y > 0], axis=1).astype(int)
    assert MLPClassifier(**FAST).fit(X, labels).predict(X).shape == (150, 2)
    values = np.stack([X[:, 0], -X[:, 1]], axis=1)
    model = MLPRegressor(**{**FAST, "max_iter": 60}).fit(X[:, 2:], values)
    assert model.predict(X[:, 2:]).shape == (150, 2)
    assert model.score(X[:, 2:], values) > 0.2


def test_the_scale_of_the_target_does_not_matter():
    X, y = load_diabetes(return_X_y=True)
    scores = [
        MLPRegressor(**FAST).fit(X, target).score(X, target) for target in (y, y + 1000, y * 1e5)
    ]
    assert np.ptp(scores) < 1e-3
    assert scores[0] > 0.4


def test_same_random_state_same_bits_and_another_one_differs():
    X, y = load_iris(return_X_y=True)
    a, b, c = (
        MLPClassifier(**{**FAST, "random_state": seed}).fit(X, y).coefs_[0] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_an_own_validation_set_is_used():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier(**FAST).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert model.scores_["train"].n_rows == 75
    assert model.scores_["validation"].n_rows == 75


def test_class_weights_lift_a_rare_class():
    rng = np.random.default_rng(0)
    y = (rng.random(1000) < 0.08).astype(int)
    X = rng.normal(size=(1000, 2)) + y[:, None]
    recalls = []
    for weight in (None, "balanced", {1: 12.0}):
        model = MLPClassifier(**FAST, class_weight=weight).fit(X, y)
        recalls.append(model.predict(X)[y == 1].mean())
    assert recalls[1] > recalls[0] + 0.2
    assert recalls[2] > recalls[0] + 0.2


def test_a_fit_can_be_stopped_and_resumed_from_python(tmp_path):
    X, y = load_diabetes(return_X_y=True, as_frame=True)

    class Stop:
        def event(self, event):
            pass

        def progress(self, progress):
            return "interrupted" if progress.epoch >= 4 else None

    settings = {**FAST, "max_iter": 12, "n_iter_no_change": np.inf}
    whole = MLPRegressor(**settings).fit(X, y)
    with pytest.warns(UserWarning, match="interrupted by user"):
        stopped = MLPRegressor(**settings).fit(X, y, watch=Stop(), output=tmp_path / "run")
    assert 4 <= stopped.n_iter_ < 12
    resumed = resume_run(tmp_path / "run", X.assign(y=y))
    np.testing.assert_array_equal(
        resumed.predictor.weights["layers.0.weight"][0].T, whole.coefs_[0]
    )


def test_save_and_load_give_the_same_answers(tmp_path, people, fitted):
    fitted.save(tmp_path / "m.madaline")
    loaded = MLPClassifier.load(tmp_path / "m.madaline")
    np.testing.assert_array_equal(loaded.predict_proba(people[0]), fitted.predict_proba(people[0]))
    np.testing.assert_array_equal(loaded.predict(people[0]), fitted.predict(people[0]))
    assert loaded.verdict_ == fitted.verdict_
    with pytest.raises(DataError, match="MLPClassifier"):
        MLPRegressor.load(tmp_path / "m.madaline")


def test_a_model_file_with_a_verdict_that_is_none_is_refused(tmp_path, fitted):
    about = {**fitted.predictor_.about, "verdict": {"code": "fine"}}
    save_model(tmp_path / "m.madaline", replace(fitted.predictor_, about=about))
    with pytest.raises(FileError, match="its verdict cannot be read"):
        MLPClassifier.load(tmp_path / "m.madaline")


def test_estimators_work_in_pipelines_searches_clones_and_pickles():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**FAST, learning_rate_init=0.01))
    search = GridSearchCV(pipeline, {"mlpclassifier__hidden_layer_sizes": [(4,), (64,)]}, cv=2)
    search.fit(X, y)
    assert search.best_score_ > 0.8
    model = clone(MLPClassifier(**FAST)).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_every_setting_of_a_training_is_a_parameter():
    not_for_estimators = {"task", "test", "weight", "group", "time"}
    for cls, own in (
        (MLPClassifier, {"loss", "quantile", "huber_delta"}),
        (MLPRegressor, {"class_weight", "label_smoothing", "adaptive_smoothing"}),
    ):
        known = set(inspect.signature(cls).parameters)
        # scikit-learn's tol is both, and its learning_rate is the schedule.
        not_for_estimators |= {"schedule", "gradient_tolerance"}
        for name, row in ROWS.items():
            if name not in not_for_estimators | own:
                assert (row.estimator or name) in known


def test_wrong_input_is_refused_with_one_line():
    X, y = load_iris(return_X_y=True)
    cases = [
        (lambda: MLPClassifier(**FAST).fit(X, y[:-1]), DataError, "150 rows"),
        (lambda: MLPClassifier(**FAST).fit(X, None), DataError, "y"),
        (lambda: MLPClassifier(**FAST).fit(X[:, 0], y), DataError, "reshape"),
        (lambda: MLPClassifier(solver="adamm").fit(X, y), UsageError, "adam"),
        (lambda: MLPClassifier(**FAST).fit(X, y).predict(X[:, :2]), ValueError, "2 features"),
        (lambda: MLPClassifier(**FAST).fit(X, y, sample_weight=-np.ones(150)), DataError, "-1"),
        (lambda: MLPRegressor(**FAST).fit(X, ["a"] * 150), DataError, "regression"),
    ]
    for call, kind, part in cases:
        with pytest.raises(kind, match=part) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_verbose_prints_and_quiet_does_not(capsys):
    X, y = load_iris(return_X_y=True)
    MLPClassifier(**FAST).fit(X, y)
    assert capsys.readouterr() == ("", "")
    MLPClassifier(**FAST, verbose=True).fit(X, y)
    said = capsys.readouterr().out.splitlines()
    epochs = [line.split(",")[0] for line in said if line.startswith("Iteration")]
    assert epochs == [f"Iteration {i}" for i in range(1, 16)]


def test_parameters_that_the_solver_does_not_use_are_no_error():
    X, y = load_iris(return_X_y=True)
    MLPClassifier(max_iter=3, solver="lbfgs", learning_rate_init=0.1, momentum=0.5).fit(X, y)


def test_a_feature_may_be_called_y():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    named = X.rename(columns={"bmi": "y"})
    model = MLPRegressor(**FAST).fit(named, y, X_val=named[:50], y_val=y[:50])
    assert model.feature_names_in_.tolist() == named.columns.tolist()
