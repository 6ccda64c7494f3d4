from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from madaline.data.columns.frames import as_column, as_table, table_from_array, table_from_frame
from madaline.data.table import Table
from madaline.errors import DataError, UsageError

EAST = timezone(timedelta(hours=2))
CELLS = {
    "n": [1.5, None],
    "b": [True, None],
    "s": ["x", None],
    "d": [datetime(2024, 1, 31), None],
}
TOLD = {
    "n": ("number", ["1.5", None]),
    "b": ("boolean", ["true", None]),
    "s": ("category", ["x", None]),
    "d": ("date", ["2024-01-31T00:00:00", None]),
}


def told(table: Table) -> dict[str, tuple[str, list[str | None]]]:
    return {column.name: (column.kind, column.texts()) for column in table}


@pytest.mark.parametrize(
    "make",
    [
        pl.DataFrame,
        pa.table,
        pd.DataFrame,
        dict,
        lambda cells: pd.DataFrame(cells).convert_dtypes(),
        lambda cells: pd.DataFrame(cells).astype(object),
        lambda cells: pl.DataFrame(cells).lazy().collect(),
        lambda cells: pa.table(cells).to_pandas(types_mapper=pd.ArrowDtype),
        lambda cells: pl.DataFrame(cells).to_dicts(),
        lambda cells: {name: np.array(values, object) for name, values in cells.items()},
        lambda cells: {name: pd.Series(values) for name, values in cells.items()},
        lambda cells: {name: pl.Series(values) for name, values in cells.items()},
    ],
    ids=["polars", "pyarrow", "pandas", "dict", "nullable", "objects", "lazy", "pandas-arrow",
         "records", "arrays", "pandas-series", "polars-series"],
)  # fmt: skip
def test_every_kind_of_frame_gives_the_same_table(make):
    assert told(as_table(make(CELLS))) == TOLD


@pytest.mark.parametrize(
    "dtype", ["int8", "uint64", "float32", "Int64", "Float32", "int64[pyarrow]"]
)
def test_pandas_numbers_become_float64(dtype):
    values = as_table(pd.DataFrame({"a": pd.Series([1, 2], dtype=dtype)}))["a"].values
    assert values.dtype == np.float64
    assert values.tolist() == [1, 2]


def test_missing_cells_of_nullable_dtypes_are_missing():
    frame = pd.DataFrame(
        {
            "i": pd.Series([1, None], dtype="Int64"),
            "b": pd.Series([True, None], dtype="boolean"),
            "s": pd.Series(["x", None], dtype="string"),
            "c": pd.Series(["x", None], dtype="category"),
        }
    )
    assert all(column.missing().tolist() == [False, True] for column in as_table(frame))


def test_declared_levels_keep_their_order_and_unused_ones_go():
    declared = pd.Categorical(["high", "low", None], ["low", "middle", "high"], ordered=True)
    column = as_table(pd.DataFrame({"a": declared}))["a"]
    assert column.levels == ("low", "high")
    assert column.values.tolist() == [1, 0, -1]


@pytest.mark.parametrize(
    ("levels", "texts"), [([3, 1, 2], ["3", "1", "2"]), ([1, "1", 2], ["1", "1", "2"])]
)
def test_categories_that_are_no_texts_become_texts(levels, texts):
    frame = pd.DataFrame({"a": pd.Categorical(levels, levels)})
    assert as_table(frame)["a"].texts() == texts


def test_levels_of_strings_are_in_order_of_first_appearance():
    for frame in (pl.DataFrame({"a": ["z", "b", "z"]}), pd.DataFrame({"a": ["z", "b", "z"]}),
                  pl.DataFrame({"a": ["z", "b", "z"]}, schema={"a": pl.Categorical})):  # fmt: skip
        assert as_table(frame)["a"].levels == ("z", "b")


@pytest.mark.parametrize(
    ("cells", "kind", "texts"),
    [
        ([1, "b", None, 2.5], "category", ["1", "b", None, "2.5"]),
        ([1, 2.5, None, np.int8(3)], "number", ["1", "2.5", None, "3"]),
        ([Decimal("1.5"), float("nan")], "number", ["1.5", None]),
        ([True, None, np.bool_(False)], "boolean", ["true", None, "false"]),
        ([True, 2], "number", ["1", "2"]),
        ([date(2024, 1, 31), None], "date", ["2024-01-31T00:00:00", None]),
        ([datetime(2024, 1, 1, tzinfo=EAST)], "date", ["2023-12-31T22:00:00"]),
        ([timedelta(minutes=1), None], "number", ["60", None]),
        (["2024-01-31", None], "date", ["2024-01-31T00:00:00", None]),
        (["7", pd.NA], "category", ["7", None]),
        ([pd.Timestamp("2024-01-31"), pd.NaT], "date", ["2024-01-31T00:00:00", None]),
        ([np.datetime64("2024-01-31"), None], "date", ["2024-01-31T00:00:00", None]),
        ([None, None], "number", [None, None]),
        ([10**30, 1], "number", ["1e+30", "1"]),
        ([10**30, 2**63], "number", ["1e+30", "9.223372036854776e+18"]),
    ],
)
def test_objects_agree_on_a_kind_or_become_texts(cells, kind, texts):
    for table in (as_table({"a": cells}), as_table([[c] for c in cells]),
                  as_table(pd.DataFrame({"a": pd.Series(cells, dtype=object)}))):  # fmt: skip
        assert (table.columns[0].kind, table.columns[0].texts()) == (kind, texts)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
