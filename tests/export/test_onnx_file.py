from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.data.columns.frames import as_table
from madaline.data.columns.texts import MISSING
from madaline.data.table import Column, Table, category
from madaline.errors import FileError, MissingExtraError, UsageError
from madaline.export.onnx_file import export_onnx, make_onnx
from madaline.settings.table import ACTIVATIONS

onnxruntime = pytest.importorskip("onnxruntime")
N = 240
FEATURES = ("age", "account", "constant", "galaxy", "full", "sex", "size", "city", "town",
            "member", "since", "born")  # fmt: skip


def feed_of(table, names):
    """The inputs that a program outside Madaline would give for the same rows."""
    return {
        name: (
            table[name].values
            if table[name].kind == "number"
            else np.array(["" if text is None else text for text in table[name].texts()], object)
        ).reshape(-1, 1)
        for name in names
    }


def answers(predictor, feed):
    session = onnxruntime.InferenceSession(make_onnx(predictor).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feed), strict=True))


def assert_equal(predictor, table):
    found = answers(predictor, feed_of(table, predictor.encoder.columns))
    expected = predictor.predict(table)
    if predictor.target.task == "regression":
        assert found["value"].shape == expected.shape
        assert found["value"].dtype == np.float64
        error = np.abs(found["value"] - expected) / predictor.target.scale
        assert error.max(initial=0) <= 1e-5
        return
    p = predictor.predict_proba(table)
    assert found["probabilities"].shape == p.shape
    assert np.abs(found["probabilities"] - p).max(initial=0) <= 1e-5
    assert found["label"].shape == expected.shape
    assert found["label"].tolist() == expected.tolist()


TARGETS = {
    "two texts": ("sick",),
    "three texts": ("pet",),
    "two numbers": ("tall",),
    "labels": ("tall", "rich"),
    "a value": ("wage",),
    "two values": ("wage", "rent"),
}


@pytest.mark.parametrize("targets", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("members", [1, 3])
def test_every_task_and_kind_of_column_equals_predict(make_predictor, people, targets, members):
    table = people().select([*FEATURES, *targets])
    predictor = make_predictor(table, *targets, members=members)
    assert {code.code for code in predictor.encoder.column_codes} == {
        "scaled", "sign", "one_hot", "embedding", "date",
    }  # fmt: skip
    assert_equal(predictor, table)


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e-82, 1e-50, 1e-30, 1e50, 1e200, 1e300])
def test_numbers_of_any_size_equal_predict(make_predictor, people, size):
    table = people().select(["full"])
    column = Column("x", "number", (table["full"].values + 2) * size)
    target = Column("y", "number", (np.arange(N) % 7 + 2.5) * size)
    assert_equal(make_predictor(Table((column, target)), "y"), Table((column, target)))


def test_counts_equal_predict(make_predictor, people):
    table = people().select([*FEATURES, "visits"])
    assert_equal(make_predictor(table, "visits", loss="poisson"), table)


def test_classes_that_are_booleans_stay_booleans(make_predictor, people):
    table = people().select(["age", "full", "member"])
    table = table.take(np.flatnonzero(~table["member"].missing()))
    predictor = make_predictor(table, "member")
    assert answers(predictor, feed_of(table, ["age", "full"]))["label"].dtype == bool
    assert_equal(predictor, table)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_activation_equals_predict(make_predictor, people, activation, dtype):
    table = people().select(["age", "full", "wage"])
    assert_equal(make_predictor(table, "wage", activation=activation, dtype=dtype), table)


def test_a_linear_model_equals_predict(make_predictor, people):
    table = people().select([*FEATURES, "sick"])
    assert_equal(make_predictor(table, "sick", hidden=()), table)


@pytest.mark.parametrize("only", ["full", "sex", "size", "city", "member", "since"])
def test_a_single_column_of_any_kind_is_enough(make_predictor, people, only):
    table = people().select([only, "sick"])
    assert_equal(make_predictor(table, "sick"), table)


@pytest.mark.parametrize("n_rows", [0, 1, 10_000])
def test_any_number_of_rows_is_taken(make_predictor, people, n_rows):
    predictor = make_predictor(people().select([*FEATURES, "pet"]), "pet")
    assert_equal(predictor, people(10_000, seed=1).select(FEATURES).take(slice(0, n_rows)))


def test_infinite_huge_missing_and_unseen_cells_equal_predict(make_predictor, people):
    predictor = make_predictor(people().select([*FEATURES, "pet"]), "pet")
    numbers = [np.inf, -np.inf, np.nan, 1e308, -1e308, 0.0, 5e-324, 2.0**53]
    columns = []
    for column in people().select(FEATURES).take(np.arange(8)):
        match column.kind:
            case "number":
                columns.append(Column(column.name, "number", np.array(numbers)))
            case "category":
                columns.append(
                    category(column.name, ["?!", None, "Nowhere", "m", "f", "", " ", "ß"])
                )
            case _:
                columns.append(column)
    # An empty text is a missing value in a file, and what no row had in a frame.
    strange = Table(tuple(columns)).take(np.delete(np.arange(8), 5))
    assert_equal(predictor, strange)


