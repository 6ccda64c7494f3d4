from __future__ import annotations

import ast
import csv
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.files.read import read_table
from madaline.data.table import Column, Table, category
from madaline.export import standalone
from madaline.export.numpy_folder import export_numpy
from madaline.export.standalone import ModelError, load, read_date
from madaline.settings.table import ACTIVATIONS

FEATURES = ("age", "account", "constant", "galaxy", "full", "sex", "size", "city", "town",
            "member", "since", "born")  # fmt: skip


def columns_of(table):
    """What a program outside Madaline would have: lists and arrays."""
    return {c.name: c.values if c.kind in ("number", "date") else c.texts() for c in table.columns}


def assert_equal(predictor, table, folder):
    export_numpy(predictor, folder)
    model, columns = load(folder), columns_of(table)
    found, expected = model.predict(columns), predictor.predict(table)
    assert found.shape == expected.shape
    assert found.dtype.kind == expected.dtype.kind
    if predictor.target.task == "regression":
        assert np.abs((found - expected) / predictor.target.scale).max(initial=0) <= 1e-6
    else:
        assert found.tolist() == expected.tolist()
        p = model.predict_proba(columns)
        assert np.abs(p - predictor.predict_proba(table)).max(initial=0) <= 1e-6


TARGETS = {
    "two texts": ("sick",),
    "three texts": ("pet",),
    "two numbers": ("tall",),
    "labels": ("tall", "rich"),
    "a value": ("wage",),
    "two values": ("wage", "rent"),
}


@pytest.mark.parametrize("targets", TARGETS.values(), ids=TARGETS)
def test_every_task_and_kind_of_column_equals_predict(make_predictor, people, targets, tmp_path):
    table = people().select([*FEATURES, *targets])
    assert_equal(make_predictor(table, *targets, members=2), table, tmp_path / "model")


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_equals_predict(make_predictor, people, activation, tmp_path):
    table = people().select(["age", "full", "wage"])
    assert_equal(make_predictor(table, "wage", activation=activation), table, tmp_path / "model")


def test_counts_and_huge_values_equal_predict(make_predictor, people, tmp_path):
    table = people().select([*FEATURES, "visits"])
    assert_equal(make_predictor(table, "visits", loss="poisson"), table, tmp_path / "counts")
    table = people().select(["full", "galaxy"])
    assert_equal(make_predictor(table, "galaxy"), table, tmp_path / "huge")


@pytest.mark.parametrize("n_rows", [0, 1, 10_000])
def test_any_number_of_rows_is_taken(make_predictor, people, n_rows, tmp_path):
    predictor = make_predictor(people().select([*FEATURES, "pet"]), "pet")
    table = people(10_000, seed=1).select(FEATURES).take(slice(0, n_rows))
    assert_equal(predictor, table, tmp_path / "model")


def test_infinite_missing_and_unseen_cells_equal_predict(make_predictor, people, tmp_path):
    predictor = make_predictor(people().select([*FEATURES, "pet"]), "pet")
    numbers = np.array([np.inf, -np.inf, np.nan, 1e308, 0.0, 5e-324])
    texts = ["?!", None, "Nowhere", "m", "f", ""]
    replaced = {
        "number": lambda c: Column(c.name, "number", numbers),
        "category": lambda c: category(c.name, texts),
    }
    rows = people().select(FEATURES).take(np.arange(6))
    strange = Table(tuple(replaced.get(c.kind, lambda c: c)(c) for c in rows))
    assert_equal(predictor, strange, tmp_path / "model")


