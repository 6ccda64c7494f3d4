from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from madaline.data.checks.table import TableCheck, check_table
from madaline.data.samples import SAMPLES, load_sample
from madaline.data.table import Column, Table, category
from madaline.events.alert import Alert

N = 400
GENERATOR = np.random.default_rng(0)
CLASSES = GENERATOR.integers(0, 3, N)
NUMBERS = GENERATOR.normal(size=N)
LABELS = category("y", [("no", "maybe", "yes")[c] for c in CLASSES])
VALUES = Column("y", "number", NUMBERS)


def number(values, name: str = "x") -> Column:
    return Column(name, "number", np.asarray(values, np.float64))


def texts(write: Callable[[int], str]) -> Column:
    return category("x", [write(i) for i in range(N)])


def looked(column: Column, target: Column = LABELS, rows=None) -> TableCheck:
    task = "regression" if target.kind == "number" else "multiclass"
    rows = np.arange(len(column)) if rows is None else np.asarray(rows)
    return check_table(Table((column,)), target, task, rows)


def check(column: Column, target: Column = LABELS, rows=None) -> list[Alert]:
    return list(looked(column, target, rows).alerts)


def codes(column: Column, target: Column = LABELS, rows=None) -> list[tuple[str, bool]]:
    """What is found, and whether the column is left out by itself."""
    found = looked(column, target, rows)
    return [(alert.code, column.name in found.useless) for alert in found.alerts]


LEAKS = {
    "copy": category("x", LABELS.texts()),
    "recoded": category("x", [("c", "a", "b")[c] for c in CLASSES]),
    "numbered": number(np.array([7, 1, 3])[CLASSES]),
    "finer": category("x", [f"{c}{i % 4}" for i, c in enumerate(CLASSES)]),
    "noisy_score": number(CLASSES + GENERATOR.uniform(0, 0.5, N)),
    "one_wrong": category("x", ["yes", *LABELS.texts()[1:]]),
    "missing_is_a_class": category("x", [None if c == 1 else str(c) for c in CLASSES]),
}
VALUE_LEAKS = {
    "copy": number(NUMBERS),
    "scaled": number(3e6 - 2e9 * NUMBERS),
    "noisy": number(NUMBERS + 1e-3 * GENERATOR.normal(size=N)),
    "monotone": number(np.exp(NUMBERS)),
    "with_gaps": number(np.where(np.arange(N) % 9 == 0, np.nan, NUMBERS)),
    "with_infinity": number(np.where(np.arange(N) == 9, np.inf, NUMBERS)),
}


@pytest.mark.parametrize("case", LEAKS)
def test_a_column_that_gives_the_class_away_is_reported(case):
    (alert,) = check(LEAKS[case])
    assert (alert.level, alert.code, alert.columns) == ("error", "repeats_target", ("x",))
    assert "'x'" in alert.text
    assert "'y'" in alert.text
    assert alert.settings == {"drop": ("x",)}


@pytest.mark.parametrize("case", VALUE_LEAKS)
def test_a_column_that_gives_the_value_away_is_reported(case):
    assert ("repeats_target", False) in codes(VALUE_LEAKS[case], VALUES)


def test_a_recoded_number_of_few_values_is_reported():
    few = GENERATOR.integers(0, 6, N)
    column = category("x", [f"level {(5 * c) % 6}" for c in few])
    assert codes(column, Column("y", "number", few.astype(float))) == [("repeats_target", False)]


