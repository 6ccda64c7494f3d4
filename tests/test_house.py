"""Bars that the whole house holds: they may fall, and only with a reason rise."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import madaline

HOUSE = Path(madaline.__file__).parent
FILES = sorted(HOUSE.rglob("*.py"))
MOST_ANY = 10.0
"""Uses of ``Any`` a 1,000 lines, imports left out."""
MOST_SUPPRESSIONS = 12
MOST_LOOSE = 6
"""Modules beside the rooms: errors, version and the like."""

SUPPRESSION = re.compile(r"# *(noqa|type: ignore|pyright: ignore|pragma: no cover)")


def uses_of_any(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return sum(
        token.type == tokenize.NAME
        and token.string == "Any"
        and not token.line.lstrip().startswith(("from ", "import "))
        for token in tokens
    )


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_what_passes_between_rooms_has_a_type():
    n_lines = sum(len(lines_of(path)) for path in FILES)
    assert 1000 * sum(map(uses_of_any, FILES)) / n_lines <= MOST_ANY


def test_the_report_reads_records_and_no_dictionaries():
    words = (HOUSE / "report").rglob("*.py")
    found = [
        f"{path.name}: {line}" for path in words for line in lines_of(path) if '.get("' in line
    ]
    assert found == []


def test_modules_stand_in_rooms():
    loose = sorted(path.name for path in HOUSE.glob("*.py"))
    assert len(loose) <= MOST_LOOSE, loose


def test_checkers_are_seldom_told_to_look_away():
    found = [
        f"{path.relative_to(HOUSE)}:{number}"
        for path in FILES
        for number, line in enumerate(lines_of(path), 1)
        if SUPPRESSION.search(line)
    ]
    assert len(found) <= MOST_SUPPRESSIONS, found
