from __future__ import annotations

import numpy as np
import pytest

from madaline.data.checks.leaks import skill_alone
from madaline.data.table import Column, category

RNG = np.random.default_rng(0)
N = 2000
Y = RNG.normal(size=N)
VALUES = Column("y", "number", Y)
LABELS = category("y", [str(c) for c in RNG.integers(0, 3, N)])


def number(values) -> Column:
    return Column("x", "number", np.asarray(values, np.float64))


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0])
def test_the_skill_of_a_noisy_copy_is_its_squared_correlation(noise):
    column = number(Y + noise * RNG.normal(size=N))
    assert skill_alone(column, VALUES, "regression") == pytest.approx(1 / (1 + noise**2), abs=0.04)


def test_a_curve_counts_as_much_as_a_line():
    assert skill_alone(number(np.cos(Y)), Column("y", "number", Y**2), "regression") > 0.9


def test_a_class_written_with_noise_avoids_nearly_all_mistakes():
    column = number(LABELS.values + RNG.uniform(-0.4, 0.4, N))
    assert skill_alone(column, LABELS, "multiclass") > 0.95


@pytest.mark.parametrize(("target", "task"), [(VALUES, "regression"), (LABELS, "multiclass")])
def test_a_blind_column_has_no_skill_even_with_a_value_a_row(target, task):
    names = category("x", [f"person {i}" for i in range(N)])
    for column in (number(RNG.normal(size=N)), names, number(np.ones(N))):
        assert skill_alone(column, target, task) < 0.05


def test_gaps_that_give_the_class_away_count():
    gaps = number(np.where(LABELS.values == 0, np.nan, RNG.normal(size=N)))
    both = category("y", ["a" if c == 0 else "b" for c in LABELS.values])
    assert skill_alone(gaps, both, "binary") == 1.0
