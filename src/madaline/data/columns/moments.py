"""Days and times as people write them, and columns of them that cannot be read with certainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from madaline.data.columns.numerals import shortened
from madaline.data.table import Column

if TYPE_CHECKING:
    import polars as pl

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
_ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?$"
_SLASHED = r"^\d{1,2}/\d{1,2}/(\d{2}|\d{4})$"
_LIKE_A_DATE = "|".join([_ISO, _SLASHED, *(pattern for pattern, _ in DATE_FORMATS)])
_LOOKED_AT = 100


def dates_from_text(name: str, cells: pl.Series) -> Column | None:
    """A date column, in UTC, if every text is a day or time in one way of writing; else None.

    >>> import polars as pl
    >>> dates_from_text("due", pl.Series(["31.12.2024", None])).texts()
    ['2024-12-31T00:00:00', None]
    >>> dates_from_text("due", pl.Series(["03/04/2024"])) is None
    True
    """
    import polars as pl

    present = cells.drop_nulls()
    if present.is_empty() or not present[0][:1].isalnum():
        return None
    if present.head(1).str.contains(_ISO).all():
        return _iso_dates(name, cells) if present.str.contains(_ISO).all() else None
    for pattern, form in DATE_FORMATS:
        if present.str.contains(pattern).all():
            days = cells.str.to_date(form, strict=False)
            if days.null_count() == cells.null_count():
                return Column(name, "date", days.cast(pl.Datetime("us")).to_numpy())
    return None


def undated_note(name: str, cells: pl.Series) -> tuple[str, ...]:
    """Why a column is taken as texts though most of them look like dates.

    >>> import polars as pl
    >>> print(*undated_note("due", pl.Series(["03/04/2024", "2024-03-04"])))
    Column 'due' is taken as texts: '03/04/2024' has the day or the month first. Write 2024-01-31.
    """
    present = cells.drop_nulls()
    if not present.head(_LOOKED_AT).str.contains(_LIKE_A_DATE).any():
        return ()
    like = cells.str.contains(_LIKE_A_DATE).fill_null(False)
    if int(like.sum()) < len(present) / 2:
        return ()
    start = f"Column {name!r} is taken as texts:"
    slashed = cells.filter(cells.str.contains(_SLASHED))
    if len(slashed):
        return (f"{start} {slashed[0]!r} has the day or the month first. Write 2024-01-31.",)
    for pattern in (_ISO, *(pattern for pattern, _ in DATE_FORMATS)):
        if cells.filter(like)[0:1].str.contains(pattern).any():
            strange = cells.is_not_null() & ~cells.str.contains(pattern).fill_null(False)
            if strange.any():
                row = int(strange.arg_true()[0])
                return (
                    f"{start} {cells.filter(like)[0]!r} and {shortened(cells[row])} in row "
                    f"{row + 1} are not written alike. Write days as 2024-01-31.",
                )
    return (f"{start} not all of its days exist, such as February 30.",)


def _iso_dates(name: str, cells: pl.Series) -> Column | None:
    """ISO 8601 day, with or without time of day, fraction and offset from UTC (RFC 3339)."""
    import polars as pl

    days = cells.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    if days.null_count() != cells.null_count():
        return None
    if cells.str.len_bytes().max() == 10:  # no time of day
        return Column(name, "date", days.cast(pl.Datetime("us")).to_numpy())
    time = r"[T ](\d{2}):(\d{2})(?::(\d{2}))?(?:[.,](\d+))? ?(Z|[+-]\d{2}:?\d{0,2})?$"
    parts = cells.str.extract_groups(time).struct.unnest()
    hour, minute, second = (parts[f"{i}"].cast(pl.Int64).fill_null(0) for i in (1, 2, 3))
    digits = parts["4"].fill_null("0").str.pad_end(6, "0").str.slice(0, 6)
    zone = parts["5"].fill_null("Z").str.replace("Z", "+0000").str.replace(":", "", literal=True)
    zone = zone.str.pad_end(5, "0")
    sign = zone.str.starts_with("-").cast(pl.Int64) * -2 + 1
    hours_off, minutes_off = (zone.str.slice(i, 2).cast(pl.Int64) for i in (1, 3))
    too_late = (hour * 60 + minute > 24 * 60) | (minute > 59) | (second > 60)
    if (too_late | (hours_off > 23) | (minutes_off > 59)).any():
        return None
    seconds = (hour * 60 + minute - sign * (hours_off * 60 + minutes_off)) * 60 + second
    microseconds = (seconds * 1_000_000 + digits.cast(pl.Int64)).cast(pl.Duration("us"))
    values = (days.cast(pl.Datetime("us")) + microseconds).to_numpy()
    return Column(name, "date", values, notes=_zone_note(name, parts["1"], parts["5"]))


def _zone_note(name: str, hour: pl.Series, zone: pl.Series) -> tuple[str, ...]:
    """Where some times name their zone, those that do not are a guess."""
    n_bare = int((hour.is_not_null() & zone.is_null()).sum())
    if not n_bare or zone.null_count() == len(zone):
        return ()
    times = "time" if n_bare == 1 else "times"
    verb = "names no zone and was" if n_bare == 1 else "name no zone and were"
    return (f"{n_bare:,} {times} of column {name!r} {verb} taken as UTC.",)
