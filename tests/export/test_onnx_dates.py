from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madaline.data.columns.moments import dates_from_text
from madaline.data.table import Column
from madaline.encode.column import PARTS
from madaline.encode.dates import _part
from madaline.export.graph import TENSOR_TYPES, Graph, Value
from madaline.export.onnx_dates import read_dates

onnxruntime = pytest.importorskip("onnxruntime")
helper = pytest.importorskip("onnx.helper")


def make_reader():
    from onnx import numpy_helper

    graph = Graph({"text"})
    dates = read_dates(Value(graph, "text", np.dtype(object)))
    values = [dates.known, dates.seconds, dates.year, *dates.passed.values()]
    ends = [
        helper.make_tensor_value_info(v.name, TENSOR_TYPES[v.dtype.name], ["n"]) for v in values
    ]
    body = helper.make_graph(
        [helper.make_node(n.op, n.inputs, n.outputs, **n.attributes) for n in graph.nodes],
        "dates",
        [helper.make_tensor_value_info("text", TENSOR_TYPES["object"], ["n"])],
        ends,
        [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
    )
    imports = [helper.make_opsetid("", graph.opset)]
    model = helper.make_model(body, ir_version=9, opset_imports=imports)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = ["known", "seconds", "year", *dates.passed]
    return lambda texts: dict(
        zip(names, session.run(None, {"text": np.array(texts, object)}), strict=True)
    )


READ = make_reader()


def assert_read(texts, dates):
    """``dates``: datetime64 of each text."""
    found, dates = READ(texts), np.asarray(dates, "datetime64[us]")
    assert found["known"].all()
    assert np.allclose(found["seconds"], dates.astype(np.int64) / 1e6, rtol=0, atol=1e-4)
    for part in PARTS:
        value = found["year"] if part == "year" else found[part]
        assert np.allclose(value, _part(part, dates), rtol=0, atol=1e-9), part


def test_all_days_of_a_thousand_years_are_read():
    days = np.arange("1600-01-01", "2600-01-01", dtype="datetime64[D]")
    assert_read(np.datetime_as_string(days).tolist(), days)


@given(st.datetimes())
def test_any_time_is_read(when):
    assert_read([when.isoformat(), when.isoformat(" ")], [when, when])


ODD = (
    "2024-02-29T23:59:60",
    "2024-02-29 24:00",
    "0001-01-01",
    "9999-12-31T23:59:59.999999",
    "1969-12-31T23:59:59,5",
    "2024-01-01T00:30+05:30",
    "2024-01-01T00:30 +0530",
    "2024-01-01 00:30 +05",
    "2023-12-31T23:30:00.25-00:45",
    "2024-03-01T00:00Z",
    "2024-03-01 00:00 Z",
    "2024-03-01T00:00-1200",
)


@pytest.mark.parametrize("text", ODD)
def test_every_form_that_a_table_takes_is_read_alike(text):
    import polars as pl

    dates = dates_from_text("due", pl.Series([text]))
    assert dates is not None
    assert_read([text], dates.values)


@pytest.mark.parametrize(
    "text",
    ["", "NA", "soon", "2024-02-30", "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10",
     "2024-01-00", "2024-01-32", "2024-01-01T25:00", "2024-01-01T10:60", "2024-1-1", "31.12.2024",
     "2024-01-01T", "2024-01-01T10", "2024-01-01T24:01", "2024-01-01T10:00+24:00",
     "2024-01-01T10:00-0560", " 2024-01-01", "2024-01-01 x"],
)  # fmt: skip
def test_what_is_no_date_is_missing(text):
    found = READ([text, "2024-01-31"])
    assert found["known"].tolist() == [False, True]
    assert np.isfinite(found["seconds"]).all()


def test_a_day_keeps_its_place_among_unreadable_texts():
    column = Column("day", "date", np.array(["2024-01-31", "NaT"], "datetime64[us]"))
    found = READ(["", "2024-01-31", "?"])
    assert found["seconds"][1] == column.values[:1].astype(np.int64)[0] / 1e6
