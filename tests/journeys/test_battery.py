"""The ten things that people's own tables ask of a network first, one check each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from madaline import MLPClassifier
from madaline.events.data import Split

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 300
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(N, 3))
CITY = RNG.choice(["Ulm", "Bonn", "Kiel"], N)
LABEL = np.where((NUMBERS[:, 0] > 0) ^ (CITY == "Ulm"), "yes", "no")
FRAME = pd.DataFrame(NUMBERS, columns=["a", "b", "c"]).assign(city=CITY)
SMALL = {
    "preset": "classic",
    "hidden_layer_sizes": (32,),
    "learning_rate_init": 0.01,
    "random_state": 0,
}


def fitted(X=FRAME, y=LABEL, weight=None, **chosen):
    return MLPClassifier(**SMALL, **chosen).fit(X, y, sample_weight=weight)


def test_1_a_data_frame_with_string_labels():
    model = fitted(FRAME[["a", "b", "c"]])
    assert set(model.predict(FRAME[["a", "b", "c"]])) == {"yes", "no"}


def test_2_a_string_column():
    assert fitted().score(FRAME, LABEL) > 0.9


def test_3_missing_values():
    gappy = FRAME.mask(RNG.random(FRAME.shape) < 0.1)
    assert gappy.isna().any().all()
    assert fitted(gappy).score(gappy, LABEL) > 0.8


def test_4_sample_weights():
    light = np.where(LABEL == "yes", 0.01, 1.0)
    share = [(fitted(weight=w).predict(FRAME) == "yes").mean() for w in (None, light)]
    assert share[1] < share[0]


def test_5_class_weights():
    rare = np.where(NUMBERS[:, 1] > 1.2, "rare", "common")
    noisy = FRAME.assign(b=NUMBERS[:, 1] + RNG.normal(size=N))
    found = [
        (fitted(noisy, rare, class_weight=w).predict(noisy) == "rare").mean()
        for w in (None, "balanced", {"rare": 9, "common": 1})
    ]
    assert found[0] < min(found[1:])


def test_6_multilabel():
    labels = (NUMBERS > 0).astype(int)
    model = fitted(FRAME, labels)
    assert model.predict(FRAME).shape == (N, 3)
    assert model.score(FRAME, labels) > 0.7


def test_7_an_own_validation_set():
    model = MLPClassifier(**SMALL).fit(
        FRAME[:200], LABEL[:200], X_val=FRAME[200:], y_val=LABEL[200:]
    )
    assert model.run_.summary.rows == Split(200, 100, 0)
    assert model.best_validation_score_ > 0.8


def test_8_partial_fit():
    model = MLPClassifier(**SMALL)
    for _ in range(20):
        for start in range(0, N, 100):
            rows = slice(start, start + 100)
            model.partial_fit(FRAME[rows], LABEL[rows], classes=["no", "yes"])
    assert model.score(FRAME, LABEL) > 0.9


def test_9_curves():
    history = fitted(early_stopping=True).history_
    for name in ("loss", "train_loss", "validation_loss", "validation_metric", "learning_rate"):
        assert np.isfinite(history[name]).all()


def test_10_save_and_load(tmp_path):
    model = fitted()
    model.save(tmp_path / "a.madaline")
    again = MLPClassifier.load(tmp_path / "a.madaline")
    np.testing.assert_array_equal(again.predict_proba(FRAME), model.predict_proba(FRAME))
