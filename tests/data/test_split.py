from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.data.split import Split, circular_folds, shuffled, split_rows, stratified_order
from madaline.errors import DataError, UsageError

SHARES = {"validation": 0.15, "test": 0.15}


def sizes(split: Split) -> tuple[int, int, int]:
    return len(split.train), len(split.validation), len(split.test)


def assert_every_row_once(split: Split, n_rows: int) -> None:
    rows = np.concatenate([split.train, split.validation, split.test])
    assert sorted(rows.tolist()) == list(range(n_rows))
    for part in (split.train, split.validation, split.test):
        assert (np.diff(part) > 0).all()


@settings(deadline=None)
@given(
    st.integers(3, 200),
    st.sampled_from([0, 0.01, 0.15, 0.4, 0.6]),
    st.sampled_from([0, 0.01, 0.15, 0.39]),
    st.integers(0, 2**31 - 1),
)
def test_every_row_falls_into_one_part(n_rows, validation, test, seed):
    split = split_rows(n_rows, validation=validation, test=test, seed=seed)
    assert_every_row_once(split, n_rows)
    assert len(split.train) > 0
    for part, share in ((split.validation, validation), (split.test, test)):
        assert abs(len(part) - share * n_rows) <= 1
        assert (len(part) > 0) == (share > 0)


@settings(deadline=None)
@given(st.lists(st.integers(7, 40), min_size=1, max_size=5), st.integers(0, 99))
def test_each_class_is_spread_in_proportion(counts, seed):
    codes = np.repeat(np.arange(len(counts)), counts)
    split = split_rows(len(codes), **SHARES, seed=seed, classes=codes)
    assert_every_row_once(split, len(codes))
    for label in np.unique(codes):
        total = (codes == label).sum()
        assert (codes[split.train] == label).sum() >= 1
        for part in (split.validation, split.test):
            assert abs((codes[part] == label).sum() - 0.15 * total) <= 1.2


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=3, max_size=60), st.integers(0, 99))
def test_every_class_keeps_a_row_in_training(classes, seed):
    codes = np.array(classes)
    if len(np.unique(codes)) > len(codes) - 2:
        return
    split = split_rows(len(codes), **SHARES, seed=seed, classes=codes)
    assert_every_row_once(split, len(codes))
    assert set(codes[split.train]) == set(codes)


def test_a_class_of_one_row_goes_to_training():
    codes = np.array([0] * 50 + [1] * 50 + [2])
    for seed in range(20):
        assert 100 in split_rows(101, **SHARES, seed=seed, classes=codes).train


def test_a_file_sorted_by_class_is_split_as_well_as_a_shuffled_one():
    codes = np.repeat([0, 1, 2], 100)
    split = split_rows(300, **SHARES, seed=0, classes=codes)
    for part, wanted in ((split.train, 70), (split.validation, 15), (split.test, 15)):
        assert np.bincount(codes[part]).tolist() == [wanted] * 3


def test_the_seed_alone_decides_the_order():
    first, again = (split_rows(100, **SHARES, seed=3) for _ in range(2))
    other = split_rows(100, **SHARES, seed=4)
    assert first.test.tolist() == again.test.tolist() != other.test.tolist()
    # Pinned: these rows must stay the same in every version of Madaline and NumPy.
    assert shuffled(8, seed=0).tolist() == [0, 2, 1, 5, 4, 3, 6, 7]


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 12), min_size=3, max_size=120),
    st.booleans(),
    st.integers(0, 99),
)
def test_groups_stay_whole(groups, stratified, seed):
    values = np.array(groups)
    n_groups = len(np.unique(values))
    classes = np.arange(len(values)) % 3 if stratified else None
    if n_groups < 3:
        with pytest.raises(DataError, match="groups are too few"):
            split_rows(len(values), **SHARES, seed=seed, groups=values, classes=classes)
        return
    split = split_rows(len(values), **SHARES, seed=seed, groups=values, classes=classes)
    assert_every_row_once(split, len(values))
    assert min(sizes(split)) > 0
    held = [set(values[part]) for part in (split.train, split.validation, split.test)]
    assert sum(map(len, held)) == n_groups


