import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.errors import DataError
from madaline.events.scores import Score
from madaline.events.verdict import CODES, Verdict
from madaline.score.curve import Curve
from madaline.score.evidence import Evidence, Losses
from madaline.score.verdict import give_verdict
from madaline.settings.table import Settings

USED = {"hidden": (128, 128), "learning_rate": 0.004, "dropout": 0.0, "epochs": 60, "seed": 0}


def rows(mean: float, n: int, seed: int, spread: float = 0.5):
    """Losses of one model on the rows of one part: the difficulty of a row is shared."""
    difficulty = np.random.default_rng(seed).gamma(4, 0.25, n)
    own = np.random.default_rng([seed, round(1e6 * mean)]).normal(0, 0.02, n)
    return mean * (1 + spread * (difficulty - difficulty.mean()) + own - own.mean())


def case(
    *,
    test: float,
    train: float,
    constant: float = 1.0,
    linear: float | None = 0.5,
    linear_train: float | None = None,
    n_test: int = 400,
    n_train: int = 2000,
    n_validation: int = 400,
    **more,
) -> Evidence:
    return Evidence(
        test=rows(test, n_test, 1),
        test_constant=rows(constant, n_test, 1),
        test_linear=None if linear is None else rows(linear, n_test, 1),
        train=rows(train, n_train, 2),
        train_constant=rows(constant, n_train, 2),
        train_linear=None if linear is None else rows(linear_train or linear, n_train, 2),
        loss_at_start=constant,
        n_train=n_train,
        n_validation=n_validation,
        n_test=n_test,
        **{"task": "regression", "settings": USED} | more,
    )


def curve(
    *, floor: float, gap: float = 0.0, rise: float = 0.0, turn: int = 30, epochs: int = 60,
    span: float = 6.0, noise: float = 0.003, start: float = 1.0, why: str = "done",
) -> Curve:  # fmt: skip
    e = np.arange(1, epochs + 1)
    train = floor + (start - floor) * np.exp(-e / span)
    draws = np.random.default_rng(0).normal(0, noise, epochs)
    validation = train + gap * (1 - np.exp(-e / span)) + draws
    validation += rise * np.maximum(0, e - turn) / max(1, epochs - turn)
    return Curve(e, train, validation, int(e[validation.argmin()]), epochs, why)


CASES = {
    "diverged": (curve(floor=0.5, start=0.6, why="diverged"), case(test=0.9, train=0.9)),
    "not_learning": (curve(floor=0.99), case(test=1.0, train=0.99)),
    "overfit": (
        curve(floor=0.1, gap=0.45, rise=0.4),
        case(test=0.6, train=0.15, linear=0.55, linear_train=0.5),
    ),
    "underfit": (curve(floor=0.7), case(test=0.7, train=0.7, linear=0.4)),
    "still_improving": (curve(floor=0.2, span=40), case(test=0.45, train=0.43)),
    "fine": (curve(floor=0.2, gap=0.05), case(test=0.26, train=0.2)),
}


@pytest.mark.parametrize("code", CODES)
def test_each_kind_of_training_gets_its_verdict(code: str):
    verdict = give_verdict(*CASES[code])
    assert verdict.code == code
    assert not verdict.hard_to_tell
    assert verdict.text.endswith(".")
    assert 1 <= len(verdict.evidence) <= 4
    assert verdict.action
    Settings(**verdict.settings)


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=25, deadline=None)
@given(c=st.floats(1e-6, 1e6))
def test_the_unit_of_the_loss_never_changes_the_verdict(code: str, c: float):
    shape, seen = CASES[code]
    scaled = Curve(
        shape.epochs, c * shape.train, c * shape.validation, shape.best_epoch,
        shape.epochs_planned, shape.stopped_why,
    )  # fmt: skip
    parts = ("test", "test_constant", "test_linear", "train", "train_constant", "train_linear")
    units = {part: c * getattr(seen, part) for part in (*parts, "loss_at_start")}
    verdict = give_verdict(scaled, replace(seen, **units))
    expected = give_verdict(shape, seen)
    assert verdict.code == expected.code
    assert verdict.settings == expected.settings
    assert verdict.hard_to_tell == expected.hard_to_tell
    assert len(verdict.remarks) == len(expected.remarks)


