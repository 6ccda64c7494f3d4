"""The estimators wherever scikit-learn's go: its tools, any rows and labels, calls in any order."""

from __future__ import annotations

import copy
import os
import pickle
import signal
import threading
import time
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import RFE, SequentialFeatureSelector
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from madaline import MLPClassifier, MLPRegressor
from madaline.errors import DataError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
FRAME = pd.DataFrame(X, columns=list("abcd"))
TEXTS = np.array(["ten", "two", "a"])[Y]
ROWS, VALUES = (part[:120] for part in load_diabetes(return_X_y=True))


def classifier(**chosen):
    given = {
        "preset": "classic",
        "hidden_layer_sizes": (4,),
        "max_iter": 3,
        "random_state": 0,
        **chosen,
    }
    return MLPClassifier(**given)


def regressor(**chosen):
    return MLPRegressor(
        **{
            "preset": "classic",
            "hidden_layer_sizes": (4,),
            "max_iter": 3,
            "random_state": 0,
            **chosen,
        }
    )


GOOD = {"max_iter": 60, "learning_rate_init": 0.05}

# -- scikit-learn's tools


def _importance(model):
    return np.abs(model.coefs_[0]).sum(axis=1)


ENSEMBLES = {
    "bagging": lambda: BaggingClassifier(classifier(**GOOD), n_estimators=2, random_state=0),
    "voting": lambda: VotingClassifier([("a", classifier(**GOOD))], voting="soft"),
    "stacking": lambda: StackingClassifier([("a", classifier(**GOOD))], classifier(**GOOD), cv=2),
    "boosting": lambda: AdaBoostClassifier(classifier(**GOOD), n_estimators=2, random_state=0),
    "calibration": lambda: CalibratedClassifierCV(classifier(**GOOD), cv=2),
    "one against the rest": lambda: OneVsRestClassifier(classifier(**GOOD)),
    "recursive elimination": lambda: RFE(
        classifier(**GOOD), n_features_to_select=3, importance_getter=_importance
    ),
    "columns": lambda: make_pipeline(
        ColumnTransformer(
            [("s", StandardScaler(), ["a", "b"])], remainder="passthrough"
        ).set_output(transform="polars"),
        classifier(**GOOD),
    ),
    "grid": lambda: GridSearchCV(classifier(**GOOD), {"learning_rate_init": [0.05]}, cv=2),
    "random": lambda: RandomizedSearchCV(
        classifier(**GOOD), {"max_iter": np.array([50, 60])}, n_iter=1, cv=2, random_state=0
    ),
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_what_is_built_on_the_classifier_learns(name):
    model = ENSEMBLES[name]().fit(FRAME, TEXTS)
    assert model.score(FRAME, TEXTS) > 0.9
    assert sorted(model.classes_) == ["a", "ten", "two"]


def test_what_is_built_on_the_regressor_learns():
    chosen = {"max_iter": 80, "learning_rate_init": 0.05}
    target = TransformedTargetRegressor(
        regressor(**chosen), func=np.log1p, inverse_func=np.expm1, check_inverse=False
    )
    assert target.fit(ROWS, VALUES).score(ROWS, VALUES) > 0.3
    several = MultiOutputRegressor(regressor(**chosen)).fit(ROWS, np.c_[VALUES, -VALUES])
    assert several.score(ROWS, np.c_[VALUES, -VALUES]) > 0.3


def test_curves_importances_and_selections_are_computed():
    model = classifier(**GOOD).fit(FRAME, Y)
    found = permutation_importance(model, FRAME, Y, n_repeats=2, random_state=0)
    assert found.importances_mean.max() > 0.1
    assert partial_dependence(model, FRAME, ["a"], grid_resolution=3)["average"].shape == (3, 3)
    assert cross_val_predict(model, X, Y, cv=2, method="predict_log_proba").shape == (150, 3)
    scores = cross_validate(model, X, Y, cv=2, scoring=["accuracy", "neg_log_loss"])
    assert scores["test_neg_log_loss"].min() > -0.5
    quick = classifier()
    curve = validation_curve(quick, X, Y, param_name="max_iter", param_range=[2, 3], cv=2)
    assert np.isfinite(curve[1]).all()
    for stepwise in (False, True):
        curve = learning_curve(
            quick, X, Y, cv=2, train_sizes=[0.5, 1.0], shuffle=True, random_state=0,
            exploit_incremental_learning=stepwise,
        )  # fmt: skip
        assert np.isfinite(curve[2]).all()
    selected = SequentialFeatureSelector(quick, n_features_to_select=1, cv=2).fit(X, Y)
    assert selected.get_support().sum() == 1


def test_copies_and_pickles_answer_alike_whether_fitted_or_not():
    fitted = classifier().fit(FRAME, TEXTS)
    for again in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted), copy.copy(fitted)):
        np.testing.assert_array_equal(again.predict_proba(FRAME), fitted.predict_proba(FRAME))
        assert again.get_params() == fitted.get_params()
    blank = pickle.loads(pickle.dumps(classifier()))
    assert blank.get_params() == classifier().get_params()
    assert not blank.__sklearn_is_fitted__()


