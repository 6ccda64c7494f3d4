from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.data.split import split_rows
from madaline.data.table import Table, category
from madaline.errors import DataError, UsageError
from madaline.events.data import ClassSeen, Split
from madaline.prepare.parts import balanced_class_weights, prepare
from madaline.settings.table import Settings

N = 120


def a_table(**columns):
    rng = np.random.default_rng(0)
    numbers = {"a": rng.normal(size=N), "b": rng.normal(size=N), "y": rng.normal(size=N)}
    return as_table(numbers | columns)


def prepared(table, *, target=("y",), settings=None, **given):
    return prepare(Dataset(table, target, **given), settings or Settings())


def test_rows_without_a_target_are_dropped_and_counted():
    y = np.arange(N) * 0.5
    y[[3, 5]] = np.nan
    y[7] = np.inf
    found = prepared(a_table(y=y), settings=Settings(folds=False))
    assert found.summary.dropped_rows == 3
    assert found.summary.rows == N
    assert sum(found.summary.split.as_dict().values()) == N - 3


def test_the_parts_are_the_rows_of_split_rows():
    y = np.arange(N) / N
    table = a_table(y=y)
    found = prepared(table, settings=Settings(seed=5, folds=False))
    tenths = np.searchsorted(np.quantile(y, np.linspace(0.1, 0.9, 9)), y)
    split = split_rows(N, validation=0.1, test=0.15, seed=5, classes=tenths)
    assert np.array_equal(found.parts["test"].values[:, 0], y[split.test])
    assert np.array_equal(found.parts["train"].values[:, 0], y[split.train])


def test_the_encoding_of_a_regression_is_learned_from_training_rows_alone():
    found = prepared(a_table())
    train = found.parts["train"].values[:, 0]
    assert found.target.mean[0] == pytest.approx(train.mean())
    assert found.target.scale[0] == pytest.approx(train.std())


def test_constant_empty_and_identifier_columns_are_left_out_with_an_alert():
    table = a_table(
        same=np.ones(N), nothing=np.full(N, np.nan), name=[f"row {i}" for i in range(N)]
    )
    found = prepared(table)
    assert found.encoder.columns == ("a", "b")
    codes = {name: alert.code for alert in found.alerts for name in alert.columns}
    assert codes == {"same": "constant", "nothing": "empty", "name": "identifier"}


def test_a_column_that_repeats_the_target_is_told_and_kept():
    table = a_table()
    table = Table((*table.columns, replace(table["y"], name="copy")), "t.csv")
    found = prepared(table)
    (alert,) = found.alerts
    assert (alert.code, alert.columns) == ("repeats_target", ("copy",))
    assert "copy" in found.encoder.columns


@pytest.mark.parametrize("role", ["group", "weight", "drop"])
def test_a_column_with_a_role_is_no_feature(role):
    table = a_table(role=np.arange(N) % 20 + 1.0)
    found = prepared(table, settings=Settings(**{role: ("role",) if role == "drop" else "role"}))
    assert found.encoder.columns == ("a", "b")


@pytest.mark.parametrize("kind", ["numbers", "texts", "dates", "booleans"])
def test_no_group_is_torn_apart(kind):
    groups = np.random.default_rng(1).integers(0, 2 if kind == "booleans" else 15, N)
    columns = {
        "numbers": groups * 1.0,
        "texts": [f"g{g}" for g in groups],
        "dates": np.datetime64("2024-01-01") + groups.astype("timedelta64[D]"),
        "booleans": groups > 0,
    }
    table = a_table(g=columns[kind], row=np.arange(N) + 0.5)
    test = 0.0 if kind == "booleans" else 0.15
    found = prepared(table, target=("row",), settings=Settings(group="g", test=test))
    parts = [set(groups[p.values[:, 0].astype(int)]) for p in found.parts.values()]
    assert sum(len(part) for part in parts) == len(set(groups))


def test_by_time_the_test_rows_are_the_newest():
    when = np.random.default_rng(2).permutation(N)
    dates = np.datetime64("2024-01-01") + when.astype("timedelta64[D]")
    found = prepared(a_table(t=dates, y=when * 1.0), settings=Settings(time="t"))
    train, validation, test = (p.values[:, 0] for p in found.parts.values())
    assert train.max() < validation.min()
    assert validation.max() < test.min()
    assert test.max() == N - 1


