from __future__ import annotations

from madaline.report.words.findings import MOST_NOTES, describe_checkup, describe_finding


def a_finding(severity: str = "warn", **fields):
    return {"severity": severity, "text": "It is so.", "fix": "Do this."} | fields


def test_rows_of_another_file_name_it():
    finding = a_finding(rows=[3], source="test.csv")
    assert "          - Row 3 of test.csv." in describe_finding(finding, "train.csv")
    assert "          - Row 3." in describe_finding(finding, "test.csv")


def test_many_rows_are_told_by_the_first_and_their_number():
    (line,) = [
        text for text in describe_finding(a_finding(rows=list(range(1, 2001)))) if "Row" in text
    ]
    assert line.strip() == "- Rows 1, 2, 3, 4, 5, 6, 7 and 1,993 more."


def test_all_warnings_are_shown_and_the_first_notes():
    findings = [a_finding(text=f"Warned {i}.") for i in range(30)]
    findings += [a_finding("note", text=f"Noted {i}.") for i in range(20)]
    text = "\n".join(describe_checkup({"findings": findings, "counts": {"warn": 30, "note": 20}}))
    assert all(f"Warned {i}." in text for i in range(30))
    assert text.count("Noted") == MOST_NOTES
    assert "12 further notes" in text
    assert "30 warnings, 20 notes" in text


def test_lines_fit_the_screen_and_nothing_found_is_said():
    long = a_finding(text="word " * 100, rows=list(range(10**6, 10**6 + 9)))
    assert max(map(len, describe_checkup({"findings": [long]}))) <= 80
    assert describe_checkup({"source": "a.csv"})[-1] == "Result    nothing to mend"
