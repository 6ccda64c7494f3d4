"""Every kind of error a person can see: what happened, what was expected, how to fix it.

Raised anywhere, caught once (by the command line, which prints the one line and leaves with
``exit_code``). Each class is also the built-in error that Python programmers would catch.

An error speaks of things that every face has: rows, columns, settings. Whoever shows it spells the
settings that would mend it: as options, as parameters, as fields of a form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

# How a face writes settings, such as ``--dropout 0.2``; what it has no word for, it leaves out.
Spell = Callable[[Mapping[str, Any]], str]


def as_arguments(settings: Mapping[str, Any]) -> str:
    """Settings as arguments of `madaline.settings.table.Settings`.

    >>> as_arguments({"optimizer": "adam", "batch_size": 32})
    "optimizer='adam', batch_size=32"
    """
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())


class MadalineError(Exception):
    """Base of all errors that Madaline raises on purpose.

    Args:
        what: What happened, with the value, as one sentence.
        fix: What to do about it, as one sentence; empty if ``what`` says it.
        settings: The settings it is about, each with a value that would mend it; None where it
            proposes none.
        column: The column it is about, where it is about one.
        row: The row of the table, from 1, the header not counted.

    Attributes:
        spell: How `str` writes the settings that would mend it; the face that shows it decides.

    >>> str(DataError("Line 3 of bad.csv has 1 cells; the header has 2.", "Add the missing cell."))
    'Line 3 of bad.csv has 1 cells; the header has 2. Add the missing cell.'
    >>> str(UsageError("L-BFGS has no batches.", "Use all rows.", settings={"batch_size": "full"}))
    "L-BFGS has no batches. Use all rows. (batch_size='full')"
    """

    exit_code = 1
    kind = "bug"

    def __init__(
        self,
        what: str,
        fix: str = "",
        *,
        settings: Mapping[str, Any] | None = None,
        column: str | None = None,
        row: int | None = None,
    ) -> None:
        super().__init__(f"{what} {fix}".strip())
        self.what = what
        self.fix = fix
        self.settings = dict(settings or {})
        self.column = column
        self.row = row
        self.spell: Spell = as_arguments

    def __str__(self) -> str:
        """One line; ``OSError`` and ``KeyError`` would print something else."""
        return " ".join(f"{self.what} {advice(self.fix, self.settings, self.spell)}".split())


def advice(fix: str, settings: Mapping[str, Any], spell: Spell) -> str:
    """What to do, and in brackets the settings that do it, as a face spells them.

    >>> advice("Use less.", {"dropout": 0.2, "epochs": None}, as_arguments)
    'Use less. (dropout=0.2)'
    """
    shown = spell({name: value for name, value in settings.items() if value is not None})
    return f"{fix} ({shown})".strip() if shown else fix


class UsageError(MadalineError, ValueError):
    """A setting, option or argument is wrong, or two of them do not go together."""

    exit_code = 2
    kind = "usage"


class DataError(MadalineError, ValueError):
    """The rows, columns or cells are not what the task needs."""

    exit_code = 3
    kind = "data"


class CellError(DataError, TypeError):
    """A cell holds something that is no single value."""


class DivergedError(MadalineError, ArithmeticError):
    """Training produced numbers that are not finite before any useful weights."""

    exit_code = 4
    kind = "diverged"


class ThresholdMissed(MadalineError):  # noqa: N818  (it is a result, and an exit code)
    """A score that somebody demands was not reached, or a check found what somebody forbids."""

    exit_code = 5
    kind = "threshold"


class FileError(MadalineError, OSError):
    """A file or folder cannot be read or written, or is damaged."""

    exit_code = 6
    kind = "file"


class MissingExtraError(MadalineError, ImportError):
    """An optional dependency is not installed; the message names the extra."""

    exit_code = 2
    kind = "extra"


class Interrupted(MadalineError):  # noqa: N818  (it is an event, and an exit code)
    """Ctrl-C or SIGTERM; what was learned so far is saved."""

    exit_code = 130
    kind = "interrupted"


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence that names the known word most like ``word``, or lists the first few.

    >>> nearest("incom", ["age", "income"])
    "Did you mean 'income'?"
    >>> nearest("zzz", ["age", "income"])
    "Known: 'age', 'income'."
    """
    names = list(known)
    lowered = {name.lower(): name for name in reversed(names)}
    close = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {lowered[close[0]]!r}?"
    shown = ", ".join(repr(name) for name in names[:12])
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"Known: {shown}{more}." if names else "There is none."
