"""The log of a run: one JSON line an event, which terminal, report and studio all read."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from madaline.errors import FileError, UsageError
from madaline.store.files import file_trouble, read_bytes, write_bytes
from madaline.store.plain import plain

VERSION = 1
LONGEST_LINE = 64_000
"""Bytes of the longest line: what a reader that follows the file takes in at once."""

_HEAD = ("v", "n", "t", "kind")
_LARGEST_LOG = 4_000_000_000


class EventLog:
    """An event log open for appending; one writer at a time.

    A line that a kill has torn is cut off when the log is opened. When the disk is full, events are
    lost but training goes on: ``trouble`` says so once.

    Attributes:
        n_events: Lines in the file.
        trouble: None, or one sentence about the first event that could not be written.

    Raises:
        FileError: The file cannot be opened.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> log = EventLog(Path(folder.name) / "events.jsonl")
    >>> log.append("epoch", {"epoch": 1, "train": float("nan")})
    >>> log.close()
    >>> [event["train"] for event in read_events(log.path)]
    [None]
    >>> folder.cleanup()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble: str | None = None
        self._open()

    def append(self, kind: str, fields: dict[str, Any]) -> None:
        """Append one event; never fails for want of space.

        Raises:
            UsageError: A field has the name of one that every event has.
        """
        taken = sorted(set(_HEAD) & set(fields))
        if taken:
            raise UsageError(f"An event cannot have a field named {taken[0]!r}.", "Rename it.")
        head = {"v": VERSION, "n": self.n_events + 1, "t": round(time.time(), 3), "kind": kind}
        line = event_line(head, plain(fields))
        try:
            self._write(line)
        except OSError as error:
            if self.trouble is None:
                found = file_trouble(self.path, error, "written")
                self.trouble = f"{found} Training goes on; events are missing from the log."

    def truncate(self, n_events: int) -> None:
        """Keep only the first lines.

        Raises:
            FileError: The file cannot be rewritten; it is untouched.
        """
        if n_events >= self.n_events:
            return
        lines = read_bytes(self.path, _LARGEST_LOG).splitlines(keepends=True)
        kept = b"".join(lines[: max(0, n_events)])
        self.close()  # Windows does not replace an open file
        try:
            write_bytes(self.path, kept)
        finally:
            self._open()

    def sync(self) -> None:
        """Bring the log to the disk: a checkpoint counts on the events before it."""
        try:
            os.fsync(self._handle)
        except OSError as error:
            self.trouble = self.trouble or str(file_trouble(self.path, error, "written"))

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        try:
            self._handle = os.open(self.path, flags, 0o666)
        except OSError as error:
            raise file_trouble(self.path, error, "opened") from error
        try:
            content = read_bytes(self.path, _LARGEST_LOG)
            whole = whole_lines(content)
            if len(whole) < len(content):
                os.ftruncate(self._handle, len(whole))
        except OSError as error:
            self.close()
            raise FileError(f"The log {self.path} cannot be opened: {error}") from error
        self._size = len(whole)
        self.n_events = whole.count(b"\n")

    def _write(self, line: bytes) -> None:
        """The whole line or nothing of it."""
        if self.trouble is not None:
            self._cut()  # what an earlier failure may have left behind
        try:
            written = os.write(self._handle, line)
            while written < len(line):  # a nearly full disk takes a part; the next call says why
                written += os.write(self._handle, line[written:])
        except OSError:
            self._cut()
            raise
        self._size += len(line)
        self.n_events += 1

    def _cut(self) -> None:
        os.ftruncate(self._handle, self._size)


def read_events(path: Path | str) -> Iterator[dict[str, Any]]:
    """The events of a log, also of one that is being written; what is no event is passed over.

    A file that does not exist has no events.

    Raises:
        FileError: The file cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            for line in stream:
                event = _event(line)
                if event is not None:
                    yield event
    except FileNotFoundError:
        return
    except OSError as error:
        raise file_trouble(path, error, "read") from error


def whole_lines(content: bytes) -> bytes:
    r"""A log without the torn end that a kill or a power cut leaves.

    >>> whole_lines(b'{"n":1}\n{"n":2}\n{"n"')
    b'{"n":1}\n{"n":2}\n'
    """
    content = content[: content.rfind(b"\n") + 1]
    while content:
        start = content.rfind(b"\n", 0, len(content) - 1) + 1
        if _event(content[start:]) is not None:
            break
        content = content[:start]
    return content


def event_line(head: dict[str, Any], fields: dict[str, Any]) -> bytes:
    r"""One line, shortened if it must be; then ``cut`` tells how long the fields were.

    >>> event_line({"v": 1, "n": 1, "t": 0.0, "kind": "note"}, {"text": "hello"})
    b'{"v":1,"n":1,"t":0.0,"kind":"note","text":"hello"}\n'
    """
    line = _line({**head, **fields})
    for longest in (8192 >> halvings for halvings in range(15)):  # down to 1 and 0
        if len(line) <= LONGEST_LINE:
            break
        cut = {
            name: len(cast("list[Any] | str", value))
            for name, value in fields.items()
            if isinstance(value, list | str) and len(cast("list[Any] | str", value)) > longest
        }
        short = {name: _shorten(value, longest) for name, value in fields.items()}
        line = _line({**head, **short, "cut": cut} if longest else {**head, "cut": {}})
    return line


def _line(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def _shorten(value: Any, longest: int) -> Any:
    """Only the first items of lists, letters of texts and entries of dictionaries."""
    if isinstance(value, str):
        return value[:longest]
    if isinstance(value, list):
        return [_shorten(item, longest) for item in cast("list[Any]", value)[:longest]]
    if isinstance(value, dict):
        entries = list(cast("dict[str, Any]", value).items())[:longest]
        return {name[:longest]: _shorten(item, longest) for name, item in entries}
    return value


def _event(line: bytes) -> dict[str, Any] | None:
    """The event of a line, or None for a torn or foreign one."""
    if not line.endswith(b"\n"):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", event) if isinstance(event, dict) else None