def test_many_groups_meet_the_shares_and_spread_the_classes():
    generator = np.random.default_rng(0)
    groups = generator.integers(0, 400, 4000)
    classes = (groups % 4 == 0).astype(int)
    split = split_rows(4000, **SHARES, seed=1, groups=groups, classes=classes)
    assert sizes(split) == pytest.approx((2800, 600, 600), abs=15)
    for part in (split.train, split.validation, split.test):
        assert classes[part].mean() == pytest.approx(classes.mean(), abs=0.02)


def test_the_oldest_rows_train_and_the_newest_test():
    time = np.random.default_rng(0).permutation(100).astype("datetime64[D]")
    split = split_rows(100, **SHARES, seed=0, time=time)
    assert sizes(split) == (70, 15, 15)
    assert time[split.train].max() < time[split.validation].min()
    assert time[split.validation].max() < time[split.test].min()


@settings(deadline=None)
@given(
    st.lists(st.none() | st.integers(0, 9), min_size=3, max_size=60),
    st.sampled_from([(0.15, 0.15), (0, 0.3), (0.3, 0)]),
)
def test_rows_of_equal_time_stay_together_where_possible(times, shares):
    time = np.array([np.nan if t is None else t for t in times])
    validation, test = shares
    split = split_rows(len(time), validation=validation, test=test, seed=0, time=time)
    assert_every_row_once(split, len(time))
    assert len(split.train) > 0
    assert (len(split.validation) > 0, len(split.test) > 0) == (validation > 0, test > 0)
    filled = np.where(np.isnan(time), -1, time)
    parts = [filled[part] for part in (split.train, split.validation, split.test) if len(part)]
    for older, newer in pairwise(parts):
        assert older.max() <= newer.min()
    if len(np.unique(filled)) == len(filled):
        assert all(o.max() < n.min() for o, n in pairwise(parts))


def test_ties_are_not_torn_apart():
    time = np.repeat(np.arange(10), 7)
    split = split_rows(70, **SHARES, seed=0, time=time)
    held = [set(time[part]) for part in (split.train, split.validation, split.test)]
    assert sum(map(len, held)) == 10


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_rows": 2, **SHARES}, DataError, "2 rows are too few for 3 parts"),
        ({"n_rows": 0, "validation": 0, "test": 0}, DataError, "0 rows are too few"),
        ({"n_rows": 9, "validation": 0.5, "test": 0.5}, UsageError, "leave no rows for training"),
        ({"n_rows": 9, "validation": -0.1, "test": 0.5}, UsageError, "validation = -0.1"),
        ({"n_rows": 9, **SHARES, "groups": [0] * 9}, DataError, "1 groups are too few"),
        ({"n_rows": 9, **SHARES, "groups": [0] * 9, "time": [0] * 9}, UsageError, "at once"),
        ({"n_rows": 4, **SHARES, "classes": range(4)}, DataError, "No row is left"),
    ],
)
def test_what_cannot_be_split_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        split_rows(**arguments, seed=0)


@pytest.mark.parametrize(("n_rows", "members", "n_held_out"), [(20, 4, 3), (21, 4, 9), (5, 8, 2)])
def test_in_a_circle_each_member_holds_out_as_many_rows(n_rows, members, n_held_out):
    rows, held = circular_folds(n_rows, members, n_held_out)
    assert held.sum(axis=0).tolist() == [n_held_out] * members
    assert held.any(axis=1).all()
    assert rows.tolist() == sorted(set(rows.tolist()))


def test_every_stretch_of_an_even_order_has_the_classes_in_proportion():
    classes = np.repeat([0, 1, 2], [600, 300, 100])
    order = stratified_order(classes, 1000, seed=5)
    assert sorted(order.tolist()) == list(range(1000))
    for start in range(0, 1000, 100):
        counts = np.bincount(classes[order[start : start + 100]], minlength=3)
        assert np.all(np.abs(counts - [60, 30, 10]) <= 1)
    assert not np.array_equal(order, stratified_order(classes, 1000, seed=6))
