"""Polars series that know their type become columns: Parquet, Arrow, JSON and data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from madaline.data.columns.few import MOST_FEW, column_of_few
from madaline.data.columns.moments import dates_from_text
from madaline.data.columns.numerals import MOST_WHOLE, rounding_note
from madaline.data.columns.texts import category_from_text
from madaline.data.table import Column, Table
from madaline.errors import DataError

if TYPE_CHECKING:
    import polars as pl


def table_from_polars(frame: pl.DataFrame, source: str) -> Table:
    """A table of a Polars data frame.

    Raises:
        DataError: A column holds lists, records, bytes or objects.

    >>> import polars as pl
    >>> [c.kind for c in table_from_polars(pl.DataFrame({"a": [1, 2], "b": ["x", None]}), "b.pq")]
    ['number', 'category']
    """
    columns = (column_from_polars(s.name, s, source) for s in frame.iter_columns())
    return Table(tuple(columns), source)


def column_from_polars(name: str, cells: pl.Series, source: str, *, dates: bool = True) -> Column:
    """A column of a typed Polars series.

    The type decides: numbers and decimals are numbers; times of day and durations are numbers of
    seconds; texts are categories as they stand (``"7"`` stays a text), but ISO dates are dates.

    Args:
        name: Name of the column.
        cells: ``(n,)`` values; null is missing.
        source: What messages call the data.
        dates: Whether texts that are all dates become a date column.

    Raises:
        DataError: The series holds lists, records, bytes or objects.

    >>> import polars as pl
    >>> column_from_polars("zip", pl.Series(["010", "7"]), "x.parquet").texts()
    ['010', '7']
    """
    import polars as pl

    kind = cells.dtype
    if kind == pl.String and len(cells) <= MOST_FEW:
        few = column_of_few(name, cells.to_list(), dates=dates)
        if few is not None:
            return few
    if kind == pl.Null:
        return Column(name, "number", np.full(len(cells), np.nan))
    if kind == pl.Boolean:
        return Column(name, "boolean", cells.cast(pl.Float64).to_numpy())
    if kind.is_numeric():
        notes = _rounding(name, cells) if kind.is_integer() else ()
        return Column(name, "number", cells.cast(pl.Float64).to_numpy(), notes=notes)
    if kind.is_temporal():
        return _temporal_column(name, cells)
    if isinstance(kind, pl.Enum):
        return _enum_column(name, cells, kind)
    if kind == pl.Categorical:
        return category_from_text(name, cells.cast(pl.String))
    if kind != pl.String:
        raise DataError(
            f"Column {name!r} of {source} holds {kind} values, not single cells.",
            "Leave the column out, or spread it over columns of numbers or texts.",
            column=name,
        )
    days = dates_from_text(name, cells) if dates else None
    return category_from_text(name, cells) if days is None else days


def _rounding(name: str, cells: pl.Series) -> tuple[str, ...]:
    import polars as pl

    large = cells.cast(pl.Float64).abs() >= MOST_WHOLE
    return rounding_note(name, cells.filter(large).to_list()) if large.any() else ()


def _temporal_column(name: str, cells: pl.Series) -> Column:
    import polars as pl

    if cells.dtype == pl.Duration:
        microseconds = cells.cast(pl.Duration("us")).cast(pl.Int64).cast(pl.Float64)
        return Column(name, "number", microseconds.to_numpy() / 1e6)
    if cells.dtype == pl.Time:
        nanoseconds = cells.cast(pl.Int64).cast(pl.Float64)
        return Column(name, "number", nanoseconds.to_numpy() / 1e9)
    if isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone is not None:
        cells = cells.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return Column(name, "date", cells.cast(pl.Datetime("us")).to_numpy())


def _enum_column(name: str, cells: pl.Series, kind: pl.Enum) -> Column:
    """The declared order of the levels stays; levels that no row has are left out."""
    import polars as pl

    used = set(cells.unique().to_list())
    levels = [level for level in kind.categories.to_list() if level in used]
    codes = cells.cast(pl.String).cast(pl.Enum(levels)).to_physical().cast(pl.Int32)
    return Column(name, "category", codes.fill_null(-1).to_numpy(), tuple(levels))