def test_zoned_dates_are_converted_to_utc(zone):
    stamp = pd.Series([pd.Timestamp("2024-01-01T12:00", tz=zone), pd.NaT])
    column = as_table(pd.DataFrame({"t": stamp}))["t"]
    expected = stamp.dt.tz_convert("UTC").dt.tz_localize(None)[0]
    assert column.values.dtype == "datetime64[us]"
    assert column.values[0] == expected.to_datetime64()
    assert column.missing().tolist() == [False, True]


@pytest.mark.parametrize("cell", [[1, 2], {"a": 1}, b"raw", 1j, (1,)])
def test_nested_cells_are_refused_by_column_name(cell):
    with pytest.raises(DataError, match="Column 'a' of X holds"):
        as_table(pd.DataFrame({"a": pd.Series([cell, None], dtype=object)}))


def test_names_that_are_no_texts_become_texts():
    assert as_table(pd.DataFrame([[1, 2]])).names == ("0", "1")
    with pytest.raises(DataError, match="'1' appears 2 times"):
        as_table(pd.DataFrame([[1, 2]], columns=[1, "1"]))
    with pytest.raises(DataError, match="'a' appears 2 times"):
        as_table(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(DataError, match="'a' appears 2 times"):
        as_table(pa.table([[1], [2]], names=["a", "a"]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.uint64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_an_array_become_contiguous_float64_columns(dtype, order):
    x = np.asarray(np.arange(2100).reshape(700, 3) % 100, dtype, order=order)
    table = table_from_array(x, names=["a", "b", "c"])
    for i, column in enumerate(table):
        assert column.values.dtype == np.float64
        assert column.values.flags.c_contiguous
        np.testing.assert_array_equal(column.values, x[:, i])


def test_changing_the_array_later_does_not_change_the_table():
    x = np.zeros((3, 1))
    table = table_from_array(x)
    x[:] = 1
    assert table["x0"].values.tolist() == [0, 0, 0]


def test_arrays_of_other_types_get_their_kind():
    assert table_from_array(np.array([[True], [False]]))["x0"].kind == "boolean"
    assert table_from_array(np.array([["a"], ["b"]]))["x0"].kind == "category"
    assert table_from_array(np.array([["2024-01-31"]], "datetime64[D]"))["x0"].kind == "date"
    mixed = table_from_array([[1, "a"], [2, "b"]])
    assert [column.kind for column in mixed] == ["number", "category"]
    masked = np.ma.array([[1.0], [2.0]], mask=[[False], [True]])
    assert table_from_array(masked)["x0"].texts() == ["1", None]


@pytest.mark.parametrize("form", ["csr_array", "csc_matrix", "coo_array"])
def test_sparse_matrices_become_dense_columns(form):
    table = as_table(getattr(sp, form)(np.array([[0.0, 2.0], [1.0, 0.0]])))
    assert [column.values.tolist() for column in table] == [[0, 1], [2, 0]]


def test_sparse_matrices_too_large_to_be_dense_are_refused():
    with pytest.raises(DataError, match=r"would fill 80\.0 GB\. Select columns"):
        as_table(sp.csr_array((10**5, 10**5)))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.arange(3), r"X has 1 dimension; .* Reshape your data: X\.reshape\(-1, 1\)"),
        ([1, 2], r"X\.reshape\(-1, 1\)"),
        (pd.Series([1, 2]), r"X\.reshape\(-1, 1\)"),
        (np.zeros((2, 2, 2)), "X has 3 dimensions"),
        (3, "X has 0 dimensions"),
        (np.zeros((4, 0)), r"0 feature\(s\) \(shape=\(4, 0\)\) while a minimum of 1 is required"),
        ([[1, 2], [3]], "The rows of X differ in length"),
        (np.array([[1j]]), "complex"),
        ({"a": [1, 2], "b": [1]}, "differ in length: 'a' 2, 'b' 1"),
        ({"a": 1}, r"Write \{'a': \[1\]\} for one row"),
        ({"a": [[1, 2], [3, 4]]}, "expected 1-D"),
    ],
)
def test_what_is_no_table_is_refused_with_a_fix(x, message):
    with pytest.raises(DataError, match=message):
        as_table(x)


def test_the_number_of_names_must_fit():
    with pytest.raises(UsageError, match="1 names were given for 2 columns"):
        table_from_array([[1, 2]], names=["a"])


def test_a_table_is_returned_as_it_is():
    table = as_table({"a": [1]})
    assert as_table(table) is table
    assert table_from_frame(pl.DataFrame({"a": [1]})).source == "the data frame"


@pytest.mark.parametrize(
    "y",
    [["7", "3"], np.array(["7", "3"]), pd.Series(["7", "3"]), pl.Series(["7", "3"]), ("7", "3"),
     pd.Series(["7", "3"], dtype="category"), np.array([["7"], ["3"]]),
     pa.chunked_array([["7", "3"]]),
     pl.DataFrame({"y": ["7", "3"]})],
)  # fmt: skip
def test_labels_stay_texts(y):
    column = as_column(y)
    assert (column.kind, column.texts()) == ("category", ["7", "3"])


def test_labels_that_look_like_dates_stay_texts():
    for y in (["2024-01-31"], pd.Series(["2024-01-31"]), pl.Series(["2024-01-31"])):
        assert as_column(y).kind == "category"


@pytest.mark.parametrize("y", [np.zeros((3, 2)), pd.DataFrame({"a": [1], "b": [2]}), 3])
def test_a_target_of_several_columns_is_no_column(y):
    with pytest.raises(DataError, match="expected one"):
        as_column(y)
