"""Cells of text become typed columns: what a CSV file does not say about its columns.

Works on whole columns, in Polars; a value decides nothing alone, every value of the column must
agree. The order of trials: number, boolean, date, and what remains is a category.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from madaline.data.table import Column

if TYPE_CHECKING:
    import polars as pl

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?", "-", "#N/A")

# Days first or months first cannot be told apart in 03/04/2024, so that form stays text.
DATE_FORMATS = (
    (r"^\d{4}/\d{1,2}/\d{1,2}$", "%Y/%m/%d"),
    (r"^\d{1,2}\.\d{1,2}\.\d{4}$", "%d.%m.%Y"),
    (r"^\d{1,2} [A-Za-z]{3} \d{4}$", "%d %b %Y"),
    (r"^\d{1,2}-[A-Za-z]{3}-\d{4}$", "%d-%b-%Y"),
    (r"^\d{1,2} [A-Za-z]{3,9} \d{4}$", "%d %B %Y"),
    (r"^[A-Za-z]{3} \d{1,2}, \d{4}$", "%b %d, %Y"),
    (r"^[A-Za-z]{3,9} \d{1,2}, \d{4}$", "%B %d, %Y"),
)
_ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)? ?(Z|[+-]\d{2}(:?\d{2})?)?)?$"

# 1.234,5 and 1,5 where the comma cannot separate cells; 1,234.5 everywhere.
_DECIMAL_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d+)?([eE][+-]?\d+)?$"
_THOUSANDS_COMMA = r"^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?$"


def column_from_text(name: str, cells: pl.Series, *, comma_decimals: bool = False) -> Column:
    """A column of the kind that all its texts agree on.

    Args:
        name: Name of the column.
        cells: ``(n,)`` texts; null, blank and the usual markers (`MISSING`) are missing.
        comma_decimals: Whether a comma may stand for the decimal point (files separated by
            something else).

    >>> import polars as pl
    >>> column_from_text("age", pl.Series([" 39", "?", "5e1"])).texts()
    ['39', None, '50']
    >>> column_from_text("day", pl.Series(["2024-02-29", "2024-03-01T01:00+02:00"])).texts()
    ['2024-02-29T00:00:00', '2024-02-29T23:00:00']
    >>> column_from_text("sure", pl.Series(["yes", "no"])).kind
    'category'
    """
    cells = cells.str.strip_chars()
    cells = cells.replace(list(MISSING), None)
    present = cells.drop_nulls()
    if present.is_empty():
        return Column(name, "number", np.full(len(cells), np.nan))
    numbers = _numbers(cells, present, comma_decimals)
    if numbers is not None:
        return Column(name, "number", numbers.to_numpy())
    truths = _truths(cells, present)
    if truths is not None:
        return Column(name, "boolean", truths.to_numpy())
    dates = dates_from_text(cells)
    if dates is not None:
        return Column(name, "date", dates.to_numpy())
    return category_from_text(name, cells)


def category_from_text(name: str, cells: pl.Series) -> Column:
    """A category column of texts as they stand; levels in order of first appearance.

    >>> import polars as pl
    >>> category_from_text("island", pl.Series(["Dream", None, "Biscoe", "Dream"])).levels
    ('Dream', 'Biscoe')
    """
    import polars as pl

    levels = cells.drop_nulls().unique(maintain_order=True)
    codes = cells.cast(pl.Enum(levels)).to_physical().cast(pl.Int32).fill_null(-1)
    return Column(name, "category", codes.to_numpy(), tuple(levels.to_list()))


def dates_from_text(cells: pl.Series) -> pl.Series | None:
    """Dates and times in UTC, as microseconds, if every text is one; else None.

    >>> import polars as pl
    >>> dates_from_text(pl.Series(["31.12.2024", None])).to_list()
    [datetime.datetime(2024, 12, 31, 0, 0), None]
    >>> dates_from_text(pl.Series(["03/04/2024"])) is None
    True
    """
    import polars as pl

    present = cells.drop_nulls()
    if present.is_empty() or not present[0][:1].isalnum():
        return None
    if present.head(1).str.contains(_ISO).all():
        return _iso_dates(cells) if present.str.contains(_ISO).all() else None
    for pattern, form in DATE_FORMATS:
        if present.str.contains(pattern).all():
            days = cells.str.to_date(form, strict=False)
            if days.null_count() == cells.null_count():
                return days.cast(pl.Datetime("us"))
    return None


def _numbers(cells: pl.Series, present: pl.Series, comma_decimals: bool) -> pl.Series | None:
    import polars as pl

    numbers = cells.cast(pl.Float64, strict=False)
    if numbers.null_count() == cells.null_count():
        return numbers
    if not present.str.contains(",", literal=True).any():
        return None
    if comma_decimals:
        pattern, plain = _DECIMAL_COMMA, cells.str.replace_all(".", "", literal=True)
        plain = plain.str.replace(",", ".", literal=True)
    else:
        pattern, plain = _THOUSANDS_COMMA, cells.str.replace_all(",", "", literal=True)
    if not present.str.contains(pattern).all():
        return None
    numbers = plain.cast(pl.Float64, strict=False)
    return numbers if numbers.null_count() == cells.null_count() else None


def _truths(cells: pl.Series, present: pl.Series) -> pl.Series | None:
    import polars as pl

    if present[0].lower() not in ("true", "false"):
        return None
    lowered = present.str.to_lowercase()
    if not lowered.is_in(["true", "false"]).all():
        return None
    return (cells.str.to_lowercase() == "true").cast(pl.Float64)


def _iso_dates(cells: pl.Series) -> pl.Series | None:
    """ISO 8601 day, with or without time of day, fraction and offset from UTC (RFC 3339)."""
    import polars as pl

    time = r"[T ](\d{2}):(\d{2})(?::(\d{2}))?(?:[.,](\d+))? ?(Z|[+-]\d{2}:?\d{0,2})?$"
    parts = cells.str.extract_groups(time).struct.unnest()
    hour, minute, second = (parts[f"{i}"].cast(pl.Int64).fill_null(0) for i in (1, 2, 3))
    digits = parts["4"].fill_null("0").str.pad_end(6, "0").str.slice(0, 6)
    zone = parts["5"].fill_null("Z").str.replace("Z", "+0000").str.replace(":", "", literal=True)
    zone = zone.str.pad_end(5, "0")
    sign = zone.str.starts_with("-").cast(pl.Int64) * -2 + 1
    hours_off, minutes_off = (zone.str.slice(i, 2).cast(pl.Int64) for i in (1, 3))
    if (hour > 24).any() or (minute > 59).any() or (second > 60).any():
        return None
    seconds = (hour * 60 + minute - sign * (hours_off * 60 + minutes_off)) * 60 + second
    days = cells.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    if days.null_count() != cells.null_count():
        return None
    microseconds = (seconds * 1_000_000 + digits.cast(pl.Int64)).cast(pl.Duration("us"))
    return days.cast(pl.Datetime("us")) + microseconds
