"""Plain lines for a terminal: labelled entries, aligned tables, numbers of like precision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import floor, isfinite, log10
from textwrap import wrap

WIDTH = 80
LABEL_WIDTH = 10
LONGEST_LABEL = 24  # of a class or column: longer ones are cut
NOTHING = "-"


def entry(label: str, text: str) -> list[str]:
    r"""A label and a text that wraps beside it.

    >>> print("\n".join(entry("Split", "70 training rows")))
    Split     70 training rows
    """
    room = WIDTH - LABEL_WIDTH
    lines = _wrapped(text, room) or [""]
    labels = [label, *[""] * (len(lines) - 1)]
    return [f"{a:<{LABEL_WIDTH}}{b}".rstrip() for a, b in zip(labels, lines, strict=True)]


def bullet(text: str) -> list[str]:
    """A wrapped text behind a dash, under an entry."""
    lines = _wrapped(text, WIDTH - LABEL_WIDTH - 2)
    marks = ["- ", *["  "] * (len(lines) - 1)]
    return [" " * LABEL_WIDTH + a + b for a, b in zip(marks, lines, strict=True)]


def table(rows: Sequence[Sequence[str]], align: str) -> list[str]:
    """Rows of cells as aligned columns; ``align`` has ``<`` or ``>`` for each column.

    >>> table([["a", "1"], ["bb", "10"]], "<>")
    ['a    1', 'bb  10']
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(align))]
    return [
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, align, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def count(n: int | None, noun: str = "") -> str:
    """A number of things, thousands separated.

    >>> count(1234, "row"), count(1, "category"), count(2, "category")
    ('1,234 rows', '1 category', '2 categories')
    """
    if n is None:
        return NOTHING
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{n:,} {noun if n == 1 else plural}" if noun else f"{n:,}"


def alike(values: Sequence[float | None]) -> list[str]:
    """Numbers with the same decimals: three significant digits, four if their spread needs it.

    >>> alike([0.8563, 0.8461, 0.8659]), alike([0.9996, 0.9990, 0.9998]), alike([54.32, None])
    (['0.856', '0.846', '0.866'], ['0.9996', '0.9990', '0.9998'], ['54.3', '-'])
    >>> alike([123456.0, 120000.0])
    ['123,456', '120,000']
    """
    known = [value for value in values if value is not None and isfinite(value)]
    largest = max((abs(value) for value in known), default=0.0)
    if largest and not 1e-4 <= largest < 1e7:
        return [_single(value, ".2e") for value in values]
    decimals = 2 - floor(log10(largest)) if largest else 0
    spread = (max(known) - min(known)) if known else 0.0
    # Fewer than ten steps of the last digit between the numbers would hide how they differ.
    decimals = max(0, decimals + (0 < spread * 10.0**decimals < 10))
    return [_single(value, f",.{decimals}f") for value in values]


def _wrapped(text: str, room: int) -> list[str]:
    """Lines of at most ``room`` characters; a number keeps its unit, an option its value."""
    glued = re.sub(r"(?<=\d) (?=%|s\b)|(?<=seed) (?=\d)", "\0", text)
    glued = re.sub(r"(--[a-z0-9-]+) ", "\\1\0", glued)
    return [line.replace("\0", " ") for line in wrap(glued, room, break_on_hyphens=False)]


def _single(value: float | None, form: str) -> str:
    if value is None or value != value:
        return NOTHING
    if not isfinite(value):
        return "infinite"
    text = format(value, form)
    return text.lstrip("-") if not text.strip("-0.,") else text  # no "-0.00"


def duration(seconds: float | None) -> str:
    """Seconds as a person would say them.

    >>> duration(2.14), duration(65.0), duration(7384.0), duration(None)
    ('2.1 s', '1 min 5 s', '2 h 3 min', '-')
    """
    if seconds is None or not isfinite(seconds):
        return NOTHING
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and three dots.

    >>> shortened("a very long label", 10)
    'a very ...'
    """
    return text if len(text) <= most else f"{text[: most - 3]}..."
