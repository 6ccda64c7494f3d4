"""scikit-learn's own checks of an estimator: none fails.

All of them with the one network that compiles fastest; those that look at how a fit ends with the
default networks too.
"""

from __future__ import annotations

from collections import Counter

import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.utils.estimator_checks import estimator_checks_generator

from madaline import MLPClassifier, MLPRegressor

# What scikit-learn's own MLPs skip too: an optional array library, a method that neither has.
SKIPPED = {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}
WITH_DEFAULTS = {
    "check_estimators_pickle", "check_methods_subset_invariance",
    "check_dict_unchanged", "check_classifiers_one_label_sample_weights",
    "check_sample_weight_equivalence_on_dense_data", "check_fit2d_1sample",
}  # fmt: skip


def _name(check):
    return check.func.__name__


def _checks(preset):
    for ours in (MLPClassifier, MLPRegressor):
        for i, (estimator, check) in enumerate(estimator_checks_generator(ours(preset=preset))):
            name = f"{type(estimator).__name__}-{_name(check)}-{i}-{preset}"
            yield pytest.param(estimator, check, id=name)


CHECKS = [
    *_checks("classic"),
    *(check for check in _checks("balanced") if _name(check.values[1]) in WITH_DEFAULTS),
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