def test_weights_and_own_validation_rows_are_routed_through_pipelines_and_searches():
    weight = np.where(Y == 0, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = classifier(**GOOD).set_fit_request(sample_weight=True)
        scale = StandardScaler().set_fit_request(sample_weight=False)
        search = GridSearchCV(
            make_pipeline(scale, model.set_score_request(sample_weight=True)),
            {"mlpclassifier__learning_rate_init": [0.05]}, cv=2,
        ).fit(X, Y, sample_weight=weight)  # fmt: skip
        assert (search.predict(X) == 0).sum() == 0
        own = classifier().set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), own)
        pipeline.transform_input = ["X_val"]
        pipeline.fit(100 * X, Y, X_val=100 * X, y_val=Y)
        assert len(pipeline[-1].validation_scores_) == 3


# -- labels

LABELS = {
    "list of texts": TEXTS.tolist(),
    "objects": TEXTS.astype(object),
    "category": pd.Series(pd.Categorical(TEXTS, categories=["two", "ten", "a"])),
    "string": pd.Series(TEXTS, dtype="string"),
    "polars": pl.Series(TEXTS.tolist()),
    "Int64": pd.Series(Y, dtype="Int64"),
    "boolean": pd.Series(Y > 0, dtype="boolean"),
    "numbers in objects": (10 * Y).astype(object),
    "truths in objects": (Y > 0).astype(object),
    "floats": Y.astype(float),
    "9, 10, 100": np.array([9, 10, 100])[Y],
    "huge": Y * 2**60,
    "texts like gaps": np.array(["NA", "", "nan"])[Y],
    "texts like numbers": np.array(["1", "1.0", "01"])[Y],
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_any_kind_come_back_as_they_were(name):
    labels = LABELS[name]
    model = classifier(**GOOD).fit(X, labels)
    plain = np.array(list(labels))
    assert (model.predict(X) == plain).mean() > 0.95
    assert model.classes_.tolist() == sorted(set(plain.tolist()))


@pytest.mark.parametrize(
    ("labels", "weight"),
    [
        (TEXTS, {"a": 50.0}),
        (Y, {2: 50.0}),
        (Y.astype(float), {2: 50}),
        (Y == 2, {True: 50.0}),
        ((Y == 2).astype(object), {np.True_: 50.0}),
    ],
    ids=["text", "int", "int of float", "bool", "bool of object"],
)
def test_a_class_weight_is_found_by_its_label(labels, weight):
    plain, weighed = classifier(max_iter=9), classifier(max_iter=9, class_weight=weight)
    place = Y == 2
    share = [
        model.fit(X, labels).predict_proba(X)[:, model.classes_ == next(iter(weight))].mean()
        for model in (plain, weighed)
    ]
    assert share[1] > share[0] + 0.2
    assert place.sum() == 50


@pytest.mark.parametrize("wrong", [[1, 2], 3, True])
def test_a_class_weight_of_another_kind_is_refused_not_ignored(wrong):
    with pytest.raises(UsageError, match="'class_weight' parameter of MLPClassifier must be"):
        classifier(class_weight=wrong).fit(X, Y)


SEVERAL = np.stack([Y == 0, Y > 0, Y == 2], axis=1).astype(int)


@pytest.mark.parametrize(
    "form",
    [np.ndarray.tolist, sparse.csr_matrix, pd.DataFrame, pl.DataFrame, lambda y: y.astype(bool)],
    ids=["lists", "sparse", "pandas", "polars", "bool"],
)
def test_several_labels_in_any_form_give_the_same_network(form):
    plain = classifier().fit(X, SEVERAL).predict_proba(X)
    np.testing.assert_array_equal(classifier().fit(X, form(SEVERAL)).predict_proba(X), plain)


def test_wrong_targets_are_refused_with_one_line():
    gaps = np.where(SEVERAL == 0, np.nan, SEVERAL)
    cases = [
        (lambda: classifier().fit(X, gaps), "Input y contains NaN: row 51 of 150"),
        (lambda: classifier().fit(X, [[0, 1], [1], [2]] * 50), "rows of y differ in length"),
        (lambda: classifier().fit(X, Y, y_val=Y), "y_val was given without X_val"),
        (lambda: classifier().fit(X, Y, X_val=X, y_val=Y[1:]), "X_val has 150 rows, y has 149"),
        (
            lambda: classifier(alpha=1.0).fit(X, Y, sample_weight=np.full(150, np.nan)),
            "weight of row 1 of X is nan",
        ),
        (
            lambda: classifier().fit(X, Y, sample_weight=["a"] * 150),
            "sample_weight must hold numbers",
        ),
    ]
    for call, message in cases:
        with pytest.raises(DataError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_a_sparse_column_of_numbers_is_a_target():
    thin = sparse.csr_matrix(VALUES[:, None])
    with pytest.warns(sklearn.exceptions.DataConversionWarning, match="column-vector"):
        model = regressor().fit(ROWS, thin)
    np.testing.assert_array_equal(model.predict(ROWS), regressor().fit(ROWS, VALUES).predict(ROWS))


# -- rows

TWO = ROWS[:, :2].copy()
FORMS = {
    "Fortran": np.asfortranarray,
    "big endian": lambda a: a.astype(">f8"),
    "a stride": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "read only": lambda a: np.frombuffer(a.tobytes()).reshape(a.shape),
    "matrix": np.asmatrix,
    "masked": lambda a: np.ma.masked_array(a, mask=False),
    "lists": np.ndarray.tolist,
    "rows of arrays": list,
    "keys": sparse.dok_matrix,
    "blocks": sparse.bsr_matrix,
    "coordinates": sparse.coo_array,
    "int names": pd.DataFrame,
    "pairs of names": lambda a: pd.DataFrame(
        a, columns=pd.MultiIndex.from_product([["k"], ["u", "v"]])
    ),
    "one index": lambda a: pd.DataFrame(a, columns=list("uv"), index=[7] * len(a)),
    "polars": lambda a: pl.DataFrame(a, schema=["u", "v"]),
    "lazy": lambda a: pl.LazyFrame(a, schema=["u", "v"]),
}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of the matrix
@pytest.mark.parametrize("name", FORMS)
def test_rows_in_any_form_give_the_same_network(name):
    rows, labels = FORMS[name](TWO), VALUES > 120
    plain = classifier().fit(TWO, labels).predict_proba(TWO)
    np.testing.assert_array_equal(classifier().fit(rows, labels).predict_proba(rows), plain)


@pytest.mark.parametrize(
    "column",
    [
        None, np.nan, pd.NaT, 1.0, "same",
        pd.Categorical([1, 2] * 60), pd.date_range("2020", periods=120, tz="UTC"),
        pd.to_timedelta(np.arange(120), "s"), pd.period_range("2020", periods=120),
        pd.array([1, None] * 60, dtype="Int64"), pd.array([True, None] * 60, dtype="boolean"),
    ],
    ids=lambda column: getattr(column, "dtype", column),
)  # fmt: skip
def test_a_column_of_any_kind_is_taken(column):
    frame = pd.DataFrame({"a": TWO[:, 0], "b": TWO[:, 1], "c": column})
    p = classifier().fit(frame, VALUES > 120).predict_proba(frame)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_a_frame_is_taken_by_position_where_training_knew_no_names():
    model = classifier().fit(TWO, VALUES > 120)
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        found = model.predict_proba(pd.DataFrame(TWO, columns=["u", "v"]))
    np.testing.assert_array_equal(found, model.predict_proba(TWO))
    numbered = classifier().fit(pd.DataFrame(TWO), VALUES > 120)
    other = pd.DataFrame(TWO, columns=[5, 6])
    np.testing.assert_array_equal(numbered.predict_proba(other), found)


# -- calls in any order

ORDERS = [
    ("fit", "save", "warm", "step", "warm"),
    ("step", "save", "step", "pickle", "judged step"),
    ("warm", "judged", "warm"),
    ("judged", "warm", "judged", "step"),
    ("fit", "changed", "step", "save", "judged"),
]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_calls_in_any_order_keep_curves_and_answers(order, tmp_path):
    own = {"X_val": ROWS[:20], "y_val": VALUES[:20]}
    chosen = {"preset": "classic", "max_iter": 3, "random_state": 0, "early_stopping": False}

    def saved(model):
        model.save(tmp_path / "m")
        return MLPRegressor.load(tmp_path / "m").set_params(**chosen)

    calls = {
        "fit": lambda m: m.fit(ROWS, VALUES),
        "step": lambda m: m.partial_fit(ROWS, VALUES),
        "warm": lambda m: m.set_params(warm_start=True).fit(ROWS, VALUES),
        "judged": lambda m: m.fit(ROWS, VALUES, **own),
        "judged step": lambda m: m.partial_fit(ROWS, VALUES, **own),
        "changed": lambda m: m.set_params(alpha=0.3, learning_rate_init=0.01),
        "pickle": lambda m: pickle.loads(pickle.dumps(m)),
        "save": saved,
    }
    model = regressor(**chosen)
    for name in order:
        model = calls[name](model)
        if name == "save":
            continue
        scores = model.validation_scores_
        assert len(model.loss_curve_) * 120 == model.t_
        assert (scores is not None) == ("judged" in name)
        assert (model.best_loss_ is None) == ("judged" in name)
        if scores is not None:
            assert len(scores) == len(model.loss_curve_)
            assert np.isfinite(scores[-1])
            assert (
                model.score(*own.values())
                == pytest.approx(max(model.best_validation_score_, 0), abs=1e-3)
                or "warm" in order
            )
        assert np.isfinite(model.predict(ROWS)).all()


def test_a_parameter_changed_between_steps_has_its_effect():
    models = [regressor().fit(ROWS, VALUES) for _ in range(3)]
    models[1].set_params(learning_rate_init=0.5)
    models[2].set_params(solver="sgd", momentum=0.0)
    answers = [model.partial_fit(ROWS, VALUES).predict(ROWS) for model in models]
    assert np.ptp([a[0] for a in answers[:2]]) > 0
    assert np.ptp([answers[0][0], answers[2][0]]) > 0
    models[0].set_params(hidden_layer_sizes=(5,))
    with pytest.raises(UsageError, match="other layers or members"):
        models[0].partial_fit(ROWS, VALUES)


def test_steps_after_lbfgs_are_those_of_the_new_solver():
    model = regressor(solver="lbfgs").fit(ROWS, VALUES).set_params(solver="adam")
    assert model.partial_fit(ROWS, VALUES)._fitted.state.settings.optimizer == "adam"


def test_what_cannot_go_on_is_refused():
    model = regressor(warm_start=True).fit(ROWS, VALUES)
    pairs = np.c_[VALUES, VALUES]
    for call in (model.fit, model.partial_fit):
        with pytest.raises(DataError, match="number of targets differs: 2 here, 1 in training"):
            call(ROWS, pairs)
        model.set_params(loss="poisson")
        with pytest.raises(UsageError, match="Poisson loss and others cannot take turns"):
            call(ROWS, VALUES)
        model.set_params(loss=None)


def test_names_of_targets_may_change_but_not_their_number():
    named = pd.DataFrame({"u": VALUES, "v": -VALUES})
    model = regressor(warm_start=True).fit(ROWS, named, X_val=ROWS, y_val=named.to_numpy())
    assert model.fit(ROWS, named.to_numpy()).predict(ROWS).shape == (120, 2)


def test_a_saved_model_takes_the_rows_it_was_fitted_on(tmp_path):
    """Also columns that the network leaves out, which a model file knows nothing of otherwise."""
    frame = pd.DataFrame(ROWS[:, :3], columns=list("abc")).assign(id=[f"r{i}" for i in range(120)])
    for rows, chosen in ((frame, {"drop": ("b",)}), (ROWS, {"drop": ("x1",)})):
        model = regressor(**chosen).fit(rows, VALUES)
        model.save(tmp_path / "m")
        loaded = MLPRegressor.load(tmp_path / "m")
        np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))
        assert loaded.n_features_in_ == model.n_features_in_
        assert hasattr(loaded, "feature_names_in_") == hasattr(model, "feature_names_in_")


