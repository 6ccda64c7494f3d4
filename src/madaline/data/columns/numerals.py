"""Numbers as people write them: 1e5, 1.234,5, 1,234.5, 1'234, 5 %, $5, and those that are none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from madaline.data.table import Column

if TYPE_CHECKING:
    import polars as pl

# Up to here float64 holds every whole number.
MOST_WHOLE = 2**53
_LONGEST_SHOWN = 40

# 1.234,5 and 1,5 where the comma cannot separate cells; 1,234.5 everywhere.
_DECIMAL_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d+)?([eE][+-]?\d+)?$"
_THOUSANDS_COMMA = r"^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?$"
_NEARLY = r"^[+\-−]?[$€£¥]? ?[+\-−]?\d"
_SIGNS = "%$€£¥"
# Between thousands: space, no-break space, narrow no-break space, apostrophes.
_GAPS = " \u00a0\u202f'’"
_GAPPED = rf"^[+-]?(\d{{1,3}}([{_GAPS}]\d{{3}})+|\d+)([.,]\d+)?$"
_PADDED = r"^0\d+$"


def numbers_from_text(
    name: str, cells: pl.Series, plain: pl.Series, *, comma_decimals: bool
) -> Column | None:
    """A number column if every text is a number; None else.

    Args:
        name: Name of the column.
        cells: ``(n,)`` trimmed texts, null where missing.
        plain: The same as numbers, null also where a text is none.
        comma_decimals: Whether a comma may stand for the decimal point.

    >>> import polars as pl
    >>> cells, plain = pl.Series(["1.234,5", "7"]), pl.Series([None, 7.0])
    >>> numbers_from_text("size", cells, plain, comma_decimals=True).values.tolist()
    [1234.5, 7.0]
    """
    if plain.null_count() == cells.null_count():
        return Column(name, "number", plain.to_numpy(), notes=_exactness(name, cells, plain))
    grouped = _with_commas(cells, cells.drop_nulls(), comma_decimals)
    return None if grouped is None else Column(name, "number", grouped.to_numpy())


def signed_from_text(name: str, cells: pl.Series, *, comma_decimals: bool) -> Column | None:
    """A number column if every text is a number with the same sign, or grouped by thousands.

    >>> import polars as pl
    >>> column = signed_from_text("rate", pl.Series(["5 %", "−2,5 %"]), comma_decimals=True)
    >>> column.values.tolist(), column.notes
    ([5.0, -2.5], ("Column 'rate' is read without its sign '%': '5 %' is 5.",))
    """
    present = cells.drop_nulls()
    if not present.head(1).str.contains(_NEARLY).any() or not present.str.contains(_NEARLY).all():
        return None
    bare, sign = _bare(cells, present)
    numbers = _parsed(bare)
    if numbers is None:
        numbers = _with_commas(bare, bare.drop_nulls(), comma_decimals)
    if numbers is None:
        return None
    shown = Column(name, "number", numbers.drop_nulls().head(1).to_numpy()).texts()[0]
    note = f"Column {name!r} is read without its sign {sign!r}: {present[0]!r} is {shown}."
    return Column(name, "number", numbers.to_numpy(), notes=(note,) if sign else ())


def padded_note(name: str, cells: pl.Series) -> tuple[str, ...]:
    """Whether whole numbers have zeros in front, as codes have: 01234 is a place, not 1234.

    >>> import polars as pl
    >>> padded_note("n", pl.Series(["0", "0.5", None]))
    ()
    >>> print(*padded_note("zip", pl.Series(["10001", "01234"])))
    Column 'zip' is taken as codes, not numbers: 1 value begins with 0, such as '01234'.
    """
    zeros = cells.filter(cells.str.starts_with("0"))
    padded = zeros.filter(zeros.str.contains(_PADDED))
    if not len(padded) or not cells.drop_nulls().str.contains(r"^\d+$").all():
        return ()
    verb = "begins" if len(padded) == 1 else "begin"
    return (
        f"Column {name!r} is taken as codes, not numbers: {_values(len(padded))} {verb} with 0, "
        f"such as {shortened(padded[0])}.",
    )


def stray_note(name: str, cells: pl.Series, plain: pl.Series) -> tuple[str, ...]:
    """Which texts keep a column from being one of numbers, if most of it is."""
    n_present, n_numbers = (len(s) - s.null_count() for s in (cells, plain))
    if not n_present / 2 <= n_numbers < n_present:
        return ()
    stray = cells.is_not_null() & plain.is_null()
    row = int(stray.arg_true()[0])
    n_stray = n_present - n_numbers
    verb = "is no number" if n_stray == 1 else "are no numbers, the first"
    return (
        f"Column {name!r} is taken as texts: {n_stray} of {_values(n_present)} {verb}: "
        f"{shortened(cells[row])} in row {row + 1}. Leave such cells empty if they are missing.",
    )


def rounding_note(name: str, numbers: Iterable[int]) -> tuple[str, ...]:
    """How many whole numbers float64 cannot hold.

    >>> rounding_note("id", [2**53, 2**53 + 1])
    ("1 value of column 'id' was rounded: whole numbers are exact up to 9,007,199,254,740,992.",)
    """
    n_rounded = sum(_as_float(number) != number for number in numbers)
    if not n_rounded:
        return ()
    return (
        f"{_values(n_rounded)} of column {name!r} {'was' if n_rounded == 1 else 'were'} rounded: "
        f"whole numbers are exact up to {MOST_WHOLE:,}.",
    )


def shortened(text: str) -> str:
    """A text in quotes, cut where it is long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "...")


