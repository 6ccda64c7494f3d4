from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from madaline.errors import DataError
from madaline.score.scores import (
    PRIMARY_METRIC,
    Scores,
    score_classes,
    score_labels,
    score_values,
)

CLOSE = {"rel": 1e-7, "abs": 1e-12}


def many_classes(n: int, k: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), n)
    y = rng.integers(0, k, n)
    return y, p, rng.uniform(0.1, 3, n), [f"c{i}" for i in range(k)]


@pytest.mark.parametrize("k", [2, 3, 7])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_classes_equal_scikit_learn(k: int, weighted: bool):
    y, p, w, classes = many_classes(400, k)
    weight = w if weighted else None
    scores = score_classes(y, p, classes, weight)
    guess = p.argmax(axis=1)
    expected = {
        "accuracy": metrics.accuracy_score(y, guess, sample_weight=weight),
        "error_rate": metrics.zero_one_loss(y, guess, sample_weight=weight),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, guess, sample_weight=weight),
        "log_loss": metrics.log_loss(y, p, sample_weight=weight),
    }
    if k == 2:
        expected["auc"] = metrics.roc_auc_score(y, p[:, 1], sample_weight=weight)
    assert {score.name: score.value for score in scores.scores} == pytest.approx(expected, **CLOSE)
    recalls = metrics.recall_score(y, guess, average=None, sample_weight=weight)
    assert [c.accuracy for c in scores.classes] == pytest.approx(list(recalls), **CLOSE)
    assert [c.support for c in scores.classes] == np.bincount(y).tolist()


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_values_equal_scikit_learn(k: int, weighted: bool):
    rng = np.random.default_rng(1)
    y = rng.normal(size=(300, k)) * [1, 10, 100][:k] + 5
    guess = y + rng.normal(size=y.shape) * [0.3, 9, 50][:k]
    weight = rng.uniform(0.1, 3, 300) if weighted else None
    scores = score_values(y, guess, weight)
    assert scores.value("r2") == pytest.approx(
        metrics.r2_score(y, guess, sample_weight=weight), **CLOSE
    )
    assert scores.value("mse") == pytest.approx(
        metrics.mean_squared_error(y, guess, sample_weight=weight), **CLOSE
    )
    assert scores.value("rmse") == pytest.approx(
        metrics.root_mean_squared_error(y, guess, sample_weight=weight), **CLOSE
    )
    assert scores.value("mae") == pytest.approx(
        metrics.mean_absolute_error(y, guess, sample_weight=weight), **CLOSE
    )
    if k > 1:
        assert scores.value("mse_sum") == pytest.approx(k * scores.value("mse"), **CLOSE)
        raw = metrics.r2_score(y, guess, sample_weight=weight, multioutput="raw_values")
        assert [o.scores[0].value for o in scores.outputs] == pytest.approx(list(raw), **CLOSE)


def test_scores_of_labels_equal_scikit_learn():
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, (200, 4))
    p = np.clip(0.6 * y + rng.uniform(0, 0.5, y.shape), 0, 1)
    w = rng.uniform(0.1, 2, 200)
    scores = score_labels(y, p, list("abcd"), w)
    on = (p > 0.5).astype(int)
    losses = [metrics.log_loss(y[:, j], p[:, j], sample_weight=w) for j in range(4)]
    assert scores.value("exact_match") == pytest.approx(
        metrics.accuracy_score(y, on, sample_weight=w)
    )
    assert scores.value("accuracy") == pytest.approx(
        1 - metrics.hamming_loss(y, on, sample_weight=w)
    )
    assert scores.value("log_loss") == pytest.approx(np.mean(losses), **CLOSE)
    assert scores.classes[2].accuracy == pytest.approx(
        metrics.accuracy_score(y[:, 2], on[:, 2], sample_weight=w)
    )
    assert scores.classes[2].support == y[:, 2].sum()


def test_auc_counts_ties_half_and_is_not_blurred_by_clipping():
    y = [0, 1, 0, 1, 1, 0]
    p = [0.5, 0.5, 1e-30, 1e-25, 0.5, 0.2]
    assert score_classes(y, p, ["a", "b"]).value("auc") == pytest.approx(
        metrics.roc_auc_score(y, p)
    )


