"""Every kind of error a person can see: what happened, what was expected, how to fix it.

Raised anywhere, caught once (by the command line, which prints the one line and leaves with
``exit_code``). Each class is also the built-in error that Python programmers would catch.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class MadalineError(Exception):
    """Base of all errors that Madaline raises on purpose.

    Args:
        what: What happened, with the value, as one sentence.
        fix: What to do about it, as one sentence; empty if ``what`` says it.

    >>> str(DataError("Line 3 of bad.csv has 1 cells; the header has 2.", "Add the missing cell."))
    'Line 3 of bad.csv has 1 cells; the header has 2. Add the missing cell.'
    """

    exit_code = 1
    code = "bug"

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(f"{what} {fix}".strip())
        self.what = what
        self.fix = fix

    def __str__(self) -> str:
        """One line; ``OSError`` and ``KeyError`` would print something else."""
        return " ".join(f"{self.what} {self.fix}".split())


class UsageError(MadalineError, ValueError):
    """A setting, option or argument is wrong, or two of them do not go together."""

    exit_code = 2
    code = "usage"


class DataError(MadalineError, ValueError):
    """The rows, columns or cells are not what the task needs."""

    exit_code = 3
    code = "data"


class CellError(DataError, TypeError):
    """A cell holds something that is no single value."""


class DivergedError(MadalineError, ArithmeticError):
    """Training produced numbers that are not finite before any useful weights."""

    exit_code = 4
    code = "diverged"


class ThresholdMissed(MadalineError):  # noqa: N818  (it is a result, and an exit code)
    """A score that ``--fail-under`` demands was not reached, or ``--fail-on`` found something."""

    exit_code = 5
    code = "threshold"


class FileError(MadalineError, OSError):
    """A file or folder cannot be read or written, or is damaged."""

    exit_code = 6
    code = "file"


class MissingExtraError(MadalineError, ImportError):
    """An optional dependency is not installed; the message names the extra."""

    exit_code = 2
    code = "extra"


class Interrupted(MadalineError):  # noqa: N818  (it is an event, and an exit code)
    """Ctrl-C or SIGTERM; what was learned so far is saved."""

    exit_code = 130
    code = "interrupted"


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
