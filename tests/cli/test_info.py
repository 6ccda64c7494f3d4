from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from madaline.data.files.read import read_table
from madaline.events.scores import Score, Scores
from madaline.events.verdict import Verdict

Call = Callable[..., Result]
ROWS = "age,job,sick\n39,clerk,yes\n25,nurse,no\n61,clerk,no\n70,baker,yes\n"
SCORES = Scores(40, "accuracy", (Score("accuracy", 0.9, 0.77, 0.96),)).as_dict()
ABOUT = {
    "created": "2026-01-31T12:00:00",
    "scores": {"test": SCORES},
    "baselines": {"part": "test", "constant": SCORES, "linear": None},
    "verdict": Verdict("fine", "It learned.", ("Gap 0.01.",), "Keep it.").as_dict(),
    "versions": {"madaline": "0.1.0", "numpy": "2.0"},
}


@pytest.fixture
def make(here: Path, make_model: Callable[..., Path]) -> Callable[..., Path]:
    (here / "people.csv").write_text(ROWS)

    def make(**about: object) -> Path:
        return make_model(here / "m.madaline", read_table(here / "people.csv"), "sick", about=about)

    return make


def test_people_learn_what_it_is_and_holds(call: Call, make: Callable[..., Path]) -> None:
    result = call("info", str(make(**ABOUT)))
    assert result.exit_code == 0
    shown = " ".join(result.stdout.split())
    for part in (
        "2026-01-31T12:00:00, by madaline 0.1.0, numpy 2.0",
        "Target sick: no, yes",
        "Task binary classification",
        "Columns age number job category",
        "-> 4 relu",
        "4 -> 1 sigmoid",
        "Scores on 40 test rows",
        "accuracy 0.900 (0.770 to 0.960)",
        "Verdict fine: it learned.",
        " kB)",
    ):
        assert part in shown


def test_programs_learn_the_same(call: Call, make: Callable[..., Path]) -> None:
    path = make(**ABOUT)
    found = json.loads(call("info", str(path), "--json").stdout)
    assert found["schema"] == "madaline.info/1"
    assert found["bytes"] == path.stat().st_size
    assert found["about"]["verdict"] == ABOUT["verdict"]
    assert [column["name"] for column in found["columns"]] == ["age", "job"]


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"scores": 5, "baselines": 1, "verdict": [], "versions": "x"},
        {"scores": {"test": {"scores": 3}}, "baselines": {"part": "test"}},
        {"scores": {"test": SCORES}, "baselines": {"part": "test"}, "verdict": {"evidence": 5}},
    ],
)
def test_a_model_that_says_little_or_nonsense_about_itself_is_still_shown(
    call: Call, make: Callable[..., Path], about: dict[str, object]
) -> None:
    result = call("info", str(make(**about)))
    assert result.exit_code == 0
    assert "Layers" in result.stdout
