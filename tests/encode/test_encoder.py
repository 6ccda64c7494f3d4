"""The whole table -> features; its state."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.data.table import Column, Table, category
from madaline.encode.encoder import Encoder
from madaline.errors import DataError, FileError


def number(name, *values):
    return Column(name, "number", np.array(values, np.float64))


def mixed(n_rows=40, seed=0):
    """A table of every kind, with missing values in each column."""
    rng = np.random.default_rng(seed)
    gaps = rng.random((6, n_rows)) < 0.2
    days = np.datetime64("2020-01-01", "us") + rng.integers(0, 10**14, n_rows)
    words = [f"w{i}" for i in rng.integers(0, 15, n_rows)]
    few = [f"f{i}" for i in rng.integers(0, 4, n_rows)]
    return Table(
        (
            category("word", [None if gap else word for gap, word in zip(gaps[0], words)]),
            Column("a", "number", np.where(gaps[1], np.nan, rng.normal(size=n_rows))),
            Column("day", "date", np.where(gaps[2], np.datetime64("NaT"), days)),
            Column("flag", "boolean", np.where(gaps[3], np.nan, rng.integers(0, 2, n_rows))),
            category("few", [None if gap else word for gap, word in zip(gaps[4], few)]),
            Column("b", "number", 1e5 + np.exp(rng.normal(size=n_rows))),
        ),
        "mixed.csv",
    )


def through_json(encoder):
    state, arrays = encoder.state()
    return json.loads(json.dumps(state)), arrays


def same(a, b):
    return (a.x == b.x).all() and (a.codes == b.codes).all()


def test_every_feature_has_a_name_and_a_column():
    encoder = Encoder.fit(mixed())
    result = encoder.transform(mixed())
    assert result.x.dtype == np.float32
    assert result.codes.dtype == np.int32
    assert result.x.shape == (40, len(encoder.feature_names))
    assert result.codes.shape == (40, len(encoder.code_columns))
    assert set(encoder.feature_columns) | set(encoder.code_columns) == set(encoder.columns)
    assert encoder.feature_names[:2] == ("a", "day")
    assert [row["name"] for row in encoder.describe()] == list(mixed().names)


def test_columns_are_found_by_name_and_others_ignored():
    table = mixed()
    encoder = Encoder.fit(table)
    moved = Table((number("new", *range(40)), *reversed(table.columns)))
    assert same(encoder.transform(moved), encoder.transform(table))


def test_of_two_columns_of_one_name_the_first_is_encoded():
    encoder = Encoder.fit(Table((number("a", 1, 2, 3),)))
    assert encoder.transform(Table((number("a", 2), number("a", 3)))).x.tolist() == [[0]]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_test_rows_never_change_the_state(seed):
    encoder = Encoder.fit(mixed())
    before = json.dumps(encoder.state()[0]), [a.tobytes() for a in encoder.state()[1].values()]
    encoder.transform(mixed(seed=seed))
    after = json.dumps(encoder.state()[0]), [a.tobytes() for a in encoder.state()[1].values()]
    assert before == after


def test_order_of_training_rows_does_not_matter():
    table = mixed()
    shuffled = table.take(np.random.default_rng(1).permutation(40))
    assert same(Encoder.fit(shuffled).transform(table), Encoder.fit(table).transform(table))


def test_each_row_is_encoded_on_its_own():
    table = mixed()
    encoder = Encoder.fit(table)
    rows = np.array([7, 3, 3])
    assert same(encoder.transform(table.take(rows)), encoder.transform(table).take(rows))


def test_a_column_without_missing_in_training_takes_them_later():
    encoder = Encoder.fit(Table((number("a", 1, 2, 3),)))
    assert encoder.transform(Table((number("a", np.nan),))).x.tolist() == [[0]]


def test_no_rows_give_no_features():
    table = mixed()
    result = Encoder.fit(table).transform(table.take(slice(0, 0)))
    assert result.x.shape[0] == result.codes.shape[0] == 0


@pytest.mark.parametrize("table", [Table(()), Table((number("a"),))])
def test_nothing_to_learn_from_is_refused(table):
    with pytest.raises(DataError, match="to learn from"):
        Encoder.fit(table)


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(DataError, match="2 columns are named 'a'"):
        Encoder.fit(Table((number("a", 1), number("a", 2))))


def test_missing_columns_are_named_with_the_nearest_name():
    encoder = Encoder.fit(Table((number("income", 1, 2), number("age", 1, 2), number("b", 1, 2))))
    table = Table((number("incom", 1), number("b", 1)), "new.csv")
    with pytest.raises(DataError) as caught:
        encoder.transform(table)
    assert str(caught.value) == (
        "new.csv lacks the columns 'income', 'age', which the model was trained with. "
        "Did you mean 'incom'?"
    )


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30))
def test_a_state_comes_back_bit_for_bit(seed, n_rows):
    table = mixed(n_rows, seed)
    encoder = Encoder.fit(table)
    again = Encoder.from_state(*through_json(encoder))
    assert again.feature_names == encoder.feature_names
    assert again.code_sizes == encoder.code_sizes
    assert same(again.transform(mixed(50, 7)), encoder.transform(mixed(50, 7)))
    assert through_json(again)[0] == through_json(encoder)[0]


def spoil(change):
    state, arrays = through_json(Encoder.fit(mixed()))
    arrays = dict(arrays)
    change(state, arrays)
    return state, arrays


def set_column(place, **changes):
    return lambda state, _: state["columns"][place].update(changes)


def set_array(name, value):
    return lambda _, arrays: arrays.update({name: value})


@pytest.mark.parametrize(
    "change",
    [
        lambda state, _: state.clear(),
        lambda state, _: state.update(extra=1),
        lambda state, _: state.update(columns={}),
        lambda state, _: state.update(columns=[]),
        lambda state, _: state["columns"].append(state["columns"][0]),
        lambda state, _: state["columns"].pop(),
        lambda state, _: state["columns"].append(3),
        lambda state, _: state["columns"][0].pop("gap"),
        set_column(0, call="os.system"),
        set_column(0, name=3),
        set_column(0, kind="object"),
        set_column(0, code="sign"),
        set_column(0, code="scaled"),
        set_column(0, gap=1),
        set_column(0, levels="abc"),
        set_column(0, levels=["b", "a"]),
        set_column(0, levels=["a", "a"]),
        set_column(0, levels=[1, 2]),
        set_column(0, parts=["year"]),
        set_column(1, levels=["a"]),
        set_column(2, parts=["hour", "month"]),
        set_column(2, parts=["century"]),
        set_column(3, levels=["false", "maybe"]),
        set_column(4, levels=["a", "b"]),
        lambda _, arrays: arrays.pop("numbers.width"),
        set_array("other", np.zeros(4)),
        set_array("numbers.width", np.full(4, -1.0)),
        set_array("numbers.width", np.full(4, np.nan)),
        set_array("numbers.median", np.full(4, np.inf)),
        set_array("numbers.median", np.zeros(3)),
        set_array("numbers.median", np.zeros(4, np.float32)),
        set_array("numbers.median", [0.0] * 4),
        set_array("numbers.unit", np.full(4, 3.0)),
        set_array("numbers.unit", np.zeros(4)),
        set_array("numbers.unit", np.full(4, -2.0)),
    ],
)
def test_a_damaged_state_is_refused(change):
    with pytest.raises(FileError, match=r"The model file is damaged: .*train again"):
        Encoder.from_state(*spoil(change))


def test_the_unspoiled_state_is_accepted():
    encoder = Encoder.from_state(*spoil(lambda state, arrays: None))
    assert len(encoder.scale.median) == 4  # a, day, its year, b: what the cases above rely on


def test_encoding_needs_numpy_alone():
    code = (
        "import sys, madaline.encode.encoder, madaline.encode.target; "
        "print({'jax', 'polars', 'sklearn', 'narwhals', 'pandas'} & set(sys.modules))"
    )
    answer = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert answer.strip() == "set()"