def test_a_class_of_no_weight_is_never_answered():
    weight = np.where(Y == 0, 0.0, 1.0)
    whole = classifier(**GOOD).fit(X, Y, sample_weight=weight)
    steps = classifier(**GOOD)
    for _ in range(3):
        steps.partial_fit(X, Y, classes=[0, 1, 2], sample_weight=weight)
    assert not (whole.predict(X) == 0).any()
    assert not (steps.predict(X) == 0).any()


def test_numpy_numbers_as_parameters_can_be_written_down(tmp_path):
    model = regressor(
        hidden_layer_sizes=np.array([3]), max_iter=np.int64(3), random_state=np.int64(1),
        batch_size=np.int64(16), alpha=np.float32(0.1), members=np.int64(2), shuffle=np.True_,
    ).fit(ROWS, VALUES, output=tmp_path / "run")  # fmt: skip
    loaded = MLPRegressor.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.predict(ROWS), model.predict(ROWS))


@pytest.mark.parametrize("seed", [None, 2**32 - 1, np.int64(3), np.random.RandomState(0)])
def test_any_random_state_of_scikit_learn_is_taken(seed):
    assert classifier(random_state=seed).fit(X, Y).n_iter_ == 3


def test_threads_of_two_precisions_do_not_disturb_each_other():
    many, values = np.repeat(ROWS, 4, axis=0), np.repeat(VALUES, 4)
    tables = {"float64": (ROWS, VALUES), "float32": (many, values)}
    alone = {name: regressor(max_iter=20).fit(*table) for name, table in tables.items()}
    assert {model.run_.settings.precision for model in alone.values()} == set(tables)
    found: dict[str, list[MLPRegressor]] = {}

    def work(name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found[name] = [regressor(max_iter=20).fit(*tables[name]) for _ in range(3)]

    threads = [threading.Thread(target=work, args=(name,)) for name in tables]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, model in alone.items():
        for other in found[name]:
            np.testing.assert_array_equal(other.predict(ROWS), model.predict(ROWS))


# -- what is said


def test_an_interrupt_in_mid_fit_leaves_a_fitted_estimator():
    model = regressor(max_iter=10**6, n_iter_no_change=np.inf, early_stopping=False)

    class Begun:
        def event(self, event):
            pass

        def progress(self, progress):
            if progress.epoch > 1 and not hasattr(self, "timer"):
                self.timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
                self.timer.start()

    begun = time.monotonic()
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(ROWS, VALUES, watch=Begun())
    assert time.monotonic() - begun < 60
    assert 1 < model.n_iter_ == len(model.loss_curve_) < 10**6
    assert np.isfinite(model.predict(ROWS)).all()


def test_a_batch_larger_than_the_sample_is_warned_of_but_not_for_lbfgs():
    with pytest.warns(UserWarning, match=r"`batch_size` larger than sample size: 500, of 108"):
        regressor(batch_size=500, early_stopping=True).fit(ROWS, VALUES)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        regressor(batch_size=500, solver="lbfgs").fit(ROWS, VALUES)
        regressor(batch_size=120, early_stopping=False).fit(ROWS, VALUES)


def test_warnings_name_the_line_of_the_caller():
    column = Y[:, None]
    calls = [
        lambda: classifier(max_iter=2).fit(X, Y),
        lambda: classifier().fit(X, column),
        lambda: classifier().partial_fit(X, column, classes=[0, 1, 2]),
        lambda: classifier().fit(X, Y, X_val=X, y_val=column),
        lambda: classifier(batch_size=999).partial_fit(X, Y, classes=[0, 1, 2]),
    ]
    for call in calls:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            call()
        assert seen
        assert {warning.filename for warning in seen} == {__file__}


def test_verbose_prints_the_losses_of_the_curve(capsys):
    model = classifier(verbose=True, early_stopping=True).fit(X, Y)
    model.partial_fit(X, Y)
    said = capsys.readouterr().out.splitlines()
    losses = [line.split("= ")[1] for line in said if line.startswith("Iteration")]
    assert losses == [f"{loss:.8f}" for loss in [*model.loss_curve_[:3], model.loss_]]
    assert sum(line.startswith("Validation loss: ") for line in said) == 4
