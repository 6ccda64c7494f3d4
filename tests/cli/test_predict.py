from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import Result

from madaline.data.files.read import read_table
from madaline.data.table import Table
from madaline.store.bundle import load_model

Call = Callable[..., Result]
Start = Callable[..., subprocess.CompletedProcess[str]]
ROWS = (
    "age,job,income,sick\n39,clerk,20.5,yes\n25,nurse,30.5,no\n61,clerk,40.5,no\nNA,baker,50,yes\n"
)


@pytest.fixture
def rows(here: Path) -> Path:
    path = here / "people.csv"
    path.write_text(ROWS)
    return path


@pytest.fixture
def sick(rows: Path, make_model: Callable[..., Path]) -> Path:
    return make_model(rows.with_name("sick.madaline"), read_table(rows), "sick")


@pytest.fixture
def income(rows: Path, make_model: Callable[..., Path]) -> Path:
    return make_model(rows.with_name("income.madaline"), read_table(rows), "income")


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_each_row_gets_its_prediction_as_csv_on_stdout(call: Call, sick: Path, rows: Path) -> None:
    result = call("predict", str(sick), str(rows))
    assert result.exit_code == 0
    table = read_table(rows)
    found = [row["prediction"] for row in cells(result.stdout)]
    assert found == load_model(sick).predict(table).astype(str).tolist()
    assert result.stderr == ""


def test_probabilities_stand_in_a_column_for_each_class(call: Call, sick: Path, rows: Path) -> None:
    found = cells(call("predict", str(sick), str(rows), "--proba").stdout)
    assert list(found[0]) == ["prediction", "p_no", "p_yes"]
    expected = load_model(sick).predict_proba(read_table(rows))
    shares = [[float(row["p_no"]), float(row["p_yes"])] for row in found]
    np.testing.assert_allclose(shares, expected, rtol=1e-6)


def test_values_come_back_exactly(call: Call, income: Path, rows: Path) -> None:
    found = [
        float(row["prediction"]) for row in cells(call("predict", str(income), str(rows)).stdout)
    ]
    assert found == load_model(income).predict(read_table(rows)).tolist()


def test_several_targets_have_a_column_each(
    call: Call, rows: Path, make_model: Callable[..., Path]
) -> None:
    table = read_table(rows)
    numbers = Table((*table.without("age").columns, table["income"].take(slice(None))))
    both = Table((*table.select(["job"]), table["income"], _renamed(table["income"], "debt")))
    path = make_model(rows.with_name("two.madaline"), both, "income", "debt")
    found = cells(call("predict", str(path), str(rows)).stdout)
    assert list(found[0]) == ["prediction_income", "prediction_debt"]
    assert numbers.n_rows == len(found)


def _renamed(column, name):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(column, name=name, values=column.values * 2 + np.arange(len(column)))


def test_the_target_may_be_missing_and_further_columns_are_ignored(
    call: Call, sick: Path, rows: Path
) -> None:
    new = rows.with_name("new.csv")
    new.write_text("extra,job,age,income\n1,clerk,39,20.5\n")
    assert cells(call("predict", str(sick), str(new)).stdout) == [
        cells(call("predict", str(sick), str(rows)).stdout)[0]
    ]


def test_a_missing_column_is_a_data_error_that_names_it(call: Call, sick: Path, rows: Path) -> None:
    new = rows.with_name("new.csv")
    new.write_text("jobb,age,income\nclerk,39,20.5\n")
    result = call("predict", str(sick), str(new))
    assert result.exit_code == 3
    assert "'job'" in result.stderr
    assert result.stdout == ""


def test_stdin_is_a_table_too(call: Call, sick: Path, rows: Path) -> None:
    piped = call("predict", str(sick), "-", stdin=ROWS)
    assert piped.exit_code == 0
    assert piped.stdout == call("predict", str(sick), str(rows)).stdout


def test_messages_call_stdin_by_its_name(call: Call, sick: Path) -> None:
    assert "Stdin is empty" in call("predict", str(sick), "-", stdin="").stderr
    assert "standard input" in call("predict", str(sick), "-", stdin="a,b\n1\n").stderr


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_the_ending_of_the_output_chooses_its_format(
    call: Call, sick: Path, rows: Path, suffix: str
) -> None:
    path = rows.with_name(f"out.{suffix}")
    result = call("predict", str(sick), str(rows), "--proba", "-o", str(path))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "4 predictions" in result.stderr
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}[suffix]
    assert read(path).columns == ["prediction", "p_no", "p_yes"]
    assert read(path).height == 4


def test_an_output_of_unknown_ending_is_refused_before_anything_is_read(call: Call) -> None:
    result = call("predict", "no-run", "no-data.csv", "-o", "out.xlsx")
    assert result.exit_code == 2
    assert ".parquet" in result.stderr


def test_an_output_that_cannot_be_written_is_a_file_error(
    call: Call, sick: Path, rows: Path
) -> None:
    result = call("predict", str(sick), str(rows), "-o", str(rows.parent / "no" / "out.csv"))
    assert result.exit_code == 6


def test_a_missing_run_is_a_file_error(call: Call, rows: Path) -> None:
    result = call("predict", "runs/none", str(rows))
    assert result.exit_code == 6
    assert result.stderr.count("\n") == 1


def test_probabilities_of_a_regression_are_refused(call: Call, income: Path, rows: Path) -> None:
    result = call("predict", str(income), str(rows), "--proba")
    assert result.exit_code == 2
    assert "no probabilities" in result.stderr


def test_a_wrong_cell_is_told_with_its_column_and_row(call: Call, sick: Path, rows: Path) -> None:
    rows.write_text(ROWS.replace("61", "many"))
    error = json.loads(call("predict", str(sick), str(rows), "--json").stdout)["error"]
    assert (error["code"], error["column"], error["row"]) == ("data", "age", 3)


def test_json_is_one_object(call: Call, sick: Path, rows: Path) -> None:
    found = json.loads(call("predict", str(sick), str(rows), "--json").stdout)
    assert found["schema"] == "madaline.predict/1"
    assert found["rows"] == len(found["columns"]["prediction"]) == 4


def test_quiet_prints_nothing(call: Call, sick: Path, rows: Path) -> None:
    out = str(rows.with_name("o.csv"))
    result = call("predict", str(sick), str(rows), "-q", "-o", out)
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 0)


def test_predicting_needs_no_jax(start: Start, sick: Path, rows: Path) -> None:
    code = (
        "import sys; sys.modules['jax'] = None\n"
        "from madaline.cli.main import madaline\n"
        f"madaline.main(['predict', {str(sick)!r}, {str(rows)!r}, '--proba'])"
    )
    result = start("-c", code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("prediction,p_no,p_yes\n")
