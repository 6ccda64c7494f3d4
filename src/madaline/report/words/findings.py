"""The words of a check: its JSON document in, plain lines of at most 80 columns out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from madaline.errors import advice
from madaline.report.words.layout import bullet, count, entry
from madaline.report.words.options import as_options
from madaline.report.words.text import describe_data

LABELS = {"error": "Error", "warn": "Warning", "note": "Note"}
MOST_NOTES = 8
MOST_ROWS = 8


def describe_checkup(document: Mapping[str, Any]) -> list[str]:
    r"""What was read, then the findings, the gravest first.

    >>> finding = {"code": "mixed", "severity": "warn", "text": "'age' holds 'old'.",
    ...     "fix": "Write a number.", "rows": [3, 9], "n_rows": 2}
    >>> print("\n".join(describe_checkup({"source": "pets.csv", "rows": 9, "target": ["pet"],
    ...     "columns": [], "findings": [finding], "counts": {"error": 0, "warn": 1, "note": 0},
    ...     "remarks": ["No label looks wrong."]})))
    Data      pets.csv: 9 rows, 0 columns and the target
    Target    pet
    <BLANKLINE>
    Warning   'age' holds 'old'.
              - Rows 3 and 9.
              - Write a number.
    <BLANKLINE>
    Looked    No label looks wrong.
    Result    1 warning
    """
    findings: Sequence[Mapping[str, Any]] = document.get("findings") or ()
    notes = [finding for finding in findings if finding.get("severity") == "note"]
    shown = [finding for finding in findings if finding.get("severity") != "note"]
    # What is missing is told by a finding, with its rows.
    columns = [{**column, "missing": 0} for column in document.get("columns") or ()]
    lines = describe_data({**document, "columns": columns})
    for finding in [*shown, *notes[:MOST_NOTES]]:
        lines += ["", *describe_finding(finding, str(document.get("source") or ""))]
    if len(notes) > MOST_NOTES:
        lines += [
            "",
            *entry("Note", f"{count(len(notes) - MOST_NOTES, 'further note')}, see JSON."),
        ]
    lines.append("")
    for remark in document.get("remarks") or ():
        lines += entry("Looked", str(remark))
    return lines + entry("Result", _result(document.get("counts") or {}))


def describe_finding(finding: Mapping[str, Any], source: str = "") -> list[str]:
    """Evidence, rows and advice of one finding.

    Args:
        finding: As in the document.
        source: The table that rows are of, unless the finding names another one.
    """
    lines = entry(LABELS.get(str(finding.get("severity")), "Note"), str(finding.get("text") or ""))
    rows = finding.get("rows") or []
    if rows:
        where = str(finding.get("source") or "")
        lines += bullet(f"{_rows(rows)}{f' of {where}' if where and where != source else ''}.")
    action = advice(finding.get("fix") or "", finding.get("settings") or {}, as_options)
    return lines + (bullet(action) if action else [])


def _rows(rows: Sequence[int]) -> str:
    """The first few numbers; as they are, so that they can be looked up."""
    if len(rows) == 1:
        return f"Row {rows[0]}"
    if len(rows) > MOST_ROWS:
        first = ", ".join(map(str, rows[: MOST_ROWS - 1]))
        return f"Rows {first} and {len(rows) - MOST_ROWS + 1:,} more"
    return f"Rows {', '.join(map(str, rows[:-1]))} and {rows[-1]}"


def _result(counts: Mapping[str, int]) -> str:
    nouns = {"error": "error", "warn": "warning", "note": "note"}
    found = [count(counts[name], noun) for name, noun in nouns.items() if counts.get(name)]
    return ", ".join(found) if found else "nothing to mend"