def test_one_column_of_probabilities_is_that_of_class_one():
    y, p, _, classes = many_classes(50, 2)
    assert score_classes(y, p[:, 1], classes) == score_classes(y.reshape(-1, 1), p[:, 1:], classes)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_weight_two_is_the_row_twice_and_weight_zero_is_no_row(seed: int):
    y, p, _, classes = many_classes(40, 3, seed)
    w = np.random.default_rng(seed).integers(0, 3, 40)
    w[0] = 2
    twice = np.repeat(np.arange(40), w)
    one, two = score_classes(y, p, classes, w), score_classes(y[twice], p[twice], classes)
    for score in one.scores:
        assert score.value == pytest.approx(two.value(score.name), rel=1e-9)
    values = score_values(p[:, 0], p[:, 1], w), score_values(p[twice, 0], p[twice, 1])
    for score in values[0].scores:
        assert score.value == pytest.approx(values[1].value(score.name), rel=1e-9)


def test_equal_weights_change_nothing():
    y, p, _, classes = many_classes(60, 2)
    plain, heavy = score_classes(y, p, classes), score_classes(y, p, classes, np.full(60, 7.0))
    for a, b in zip(plain.scores, heavy.scores, strict=True):
        assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.integers(0, 10_000))
def test_every_interval_holds_its_value(n: int, seed: int):
    y, p, w, classes = many_classes(n, 2, seed)
    for scores in (score_classes(y, p, classes, w), score_values(p[:, 0], y, w)):
        for score in scores.scores:
            if np.isfinite(score.low):
                assert score.low - 1e-9 <= score.value <= score.high + 1e-9


def test_intervals_cover_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(3)
    n, repeats, sigma = 200, 400, 2.0
    hits = dict.fromkeys(["rmse", "mae", "r2", "accuracy", "log_loss", "auc"], 0)
    big = np.random.default_rng(4)
    z = big.normal(size=400_000)
    chance = 1 / (1 + np.exp(-2 * z))
    label = big.random(len(z)) < chance
    truth = {s.name: s.value for s in score_classes(label, chance, ["a", "b"]).scores}
    truth |= {"rmse": sigma, "mae": sigma * np.sqrt(2 / np.pi), "r2": 1 - sigma**2 / (sigma**2 + 9)}
    for _ in range(repeats):
        x = 3 * rng.normal(size=n)
        values = score_values(x + sigma * rng.normal(size=n), x)
        z = rng.normal(size=n)
        chance = 1 / (1 + np.exp(-2 * z))
        classes = score_classes(rng.random(n) < chance, chance, ["a", "b"])
        for score in (*values.scores, *classes.scores):
            if score.name in hits:
                hits[score.name] += score.low <= truth[score.name] <= score.high
    # 400 repeats: three standard errors around 95 % are 3.3 points.
    assert {
        name: 0.915 <= count / repeats <= 0.985 for name, count in hits.items()
    } == dict.fromkeys(hits, True), hits


def test_a_perfect_model_still_has_an_honest_interval():
    scores = score_classes([0, 1] * 10, [0.1, 0.9] * 10, ["a", "b"])
    assert scores.value("accuracy") == scores.value("auc") == 1
    assert 0.8 < scores.score("accuracy").low < 0.9
    assert 0.8 < scores.score("auc").low < 0.95


def test_labels_of_one_row_count_for_less_than_independent_rows():
    rng = np.random.default_rng(5)
    right = rng.random((100, 1)) < 0.8
    together = np.where(np.repeat(right, 10, axis=1), 0.9, 0.1)
    apart = np.where(rng.random((100, 10)) < 0.8, 0.9, 0.1)
    names = [str(i) for i in range(10)]
    wide = score_labels(np.ones((100, 10)), together, names).score("accuracy")
    narrow = score_labels(np.ones((100, 10)), apart, names).score("accuracy")
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_class_without_rows_has_no_accuracy_and_is_left_out_of_the_balance():
    scores = score_classes([0, 0, 1], np.eye(3)[[0, 1, 1]], ["a", "b", "c"])
    assert scores.classes[2].support == 0
    assert np.isnan(scores.classes[2].accuracy)
    assert scores.value("balanced_accuracy") == 0.75