def test_texts_cannot_order_rows_in_time():
    table = a_table(t=["x", "y"] * (N // 2))
    with pytest.raises(DataError, match="cannot order rows in time"):
        prepared(table, settings=Settings(time="t"))


def test_own_parts_are_used_and_lose_their_rows_without_a_target():
    own = a_table(y=np.r_[np.nan, np.arange(N - 1) * 0.5])
    found = prepared(a_table(), settings=Settings(test=0.0, validation=0.0), validation=own)
    assert found.summary.split == Split(N, N - 1, 0)
    assert np.array_equal(found.parts["validation"].values[:, 0], own["y"].values[1:])


def test_own_rows_whose_target_was_read_as_text_keep_their_values():
    own = a_table()
    texts = category("y", [f"{value!r}" for value in own["y"].values.tolist()])
    own = Table((own["b"], own["a"], texts), "own.csv")
    found = prepared(a_table(), settings=Settings(test=0.0), test=own)
    assert np.array_equal(found.parts["test"].values[:, 0], a_table()["y"].values)


def test_own_rows_with_a_new_class_are_refused():
    table = a_table(y=["cat", "dog"] * (N // 2))
    own = a_table(y=["cat", "cow"] * (N // 2))
    with pytest.raises(DataError, match="cow"):
        prepared(table, validation=own)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_share_of_zero_gives_an_empty_part(part):
    found = prepared(a_table(), settings=Settings(**{part: 0.0}, folds=False))
    assert found.parts[part].n_rows == 0
    other = {"validation": 0.15, "test": 0.1}[part]
    assert found.parts["train"].n_rows == N - round(other * N)


def test_weights_come_from_a_column_or_an_array():
    weight = np.arange(N) + 1.0
    by_column = prepared(a_table(w=weight), settings=Settings(weight="w"))
    by_array = prepared(a_table(), weight=weight)
    for name in ("train", "validation", "test"):
        assert np.array_equal(by_column.parts[name].weight, by_array.parts[name].weight)
    assert set(np.concatenate([p.weight for p in by_array.parts.values()])) == set(weight)


@pytest.mark.parametrize(
    ("weight", "said"),
    [(-1.0, "row 3 of .* is -1"), (np.nan, "row 3 of .* is nan"), (np.inf, "is inf")],
)
def test_a_weight_below_zero_or_not_finite_is_refused_with_its_row(weight, said):
    weights = np.ones(N)
    weights[2] = weight
    with pytest.raises(DataError, match=said):
        prepared(a_table(), weight=weights)


def test_weights_that_leave_a_part_without_any_are_refused():
    weights = np.zeros(N)
    with pytest.raises(DataError, match="All weights"):
        prepared(a_table(), weight=weights)
    weights[0] = 1.0
    with pytest.raises(DataError, match="have weight 0"):
        prepared(a_table(), weight=weights)


def test_weights_of_the_wrong_number_or_kind_are_refused():
    with pytest.raises(DataError, match="for 120 rows"):
        prepared(a_table(), weight=np.ones(N - 1))
    with pytest.raises(DataError, match="holds no numbers"):
        prepared(a_table(w=["x", "y"] * (N // 2)), settings=Settings(weight="w"))


def test_class_weights_give_every_class_the_same_say():
    y, weight = np.array([0, 0, 0, 1, 2, 2]), np.array([1.0, 2, 1, 4, 0.5, 1])
    say = balanced_class_weights(y, weight, 3)[y] * weight
    assert np.allclose(np.bincount(y, say), weight.sum() / 3)


def test_class_weight_is_for_classes():
    with pytest.raises(UsageError, match="task is regression"):
        prepared(a_table(), settings=Settings(class_weight="balanced"))


BAD = {
    "no rows": (lambda: a_table().take(np.arange(0)), "to learn from"),
    "two rows": (lambda: a_table().take(np.arange(2)), "too few"),
    "one class": (lambda: a_table(y=["cat"] * N), "nothing to learn"),
    "constant target": (lambda: a_table(y=np.full(N, 2.5)), "nothing to learn"),
    "missing target": (lambda: a_table(y=np.full(N, np.nan)), "No row"),
    "no feature left": (
        lambda: as_table({"a": np.full(N, np.nan), "b": np.ones(N), "y": np.arange(N) * 0.5}),
        "no column left",
    ),
    "target alone": (lambda: a_table().select(["y"]), "no column left"),
}


@pytest.mark.parametrize("case", BAD)
def test_tables_nobody_can_learn_from_are_refused_in_one_line(case):
    make, said = BAD[case]
    with pytest.raises(DataError, match=said) as caught:
        prepared(make())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["target", "group", "time", "weight", "drop"])
def test_an_unknown_column_is_an_error_that_names_the_nearest(name):
    settings = Settings(**{name: ("aa",) if name == "drop" else "aa"} if name != "target" else {})
    with pytest.raises(DataError, match="Did you mean 'a'"):
        prepared(a_table(), target=("aa",) if name == "target" else ("y",), settings=settings)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: Table((*t.columns[:2], replace(t["y"], values=2 * t["y"].values)), t.source),
        lambda t: Table((replace(t["a"], values=t["a"].values + 8), *t.columns[1:]), t.source),
        lambda t: Table((replace(t["a"], name="A"), *t.columns[1:]), t.source),
        lambda t: t.take(np.arange(N - 1)),
        lambda t: t.take(np.r_[1, 0, 2:N]),
    ],
    ids=["target doubled", "column moved", "column renamed", "a row less", "two rows swapped"],
)
def test_the_fingerprint_tells_other_data(change):
    table = a_table()
    assert prepared(table).fingerprint() == prepared(a_table()).fingerprint()
    assert prepared(change(table)).fingerprint() != prepared(table).fingerprint()


def test_the_summary_of_huge_values_is_finite():
    found = prepared(a_table(y=np.random.default_rng(0).normal(size=N) * 1e300))
    values = found.summary.values
    assert all(np.isfinite(value) for value in values.as_dict().values())
    assert values.std == pytest.approx(1e300, rel=0.3)


def test_classes_and_labels_are_counted():
    found = prepared(a_table(y=["cat"] * 40 + ["dog"] * 80))
    assert found.summary.classes == (ClassSeen("cat", 40), ClassSeen("dog", 80))
    labels = a_table(p=np.arange(N) % 2, q=np.arange(N) % 3 == 0)
    found = prepared(labels, target=("p", "q"))
    assert found.summary.classes == (ClassSeen("p", 60), ClassSeen("q", 40))
