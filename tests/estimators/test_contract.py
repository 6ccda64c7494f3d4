"""scikit-learn's own checks of an estimator, with default parameters: none fails."""

from __future__ import annotations

from collections import Counter

import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.utils.estimator_checks import estimator_checks_generator

from madaline import MLPClassifier, MLPRegressor

# What scikit-learn's own MLPs skip too: an optional array library, a method that neither has.
SKIPPED = {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}


def _name(check):
    return check.func.__name__


CHECKS = [
    pytest.param(estimator, check, id=f"{type(estimator).__name__}-{_name(check)}-{i}")
    for ours in (MLPClassifier, MLPRegressor)
    for i, (estimator, check) in enumerate(estimator_checks_generator(ours()))
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_scikit_learn_finds_no_fault(estimator, check):
    try:
        check(estimator)
    except pytest.skip.Exception:
        raise
    except BaseException as error:
        if type(error).__name__ != "SkipTest" or _name(check) not in SKIPPED:
            raise
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("ours", "theirs"), [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)]
)
def test_as_many_checks_run_as_on_scikit_learns_own(ours, theirs):
    """No tag of ours spares us a check, but the one on NaN, which we take."""
    mine, other = (
        Counter(_name(check) for _, check in estimator_checks_generator(kind()))
        for kind in (ours, theirs)
    )
    missing = other - mine
    assert set(missing) <= {"check_estimators_nan_inf"}
