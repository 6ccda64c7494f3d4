"""The words of a check: what it found in, plain lines of at most 80 columns out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from madaline.events.alert import LEVELS, Alert
from madaline.report.words.layout import bullet, count, entry
from madaline.report.words.text import LABELS, describe_action, describe_data

if TYPE_CHECKING:
    from madaline.checkup.checkup import Checkup

MOST_NOTES = 8
MOST_ROWS = 8


def describe_checkup(found: Checkup) -> list[str]:
    """What was read, then the findings, the gravest first."""
    notes = [finding for finding in found.findings if finding.level == "note"]
    grave = [finding for finding in found.findings if finding.level != "note"]
    # What is missing is told by a finding, with its rows.
    columns = tuple(replace(column, missing=0) for column in found.data.columns)
    lines = describe_data(replace(found.data, columns=columns))
    for finding in [*grave, *notes[:MOST_NOTES]]:
        lines += ["", *describe_finding(finding, found.data.source)]
    if len(notes) > MOST_NOTES:
        lines += [
            "",
            *entry("Note", f"{count(len(notes) - MOST_NOTES, 'further note')}, see JSON."),
        ]
    lines.append("")
    for remark in found.remarks:
        lines += entry("Looked", remark)
    return lines + entry("Result", _result(found))


def describe_finding(finding: Alert, source: str = "") -> list[str]:
    r"""Evidence, rows and advice of one finding.

    Args:
        finding: What was found.
        source: The table that rows are of, unless the finding names another one.

    >>> print("\n".join(describe_finding(Alert("warn", "mixed", "'age' holds 'old'.",
    ...     action="Write a number.", rows=(3, 9)))))
    Warning   'age' holds 'old'.
              - Rows 3 and 9.
              - Write a number.
    """
    lines = entry(LABELS[finding.level], finding.text)
    for sentence in finding.evidence:
        lines += bullet(sentence)
    if finding.rows:
        elsewhere = finding.source and finding.source != source
        lines += bullet(f"{_rows(finding.rows)}{f' of {finding.source}' if elsewhere else ''}.")
    action = describe_action(finding)
    return lines + (bullet(action) if action else [])


def _rows(rows: Sequence[int]) -> str:
    """The first few numbers; as they are, so that they can be looked up."""
    if len(rows) == 1:
        return f"Row {rows[0]}"
    if len(rows) > MOST_ROWS:
        first = ", ".join(map(str, rows[: MOST_ROWS - 1]))
        return f"Rows {first} and {len(rows) - MOST_ROWS + 1:,} more"
    return f"Rows {', '.join(map(str, rows[:-1]))} and {rows[-1]}"


def _result(found: Checkup) -> str:
    nouns = {"error": "error", "warn": "warning", "note": "note"}
    counts = {level: found.count(level) for level in LEVELS}
    shown = [count(n, nouns[level]) for level, n in counts.items() if n]
    return ", ".join(shown) if shown else "nothing to mend"
