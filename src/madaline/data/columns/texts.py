"""Cells of text become typed columns: what a CSV file does not say about its columns.

Works on whole columns, in Polars; a value decides nothing alone, every value of the column must
agree. The order of trials: number, boolean, date, and what remains is a category.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

import numpy as np

from madaline.data.columns.moments import dates_from_text, undated_note
from madaline.data.columns.numerals import (
    numbers_from_text,
    padded_note,
    signed_from_text,
    stray_note,
)
from madaline.data.table import Column

if TYPE_CHECKING:
    import polars as pl

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?", "-", "#N/A")


def trimmed(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells without spaces around them; null where blank or one of the usual marks (`MISSING`).

    All columns at once: one by one, 20,000 columns take seven times as long.
    """
    import polars as pl

    return frame.select(pl.all().str.strip_chars().replace(list(MISSING), None))


def columns_from_texts(
    names: Sequence[str],
    cells: pl.DataFrame,
    *,
    comma_decimals: bool = False,
    texts: Container[str] = (),
) -> tuple[Column, ...]:
    """Columns of the kind that all their texts agree on.

    Args:
        names: ``(d,)`` names of the columns.
        cells: ``(n, d)`` trimmed texts, null where missing.
        comma_decimals: Whether a comma may stand for the decimal point (files separated by
            something else).
        texts: Names of columns that are categories whatever their cells look like.

    >>> import polars as pl
    >>> cells = pl.DataFrame({"0": [" 39", "?", "5e1"], "1": ["yes", "no", "no"]})
    >>> for column in columns_from_texts(["age", "sure"], trimmed(cells)):
    ...     print(column.name, column.kind, column.texts())
    age number ['39', None, '50']
    sure category ['yes', 'no', 'no']
    """
    import polars as pl

    numbers = cells.cast(pl.Float64, strict=False)
    zeros = cells.select(pl.all().str.starts_with("0").any()).row(0)
    return tuple(
        category_from_text(name, column)
        if name in texts
        else _column(name, column, plain, comma_decimals, perhaps_codes)
        for name, column, plain, perhaps_codes in zip(
            names, cells.iter_columns(), numbers.iter_columns(), zeros, strict=True
        )
    )


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


def _column(
    name: str, cells: pl.Series, plain: pl.Series, comma_decimals: bool, perhaps_codes: bool
) -> Column:
    if cells.null_count() == len(cells):
        return Column(name, "number", np.full(len(cells), np.nan))
    column = numbers_from_text(name, cells, plain, comma_decimals=comma_decimals)
    if column is not None:
        whole = perhaps_codes and bool((plain == plain.floor()).all())
        codes = padded_note(name, cells) if whole else ()
        return _category(name, cells, codes) if codes else column
    truths = _truths(name, cells)
    if truths is not None:
        return truths
    dates = dates_from_text(name, cells)
    if dates is not None:
        return dates
    signed = signed_from_text(name, cells, comma_decimals=comma_decimals)
    if signed is not None:
        return signed
    return _category(name, cells, stray_note(name, cells, plain) or undated_note(name, cells))


def _category(name: str, cells: pl.Series, notes: tuple[str, ...]) -> Column:
    found = category_from_text(name, cells)
    return Column(name, "category", found.values, found.levels, notes)


def _truths(name: str, cells: pl.Series) -> Column | None:
    import polars as pl

    first = cells.drop_nulls().head(1)
    if first[0].lower() not in ("true", "false"):
        return None
    lowered = cells.str.to_lowercase()
    if not lowered.drop_nulls().is_in(["true", "false"]).all():
        return None
    return Column(name, "boolean", (lowered == "true").cast(pl.Float64).to_numpy())