def test_missing_is_an_empty_text_or_a_mark_unless_it_is_a_category(make_predictor, people):
    table = people().select(["full", "sick"])
    states = ["NA", "CA", "NY", None] * (N // 4)
    predictor = make_predictor(Table((category("state", states), *table)), "sick")
    full = np.zeros((4, 1))
    given = np.array([["NA"], [""], ["nan"], ["?"]], object)
    found = answers(predictor, {"state": given, "full": full})["probabilities"]
    same = Table(
        (category("state", ["NA", None, None, None]), Column("full", "number", full[:, 0]))
    )
    assert np.allclose(found, predictor.predict_proba(same), atol=1e-6)


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "yes", "1", "1.0"])
def test_booleans_may_be_written_in_many_ways(make_predictor, people, word):
    predictor = make_predictor(people().select(["member", "sick"]), "sick")
    found = answers(predictor, {"member": np.array([[word], [""]], object)})["probabilities"]
    same = as_table({"member": [True, None]})
    assert np.allclose(found, predictor.predict_proba(same), atol=1e-6)


@pytest.mark.parametrize(
    ("levels", "spelled"),
    [
        (["1", "2", "3"], ["1.0", "2.0", "3"]),
        (["true", "false", "unsure"], ["TRUE", "False", "unsure"]),
    ],
)
def test_other_spellings_of_a_category_are_found(make_predictor, levels, spelled):
    n = 60
    full = Column("full", "number", np.arange(60.0))
    table = Table((category("rank", levels * (n // 3)), full, category("y", ["a", "b"] * (n // 2))))
    predictor = make_predictor(table, "y")
    x = np.zeros((3, 1))
    one, other = (
        answers(predictor, {"rank": np.array(texts, object).reshape(-1, 1), "full": x})
        for texts in (levels, spelled)
    )
    assert one["probabilities"].tolist() == other["probabilities"].tolist()
    assert len(set(one["probabilities"][:, 0].tolist())) == 3


TEXT = st.text(st.characters(codec="utf-8"), max_size=4)


@settings(max_examples=40)
@given(st.lists(TEXT, min_size=2, max_size=20, unique=True), st.lists(TEXT, max_size=6))
def test_categories_may_be_any_texts(make_predictor, levels, others):
    levels = sorted(levels)
    table = Table((category("text", levels * 2), category("y", ["a", "b"] * len(levels))))
    predictor = make_predictor(table, "y", hidden=(4,))
    texts = [*levels, *others]
    found = answers(predictor, {"text": np.array(texts, object).reshape(-1, 1)})
    # Other spellings of a number, and the marks of a missing value, have tests of their own.
    plain = [t for t in others if t in levels or not (t in MISSING or t.strip()[:1].isdigit())]
    rows = [i for i, text in enumerate(texts) if text in levels or text in plain]
    expected = predictor.predict_proba(Table((category("text", [texts[i] for i in rows]),)))
    assert np.abs(found["probabilities"][rows] - expected).max(initial=0) <= 1e-5


def test_columns_may_be_called_like_anything_in_the_graph(make_predictor):
    draw = np.random.default_rng(0).normal(size=(60, 5))
    names = ("label", "probabilities", "v0", "v1", "")
    table = Table(tuple(Column(n, "number", draw[:, i]) for i, n in enumerate(names)))
    predictor = make_predictor(Table((*table, category("y", ["a", "b"] * 30))), "y")
    feed = feed_of(table, names)
    feed["unnamed"] = feed.pop("")
    found = answers(predictor, feed)
    assert list(found) == ["label_", "probabilities_"]
    assert np.allclose(found["probabilities_"], predictor.predict_proba(table), atol=1e-6)


def test_old_runtimes_can_read_a_model_without_dates(make_predictor, people):
    plain = make_onnx(make_predictor(people().select(["age", "city", "pet"]), "pet"))
    dated = make_onnx(make_predictor(people().select(["age", "since", "pet"]), "pet"))
    assert [(plain.ir_version, plain.opset_import[0].version)] == [(7, 13)]
    assert [(dated.ir_version, dated.opset_import[0].version)] == [(9, 20)]


def test_the_file_says_what_it_is_and_how_to_call_it(make_predictor, people, tmp_path):
    table = people().select(["age", "city", "pet"])
    export_onnx(make_predictor(table, "pet"), tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    notes = session.get_modelmeta().custom_metadata_map
    assert notes["task"] == "multiclass"
    assert json.loads(notes["classes"]) == ["cat", "cow", "dog"]
    assert json.loads(notes["columns"])[1] == {"name": "city", "input": "city", "kind": "category"}
    assert "session.run(['label', 'probabilities']" in session.get_modelmeta().description
    assert [i.shape for i in session.get_inputs()] == [["rows", 1], ["rows", 1]]


def test_the_same_model_gives_the_same_bytes(make_predictor, people, tmp_path):
    predictor = make_predictor(people().select([*FEATURES, "pet"]), "pet")
    for name in ("a", "b"):
        export_onnx(predictor, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_network_too_large_for_the_format_is_refused(make_predictor, people, monkeypatch):
    monkeypatch.setattr("madaline.export.onnx_file._MOST_BYTES", 100)
    with pytest.raises(UsageError, match="NumPy folder"):
        make_onnx(make_predictor(people().select(["age", "pet"]), "pet"))


def test_without_the_library_the_extra_is_named(make_predictor, people, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    predictor = make_predictor(people().select(["age", "pet"]), "pet")
    with pytest.raises(MissingExtraError, match=r'pip install "madaline\[onnx\]"'):
        export_onnx(predictor, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_one_line(make_predictor, people, tmp_path):
    predictor = make_predictor(people().select(["age", "pet"]), "pet")
    with pytest.raises(FileError, match="cannot be written"):
        export_onnx(predictor, tmp_path / "no" / "a.onnx")