def _exactness(name: str, cells: pl.Series, numbers: pl.Series) -> tuple[str, ...]:
    """Notes on values that float64 cannot hold: rounded, or beyond its range."""
    ends = cast("tuple[float, float]", (numbers.min(), numbers.max()))
    if not (ends[0] <= -MOST_WHOLE or ends[1] >= MOST_WHOLE):
        return ()
    large = (numbers.abs() >= MOST_WHOLE).fill_null(False)
    texts = cells.filter(large)
    whole = texts.filter(texts.str.contains(r"^[+-]?\d{1,400}$")).to_list()
    infinite = texts.filter(numbers.filter(large).is_infinite())
    beyond = infinite.filter(~infinite.str.contains("(?i)inf"))
    notes = rounding_note(name, map(int, whole))
    if len(beyond):
        notes += (
            f"{_values(len(beyond))} of column {name!r} beyond 1.8e308 "
            f"{'is' if len(beyond) == 1 else 'are'} read as infinite, such as "
            f"{shortened(beyond[0])}.",
        )
    return notes


def _as_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return float(number > 0)


def _values(n: int) -> str:
    return f"{n:,} value{'' if n == 1 else 's'}"


def _with_commas(cells: pl.Series, present: pl.Series, comma_decimals: bool) -> pl.Series | None:
    if not present.str.contains(",", literal=True).any():
        return None
    if comma_decimals:
        pattern, plain = _DECIMAL_COMMA, cells.str.replace_all(".", "", literal=True)
        plain = plain.str.replace(",", ".", literal=True)
    else:
        pattern, plain = _THOUSANDS_COMMA, cells.str.replace_all(",", "", literal=True)
    return _parsed(plain) if present.str.contains(pattern).all() else None


def _bare(cells: pl.Series, present: pl.Series) -> tuple[pl.Series, str]:
    """Without the sign that all values bear, with ASCII minus, without gaps between thousands."""
    sign = next((s for s in _SIGNS if present.str.contains(s, literal=True).all()), "")
    if sign:
        cells = cells.str.replace(sign, "", literal=True)
    cells = cells.str.strip_chars().str.replace("^([+\\-−]) ", "$1").str.replace("^−", "-")
    present = cells.drop_nulls()
    spaced = present.str.contains(" ", literal=True)
    # Where all values have spaces, as in 555 123 456, they are more likely keys than numbers.
    if present.str.contains(_GAPPED).all() and not spaced.all():
        cells = cells.str.replace_all(f"[{_GAPS}]", "")
    return cells, sign


def _parsed(cells: pl.Series) -> pl.Series | None:
    import polars as pl

    numbers = cells.cast(pl.Float64, strict=False)
    return numbers if numbers.null_count() == cells.null_count() else None
