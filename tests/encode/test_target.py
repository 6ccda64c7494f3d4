"""Target columns <-> what a network is trained on."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.data.table import Column, Table, category
from madaline.encode.target import TargetCode
from madaline.errors import DataError, FileError, UsageError


def number(*values, name="y"):
    return Column(name, "number", np.array(values, np.float64))


def boolean(*values, name="y"):
    return Column(name, "boolean", np.array(values, np.float64))


def table(*columns):
    return Table(columns)


@pytest.mark.parametrize(
    ("column", "task", "why"),
    [
        (category("y", ["b", "a"]), "binary", "'y' holds 2 different texts."),
        (category("y", ["b", "a", "c"]), "multiclass", "'y' holds 3 different texts."),
        (boolean(1, 0), "binary", "'y' holds true and false."),
        (number(0, 1, 1), "binary", "task = regression overrules"),
        (number(-1, 1, 1), "binary", "only 2 different whole numbers"),
        (number(0, 0.5), "regression", "decimals, such as 0.5"),
        (number(*(list(range(10)) * 5)), "multiclass", "only 10 different whole numbers"),
        (number(*(list(range(10)) * 4)), "regression", "task = multiclass overrules"),
        (number(*(list(range(21)) * 50)), "regression", "21 different whole numbers in 1050 rows"),
    ],
)
def test_the_task_is_found_from_the_values_and_told(column, task, why):
    target = TargetCode.fit(table(column))
    assert target.task == task
    assert why in target.why


@pytest.mark.parametrize(
    ("columns", "task"),
    [
        ((boolean(1, 0), boolean(1, 1, name="z")), "multilabel"),
        ((boolean(1, 0), number(1, 0, name="z")), "multilabel"),
        ((number(1, 0), number(1, 0, name="z")), "multilabel"),
        ((number(1, 0), number(1, 2, name="z")), "regression"),
    ],
)
def test_several_columns_are_labels_or_several_outputs(columns, task):
    target = TargetCode.fit(table(*columns))
    assert (target.task, target.n_outputs) == (task, 2)


@pytest.mark.parametrize(
    ("column", "task", "n_outputs"),
    [
        (number(*range(10)), "multiclass", 10),
        (number(0.5, 1.5, 2.5), "multiclass", 3),
        (number(0, 1), "multiclass", 2),
        (number(0, 1), "regression", 1),
        (boolean(0, 1), "regression", 1),
        (number(2.5, 7), "binary", 1),
    ],
)
def test_a_task_can_be_overruled(column, task, n_outputs):
    target = TargetCode.fit(table(column), task)
    assert (target.task, target.n_outputs) == (task, n_outputs)
    assert "asked for" in target.why


def test_a_loss_tells_whether_numbers_are_classes():
    digits = table(number(*(list(range(10)) * 5)))
    many = table(number(*range(30)))
    assert TargetCode.fit(digits, loss="huber").task == "regression"
    assert TargetCode.fit(many, loss="cross_entropy").task == "multiclass"


@pytest.mark.parametrize(
    ("columns", "task", "message"),
    [
        (
            (category("y", ["a", "b"]),),
            "regression",
            "such as 'a'.* Choose a column of",
        ),
        ((category("y", ["a", "b", "c"]),), "binary", "has 3: a, b, c.*task='multiclass'"),
        ((number(*np.arange(1001) / 7),), "multiclass", "1001 different.*.*task='regression'"),
        ((category("y", map(str, range(1001))),), None, "1001 different.*Choose another target"),
        ((category("y", ["a", "a"]),), None, "'y' is a in all 2 training rows: nothing to learn"),
        ((boolean(1, 1),), None, "'y' is true in all 2"),
        ((number(3, 3),), None, "'y' is 3 in all 2"),
        ((number(3, 3),), "regression", "'y' is 3 in all 2"),
        ((boolean(1, 1), boolean(0, 0, name="z")), None, "Every label is the same"),
        ((number(1, 2),), "multilabel", "needs several target columns"),
        ((number(1, 2), number(1, 2, name="z")), "multilabel", "'y' holds 2. Write 1 where"),
        ((number(1, 2), number(1, 2, name="z")), "binary", "takes one target column; 2 were"),
        ((number(1, 2), category("z", ["a", "b"])), None, "'z' holds texts.*Train one model for"),
        ((number(1, np.nan, np.nan),), None, r"Row 2 .* is missing \(2 of 3 .*Leave such rows out"),
        ((number(1, np.inf, 2.5),), "regression", "Row 2 .* is infinite"),
        ((category("y", ["a", None]),), None, "Row 2 of the target 'y' is missing"),
        ((number(1, 2), number(3, 4)), None, "2 columns are named 'y'"),
        ((), None, "no columns"),
        ((number(),), None, "no rows"),
    ],
)
def test_what_cannot_be_learned_is_refused_with_a_fix(columns, task, message):
    with pytest.raises(DataError, match=message):
        TargetCode.fit(table(*columns), task)


def test_dates_are_refused_with_a_fix():
    dates = Column("y", "date", np.array(["2024-01-01", "2024-01-02"], "datetime64[us]"))
    with pytest.raises(DataError, match=r"holds dates.*days since the first"):
        TargetCode.fit(table(dates))


def test_an_unknown_task_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'regression'"):
        TargetCode.fit(table(number(1, 2)), "regresion")


@pytest.mark.parametrize(
    ("column", "values", "classes"),
    [
        (category("y", ["b", "a", "b"]), ("a", "b"), ("a", "b")),
        (number(10, 9, 10), (9, 10), ("9", "10")),
        (boolean(1, 0, 1), (False, True), ("false", "true")),
    ],
)
def test_binary_labels_come_back_as_they_were_given(column, values, classes):
    target = TargetCode.fit(table(column))
    y = target.encode(table(column))
    assert (y.shape, y.dtype) == ((3, 1), np.float32)
    assert y.ravel().tolist() == [1, 0, 1]
    assert (target.class_values, target.classes) == (values, classes)
    assert [type(value) for value in target.class_values] == [type(value) for value in values]
    assert target.decode(y).tolist() == [values[1], values[0], values[1]]
    assert target.decode(np.array([[0.5], [0.51]])).tolist() == list(values)


def test_class_order_is_numeric_for_numbers_and_alphabetical_for_texts():
    values = [10, 9, -1] * 5
    assert TargetCode.fit(table(number(*values))).classes == ("-1", "9", "10")
    texts = table(category("y", map(str, values)))
    assert TargetCode.fit(texts).classes == ("-1", "10", "9")


def test_multiclass_is_codes_and_decodes_the_largest():
    column = number(*([2, 0, 7] * 5))
    target = TargetCode.fit(table(column))
    y = target.encode(table(column))
    assert (y.dtype, y[:3].tolist()) == (np.int32, [1, 0, 2])
    decoded = target.decode(np.eye(3)[y])
    assert decoded.tolist() == column.values.tolist()
    assert decoded.dtype == np.int64


def test_labels_of_several_columns_come_back_as_zero_and_one():
    columns = table(boolean(1, 0, 0, name="a"), number(0, 0, 1, name="b"))
    target = TargetCode.fit(columns)
    y = target.encode(columns)
    assert (target.classes, y.dtype) == (("a", "b"), np.float32)
    assert target.decode(y).tolist() == [[1, 0], [0, 0], [0, 1]]


@pytest.mark.parametrize(
    "column", [category("y", ["c"]), category("y", ["a", None]), number(5), boolean(1)]
)
def test_a_class_without_training_rows_is_refused(column):
    target = TargetCode.fit(table(category("y", ["a", "b"])))
    with pytest.raises(DataError, match=r"Row 1 of .* no training row has|Row 2 .* missing"):
        target.encode(table(column))
    numbers = TargetCode.fit(table(number(1, 2)))
    with pytest.raises(DataError, match=r"Row 2 of the target 'y' is 3.*Known: 1, 2"):
        numbers.encode(table(number(1, 3)))


def test_numbers_find_the_classes_written_as_texts():
    target = TargetCode.fit(table(category("y", ["1", "2", "other"])))
    assert target.encode(table(number(2, 1))).tolist() == [1, 0]


def test_a_label_other_than_zero_and_one_is_refused():
    target = TargetCode.fit(table(number(0, 1, name="a"), number(1, 0, name="b")))
    with pytest.raises(DataError, match="Row 2 of the label 'b' is 3"):
        target.encode(table(number(0, 1, name="a"), number(1, 3, name="b")))


@pytest.mark.parametrize(
    ("scale", "shift"),
    [(1, 0), (1, 1000), (1e5, 0), (-1e5, 7), (1e300, 0), (1.7e308, 0), (1e-300, 0)],
)
def test_y_on_any_scale_is_standardised_and_comes_back(scale, shift):
    column = number(*(np.array([-1.0, -0.5, 0.5, 1.0]) * scale + shift))
    target = TargetCode.fit(table(column), "regression")
    z = target.encode(table(column))
    assert (z.shape, z.dtype) == ((4, 1), np.float32)
    np.testing.assert_allclose(z.mean(), 0, atol=1e-5)
    np.testing.assert_allclose(z.std(), 1, atol=1e-5)
    span = np.abs(column.values).max()
    np.testing.assert_allclose(target.decode(z) / span, column.values / span, atol=1e-6)


def test_a_distance_from_the_mean_may_be_larger_than_float64():
    column = number(*[-1.7e308] * 3, 1.7e308)
    target = TargetCode.fit(table(column), "regression")
    z = target.encode(table(column))
    np.testing.assert_allclose(z.ravel(), np.array([-1, -1, -1, 3]) / np.sqrt(3), rtol=1e-6)


def test_the_smallest_numbers_of_float64_have_a_scale():
    column = number(0, 5e-324)
    target = TargetCode.fit(table(column), "regression")
    assert target.scale[0] > 0
    assert np.isfinite(target.encode(table(column))).all()


def test_mean_and_scale_are_those_of_the_training_rows():
    target = TargetCode.fit(table(number(1, 2, 3.5), number(-1, 5, 0, name="z")))
    np.testing.assert_allclose(target.mean, [13 / 6, 4 / 3])
    np.testing.assert_allclose(target.scale, [np.std([1, 2, 3.5]), np.std([-1, 5, 0])])
    assert target.decode(np.zeros((2, 2))).shape == (2, 2)


def test_a_far_value_stays_finite():
    target = TargetCode.fit(table(number(1, 2, 3.5)))
    assert np.isfinite(target.encode(table(number(1e308, -1e308, 1)))).all()


def test_counts_are_not_standardised_and_never_negative():
    counts = table(number(0, 3, 8))
    target = TargetCode.fit(counts, loss="poisson")
    assert target.task == "regression"
    assert target.encode(counts).ravel().tolist() == [0, 3, 8]
    assert target.decode(np.array([[2.5]])).tolist() == [2.5]
    negative = table(number(1, -2, 5))
    for refused in (
        lambda: TargetCode.fit(negative, loss="poisson"),
        lambda: target.encode(negative),
    ):
        with pytest.raises(DataError, match=r"row 2 of the target 'y' is -2\. Choose the squared"):
            refused()


@settings(deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=30, unique=True), st.randoms())
def test_order_of_training_rows_does_not_matter(values, random):
    mixed = list(values)
    random.shuffle(mixed)
    a, b = (TargetCode.fit(table(number(*v)), "regression") for v in (values, mixed))
    assert (a.mean, a.scale) == (b.mean, b.scale)


EXAMPLES = {
    "binary": (category("y", ["b", "a"]),),
    "boolean": (boolean(1, 0),),
    "multiclass": (number(*([1, 5, 9] * 5)),),
    "multilabel": (boolean(1, 0), number(0, 1, name="z")),
    "regression": (number(0.1, 1 / 3), number(7, 1e300, name="z")),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_state_comes_back_bit_for_bit(name):
    columns = table(*EXAMPLES[name])
    target = TargetCode.fit(columns)
    state, arrays = target.state()
    again = TargetCode.from_state(json.loads(json.dumps(state)), arrays)
    for field in ("task", "why", "names", "kinds", "class_values", "classes", "n_outputs"):
        assert getattr(again, field) == getattr(target, field)
    assert again.encode(columns).tobytes() == target.encode(columns).tobytes()
    outputs = np.random.default_rng(0).random((5, target.n_outputs))
    assert (again.decode(outputs) == target.decode(outputs)).all()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("binary", {"task": "clustering"}),
        ("binary", {"task": "regression"}),
        ("binary", {"extra": 1}),
        ("binary", {"names": []}),
        ("binary", {"names": ["y", "z"]}),
        ("binary", {"names": [1]}),
        ("binary", {"kinds": ["date"]}),
        ("binary", {"kinds": ["number"]}),
        ("binary", {"kinds": "category"}),
        ("binary", {"class_values": ["b", "a"]}),
        ("binary", {"class_values": ["a"]}),
        ("binary", {"class_values": ["a", "b", "c"]}),
        ("binary", {"class_values": ["a", 1]}),
        ("binary", {"class_values": ["a", ["b"]]}),
        ("binary", {"counts": True}),
        ("binary", {"why": None}),
        ("boolean", {"class_values": [0, 1]}),
        ("multiclass", {"class_values": [1, 5, 10**400]}),
        ("multiclass", {"class_values": [1.0, 5.0, float("inf")]}),
        ("multiclass", {"class_values": [1.0, float("nan"), 5.0]}),
        ("multiclass", {"class_values": [1, 5, 5]}),
        ("multiclass", {"class_values": [1, 5.0, 9]}),
        ("multiclass", {"class_values": [True, 5, 9]}),
        ("multilabel", {"class_values": ["a", "b"]}),
        ("multilabel", {"names": ["y", "y"]}),
        ("regression", {"class_values": [1, 2]}),
        ("regression", {"counts": 0}),
        ("regression", {"counts": True}),
        ("regression", {"kinds": ["number"]}),
    ],
)
def test_a_damaged_state_is_refused(name, changes):
    state, arrays = TargetCode.fit(table(*EXAMPLES[name])).state()
    with pytest.raises(FileError, match="The model file is damaged"):
        TargetCode.from_state({**state, **changes}, arrays)


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"target.mean": np.zeros(2), "target.scale": np.zeros(2)},
        {"target.mean": np.zeros(2), "target.scale": np.array([1, np.nan])},
        {"target.mean": np.zeros(1), "target.scale": np.ones(1)},
        {"target.mean": np.zeros(2), "target.scale": np.ones(2), "more": np.ones(2)},
    ],
)
def test_damaged_arrays_are_refused(arrays):
    state, _ = TargetCode.fit(table(*EXAMPLES["regression"])).state()
    with pytest.raises(FileError, match="The model file is damaged"):
        TargetCode.from_state(state, arrays)
