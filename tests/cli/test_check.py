from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]
Start = Callable[..., subprocess.CompletedProcess[str]]


def rows(n: int, leak: bool = False) -> str:
    lines = ["a,b,sick" + (",code" if leak else "")]
    for i in range(n):
        a, b = (7919 * i) % 1009, (104729 * i) % 997
        label = "yes" if a + b > 1000 else "no"
        lines.append(f"{a},{b},{label}" + (f",{1 if label == 'yes' else 0}" if leak else ""))
    return "\n".join(lines) + "\n"


@pytest.fixture
def people(here: Path) -> Path:
    path = here / "people.csv"
    path.write_text(rows(200))
    return path


@pytest.fixture
def leaky(here: Path) -> Path:
    path = here / "leaky.csv"
    path.write_text(rows(200, leak=True))
    return path


def test_findings_are_no_failure(call: Call, leaky: Path) -> None:
    result = call("check", str(leaky), "-t", "sick")
    assert result.exit_code == 0
    assert "Error     Column 'code' repeats the target 'sick'" in result.stdout
    assert "--drop code" in result.stdout
    assert "1 error" in result.stdout
    assert result.stderr == ""


def test_fail_on_ends_with_code_5(call: Call, leaky: Path, people: Path) -> None:
    result = call("check", str(leaky), "-t", "sick", "--fail-on", "error")
    assert result.exit_code == 5
    assert "repeats_target" in result.stderr
    assert call("check", str(people), "-t", "sick", "--fail-on", "warn").exit_code == 0


def test_the_advice_helps(call: Call, leaky: Path) -> None:
    result = call("check", str(leaky), "-t", "sick", "--drop", "code", "--fail-on", "warn")
    assert result.exit_code == 0


def test_json_is_one_object_with_all_rows(call: Call, here: Path) -> None:
    (here / "twice.csv").write_text(rows(200) + "".join(rows(30).splitlines(True)[1:]))
    result = call("check", "twice.csv", "-t", "sick", "--json")
    found = json.loads(result.stdout)
    assert found["schema"] == "madaline.check/1"
    assert found["split"]["train"] == 196  # of which each network holds out 23, as in a fit
    (copies,) = [f for f in found["findings"] if f["code"] == "duplicates"]
    assert copies["rows"] == list(range(201, 231))
    assert result.stderr == ""


def test_json_holds_findings_and_the_error_of_fail_on(call: Call, leaky: Path) -> None:
    result = call("check", str(leaky), "-t", "sick", "--fail-on", "warn", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 5
    assert found["error"]["code"] == "threshold"
    assert found["findings"]


def test_quiet_says_nothing(call: Call, leaky: Path) -> None:
    result = call("check", str(leaky), "-t", "sick", "-q")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 0)


def test_a_test_file_is_looked_at(call: Call, people: Path) -> None:
    people.with_name("new.csv").write_text(rows(60))
    result = call("check", str(people), "-t", "sick", "--test", "new.csv", "--json")
    codes = {f["code"]: f for f in json.loads(result.stdout)["findings"]}
    assert codes["duplicates_across_split"]["source"] == "new.csv"
    assert codes["duplicates_across_split"]["level"] == "error"


def test_settings_come_from_the_same_places_as_for_fit(call: Call, people: Path) -> None:
    Path("madaline.toml").write_text("seed = 5\n[data]\ntarget = 'sick'\ntest = 0.3")
    found = json.loads(call("check", str(people), "--json").stdout)
    assert (found["seed"], found["split"]["test"]) == (5, 60)


def test_a_table_without_use_is_code_3_and_no_target_code_2(call: Call, people: Path) -> None:
    assert call("check", str(people), "-t", "sik").exit_code == 3
    assert "'sick'" in call("check", str(people), "-t", "sik").stderr
    result = call("check", str(people))
    assert result.exit_code == 2
    assert "--target" in result.stderr
    assert call("check", "absent.csv", "-t", "sick").exit_code == 6


def test_rows_may_come_from_stdin(call: Call, here: Path) -> None:
    result = call("check", "-", "-t", "sick", stdin=rows(50))
    assert result.exit_code == 0
    assert "50 rows" in result.stdout


def test_it_runs_without_jax(start: Start, people: Path) -> None:
    code = (
        "import sys; sys.modules['jax'] = None; sys.modules['optax'] = None\n"
        "from madaline.cli.main import madaline\n"
        f"madaline.main(['check', {str(people)!r}, '-t', 'sick'])"
    )
    result = start("-c", code)
    assert result.returncode == 0, result.stderr
    assert "Result" in result.stdout
