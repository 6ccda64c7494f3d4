from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from madaline.cli.evaluate import missed_demands, read_demand
from madaline.data.files.read import read_table
from madaline.errors import UsageError
from madaline.events.scores import Score, Scores

Call = Callable[..., Result]
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


def share_right(call: Call, sick: Path, rows: Path) -> float:
    lines = call("predict", str(sick), str(rows)).stdout.split()[1:]
    return sum(a == b for a, b in zip(lines, ["yes", "no", "no", "yes"], strict=True)) / 4


def test_accuracy_is_the_share_of_right_predictions(call: Call, sick: Path, rows: Path) -> None:
    found = json.loads(call("evaluate", str(sick), str(rows), "--json").stdout)
    assert found["schema"] == "madaline.evaluate/1"
    assert found["scores"]["accuracy"]["value"] == share_right(call, sick, rows)
    assert found["n_rows"] == 4
    assert [entry["label"] for entry in found["classes"]] == ["no", "yes"]


def test_errors_of_a_regression_are_in_the_units_of_the_target(
    call: Call, income: Path, rows: Path
) -> None:
    predicted = [float(x) for x in call("predict", str(income), str(rows)).stdout.split()[1:]]
    mae = sum(abs(a - b) for a, b in zip(predicted, [20.5, 30.5, 40.5, 50], strict=True)) / 4
    found = json.loads(call("evaluate", str(income), str(rows), "--json").stdout)
    assert found["scores"]["mae"]["value"] == pytest.approx(mae, rel=1e-6)


def test_people_see_each_score_with_its_interval(call: Call, sick: Path, rows: Path) -> None:
    result = call("evaluate", str(sick), str(rows))
    assert result.exit_code == 0
    assert "accuracy" in result.stdout
    assert " to " in result.stdout
    assert result.stderr == ""


def test_a_score_that_is_too_low_ends_with_code_5_and_is_told(
    call: Call, sick: Path, rows: Path
) -> None:
    result = call("evaluate", str(sick), str(rows), "--fail-under", "accuracy=1.01")
    assert result.exit_code == 5
    assert "below the demanded 1.01" in result.stderr
    assert "accuracy" in result.stdout


def test_a_score_that_is_reached_ends_well(call: Call, sick: Path, rows: Path) -> None:
    assert call("evaluate", str(sick), str(rows), "--fail-under", "accuracy=0").exit_code == 0


def test_with_json_the_one_object_holds_scores_and_error(
    call: Call, sick: Path, rows: Path
) -> None:
    result = call("evaluate", str(sick), str(rows), "--fail-under", "accuracy=2", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 5
    assert found["error"]["code"] == "threshold"
    assert "accuracy" in found["scores"]


@pytest.mark.parametrize(
    ("name", "value", "wanted", "missed"),
    [
        ("accuracy", 0.8, 0.8, False),
        ("accuracy", 0.79, 0.8, True),
        ("rmse", 2.0, 2.0, False),
        ("rmse", 2.1, 2.0, True),
        ("rmse", 1.0, 2.0, False),
        ("log_loss", 0.7, 0.5, True),
        ("auc", float("nan"), 0.0, True),
    ],
)
def test_a_demand_is_missed_when_the_score_is_worse(
    name: str, value: float, wanted: float, missed: bool
) -> None:
    scores = Scores(1, name, (Score(name, value),))
    assert bool(missed_demands(scores, [(name, wanted)])) is missed


def test_an_unknown_metric_is_refused_with_the_nearest(call: Call, sick: Path, rows: Path) -> None:
    result = call("evaluate", str(sick), str(rows), "--fail-under", "acuracy=0.5")
    assert result.exit_code == 2
    assert "Did you mean 'accuracy'" in result.stderr


@pytest.mark.parametrize("text", ["accuracy", "accuracy=", "=0.5", "accuracy=high", "accuracy=nan"])
def test_a_demand_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"accuracy=0\.8"):
        read_demand(text)


def test_rows_without_the_target_cannot_be_scored(call: Call, sick: Path, rows: Path) -> None:
    rows.write_text("age,job,income\n39,clerk,20.5\n")
    result = call("evaluate", str(sick), str(rows))
    assert result.exit_code == 3
    assert "'sick'" in result.stderr


def test_a_missing_target_of_a_regression_is_a_data_error(
    call: Call, income: Path, rows: Path
) -> None:
    rows.write_text("age,job,income,sick\n39,clerk,NA,yes\n25,nurse,3,no\n")
    result = call("evaluate", str(income), str(rows))
    assert result.exit_code == 3
    assert "income" in result.stderr
