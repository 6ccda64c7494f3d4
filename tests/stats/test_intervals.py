import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madaline.errors import DataError
from madaline.stats.intervals import (
    auc_limits,
    compare_losses,
    effective_rows,
    gap,
    student,
    wilson,
)


@pytest.mark.parametrize(
    ("freedom", "point"),
    [(3, 3.182446), (5, 2.570582), (10, 2.228139), (30, 2.042272), (200, 1.971896)],
)
def test_student_is_close_to_the_tables(freedom: int, point: float):
    assert student(freedom) == pytest.approx(point, rel=0.01)


@given(st.floats(0, 1), st.floats(0.5, 1e6))
def test_wilson_stays_within_0_and_1_and_holds_the_share(share: float, n: float):
    low, high = wilson(share, n)
    assert 0 <= low <= share <= high <= 1


def test_wilson_equals_the_published_example():
    # Newcombe 1998, table I: 81 of 263.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@given(st.floats(0, 1), st.integers(1, 1000), st.integers(1, 1000))
def test_auc_limits_hold_the_area(area: float, positive: int, negative: int):
    low, high = auc_limits(area, positive, negative)
    assert 0 <= low <= area <= high <= 1


def test_effective_rows_is_the_count_for_equal_weights():
    assert effective_rows(np.full(9, 0.3)) == pytest.approx(9)
    assert effective_rows([1, 0, 0]) == 1


def test_a_paired_comparison_sees_what_an_unpaired_one_cannot():
    rng = np.random.default_rng(0)
    shared = rng.exponential(5, 200)
    better = shared - 0.1 + 0.05 * rng.normal(size=200)
    assert compare_losses(better, shared).high < 0
    assert not gap(better, shared).clear


def test_gap_equals_welch():
    from scipy import stats

    rng = np.random.default_rng(1)
    train, test = rng.normal(0, 1, 40), rng.normal(1, 3, 25)
    expected = stats.ttest_ind(test, train, equal_var=False).confidence_interval()
    found = gap(train, test)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-3)


def test_differences_cover_zero_about_95_times_in_100():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 600, 30))
    covered = [not compare_losses(x, y).clear for x, y in zip(a, b, strict=True)]
    assert 0.92 < np.mean(covered) < 0.98


def test_weights_of_zero_drop_rows_from_a_difference():
    some = compare_losses([1.0, 2.0, 3.5, 90.0], [1.0, 1.0, 1.0, 0.0], [1, 1, 1, 0])
    assert some.mean == pytest.approx(compare_losses([1.0, 2.0, 3.5], [1.0, 1.0, 1.0]).mean)


@pytest.mark.parametrize("rows", [[], [1.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_what_cannot_be_known_is_nan_and_never_raises(rows: list[float]):
    assert np.isnan(compare_losses(rows, rows).low)
    assert np.isnan(gap(rows, [1.0, 2.0, 3.0]).low)


def test_unpaired_rows_are_refused():
    with pytest.raises(DataError, match="2 losses cannot be paired with 3"):
        compare_losses([1, 2], [1, 2, 3])
