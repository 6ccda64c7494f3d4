"""Series of any data frame library become columns; those of pandas by way of NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from madaline.data.columns.cells import column_from_array, column_from_objects
from madaline.data.columns.few import MOST_FEW
from madaline.data.columns.numerals import MOST_WHOLE, rounding_note
from madaline.data.columns.typed import column_from_polars
from madaline.data.table import Column

if TYPE_CHECKING:
    import narwhals as nw


def column_from_series(
    name: str, series: nw.Series[Any], source: str, *, dates: bool = True
) -> Column:
    """A column of a pandas, Polars or PyArrow series, wrapped by Narwhals.

    Args:
        name: Name of the column.
        series: ``(n,)`` values.
        source: What messages call the data.
        dates: Whether texts that are all dates become a date column.

    Raises:
        DataError: A cell holds a list, a record or bytes.

    >>> import narwhals as nw
    >>> import polars as pl
    >>> column_from_series("a", nw.from_native(pl.Series([1, 2]), series_only=True), "X").kind
    'number'
    """
    if series.implementation.is_pandas_like():
        return _pandas_column(name, series, source, dates=dates)
    return column_from_polars(name, series.to_polars(), source, dates=dates)


def columns_of_few_rows(frame: Any, source: str) -> tuple[Column, ...] | None:
    """The columns of a pandas frame of few rows and plain types; None for any other.

    Column by column, a frame of one row takes 70 microseconds each; at once, a quarter of that.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [39], "job": ["clerk"]})
    >>> [column.kind for column in columns_of_few_rows(frame, "X")]
    ['number', 'category']
    """
    if type(frame).__module__.split(".")[0] != "pandas" or len(frame) > MOST_FEW:
        return None
    types = frame.dtypes.tolist()
    plain = [(isinstance(t, np.dtype) and t.kind in "iufbO") or str(t) == "str" for t in types]
    if not all(plain) or not types:
        return None
    cells = frame.to_numpy(dtype=object)
    return tuple(
        column_from_objects(str(name), cells[:, i].tolist(), source)
        if str(kind) == "str" or kind.kind == "O"
        else column_from_array(str(name), cells[:, i].astype(kind), source)
        for i, (name, kind) in enumerate(zip(frame.columns, types, strict=True))
    )


def _pandas_column(name: str, series: nw.Series[Any], source: str, *, dates: bool = True) -> Column:
    import narwhals as nw

    kind, native = series.dtype, series.to_native()
    if kind.is_numeric() or kind == nw.Boolean:
        values = native.to_numpy(dtype=np.float64, na_value=np.nan)
        if kind == nw.Boolean:
            return Column(name, "boolean", values)
        large = np.abs(values) >= MOST_WHOLE if kind.is_integer() else np.zeros(0, bool)
        notes = rounding_note(name, native[large].tolist()) if large.any() else ()
        return Column(name, "number", values, notes=notes)
    if isinstance(kind, nw.Datetime):
        if kind.time_zone is not None:
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return column_from_array(name, series.to_numpy(), source)
    if isinstance(kind, nw.Categorical | nw.Enum):
        return _pandas_category(name, native, source, dates)
    if kind == nw.Duration:
        return column_from_array(name, series.to_numpy(), source)
    return column_from_objects(name, native.tolist(), source, dates=dates)


def _pandas_category(name: str, native: Any, source: str, dates: bool) -> Column:
    """The declared order of the levels stays; levels that no row has are left out."""
    if not hasattr(native, "cat"):
        return column_from_objects(name, native.tolist(), source, dates=dates)
    codes = native.cat.codes.to_numpy().astype(np.int32)
    levels = [str(level) for level in native.cat.categories]
    if len(set(levels)) < len(levels):  # 1 and "1"
        return column_from_objects(name, native.tolist(), source, dates=dates)
    used = np.bincount(codes[codes >= 0], minlength=len(levels)) > 0
    moved = np.append(np.cumsum(used) - 1, -1).astype(np.int32)
    kept = tuple(level for level, is_used in zip(levels, used, strict=True) if is_used)
    return Column(name, "category", moved[codes], kept)
