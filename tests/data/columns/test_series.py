from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from madaline.data.columns.few import MOST_FEW
from madaline.data.columns.frames import as_table
from madaline.data.columns.series import columns_of_few_rows

FRAMES = {
    "numbers": {"a": [1.5, np.nan], "b": [1, 2**60], "c": np.array([1, 2], np.uint8)},
    "short floats": {"a": np.array([0.1, np.nan], np.float32)},
    "booleans": {"a": [True, False], "b": [True, None]},
    "texts": {"a": ["x", None], "b": ["2024-01-31", "2024-02-29"], "c": ["7", "7"]},
    "mixed": {"a": [1, "b"], "b": [date(2024, 1, 1), None], "c": [None, None], 3: ["x", "y"]},
    "dates": {"a": [datetime(2024, 1, 1), pd.NaT], "b": ["x", "y"]},
    "declared": {"a": pd.Categorical(["x", "y"]), "b": pd.array([1, None], "Int64")},
    "nothing": {},
}


@pytest.mark.parametrize("columns", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("rows", [slice(0, 2), slice(0, 1), slice(0, 0)], ids=[2, 1, 0])
def test_few_rows_at_once_are_what_they_are_one_by_one(columns, rows, monkeypatch):
    frame = pd.DataFrame(columns).iloc[rows]
    few = as_table(frame)
    monkeypatch.setattr("madaline.data.columns.frames.columns_of_few_rows", lambda *args: None)
    for one, other in zip(few, as_table(frame), strict=True):
        assert (one.name, one.kind, one.levels) == (other.name, other.kind, other.levels)
        assert one.values.dtype == other.values.dtype
        equal_nan = one.kind != "category"
        assert np.array_equal(one.values, other.values, equal_nan=equal_nan)


def test_plain_columns_of_few_rows_take_the_short_way():
    frame = pd.DataFrame({"a": [1.5], "b": ["x"], "c": [True]})
    assert columns_of_few_rows(frame, "X") is not None
    many = pd.DataFrame({"a": np.zeros(MOST_FEW + 1)})
    assert columns_of_few_rows(many, "X") is None
    assert columns_of_few_rows(pd.DataFrame({"a": pd.array([1], "Int64")}), "X") is None
    assert columns_of_few_rows({"a": [1]}, "X") is None


def test_the_columns_are_apart_from_the_memory_of_the_frame():
    frame = pd.DataFrame({"a": [1.5, 2.5]})
    as_table(frame)["a"].values[0] = 9
    assert frame["a"].tolist() == [1.5, 2.5]
