from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from madaline.errors import DataError
from madaline.stats.drift import code_shift, holm, mean_discrepancy, number_shift
from madaline.stats.kernel import median_gamma, rbf_kernel, squared_distances

RNG = np.random.default_rng(0)


def test_the_discrepancy_is_the_unbiased_sum_over_pairs():
    x, y = RNG.normal(size=(12, 3)), RNG.normal(0.5, size=(9, 3))
    both = np.concatenate([x, y])
    gamma = median_gamma(squared_distances(both, both))
    within = [
        np.mean(
            [
                rbf_kernel(s[i : i + 1], s[j : j + 1], gamma)
                for i in range(len(s))
                for j in range(len(s))
                if i != j
            ]
        )
        for s in (x, y)
    ]
    expected = sum(within) - 2 * rbf_kernel(x, y, gamma).mean()
    found = mean_discrepancy(x, y, seed=0, permutations=20)
    assert found.squared == pytest.approx(expected, abs=1e-12)


def test_equal_distributions_are_told_apart_in_one_of_twenty_tries():
    rng = np.random.default_rng(1)
    p = [
        mean_discrepancy(
            rng.normal(size=(40, 2)), rng.normal(size=(30, 2)), seed=i, permutations=200
        ).p_value
        for i in range(300)
    ]
    # 15 of 300 are expected; 26 or more would happen once in 200 such tests.
    assert 4 <= sum(value <= 0.05 for value in p) <= 25
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_a_shift_no_column_shows_alone_is_found():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 2))
    y = rng.normal(size=(400, 1)) @ np.ones((1, 2))  # the same margins, but together
    assert all(number_shift(a, b).p_value > 0.01 for a, b in zip(x.T, y.T, strict=True))
    assert mean_discrepancy(x, y, seed=0).p_value < 0.01


def test_categories_count_as_one_hot_vectors():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 2)), rng.normal(size=(50, 2))
    a, b = rng.integers(0, 4, (60, 1)), rng.integers(0, 3, (50, 1))
    one_hot = [np.hstack([v, np.eye(4)[c[:, 0]]]) for v, c in ((x, a), (y, b))]
    by_codes = mean_discrepancy(x, y, seed=0, x_codes=a, y_codes=b)
    assert by_codes.squared == pytest.approx(mean_discrepancy(*one_hot, seed=0).squared, abs=1e-12)
    assert by_codes.p_value == mean_discrepancy(*one_hot, seed=0).p_value


def test_rows_of_a_group_are_permuted_together():
    rng = np.random.default_rng(4)
    alone, together = 0, 0
    for seed in range(40):
        groups = np.repeat(np.arange(20), 10)
        rows = rng.normal(size=(20, 1))[groups] + 0.1 * rng.normal(size=(200, 1))
        x, y = rows[:150], rows[150:]  # five groups against fifteen: no drift
        alone += mean_discrepancy(x, y, seed=seed, permutations=200).p_value <= 0.05
        p = mean_discrepancy(x, y, seed=seed, units=groups, permutations=200).p_value
        together += p <= 0.05
    assert alone > 20
    assert together <= 6


def test_the_seed_decides_the_permutations():
    x, y = RNG.normal(size=(30, 2)), RNG.normal(0.3, size=(30, 2))
    assert mean_discrepancy(x, y, seed=5) == mean_discrepancy(x, y, seed=5)


def test_one_row_cannot_be_compared():
    with pytest.raises(DataError, match="1 and 5 rows"):
        mean_discrepancy(np.zeros((1, 2)), np.zeros((5, 2)), seed=0)


def test_the_shift_of_numbers_is_that_of_kolmogorov_and_smirnov():
    x, y = RNG.normal(size=200), RNG.normal(0.2, size=150)
    known = stats.ks_2samp(x, y, method="asymp")
    found = number_shift(x, y)
    assert (found.distance, found.p_value) == (known.statistic, known.pvalue)


def test_more_missing_values_are_a_shift():
    x = RNG.normal(size=400)
    gaps = np.where(np.arange(400) % 2, np.nan, x)
    assert number_shift(x, gaps).distance >= 0.5
    assert number_shift(gaps, gaps).distance == 0


def test_the_shift_of_categories_is_that_of_chi_squared():
    x, y = RNG.integers(0, 3, 300), RNG.integers(0, 3, 200)
    table = np.stack([np.bincount(x), np.bincount(y)])
    known = stats.chi2_contingency(table, correction=False)
    found = code_shift(x, y)
    assert found.p_value == known.pvalue
    shares = table / table.sum(axis=1, keepdims=True)
    assert found.distance == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2)


def test_thousands_of_rare_categories_raise_no_alarm():
    x, y = RNG.integers(0, 4000, 1000), RNG.integers(0, 4000, 1000)
    assert code_shift(x, y).p_value > 0.01


def test_holm_controls_the_smallest_of_many():
    from scipy.stats import false_discovery_control

    p = np.array([0.001, 0.2, 0.03, 0.03])
    assert holm(p) == pytest.approx([0.004, 0.2, 0.09, 0.09])
    assert (holm(p) >= false_discovery_control(p) - 1e-15).all()
    assert len(holm([])) == 0
