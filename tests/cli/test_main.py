from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from madaline.cli.main import COMMANDS, run_guarded
from madaline.errors import DataError, FileError, MadalineError, UsageError

Call = Callable[..., Result]
Start = Callable[..., subprocess.CompletedProcess[str]]

HEAVY = ("jax", "numpy", "polars", "sklearn", "pandas", "narwhals", "optax")


def failing(error: BaseException) -> Callable[[], int]:
    def call() -> int:
        raise error

    return call


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_shows_examples_before_options_and_exit_codes_last(call: Call, command: str) -> None:
    result = call(*command.split(), "--help")
    assert result.exit_code == 0
    text = result.stdout
    assert text.index("Examples:") < text.index("--help ") < text.index("Exit codes: 0 done")
    assert text[text.index("Examples:") :].count("\n  madaline") >= 2


def test_help_names_every_command_and_its_purpose(call: Call) -> None:
    text = call("--help").stdout
    for name, purpose in COMMANDS.items():
        assert name in text
        assert purpose in text
        assert purpose in call(name, "--help").stdout


def test_help_imports_nothing_heavy(start: Start) -> None:
    code = (
        "import sys; from madaline.cli.main import madaline, run_guarded\n"
        "for line in (['--help'], ['fit', '--help'], ['predict', '--help'], ['-V'], ['fti']):\n"
        "    run_guarded(lambda: madaline._run(line), line)\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    result = start("-c", code)
    assert "LOADED []" in result.stdout, result.stderr


@pytest.mark.parametrize(
    ("typed", "meant"), [("fti", "fit"), ("predcit", "predict"), ("evalute", "evaluate")]
)
def test_a_mistyped_command_is_answered_with_the_one_meant(
    call: Call, typed: str, meant: str
) -> None:
    result = call(typed)
    assert result.exit_code == 2
    assert f"Did you mean {meant}?" in result.stderr
    assert result.stderr.startswith("madaline: error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("--epoch", "--epochs"), ("--lr", "--learning-rate"), ("--val", "--validation")],
)
def test_a_mistyped_or_foreign_option_is_answered_with_ours(
    call: Call, typed: str, meant: str
) -> None:
    result = call("fit", "a.csv", typed, "5")
    assert result.exit_code == 2
    assert meant in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_arguments_help_goes_to_stderr_as_wrong_usage(call: Call) -> None:
    result = call()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Examples:" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("a"), 2),
        (DataError("a"), 3),
        (FileError("a"), 6),
        (MemoryError(), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert run_guarded(failing(error), []) == code


def test_an_error_is_one_line_on_stderr_and_nothing_on_stdout(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    assert run_guarded(failing(DataError("Two\nlines.", "Mend them.")), []) == 3
    assert capsys.readouterr() == ("", "madaline: error: Two lines. Mend them.\n")


def test_with_json_an_error_is_one_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    run_guarded(failing(DataError("No rows.", "Add some.")), ["fit", "--json"])
    assert json.loads(capsys.readouterr().out) == {
        "schema": "madaline.error/1",
        "error": {
            "code": "data",
            "message": "No rows.",
            "hint": "Add some.",
            "settings": {},
            "column": None,
            "row": None,
        },
    }


def test_what_mends_an_error_is_told_as_options(capsys: pytest.CaptureFixture[str]) -> None:
    error = UsageError("No noise.", "Leave it out.", settings={"batch_size": "full"})
    run_guarded(failing(error), [])
    told = "madaline: error: No noise. Leave it out. (--batch-size full)\n"
    assert capsys.readouterr().err == told


def test_a_line_that_cannot_be_parsed_still_answers_in_json(call: Call) -> None:
    result = call("fit", "--json", "--epoch", "5")
    assert json.loads(result.stdout)["error"]["code"] == "usage"


def test_after_two_dashes_nothing_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    run_guarded(failing(DataError("a")), ["fit", "--", "--json"])
    assert capsys.readouterr().out == ""


def test_a_bug_asks_for_an_issue_and_leaves_a_traceback(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(here))
    assert run_guarded(failing(KeyError("x")), []) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "bug in Madaline" in shown
    assert "issue" in shown
    path = next(here.glob("madaline-bug-*.txt"))
    assert str(path) in shown
    assert "KeyError: 'x'" in path.read_text()
    assert "in failing" in path.read_text() or "in call" in path.read_text()


def test_only_debug_shows_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    run_guarded(failing(DataError("No rows.")), [])
    assert "Traceback" not in capsys.readouterr().err
    run_guarded(failing(DataError("No rows.")), ["fit", "--debug"])
    assert "Traceback" in capsys.readouterr().err


def test_an_error_of_the_system_is_a_file_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(failing(PermissionError(13, "Permission denied", "x.csv")), []) == 6
    assert "x.csv: Permission denied" in capsys.readouterr().err


def test_version_is_one_line(call: Call) -> None:
    result = call("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("madaline ")
    assert result.stdout.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX shells")
def test_a_reader_that_goes_away_ends_the_command_without_a_word(here: Path, start: Start) -> None:
    code = (
        "import sys; from madaline.cli.main import run_guarded\n"
        "def call():\n"
        "    while True: print('x' * 9999)\n"
        "sys.exit(run_guarded(call, []))"
    )
    line = f'({sys.executable} -c "$CODE"; echo $? > code) | head -1 > /dev/null'
    result = start(
        "-c",
        "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1], shell=True).returncode)",
        line,
        environment={"CODE": code},
    )
    assert result.stderr == ""
    assert (here / "code").read_text() == "141\n"


def test_an_exit_code_of_an_error_is_never_that_of_success() -> None:
    for kind in MadalineError.__subclasses__():
        assert kind.exit_code > 1