@pytest.mark.parametrize(
    ("truth", "guess", "r2"),
    [([1, 1, 1], [1, 1, 1], 1.0), ([1, 1, 1], [1, 2, 1], 0.0), ([1, 2, 3], [1, 2, 3], 1.0)],
)
def test_r2_of_a_constant_target_or_an_exact_model(truth: list[int], guess: list[int], r2: float):
    assert score_values(truth, guess).value("r2") == r2 == metrics.r2_score(truth, guess)


def test_predictions_that_are_not_finite_are_wrong_and_never_raise():
    scores = score_classes([0, 1], [[np.nan, np.nan], [0.1, 0.9]], ["a", "b"])
    assert scores.value("accuracy") == 0.5
    assert np.isnan(scores.value("log_loss"))
    assert np.isnan(scores.value("auc"))
    assert np.isnan(score_values([1.0, 2.0], [np.nan, 1.0]).value("rmse"))
    assert score_values([1.0, 2.0, 4.0], [1e200, 1.0, -1e200]).value("rmse") == np.inf
    assert score_labels([[1.0]], [[np.nan]], ["a"]).value("accuracy") == 0


def test_one_row_has_values_and_no_interval_where_none_can_be():
    scores = score_values([1.0], [2.0])
    assert scores.value("rmse") == 1
    assert np.isnan(scores.score("rmse").low)
    assert np.isnan(scores.value("r2"))
    assert score_classes([1], [0.9], ["a", "b"]).value("accuracy") == 1


def test_scores_survive_json_whatever_the_order_of_keys():
    import json

    y, p, w, classes = many_classes(30, 2)
    for scores in (score_classes(y, p, classes, w), score_values(np.c_[p, p], np.c_[y, y, y, y])):
        text = json.dumps(scores.as_dict(), sort_keys=True, allow_nan=False)
        back = Scores.from_dict(json.loads(text))
        assert back.primary == scores.primary
        assert set(back.scores) == set(scores.scores)
        assert (back.classes, back.outputs) == (scores.classes, scores.outputs) or scores.outputs
    broken = score_classes([0], [np.nan], ["a", "b"]).as_dict()
    assert json.loads(json.dumps(broken, allow_nan=False))["scores"]["auc"]["value"] is None


def test_the_first_score_is_the_primary_metric_of_the_task():
    y, p, _, classes = many_classes(20, 2)
    assert score_classes(y, p, classes).primary == PRIMARY_METRIC["binary"]
    assert score_labels(np.eye(2), np.eye(2), ["a", "b"]).primary == PRIMARY_METRIC["multilabel"]
    assert score_values(y, y).primary == PRIMARY_METRIC["regression"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: score_classes([], np.empty((0, 2)), ["a", "b"]), "no rows"),
        (lambda: score_classes([0, 3], [[1, 0], [0, 1]], ["a", "b"]), "outside 0..1"),
        (lambda: score_classes([0], [[1, 0, 0]], ["a", "b"]), "3 columns"),
        (lambda: score_classes([0, 1, 1], [0.1, 0.2], ["a", "b"]), "3 true values for 2"),
        (lambda: score_values([1, 2], [[1], [2], [3]]), "shape"),
        (lambda: score_values([1, 2], [1, 2], [1, -1]), "negative"),
        (lambda: score_values([1, 2], [1, 2], [0, 0]), "All weights"),
        (lambda: score_values([1, 2], [1, 2], [1]), "1 weights for 2 rows"),
        (lambda: score_values([1, 2], [1, 2]).score("rsme"), "'rmse'"),
    ],
)
def test_what_does_not_fit_is_named(call, message: str):
    with pytest.raises(DataError, match=message):
        call()


def test_a_hundred_thousand_rows_take_less_than_half_a_second():
    y, p, w, classes = many_classes(100_000, 5)
    start = process_time()
    score_classes(y, p, classes, w)
    score_classes(y % 2, p[:, 0], classes[:2], w)
    score_values(p, p[:, ::-1], w)
    assert process_time() - start < 1.5  # three calls, of processor time
