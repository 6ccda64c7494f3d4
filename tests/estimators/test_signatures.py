"""Signatures and documented parameters of both classes, held against the table of settings."""

from __future__ import annotations

import inspect
import re

import pytest
from sklearn.base import clone

from madaline import MLPClassifier, MLPRegressor
from madaline.settings.table import ROWS, Settings

CLASSES = (MLPClassifier, MLPRegressor)
# scikit-learn's defaults, where a parameter is none of ours or means something else.
OWN_DEFAULTS = {"random_state": None, "tol": None}


def parameters(cls):
    return {name: p for name, p in inspect.signature(cls).parameters.items() if name != "self"}


def documented(cls):
    """The texts of the section Args, by parameter."""
    section = inspect.getdoc(cls).split("\nArgs:\n")[1].split("\n\n")[0]
    entries = re.split(r"^    (\w+): ", section, flags=re.MULTILINE)[1:]
    return {
        name: " ".join(text.split()) for name, text in zip(entries[::2], entries[1::2], strict=True)
    }


@pytest.mark.parametrize("cls", CLASSES)
def test_every_parameter_is_documented_in_its_place(cls):
    assert list(documented(cls)) == list(parameters(cls))


def test_what_both_classes_take_is_the_same_in_words_default_and_type():
    ours, theirs = map(documented, CLASSES)
    assert {name: ours[name] for name in ours if name in theirs} == {
        name: theirs[name] for name in theirs if name in ours
    }
    one, other = map(parameters, CLASSES)
    for name in one.keys() & other.keys():
        assert (one[name].default, one[name].annotation) == (
            other[name].default,
            other[name].annotation,
        )


@pytest.mark.parametrize("cls", CLASSES)
def test_a_parameter_has_the_default_of_its_setting(cls):
    known = parameters(cls)
    for setting, row in ROWS.items():
        name = row.estimator or setting
        if name in known and name != "learning_rate":
            assert known[name].default == OWN_DEFAULTS.get(name, getattr(Settings, setting))


@pytest.mark.parametrize("cls", CLASSES)
def test_an_estimator_holds_what_it_was_given_and_nothing_else(cls):
    given = {name: f"given for {name}" for name in parameters(cls)}
    estimator = cls(**given)
    assert vars(estimator) == estimator.get_params() == given
    assert clone(estimator).get_params() == given


def test_nothing_is_known_before_a_fit():
    estimator = MLPClassifier()
    known = ("predictor_", "run_", "verdict_", "scores_", "trials_", "history_", "n_iter_", "t_",
             "coefs_", "loss_curve_", "best_loss_", "validation_scores_")  # fmt: skip
    assert not any(hasattr(estimator, name) for name in known)
    with pytest.raises(AttributeError, match="MLPClassifier does not know its history yet"):
        _ = estimator.history_
