"""What goes to stdout and what to stderr: results, notes, JSON and errors."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TextIO

from madaline.errors import MadalineError
from madaline.events.record import JSON
from madaline.store.plain import plain

# The labels of the report, which are set bold on a terminal.
LABEL = re.compile(
    "^(Data|Target|Task|Missing|Split|Note|Network|Size|Training|Loss|Trained|Verdict|Remark|Next"
    "|Saved|Trials|Search|Model|Columns|Layers|Made|Versions|Error|Warning|Looked|Result)(?=  )"
)
Mode = Literal["text", "json", "events", "quiet"]


@dataclass(frozen=True, slots=True)
class Output:
    """How a command speaks.

    Attributes:
        mode: ``text`` for people; ``json``: one object; ``events``: one JSON line an event;
            ``quiet``: errors only.
        verbose: Say also where the settings come from.
    """

    mode: Mode = "text"
    verbose: bool = False

    def result(self, lines: Iterable[str]) -> None:
        """A part of the result, for people: stdout, in text mode only."""
        if self.mode == "text":
            coloured = colour_wanted(sys.stdout, os.environ)
            bold = "\x1b[1m\\1\x1b[0m" if coloured else "\\1"
            shown = [LABEL.sub(bold, line) for line in lines]
            print("\n".join(shown), flush=True)

    def note(self, text: str) -> None:
        """Anything that is not the result: stderr, in text mode only."""
        if self.mode == "text":
            print(text, file=sys.stderr, flush=True)

    def document(self, schema: str, content: Mapping[str, object]) -> None:
        """The result for programs: stdout, in JSON mode only."""
        if self.mode == "json":
            print_document(schema, content)


class Reported(Exception):  # noqa: N818  (an ending that was told, not a kind of error)
    """An error that the result's own JSON document already holds; only its exit code is left."""

    def __init__(self, error: MadalineError) -> None:
        super().__init__(str(error))
        self.error = error


def print_document(schema: str, content: Mapping[str, object]) -> None:
    """Print one JSON object that names its schema and version."""
    print(json_text({"schema": f"madaline.{schema}/1", **content}), flush=True)


def json_text(value: object) -> str:
    """One line of JSON; numbers that JSON does not know (NaN, infinity) become null.

    >>> json_text({"loss": float("nan"), "rows": (1, 2)})
    '{"loss": null, "rows": [1, 2]}'
    """
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def error_document(error: MadalineError) -> dict[str, JSON]:
    """The ``error`` object of a JSON answer.

    >>> from madaline.errors import DataError
    >>> error_document(DataError("No rows.", "Add some."))
    {'code': 'data', 'message': 'No rows.', 'hint': 'Add some.', 'settings': {}, 'column': None,
     'row': None}
    """
    return {
        "code": error.kind,
        "message": error.what,
        "hint": error.fix,
        "settings": error.settings,
        "column": error.column,
        "row": error.row,
    }


def print_error(message: str) -> None:
    """One line on stderr, with the program's name in front."""
    label = "madaline: error:"
    if colour_wanted(sys.stderr, os.environ):
        label = f"\x1b[1;31m{label}\x1b[0m"
    print(f"{label} {' '.join(message.split())}", file=sys.stderr, flush=True)


def colour_wanted(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """NO_COLOR forbids, FORCE_COLOR demands, otherwise a terminal that can do it decides."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return environment["FORCE_COLOR"] != "0"
    return stream.isatty() and environment.get("TERM") != "dumb"


def live_wanted(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether a line may be redrawn in place: a terminal that can do it, and no build server."""
    return (
        stream.isatty()
        and environment.get("TERM") != "dumb"
        and environment.get("CI", "").lower() in ("", "0", "false")
    )
