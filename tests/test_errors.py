from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

import madaline
from madaline.errors import DataError, UsageError

SOURCES = Path(madaline.__file__).parent
COMMAND_LINE = re.compile(
    r"(^|[\s(:])--[a-z]|madaline (check|demo|evaluate|export|fit|info|predict|sweep)\b"
)
# A file that is shipped as it stands is a command of its own.
SHIPPED = SOURCES / "export" / "standalone.py"


def _texts(path: Path) -> list[str]:
    """All texts of a program but its docstrings, which describe."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = [node for node in nodes if isinstance(node, ast.Constant)]
    return [c.value for c in constants if isinstance(c.value, str) and id(c) not in docstrings]


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES.rglob("*.py") if "cli" not in path.parts and path != SHIPPED],
    ids=lambda path: path.relative_to(SOURCES).as_posix(),
)
def test_only_the_command_line_speaks_of_options_and_commands(path: Path) -> None:
    assert [text for text in _texts(path) if COMMAND_LINE.search(text)] == []


def test_what_mends_an_error_is_spelled_by_whoever_shows_it() -> None:
    error = UsageError("Too much.", "Use less.", settings={"dropout": 0.2, "epochs": None})
    assert str(error) == "Too much. Use less. (dropout=0.2)"
    error.spell = lambda settings: f"field {' and '.join(settings)}"
    assert str(error) == "Too much. Use less. (field dropout)"
    error.spell = lambda settings: ""
    assert str(error) == "Too much. Use less."


def test_an_error_survives_a_pickle() -> None:
    error = DataError("Wrong.", "Mend it.", settings={"l2": 1.0}, column="age", row=3)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert (again.column, again.row, again.settings) == ("age", 3, {"l2": 1.0})