def test_values_of_another_type_are_taken_as_predict_takes_them(make_predictor, tmp_path):
    n = 60
    table = as_table(
        {
            "age": np.arange(n) * 1.5,
            "code": [["07", "8.0", "x"][i % 3] for i in range(n)],
            "member": [i % 2 == 0 for i in range(n)],
            "day": [date(2024, 1 + i % 12, 1) for i in range(n)],
            "pet": ["cat", "dog"] * (n // 2),
        }
    )
    export_numpy(predictor := make_predictor(table, "pet"), tmp_path / "model")
    given = {
        "age": ["4", 2],
        "code": [7, 8],
        "member": ["Yes", 0],
        "day": ["2024-05-01T02:00+02:00", datetime(2024, 6, 1, tzinfo=UTC)],
    }
    given_to_predict = given | {
        "age": [4, 2],
        "member": [1, 0],
        "day": ["2024-05-01", "2024-06-01"],
    }
    found = load(tmp_path / "model").predict_proba(given)
    assert np.allclose(found, predictor.predict_proba(as_table(given_to_predict)), atol=1e-6)


def test_other_spellings_of_a_category_are_found(make_predictor, tmp_path):
    ranks = ["3", "2.50", "TRUE"]
    table = as_table({"rank": ranks * 20, "y": ["a", "b"] * 30})
    export_numpy(make_predictor(table, "y"), tmp_path / "model")
    model = load(tmp_path / "model")
    expected = model.predict_proba({"rank": ranks})
    assert len(set(expected[:, 0].tolist())) == 3
    for spelled in (["3.0", "2.5", "true"], [3, 2.5, True], [3.0, np.float32(2.5), np.True_]):
        assert model.predict_proba({"rank": spelled}).tolist() == expected.tolist()
    unseen = model.predict_proba({"rank": ["4", "_1", "1_0"]})
    assert len(set(unseen[:, 0].tolist())) == 1


WRONG = {
    "a text where numbers are": ({"age": ["old"]}, "'age' has 'old' in row 1"),
    "an underscore": ({"age": ["1_0"]}, "'1_0'"),
    "no boolean": ({"member": ["maybe"]}, "'member' has 'maybe'"),
    "no date": ({"since": ["2024-02-30"]}, "'since' has '2024-02-30'"),
    "a number where dates are": ({"since": [3]}, "'since' has 3"),
    "two rows beside one": ({"age": [1, 2]}, "different lengths"),
}


@pytest.mark.parametrize(("given", "told"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_read_is_told_in_one_line(make_predictor, people, given, told, tmp_path):
    export_numpy(make_predictor(people().select([*FEATURES, "pet"]), "pet"), tmp_path / "model")
    columns = columns_of(people().select(FEATURES).take(slice(0, 1))) | given
    with pytest.raises(ModelError) as caught:
        load(tmp_path / "model").predict(columns)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_column_is_named(make_predictor, people, tmp_path):
    export_numpy(make_predictor(people().select(["age", "city", "pet"]), "pet"), tmp_path / "m")
    with pytest.raises(ModelError, match="'city' is missing"):
        load(tmp_path / "m").predict({"age": [1]})


def test_a_regression_has_no_probabilities(make_predictor, people, tmp_path):
    export_numpy(make_predictor(people().select(["age", "wage"]), "wage"), tmp_path / "m")
    with pytest.raises(ModelError, match="no probabilities"):
        load(tmp_path / "m").predict_proba({"age": [1]})


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2024-02-29", "2024-02-29"),
        ("1969-12-31 23:59:59,25", "1969-12-31T23:59:59.25"),
        ("2024-01-01T00:30+05:30", "2023-12-31T19:00"),
        ("2024-01-01T00:30 -0030", "2024-01-01T01:00"),
        ("2024-01-01 24:00Z", "2024-01-02"),
        ("31.12.2024", "2024-12-31"),
        ("2024/1/5", "2024-01-05"),
        ("5 Jan 2024", "2024-01-05"),
        ("January 5, 2024", "2024-01-05"),
    ],
)
def test_dates_are_read_in_the_forms_that_tables_have(text, iso):
    assert read_date(text) == np.datetime64(iso, "us")


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2024-01-01T24:01", "2024-01-01T10:00+0560", "03/04/2024", "soon", ""]
)
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  (NumPy words some, we the others)
        read_date(text)