anything = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=150, deadline=None)
@given(
    train=st.lists(anything, max_size=30),
    validation=st.lists(anything, max_size=30),
    test=st.lists(anything, max_size=8),
    constant=st.lists(anything, max_size=8),
    linear=st.none() | st.lists(anything, max_size=8),
    start=st.none() | anything,
    best=st.integers(-1, 40),
    why=st.sampled_from(["done", "stopped_early", "time", "diverged", "", "interrupted"]),
)
def test_no_curve_and_no_evidence_makes_it_raise(
    train, validation, test, constant, linear, start, best, why
):
    shape = Curve(np.arange(1, len(train) + 1), train, validation, best, 30, why)
    seen = Evidence(
        test=test, test_constant=constant, test_linear=linear, train=constant, train_constant=test,
        train_linear=linear, loss_at_start=start, loss_of_constant=start,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = give_verdict(shape, seen)
    assert verdict.code in CODES
    assert verdict.evidence
    json.dumps(verdict.as_dict(), allow_nan=False)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_a_curve_of_a_few_epochs_is_judged(n: int):
    e = np.arange(1, n + 1)
    shape = Curve(e, 1 - 0.1 * e, np.full(n, np.nan), n, n)
    assert give_verdict(shape, Evidence(test=None)).hard_to_tell
    assert give_verdict(shape, CASES["fine"][1]).code in ("fine", "still_improving")


@pytest.mark.parametrize("end", [np.nan, np.inf, 50.0])
def test_a_loss_that_breaks_or_explodes_is_divergence_and_asks_for_a_lower_rate(end: float):
    shape, seen = CASES["fine"]
    train = np.append(shape.train[:20], [end] * 3)
    verdict = give_verdict(replace(shape, epochs=np.arange(1, 24), train=train), seen)
    assert verdict.code == "diverged"
    assert verdict.settings == {"learning_rate": 0.0004}
    assert "0.0004" in verdict.action


def test_kept_weights_with_losses_that_are_not_finite_are_divergence():
    shape, seen = CASES["fine"]
    assert give_verdict(shape, replace(seen, test=np.full(400, np.nan))).code == "diverged"


def test_a_gap_alone_is_not_overfitting_but_is_told():
    shape = curve(floor=0.02, gap=0.3)
    verdict = give_verdict(shape, case(test=0.32, train=0.02, linear=0.6))
    assert verdict.code == "fine"
    assert "a gap of 0.3" in " ".join(verdict.evidence)


def test_a_rise_whose_best_weights_were_kept_is_not_overfitting_but_is_told():
    shape = curve(floor=0.2, gap=0.05, rise=0.5)
    verdict = give_verdict(shape, case(test=0.26, train=0.2))
    assert verdict.code == "fine"
    assert "the weights from before it rose were kept" in " ".join(verdict.evidence)


def test_a_gap_within_the_noise_of_the_split_is_not_overfitting():
    shape, seen = CASES["overfit"]
    noisy = replace(
        seen,
        test=rows(0.6, 60, 1, 8.0),
        test_constant=rows(1.0, 60, 1),
        n_test=60,
        test_linear=None,
    )
    verdict = give_verdict(shape, noisy)
    assert verdict.code != "overfit"
    assert verdict.hard_to_tell


def test_rows_known_by_heart_without_any_signal_are_overfitting_with_a_remark():
    shape = curve(floor=0.1, gap=1.5)
    verdict = give_verdict(shape, case(test=1.5, train=0.1, linear=1.01, linear_train=0.99))
    assert verdict.code == "overfit"
    assert verdict.remarks[0].startswith("There may be no signal")
    assert "columns" in verdict.action


def test_crossing_the_linear_model_is_overfitting_even_without_a_rise():
    shape = curve(floor=0.2, gap=0.3)
    verdict = give_verdict(shape, case(test=0.5, train=0.3, linear=0.4, linear_train=0.39))
    assert verdict.code == "overfit"


def test_without_any_signal_the_advice_is_to_look_at_the_data():
    verdict = give_verdict(curve(floor=0.99), case(test=1.0, train=0.98, linear=1.0))
    assert verdict.code == "not_learning"
    assert "columns" in verdict.action
    assert verdict.settings == {}
    assert "no signal" in verdict.remarks[0]


@pytest.mark.parametrize(("noise", "rate"), [(0.5, 0.0004), (0.0, 0.04)])
def test_where_a_linear_model_learns_the_rate_is_to_blame(noise: float, rate: float):
    shape = curve(floor=1.0, noise=noise)
    assert give_verdict(shape, case(test=1.0, train=1.0)).settings == {"learning_rate": rate}


@pytest.mark.parametrize(
    ("used", "advice"),
    [
        ({"hidden": (8,), "dropout": 0.1}, {"hidden": (64,)}),
        ({"hidden": (8,), "dropout": 0.5}, {"dropout": 0.0}),
        ({"hidden": (128,), "l2": 0.1}, {"l2": 0.0}),
        ({"hidden": (128,), "weight_decay": 0.5}, {"weight_decay": 0.05}),
        ({"hidden": (128,), "learning_rate": 0.001}, {"learning_rate": 0.003}),
        ({}, {"hidden": (256, 256)}),
    ],
)
def test_underfitting_asks_first_for_what_holds_the_network_back(used: dict, advice: dict):
    shape, seen = CASES["underfit"]
    assert give_verdict(shape, replace(seen, settings=used)).settings == advice


@pytest.mark.parametrize(
    ("used", "advice"),
    [
        ({"dropout": 0.1}, {"dropout": 0.3}),
        ({"dropout": 0.5, "weight_decay": 0.01}, {"weight_decay": 0.1}),
        ({"hidden": ()}, {"weight_decay": 0.01}),
    ],
)
def test_overfitting_asks_for_more_restraint_than_there_was(used: dict, advice: dict):
    shape, seen = CASES["overfit"]
    assert give_verdict(shape, replace(seen, settings=used)).settings == advice


def test_an_ended_time_budget_asks_for_time_and_an_early_stop_for_nothing():
    shape, seen = CASES["still_improving"]
    budget = replace(seen, settings={"time_budget": 30.0})
    assert give_verdict(replace(shape, stopped_why="time"), budget).settings == {
        "time_budget": 60.0
    }
    assert give_verdict(shape, seen).settings == {"epochs": 120}
    assert give_verdict(replace(shape, stopped_why="stopped_early"), seen).code == "fine"


def test_a_flat_end_is_not_still_improving_although_its_best_epoch_is_the_last():
    shape = curve(floor=0.2, span=6, noise=0.0)
    assert shape.best_epoch == 60
    assert give_verdict(shape, CASES["fine"][1]).code == "fine"


def test_an_equal_linear_model_is_remarked_and_preferred():
    verdict = give_verdict(curve(floor=0.3), case(test=0.3002, train=0.3, linear=0.3))
    assert verdict.code == "fine"
    assert verdict.remarks[0].startswith("A linear model is as good here, as far as 400 test rows")
    assert verdict.settings == {"hidden": ()}


def test_a_worse_linear_model_is_no_remark():
    assert give_verdict(*CASES["fine"]).remarks == ()


def test_a_nearest_neighbour_that_finds_more_shows_underfitting():
    shape, seen = CASES["fine"]
    seen = replace(seen, test_nearest=rows(0.1, 400, 1))
    verdict = give_verdict(shape, seen)
    assert verdict.code == "underfit"
    assert "most similar training row" in verdict.remarks[0]


def test_few_rows_are_hard_to_tell():
    shape = CASES["fine"][0]
    verdict = give_verdict(shape, case(test=0.26, train=0.2, n_test=30))
    assert (verdict.code, verdict.hard_to_tell) == ("fine", True)
    assert verdict.text.startswith("Hard to tell")
    assert verdict.evidence[-1] == "Only 30 test rows: too few to be sure."
    assert give_verdict(shape, case(test=0.26, train=0.2, n_validation=20)).hard_to_tell


def test_training_rows_are_never_taken_for_test_rows():
    shape, seen = CASES["fine"]
    verdict = give_verdict(shape, replace(seen, part="train", test=seen.train))
    assert verdict.hard_to_tell
    assert verdict.evidence[-1] == "There are no test rows to judge by."
    assert "gap" not in " ".join(verdict.evidence)


def test_easier_test_rows_are_remarked():
    verdict = give_verdict(curve(floor=0.5), case(test=0.2, train=0.4, linear=0.5))
    assert "easier than the training rows" in verdict.remarks[-1]


def test_means_with_errors_do_where_rows_are_not_kept():
    shape = CASES["fine"][0]
    seen = Evidence(
        test=Losses(0.26, 0.01, 400), test_constant=Losses(1.0, 0.02, 400),
        train=Losses(0.2, 0.005, 2000), loss_of_constant=1.0,
        n_test=400, n_train=2000, n_validation=400,
    )  # fmt: skip
    assert give_verdict(shape, seen).code == "fine"
    assert not give_verdict(shape, seen).hard_to_tell


def test_negative_losses_of_densities_are_judged_like_others():
    for code in ("overfit", "fine", "underfit", "still_improving"):
        shape, seen = CASES[code]
        parts = ("test", "test_constant", "test_linear", "train", "train_constant", "train_linear")
        moved = {part: getattr(seen, part) - 0.8 for part in parts} | {"loss_at_start": 0.2}
        lower = replace(shape, train=shape.train - 0.8, validation=shape.validation - 0.8)
        assert give_verdict(lower, replace(seen, **moved)).code == code


def test_the_evidence_reads_well():
    shape, seen = CASES["overfit"]
    seen = replace(seen, test_score=Score("r2", 0.4012, 0.35, 0.449), train_score=Score("r2", 0.85))
    verdict = give_verdict(shape, seen)
    assert (
        verdict.text == "The network knows its training rows by heart and does worse on new ones."
    )
    assert verdict.evidence == (
        "The loss is 0.15 on training rows and 0.6 on test rows, a gap of 0.45 "
        "(95 % interval 0.436 to 0.464).",
        "The validation loss was lowest around epoch 28 and then rose from 0.553 to 0.936; "
        "the weights from before it rose were kept.",
        "On the same test rows the best constant guess has 1 and the linear model has 0.55.",
        "R2 on test rows is 0.401 (0.35 to 0.449), on training rows 0.85.",
    )
    assert verdict.action.startswith("Raise dropout to 0.2")


@pytest.mark.parametrize("code", CODES)
def test_a_verdict_survives_json(code: str):
    verdict = give_verdict(*CASES[code])
    assert Verdict.from_dict(json.loads(json.dumps(verdict.as_dict()))) == verdict


@pytest.mark.parametrize("change", [{"text": 3, "settings": 4}, {"evidence": None}, {"code": {}}])
def test_what_is_no_verdict_is_refused(change):
    shown = give_verdict(*CASES["fine"]).as_dict() | change
    with pytest.raises(DataError):
        Verdict.from_dict(shown)
    with pytest.raises(DataError, match="Verdict lacks 'text'"):
        Verdict.from_dict({"code": "fine"})


def test_an_unknown_code_is_refused():
    shown = give_verdict(*CASES["fine"]).as_dict() | {"code": "splendid"}
    with pytest.raises(DataError, match="'splendid' is not known"):
        Verdict.from_dict(shown)
