"""The event log: strict lines, torn ends, full disks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from madaline.errors import FileError, UsageError
from madaline.events.kinds import VERSION
from madaline.store.events import LONGEST_LINE, EventLog, read_events

LIMITED = """
import pathlib, resource, sys
from madaline.events.kinds import VERSION
from madaline.store.events import EventLog
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000_000))
log = EventLog(pathlib.Path(sys.argv[1]))
for epoch in range(50):
    log.append("epoch", {"epoch": epoch, "text": "x" * 40})
print(log.trouble)
print(log.n_events)
print(pathlib.Path(sys.argv[1]).read_bytes()[-1:] == b"\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
log.append("end", {"why": "done"})
log.sync()
"""

FOLLOWED = """
import pathlib, sys
from madaline.events.kinds import VERSION
from madaline.store.events import EventLog
log = EventLog(pathlib.Path(sys.argv[1]))
for epoch in range(100_000):
    log.append("epoch", {"epoch": epoch})
"""


@pytest.fixture
def log(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    yield log
    log.close()


def strict_lines(path):
    def refuse(text):
        raise AssertionError(text)

    return [json.loads(line, parse_constant=refuse) for line in path.read_bytes().splitlines()]


def test_a_line_says_version_number_time_kind_and_fields(log):
    log.append("data", {"rows": np.int64(3)})
    log.append("epoch", {"train": np.float32(0.5), "validation": np.nan, "best": float("inf")})
    first, second = strict_lines(log.path)
    assert list(first) == ["v", "n", "t", "kind", "rows"]
    assert (first["v"], first["n"], first["kind"], first["rows"]) == (VERSION, 1, "data", 3)
    assert abs(first["t"] - time.time()) < 60
    assert second["n"] == 2
    assert (second["train"], second["validation"], second["best"]) == (0.5, None, None)
    assert list(read_events(log.path)) == [first, second]


def test_a_field_cannot_take_the_place_of_the_kind(log):
    with pytest.raises(UsageError, match="'kind'"):
        log.append("epoch", {"kind": "x"})


def test_no_log_has_no_events(tmp_path):
    assert list(read_events(tmp_path / "none.jsonl")) == []


@pytest.mark.parametrize(
    "torn", [b'{"v":1,"n":3,"ki', b"{", b"\0" * 4096, b"\0\0\0\n", b'{"v":1}\0', b"\xff\xfe\n\n"]
)
def test_a_torn_end_is_passed_over_and_cut_on_reopening(log, torn):
    log.append("note", {"text": "one"})
    log.append("note", {"text": "two"})
    log.close()
    whole = log.path.read_bytes()
    log.path.write_bytes(whole + torn)
    assert [event["text"] for event in read_events(log.path)] == ["one", "two"]
    again = EventLog(log.path)
    assert log.path.read_bytes() == whole
    again.append("note", {"text": "three"})
    again.close()
    assert [event["n"] for event in strict_lines(log.path)] == [1, 2, 3]


def test_every_truncation_leaves_the_whole_lines(log):
    for number in range(3):
        log.append("epoch", {"epoch": number})
    log.close()
    whole = log.path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(len(whole) + 1):
        log.path.write_bytes(whole[:length])
        again = EventLog(log.path)
        again.close()
        assert log.path.read_bytes() == whole[: max([0, *(end for end in ends if end <= length)])]
        assert again.n_events == log.path.read_bytes().count(b"\n")


def test_foreign_lines_in_the_middle_are_passed_over_and_kept(log):
    log.append("note", {})
    log.close()
    line = log.path.read_bytes()
    log.path.write_bytes(line + b'\n[1]\n"text"\nnonsense\n' + line)
    assert len(list(read_events(log.path))) == 2
    EventLog(log.path).close()
    assert log.path.read_bytes().endswith(b"nonsense\n" + line)


def test_a_line_without_an_end_is_passed_over_in_bounded_pieces(log):
    log.append("note", {})
    log.close()
    line = log.path.read_bytes()
    long = b'{"kind":"' + b"x" * 3 * LONGEST_LINE + b'"}\n'
    log.path.write_bytes(line + long + line + b"\n" * 300_000)
    assert len(list(read_events(log.path))) == 2
    again = EventLog(log.path)
    again.close()
    assert again.n_events == 3
    assert log.path.read_bytes() == line + long + line


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "events.jsonl")
    with pytest.raises(FileError, match="not a regular file"):
        list(read_events(tmp_path / "events.jsonl"))
    with pytest.raises(FileError, match="not a regular file"):
        EventLog(tmp_path / "events.jsonl")


def test_truncating_needs_no_space(log, monkeypatch):
    for number in range(3):
        log.append("epoch", {"epoch": number})
    monkeypatch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "")))
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "")))
    log.truncate(1)
    assert [event["epoch"] for event in read_events(log.path)] == [0]


def test_unknown_kinds_are_read(log):
    log.append("from the future", {"x": 1})
    assert [event["kind"] for event in read_events(log.path)] == ["from the future"]


def test_a_resumed_log_equals_the_unbroken_one(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1.0)
    unbroken, resumed = EventLog(tmp_path / "a"), EventLog(tmp_path / "b")
    for epoch in range(6):
        unbroken.append("epoch", {"epoch": epoch})
    for epoch in range(4):
        resumed.append("epoch", {"epoch": epoch})
    resumed.truncate(2)  # the checkpoint was saved after two events
    for epoch in range(2, 6):
        resumed.append("epoch", {"epoch": epoch})
    unbroken.close()
    resumed.close()
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_truncating_to_more_than_there_is_changes_nothing(log):
    log.append("note", {})
    log.truncate(5)
    assert log.n_events == 1
    log.truncate(0)
    assert log.path.read_bytes() == b""


def test_an_event_too_long_is_shortened_and_says_so(log):
    columns = [{"name": f"column {number}", "kind": "number"} for number in range(20_000)]
    log.append("data", {"rows": 9, "columns": columns, "why": "because"})
    log.append("note", {"text": "ä" * 100_000})
    log.append("deep", {"a": {str(number): ["x" * 90] * 90 for number in range(90)}})
    data, note, deep = strict_lines(log.path)
    assert all(len(line) <= LONGEST_LINE for line in log.path.read_bytes().splitlines(True))
    assert data["cut"] == {"columns": 20_000}
    assert (data["rows"], data["why"]) == (9, "because")
    assert len(data["columns"]) >= 500
    assert data["columns"] == columns[: len(data["columns"])]
    assert note["cut"] == {"text": 100_000}
    assert len(note["text"]) > 4000
    assert deep["kind"] == "deep"


def test_a_full_disk_loses_events_but_not_the_run(tmp_path):
    path = tmp_path / "events.jsonl"
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True
    )
    trouble, n_events, was_whole = result.stdout.splitlines()
    assert "events.jsonl cannot be written" in trouble
    assert "Training goes on" in trouble
    assert was_whole == "True"
    events = strict_lines(path)  # no torn line between
    assert len(events) == int(n_events) + 1 < 50
    assert [event["n"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["kind"] == "end"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_the_first_trouble_is_told_once(log, monkeypatch):
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(log, "_handle", full)
    log.append("note", {})
    first = log.trouble
    log.append("note", {})
    monkeypatch.undo()
    os.close(full)
    assert log.trouble == first
    log.append("note", {})
    assert [event["n"] for event in strict_lines(log.path)] == [1]


def test_a_log_that_cannot_be_opened_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="cannot be opened"):
        EventLog(tmp_path / "file" / "events.jsonl")


def test_killed_while_writing_the_log_goes_on(tmp_path):
    path = tmp_path / "events.jsonl"
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", FOLLOWED, str(path)])
        size = path.stat().st_size if path.exists() else 0
        deadline = time.monotonic() + 30
        while not path.exists() or path.stat().st_size <= size + 5000:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        assert all(event["kind"] == "epoch" for event in read_events(path))
        child.kill()
        child.wait()
    EventLog(path).close()
    numbers = [event["n"] for event in strict_lines(path)]
    assert numbers == list(range(1, len(numbers) + 1))