def test_it_imports_the_standard_library_and_numpy_alone():
    tree = ast.parse(Path(standalone.__file__).read_text())
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [a.name for a in node.names] if isinstance(node, ast.Import)
            else [node.module] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert names - set(sys.stdlib_module_names) == {"numpy"}


BLOCKED = "import sys, runpy; sys.modules['madaline'] = None; "


def start(code, folder):
    """A process that knows neither this project nor its environment variables."""
    command = [sys.executable, "-I", "-c", BLOCKED + code]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def run_program(folder, *arguments):
    code = f"sys.argv = {['predict.py', *arguments]!r}; "
    return start(code + "runpy.run_path('model/predict.py', run_name='__main__')", folder)


@pytest.fixture
def shop(make_predictor, people, tmp_path):
    """A folder with a model, its rows as a CSV file, and the predictor."""
    kinds = ("age", "sex", "city", "member", "since", "born")
    table = people().select([*kinds, "pet"])
    export_numpy(predictor := make_predictor(table, "pet"), tmp_path / "model")
    with open(tmp_path / "rows.csv", "w", newline="") as file:
        write = csv.writer(file)
        write.writerow(kinds)
        write.writerows(zip(*(table[name].texts() for name in kinds), strict=True))
    return tmp_path, predictor


def test_the_program_answers_a_csv_file_like_predict_without_madaline(shop):
    folder, predictor = shop
    result = run_program(folder, "rows.csv", "--proba")
    assert (result.returncode, result.stderr) == (0, "")
    rows = list(csv.DictReader(result.stdout.splitlines()))
    table = read_table(folder / "rows.csv")
    assert list(rows[0]) == ["prediction", "p_cat", "p_cow", "p_dog"]
    assert [row["prediction"] for row in rows] == predictor.predict(table).tolist()
    p = [[float(row[f"p_{name}"]) for name in ("cat", "cow", "dog")] for row in rows]
    assert np.allclose(p, predictor.predict_proba(table), atol=1e-6)


def test_it_can_be_imported_without_madaline(shop):
    folder, predictor = shop
    code = (
        "sys.path.insert(0, 'model'); from predict import load; "
        "row = {'age': [39], 'sex': ['f'], 'city': [None], 'member': [True], "
        "'since': ['2001-02-03'], 'born': ['1970-01-01']}; "
        "print(load().predict(row)[0], load('model').predict_proba(row).tolist())"
    )
    result = start(code, folder)
    assert result.returncode == 0, result.stderr
    row = {"age": [39], "sex": ["f"], "city": [None], "member": [True],
           "since": ["2001-02-03"], "born": ["1970-01-01"]}  # fmt: skip
    label, p = result.stdout.split(" ", 1)
    assert label == predictor.predict(as_table(row))[0]
    assert np.allclose(ast.literal_eval(p), predictor.predict_proba(as_table(row)), atol=1e-6)


@pytest.mark.parametrize(
    ("content", "exit_code", "told"),
    [
        ("age,sex\n1,f\n", 3, "'city' is missing"),
        ("age,sex\n1\n", 3, "Row 1 of bad.csv has 1 cells; the header has 2."),
        ("", 3, "no header"),
        ("age\n\xff", 6, "cannot be read"),
    ],
)
def test_the_program_says_what_is_wrong_in_one_line(shop, content, exit_code, told):
    folder, _ = shop
    (folder / "bad.csv").write_bytes(content.encode("latin-1"))
    result = run_program(folder, "bad.csv")
    assert result.returncode == exit_code
    assert told in result.stderr
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)


def test_a_damaged_model_is_told_in_one_line(shop):
    folder, _ = shop
    weights = folder / "model" / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:100])
    result = run_program(folder, "rows.csv")
    assert (result.returncode, result.stderr.count("\n")) == (6, 1)
