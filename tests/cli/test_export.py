from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from madaline.data.files.read import read_table
from madaline.store.bundle import load_model

Call = Callable[..., Result]
Start = Callable[..., subprocess.CompletedProcess[str]]
ROWS = "age,job,sick\n39,clerk,yes\n25,nurse,no\n61,clerk,no\nNA,baker,yes\n"


@pytest.fixture
def rows(here: Path) -> Path:
    path = here / "people.csv"
    path.write_text(ROWS)
    return path


@pytest.fixture
def sick(rows: Path, make_model: Callable[..., Path]) -> Path:
    """A run folder with a model."""
    folder = rows.with_name("runs") / "sick"
    folder.mkdir(parents=True)
    make_model(folder / "model.madaline", read_table(rows), "sick")
    return folder


def test_an_onnx_file_lies_beside_the_run_and_answers_like_predict(
    call: Call, sick: Path, rows: Path
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    result = call("export", str(sick), "--to", "onnx")
    assert (result.exit_code, result.stderr) == (0, "")
    path = sick.with_name("sick.onnx")
    assert str(path) in result.stdout
    table = read_table(rows)
    feed = {
        "age": table["age"].values.reshape(-1, 1),
        "job": np.array(table["job"].texts(), object).reshape(-1, 1),
    }
    labels, p = onnxruntime.InferenceSession(path).run(None, feed)
    model = load_model(sick)
    assert labels.tolist() == model.predict(table).tolist()
    assert np.allclose(p, model.predict_proba(table), atol=1e-5)


def test_a_numpy_folder_lies_beside_the_run_and_answers_like_predict(
    call: Call, sick: Path, rows: Path
) -> None:
    assert call("export", str(sick), "--to", "numpy").exit_code == 0
    program = sick.with_name("sick-numpy") / "predict.py"
    answer = subprocess.run(
        [sys.executable, "-I", str(program), str(rows), "--proba"],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    expected = call("predict", str(sick), str(rows), "--proba").stdout
    for found, wanted in zip(answer.splitlines(), expected.splitlines(), strict=True):
        assert found.split(",")[0] == wanted.split(",")[0]
    assert answer.splitlines()[0] == expected.splitlines()[0]


@pytest.mark.parametrize(("form", "name"), [("onnx", "a.onnx"), ("numpy", "folder")])
def test_the_output_may_be_named_and_json_tells_it(
    call: Call, sick: Path, form: str, name: str
) -> None:
    result = call("export", str(sick), "--to", form, "-o", name, "--json")
    found = json.loads(result.stdout)
    assert found["schema"] == "madaline.export/1"
    assert (found["to"], found["output"]) == (form, name)
    assert found["bytes"] > 1000
    assert Path(name).exists()
    assert (result.stderr, result.exit_code) == ("", 0)


def test_an_earlier_export_is_replaced(call: Call, sick: Path) -> None:
    for form in ("onnx", "numpy"):
        for _ in range(2):
            assert call("export", str(sick), "--to", form).exit_code == 0


def test_a_folder_of_someone_else_is_left_as_it_is(call: Call, sick: Path) -> None:
    result = call("export", str(sick), "--to", "numpy", "-o", str(sick))
    assert result.exit_code == 6
    assert "model.madaline" in result.stderr
    assert (sick / "model.madaline").is_file()


@pytest.mark.parametrize("name", ["people.csv", "model", ""])
def test_an_onnx_file_is_not_written_over_another_kind_of_file(
    call: Call, sick: Path, rows: Path, name: str
) -> None:
    result = call("export", str(sick), "--to", "onnx", "-o", name)
    assert result.exit_code == 2
    assert ".onnx" in result.stderr
    assert rows.read_text() == ROWS


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("--to", "onnx"), 6),
        (("--to", "numpy", "-o", ""), 2),
        (("--to", "java"), 2),
        ((), 2),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    call: Call, here: Path, arguments: tuple[str, ...], exit_code: int
) -> None:
    result = call("export", "runs/none", *arguments)
    assert result.exit_code == exit_code
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_without_the_library_the_extra_is_named(
    call: Call, sick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = call("export", str(sick), "--to", "onnx")
    assert result.exit_code == 2
    assert 'pip install "madaline[onnx]"' in result.stderr


def test_exporting_needs_no_jax(start: Start, sick: Path) -> None:
    code = (
        "import sys; sys.modules['jax'] = None\n"
        "from madaline.cli.main import madaline\n"
        f"madaline.main(['export', {str(sick)!r}, '--to', sys.argv[1]])"
    )
    for form in ("numpy", "onnx"):
        result = start("-c", code, form)
        assert result.returncode == 0, result.stderr
