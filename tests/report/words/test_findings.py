from __future__ import annotations

from madaline.checkup.checkup import Checkup
from madaline.events.alert import Alert
from madaline.events.data import ColumnSeen, Data, Split
from madaline.report.words.findings import MOST_NOTES, describe_checkup, describe_finding

DATA = Data(
    source="pets.csv", rows=9, columns=(ColumnSeen("age", "number", 3),), target=("pet",),
    task="binary", why="", split=Split(9),
)  # fmt: skip


def a_finding(level: str = "warn", **fields) -> Alert:
    return Alert(level, "so", **({"text": "It is so.", "action": "Do this."} | fields))


def described(*findings: Alert, remarks: tuple[str, ...] = ()) -> list[str]:
    return describe_checkup(Checkup(DATA, findings, remarks))


def test_findings_have_evidence_rows_and_advice():
    finding = a_finding(rows=(3, 9), evidence=("It is 9.",), settings={"drop": ("age",)})
    assert described(finding, remarks=("No label looks wrong.",))[-7:] == [
        "Warning   It is so.",
        "          - It is 9.",
        "          - Rows 3 and 9.",
        "          - Do this. (--drop age)",
        "",
        "Looked    No label looks wrong.",
        "Result    1 warning",
    ]


def test_what_is_missing_is_told_by_a_finding_alone():
    assert not any(line.startswith("Missing") for line in described())


def test_rows_of_another_file_name_it():
    finding = a_finding(rows=(3,), source="test.csv")
    assert "          - Row 3 of test.csv." in describe_finding(finding, "train.csv")
    assert "          - Row 3." in describe_finding(finding, "test.csv")


def test_many_rows_are_told_by_the_first_and_their_number():
    (line,) = [
        text for text in describe_finding(a_finding(rows=tuple(range(1, 2001)))) if "Row" in text
    ]
    assert line.strip() == "- Rows 1, 2, 3, 4, 5, 6, 7 and 1,993 more."


def test_all_warnings_are_shown_and_the_first_notes():
    findings = [a_finding(text=f"Warned {i}.") for i in range(30)]
    findings += [a_finding("note", text=f"Noted {i}.") for i in range(20)]
    text = "\n".join(described(*findings))
    assert all(f"Warned {i}." in text for i in range(30))
    assert text.count("Noted") == MOST_NOTES
    assert "12 further notes" in text
    assert "30 warnings, 20 notes" in text


def test_lines_fit_the_screen_and_nothing_found_is_said():
    long = a_finding(text="word " * 100, rows=tuple(range(10**6, 10**6 + 9)))
    assert max(map(len, described(long))) <= 80
    assert described()[-1] == "Result    nothing to mend"
