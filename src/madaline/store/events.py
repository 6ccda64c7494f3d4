"""The log of a run: one JSON line an event, which terminal, report and studio all read."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from madaline.errors import FileError, UsageError
from madaline.events.kinds import HEAD, VERSION
from madaline.events.record import JSON
from madaline.store.files import file_trouble, open_regular
from madaline.store.plain import plain

LONGEST_LINE = 64_000
"""Bytes of the longest line: what a reader that follows the file takes in at once."""

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

    def append(self, kind: str, fields: Mapping[str, object]) -> None:
        """Append one event; never fails for want of space.

        Raises:
            UsageError: A field has the name of one that every event has.
        """
        taken = sorted(set(HEAD) & set(fields))
        if taken:
            raise UsageError(f"An event cannot have a field named {taken[0]!r}.", "Rename it.")
        head = {"v": VERSION, "n": self.n_events + 1, "t": round(time.time(), 3), "kind": kind}
        line = event_line(head, {name: plain(value) for name, value in fields.items()})
        try:
            self._write(line)
        except OSError as error:
            if self.trouble is None:
                found = file_trouble(self.path, error, "written")
                self.trouble = f"{found} Training goes on; events are missing from the log."

    def truncate(self, n_events: int) -> None:
        """Keep only the first lines.

        Raises:
            FileError: The file cannot be cut; it is untouched.
        """
        if n_events >= self.n_events:
            return
        size = _measure(self.path, max(0, n_events))[0]
        try:
            os.ftruncate(self._handle, size)  # needs no space, and a kill leaves all or nothing
        except OSError as error:
            raise file_trouble(self.path, error, "written") from error
        self._size, self.n_events = size, max(0, n_events)

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
        # A link is refused, since the file that it leads to would be cut.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            self._handle = os.open(self.path, flags, 0o666)
        except OSError as error:
            raise file_trouble(self.path, error, "opened") from error
        try:
            self._size, self.n_events = _measure(self.path)
            self._cut()
        except FileError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise file_trouble(self.path, error, "opened") from error

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


def read_events(path: Path | str) -> Iterator[dict[str, JSON]]:
    """The events of a log, also of one that is being written; what is no event is passed over.

    A file that does not exist has no events.

    Raises:
        FileError: The file cannot be read.
    """
    for line in _lines(path):
        event = _event(line)
        if event is not None:
            yield event


def _measure(path: Path, n_lines: int | None = None) -> tuple[int, int]:
    """Bytes and lines up to the last event, or those of the first ``n_lines`` lines.

    What follows the last event is the torn end that a kill or a power cut leaves.
    """
    size = n = 0
    whole = (0, 0)
    for line in _lines(path):
        if n == n_lines:
            return size, n
        size += len(line)
        n += line.endswith(b"\n")
        if _event(line) is not None:
            whole = (size, n)
    return whole


def _lines(path: Path | str) -> Iterator[bytes]:
    """The lines of a log; one too long to be an event comes in pieces, so memory is bounded."""
    if not os.path.lexists(path):
        return
    stream, _ = open_regular(path, _LARGEST_LOG)
    try:
        with stream:
            yield from iter(lambda: stream.readline(LONGEST_LINE + 1), b"")
    except OSError as error:
        raise file_trouble(path, error, "read") from error


def event_line(head: Mapping[str, JSON], fields: Mapping[str, JSON]) -> bytes:
    r"""One line, shortened if it must be; then ``cut`` tells how long the fields were.

    >>> event_line({"v": 1, "n": 1, "t": 0.0, "kind": "note"}, {"text": "hello"})
    b'{"v":1,"n":1,"t":0.0,"kind":"note","text":"hello"}\n'
    """
    line = _line({**head, **fields})
    for longest in (8192 >> halvings for halvings in range(15)):  # down to 1 and 0
        if len(line) <= LONGEST_LINE:
            break
        lengths = {k: len(v) for k, v in fields.items() if isinstance(v, list | str)}
        cut = {name: length for name, length in lengths.items() if length > longest}
        short = {name: _shorten(value, longest) for name, value in fields.items()}
        line = _line({**head, **short, "cut": cut} if longest else {**head, "cut": {}})
    return line


def _line(event: Mapping[str, JSON]) -> bytes:
    return json.dumps(event, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def _shorten(value: JSON, longest: int) -> JSON:
    """Only the first items of lists, letters of texts and entries of dictionaries."""
    if isinstance(value, str):
        return value[:longest]
    if isinstance(value, list):
        return [_shorten(item, longest) for item in value[:longest]]
    if isinstance(value, dict):
        entries = list(value.items())[:longest]
        return {name[:longest]: _shorten(item, longest) for name, item in entries}
    return value


def _event(line: bytes) -> dict[str, JSON] | None:
    """The event of a line, or None for a torn or foreign one."""
    if not line.endswith(b"\n") or len(line) > LONGEST_LINE:
        return None
    try:
        event: JSON = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if isinstance(event, dict) and isinstance(event.get("kind"), str):
        return event
    return None
