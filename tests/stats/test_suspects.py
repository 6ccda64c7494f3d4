from __future__ import annotations

import numpy as np
import pytest

from madaline.stats.suspects import find_limit, label_doubt, swapped, value_doubt

RNG = np.random.default_rng(0)


def test_doubt_is_the_log_of_how_much_likelier_another_class_is():
    p = np.array([[0.7, 0.2, 0.1], [0.05, 0.9, 0.05]])
    # With a row of each class more, so that no class is rarer than another.
    p, y = np.vstack([p, np.eye(3)[[1, 1, 2, 2]]]), [0, 0, 1, 1, 2, 2]
    assert label_doubt(p, y)[:2] == pytest.approx(np.log([0.21 / 0.71, 0.91 / 0.06]))


def test_a_rare_class_is_not_suspect_for_being_rare():
    labels = np.arange(100) < 5
    blind = np.tile([0.95, 0.05], (100, 1))
    assert label_doubt(blind, labels.astype(int)).max() < 0.1
    blind[0] = [0.999, 0.001]
    assert label_doubt(blind, labels.astype(int))[0] < np.log(0.999 / 0.001) - 2


def test_the_probabilities_stay_as_they_are():
    p = np.array([[0.7, 0.3]])
    label_doubt(p, [0])
    assert p.tolist() == [[0.7, 0.3]]


def test_values_are_doubted_in_deviations_of_like_rows():
    guess = np.repeat([1.0, 100.0], 500)
    y = guess * (1 + 0.1 * RNG.normal(size=1000))
    y[3], y[700] = 2.0, 101.0  # the same error: absurd for a small value, nothing for a large one
    doubt = value_doubt(guess, y)
    assert doubt[3] > 3.5
    assert doubt[700] < 1
    assert 0.8 < np.median(doubt) * 1.4826 < 1.2


def test_no_doubt_where_every_guess_is_right():
    assert value_doubt(np.arange(50.0), np.arange(50.0)).tolist() == [0] * 50


@pytest.mark.parametrize("answers", [np.arange(1000) % 4, RNG.normal(size=1000)])
def test_a_twentieth_of_the_answers_is_swapped(answers):
    changed, where = swapped(answers, seed=1)
    assert 48 <= where.sum() <= 50
    assert np.array_equal(changed != answers, where)
    assert set(changed.tolist()) <= set(answers.tolist())


def test_in_small_tables_more_are_swapped_so_that_it_proves_something():
    assert swapped(np.arange(200) % 2, seed=0)[1].sum() == 20
    assert swapped(np.arange(100) % 2, seed=0)[1].sum() == 10


def test_the_limit_is_the_lowest_that_keeps_the_promise():
    doubt = np.arange(20.0)[::-1]
    wrong = np.isin(np.arange(20), [0, 1, 2, 3, 5, 6])
    assert find_limit(doubt, wrong, floor=1.0, share=0.8).doubt == 19 - 6
    assert find_limit(doubt, wrong, floor=14.0, share=0.8).doubt == 14
    assert find_limit(doubt, wrong, floor=1.0, share=0.99) is None


def test_equal_doubts_are_on_one_side_of_the_limit():
    doubt = np.array([9.0] * 6 + [5.0] * 20)
    wrong = np.arange(26) < 8
    assert find_limit(doubt, wrong, floor=1.0, share=0.8).doubt == 9.0


def test_there_is_no_limit_where_doubt_says_nothing():
    assert find_limit(RNG.normal(size=1000), RNG.random(1000) < 0.05, floor=0.5) is None
