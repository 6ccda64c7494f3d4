from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from madaline.cli.sweep import read_space
from madaline.errors import UsageError
from madaline.runs.request import read_request
from madaline.settings.table import Settings
from madaline.store.folder import RunFolder
from madaline.study.ranges import Range, Values

Call = Callable[..., Result]
TINY = ("iris", "-t", "species", "--preset", "classic", "--hidden", "8", "--epochs", "6")
# A rate at which nothing is learned, and one at which more is than at the preset's.
RATES = ("--learning-rate", "1e-6", "--learning-rate", "0.05")


def test_the_better_settings_become_a_run_that_says_where_they_came_from(call: Call) -> None:
    result = call("sweep", *TINY, *RATES, "-o", "run")
    assert result.exit_code == 0, result.stderr
    text = result.stdout
    assert "Trials    3 trials in 1 program" in text
    assert "trial 2 is better" in text
    assert "Its settings are" in text
    assert text.index("trial  validation loss") < text.index("Data      the sample iris")
    assert "Epoch 6: 3 trials, validation loss at best" in result.stderr
    folder = RunFolder.open("run", lock=False)
    assert read_request(folder.path, folder.about).settings == Settings(
        preset="classic", hidden=(8,), epochs=6, learning_rate=0.05
    )
    assert folder.about["origins"]["learning_rate"] == "sweep"
    assert folder.about["origins"]["hidden"] == "option"
    trials = [json.loads(line) for line in Path("run/trials.jsonl").read_text().splitlines()]
    assert [trial["number"] for trial in trials] == [2, 0, 1]


def test_json_is_one_document_with_the_run_and_the_search(call: Call) -> None:
    result = call("sweep", *TINY, *RATES, "-o", "run", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["schema"] == "madaline.sweep/1"
    assert document["search"]["taken"] == [2]
    assert document["search"]["varied"] == {"learning_rate": 1e-3}
    assert document["run"] == "run"
    assert document["scores"]["test"]


def test_an_interrupted_search_leaves_nothing_behind(
    call: Call, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import madaline.study.search as module

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "race", interrupted)
    result = call("sweep", *TINY, *RATES, "-o", "run")
    assert result.exit_code == 130
    assert "Interrupted" in result.stderr
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--dropout", "0..2"), "dropout = 2.0 is out of range"),
        (("--dropout", "0..x"), "is no range"),
        (("--dropout", "0..0.1", "--dropout", "0.3"), "has a range and another value"),
        (("--epochs", "5..9"), "epochs = '5..9' cannot be read"),
        (("--activation", "relu", "--activation", "rleu"), "Did you mean 'relu'"),
        (("--trials", "1"), "1 trials are no search"),
        (("--learning-rate", "0.1", "--weight-decay", "0", "--dropout", "0"), "nothing to vary"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_line(
    call: Call, here: Path, options: tuple[str, ...], words: str
) -> None:
    result = call("sweep", "iris", "-t", "species", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(here.iterdir()) == []


def test_a_folder_that_is_in_use_is_refused_before_the_search(
    call: Call, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import madaline.study.search as module

    monkeypatch.setattr(module, "race", lambda *_, **__: pytest.fail("the search began"))
    (here / "run").mkdir()
    (here / "run" / "notes.txt").write_text("mine")
    result = call("sweep", *TINY, *RATES, "-o", "run")
    assert result.exit_code == 6
    assert "not empty: it holds notes.txt" in result.stderr


def test_a_target_is_needed(call: Call) -> None:
    result = call("sweep", "iris")
    assert result.exit_code == 2
    assert "madaline sweep iris --target COLUMN" in result.stderr


def test_one_value_is_a_setting_and_several_are_a_space() -> None:
    space, fixed = read_space(
        {
            "epochs": "9",
            "seed": None,
            "dropout": ("0.1",),
            "hidden": ("64,64", "none"),
            "l2": ("1e-6..1e-2:log",),
            "l1": (),
        }
    )
    assert fixed == {"epochs": "9", "dropout": "0.1"}
    assert space == {"hidden": Values(((64, 64), ())), "l2": Range(1e-6, 1e-2, log=True)}
    with pytest.raises(UsageError, match="out of range"):
        read_space({"l2": ("-1..1",)})
