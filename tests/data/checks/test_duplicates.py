from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madaline.data.checks.duplicates import look_copied, repeats, row_keys, twins
from madaline.data.columns.frames import as_table
from madaline.data.table import Column, Table, category

RNG = np.random.default_rng(0)
CELLS = st.one_of(st.none(), st.floats(allow_nan=False), st.integers(-3, 3).map(float))


@given(st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["a", "b", None])), min_size=1))
def test_rows_repeat_as_tuples_do(rows):
    a, b, c = zip(*rows, strict=True)
    numbers = [Column(n, "number", np.array(v, np.float64)) for n, v in (("a", a), ("b", b))]
    table = Table((*numbers, category("c", list(c))))
    plain = [(x, y, z) for x, y, z in rows]
    seen: set[object] = set()
    expected = []
    for place, row in enumerate(plain):
        if row in seen:
            expected.append(place)
        seen.add(row)
    assert repeats(row_keys(table)).tolist() == expected


def test_cells_are_not_mistaken_for_those_of_another_column():
    table = as_table({"a": [1.0, 2.0], "b": [2.0, 1.0]})
    assert not len(repeats(row_keys(table)))


def test_texts_are_compared_whatever_their_codes():
    one, other = category("a", ["x", "y"]), category("a", ["y", "x"])
    found = twins(row_keys(Table((one,))), row_keys(Table((other,))))
    assert found.tolist() == [1, 0]


def test_zero_has_no_sign_and_missing_equals_missing():
    table = as_table({"a": [0.0, -0.0, np.nan, np.nan]})
    assert repeats(row_keys(table)).tolist() == [1, 3]


def test_no_rows_have_no_twins():
    assert twins(np.array([1], np.uint64), np.array([], np.uint64)).tolist() == [-1]


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_copied_rows_look_copied(share):
    rows = np.append(np.arange(500), np.arange(round(500 * share)))
    table = as_table({f"x{i}": RNG.normal(size=500)[rows] for i in range(4)})
    assert look_copied(table)


@pytest.mark.parametrize("levels", [2, 6])
def test_rows_of_few_values_do_not(levels):
    table = as_table({f"x{i}": RNG.integers(0, levels, 500) for i in range(4)})
    assert len(repeats(row_keys(table)))
    assert not look_copied(table)


def test_copies_between_two_tables_count():
    one = as_table({f"x{i}": RNG.normal(size=100) for i in range(3)})
    assert not look_copied(one)
    assert look_copied(one, one.take(np.arange(5)))
    other = replace(one, columns=tuple(replace(c, values=c.values + 1) for c in one))
    assert not look_copied(one, other)
