from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from madaline.encode.features import Features
from madaline.nn.head import make_head
from madaline.score.baselines import linear_outputs

N = 200
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3)).astype(np.float32)
ONES = np.ones(N)


def features(x=X, codes=None):
    return Features(x, np.zeros((len(x), 0), np.int32) if codes is None else codes)


def test_regression_is_ridge():
    y = (X @ [[1.0], [2.0], [3.0]]).astype(np.float32)
    found = linear_outputs(make_head("regression"), features(), y, ONES, 1, {"t": features(X[:9])})
    expected = Ridge(alpha=1.0).fit(X.astype(float), y).predict(X[:9].astype(float))
    assert np.allclose(found["t"], expected.reshape(-1, 1))


def test_classes_are_told_by_logistic_regression():
    y = np.digitize(X[:, 0], [-0.5, 0.5]).astype(np.int32)
    found = linear_outputs(make_head("multiclass"), features(), y, ONES, 3, {"t": features()})
    model = LogisticRegression(max_iter=200).fit(X.astype(float), y)
    assert np.allclose(found["t"], model.predict_proba(X.astype(float)))


def test_a_class_without_training_rows_gets_no_probability():
    y = np.where(X[:, 0] > 0, 2, 0).astype(np.int32)
    found = linear_outputs(make_head("multiclass"), features(), y, ONES, 3, {"t": features()})
    assert (found["t"][:, 1] == 0).all()
    assert np.allclose(found["t"].sum(axis=1), 1)


def test_labels_and_counts_have_an_output_each():
    labels = (X[:, :2] > 0).astype(np.float32)
    found = linear_outputs(make_head("multilabel"), features(), labels, ONES, 2, {"t": features()})
    assert ((found["t"] > 0.5) == labels).mean() > 0.95
    counts = RNG.poisson(np.exp(X[:, :1] + 1)).astype(np.float32)
    head = make_head("regression", "poisson")
    rates = linear_outputs(head, features(), counts, ONES, 1, {"t": features()})["t"]
    assert (rates > 0).all()
    assert np.corrcoef(rates[:, 0], np.exp(X[:, 0]))[0, 1] > 0.99


def test_codes_keep_their_meaning_where_a_part_has_fewer_or_new_ones():
    codes = RNG.integers(0, 6, (N, 2)).astype(np.int32)
    first, second = np.arange(6.0), 10 * np.arange(6.0)
    y = (first[codes[:, 0]] + second[codes[:, 1]])[:, None].astype(np.float32)
    few = np.array([[1, 5], [0, 2], [1, 0]], np.int32)  # the first column ends at code 1
    new = np.array([[9, 5]], np.int32)
    others = {"few": features(X[:3], few), "new": features(X[:1], new), "train": features(X, codes)}
    found = linear_outputs(make_head("regression"), features(X, codes), y, ONES, 1, others)
    expected = first[few[:, 0]] + second[few[:, 1]]
    assert np.allclose(found["few"][:, 0], expected, atol=3)
    assert np.abs(found["train"] - y).mean() < 1
    assert np.isfinite(found["new"]).all()


def test_rows_of_weight_zero_do_not_count():
    y = (X @ [[1.0], [2.0], [3.0]]).astype(np.float32)
    wrong, weight = y.copy(), ONES.copy()
    wrong[:50], weight[:50] = 1e6, 0.0
    head, others = make_head("regression"), {"t": features()}
    assert np.allclose(
        linear_outputs(head, features(), wrong, weight, 1, others)["t"],
        linear_outputs(head, features(X[50:]), y[50:], ONES[50:], 1, others)["t"],
    )


def test_a_part_without_rows_gets_no_outputs():
    y = (X[:, :1] > 0).astype(np.float32)
    nothing = features(X[:0], np.zeros((0, 1), np.int32))
    full = features(X, np.zeros((N, 1), np.int32))
    for head, target, k in (
        (make_head("binary"), y, 1),
        (make_head("regression"), y, 1),
        (make_head("regression", "poisson"), y, 1),
        (make_head("multiclass"), y[:, 0].astype(np.int32), 2),
    ):
        found = linear_outputs(head, full, target, ONES, k, {"t": nothing, "u": full})
        assert found["t"].shape == (0, k)
        assert found["u"].shape == (N, k)


@pytest.mark.parametrize(
    ("head", "y", "n_outputs"),
    [
        (make_head("regression", "quantile"), X[:, :1], 1),
        (make_head("binary"), np.zeros((N, 1), np.float32), 1),
        (make_head("multiclass"), np.zeros(N, np.int32), 2),
        (make_head("multilabel"), np.zeros((N, 21), np.float32), 21),
    ],
    ids=["quantile", "one class", "one of two classes", "21 labels"],
)
def test_there_is_none_where_it_would_not_be_fair(head, y, n_outputs):
    assert linear_outputs(head, features(), y, ONES, n_outputs, {"t": features()}) is None