HARMLESS = {
    "noise": number(GENERATOR.normal(size=N)),
    "strong": number(CLASSES + GENERATOR.normal(size=N)),
    "rough": category("x", ["low" if c == 0 else "high" for c in CLASSES]),
    "nine_of_ten": category("x", [str(c if i % 10 else 0) for i, c in enumerate(CLASSES)]),
    "many_levels": category("x", [f"{i // 2}" for i in range(N)]),
    "years": number(1900 + np.arange(N) % 100),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_an_honest_column_is_not_reported(case):
    assert codes(HARMLESS[case]) == []
    assert codes(HARMLESS[case], VALUES) == []


def test_a_rare_class_makes_no_leak_of_a_blind_column():
    rare = category("y", ["yes" if i % 200 == 0 else "no" for i in range(2000)])
    blind = category("x", [str(i % 3) for i in range(2000)])
    assert codes(blind, rare) == []
    assert codes(number(GENERATOR.normal(size=2000)), rare) == []


def test_a_leak_is_found_among_many_rows():
    y = GENERATOR.normal(size=20_000)
    assert codes(number(y**3), Column("y", "number", y)) == [("repeats_target", False)]
    assert codes(number(GENERATOR.normal(size=20_000)), Column("y", "number", y)) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_clean_but_for_constant_pixels(name):
    sample = load_sample(name)
    target = sample.table[sample.target]
    task = "regression" if target.kind == "number" else "multiclass"
    rows = np.arange(sample.table.n_rows)
    found = check_table(sample.table.without(sample.target), target, task, rows).alerts
    assert {alert.code for alert in found} <= {"constant"}


FINDINGS = {
    "constant": (number(np.ones(N)), "constant", True),
    "constant_text": (category("x", ["a"] * N), "constant", True),
    "empty": (number(np.full(N, np.nan)), "empty", True),
    "empty_text": (category("x", [None] * N), "empty", True),
    "names": (texts(lambda i: f"person{i}"), "identifier", True),
    "nearly_all_names": (texts(lambda i: f"p{max(i, 10)}"), "identifier", True),
    "free_text": (texts(lambda i: f"this was comment number {i} of many"), "text", True),
    "from_0": (number(np.arange(N)), "identifier", False),
    "from_1": (number(np.arange(1, N + 1)), "identifier", False),
    "named_id": (number(GENERATOR.permutation(10**6)[:N], "user_id"), "identifier", False),
    "camel_id": (number(GENERATOR.permutation(10**6)[:N], "userId"), "identifier", False),
    "infinite": (number(np.where(np.arange(N) == 9, np.inf, NUMBERS)), "infinite", False),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_useless_columns_are_found(case):
    column, code, drop = FINDINGS[case]
    assert codes(column) == [(code, drop)]
    assert "\n" not in check(column)[0].text


QUIET = {
    "short": category("x", [f"p{i}" for i in range(10)]),
    "measured": number(GENERATOR.permutation(10**6)[:N], "weight"),
    "paid": number(np.round(NUMBERS, 2), "paid"),
    "sorted": number(1000 + np.arange(N) * 17),
    "one_value_and_gaps": number(np.where(np.arange(N) % 2, 1, np.nan)),
    "long_levels": category("x", [f"a rather long name of level {i % 5}" for i in range(N)]),
}


@pytest.mark.parametrize("case", QUIET)
def test_useful_columns_are_left_alone(case):
    column = QUIET[case]
    assert codes(column, LABELS.take(np.arange(len(column)))) == []


def test_the_advice_can_be_copied_into_a_shell():
    (alert,) = check(number(np.arange(N), "case id"))
    assert alert.settings == {"drop": ("case id",)}


def test_only_training_rows_are_looked_at():
    train = np.arange(0, N, 2)
    constant_there = number(np.where(np.arange(N) % 2, NUMBERS, 0))
    leak_elsewhere = number(np.where(np.arange(N) % 2, NUMBERS, GENERATOR.normal(size=N)))
    assert codes(constant_there, rows=train) == [("constant", True)]
    assert codes(leak_elsewhere, VALUES, rows=train) == []


def test_row_numbers_are_known_from_a_part_of_the_rows():
    part = np.sort(GENERATOR.permutation(N)[: N * 7 // 10])
    assert codes(number(np.arange(N)), rows=part) == [("identifier", False)]


def test_equal_findings_are_told_in_one_sentence():
    table = Table(tuple(number(np.zeros(N), f"p{i}") for i in range(5)))
    (alert,) = check_table(table, LABELS, "multiclass", np.arange(N)).alerts
    assert alert.text == "5 columns ('p0', 'p1', 'p2' and 2 more) hold one value only."
    assert alert.columns == ("p0", "p1", "p2", "p3", "p4")
