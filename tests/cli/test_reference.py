from __future__ import annotations

import re
from pathlib import Path

import pytest

from madaline.cli.main import COMMANDS
from madaline.cli.reference import settings_markdown
from madaline.errors import MadalineError

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


@pytest.fixture(scope="module")
def text() -> str:
    return DOCS.read_text(encoding="utf-8")


def test_the_documented_settings_are_those_of_the_table(text: str) -> None:
    start = text.index("### Data: section")
    end = text.index("\n## ", start)
    assert text[start:end].strip() == settings_markdown().strip(), (
        "Paste what madaline.cli.reference.settings_markdown() returns."
    )


def test_every_command_is_documented(text: str) -> None:
    assert re.findall(r"^## `madaline (\w+)", text, re.M) == list(COMMANDS)


def test_every_exit_code_is_documented(text: str) -> None:
    documented = set(map(int, re.findall(r"^\| (\d+) \|", text, re.M)))
    assert documented == {0, 129, 141, 143} | {kind.exit_code for kind in _kinds(MadalineError)}


def _kinds(kind: type[MadalineError]) -> list[type[MadalineError]]:
    below = [found for child in kind.__subclasses__() for found in _kinds(child)]
    return [kind, *(found for found in below if found.__module__ == "madaline.errors")]
