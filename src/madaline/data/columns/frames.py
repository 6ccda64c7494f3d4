"""Data frames, arrays, lists and dictionaries of columns become a Table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from madaline.data.columns.cells import column_from_array, column_from_objects
from madaline.data.columns.series import column_from_series, columns_of_few_rows
from madaline.data.columns.typed import table_from_polars
from madaline.data.table import Column, Table
from madaline.errors import DataError, UsageError

MOST_DENSE_BYTES = 2 * 1000**3
# Turning rows into columns a block of rows at a time stays within the processor's cache:
if TYPE_CHECKING:
    import polars as pl

# 60,000 x 784 takes 0.12 s instead of 1.15 s in one go (measured, two cores).
_BLOCK = 256


@runtime_checkable
class Sparse(Protocol):
    """A matrix of SciPy that stores what is not 0."""

    shape: tuple[int, int]

    def tocsc(self) -> object:
        """Column by column."""
        ...

    def toarray(self) -> np.ndarray:
        """All cells."""
        ...


def as_table(x: object, source: str = "X") -> Table:
    """A table of nearly anything tabular.

    Args:
        x: A `Table`, a data frame (pandas, Polars, PyArrow), a dictionary of columns, a list of
            dictionaries (one a row), a 2-D array or list of rows, or a SciPy sparse matrix.
        source: What messages call the data.

    Raises:
        DataError: ``x`` is none of these, is 1-D, or holds cells that are no single values.

    >>> as_table({"age": [39, None], "job": ["a", "b"]}).names
    ('age', 'job')
    >>> as_table([{"age": 39}, {"age": 50, "job": "a"}])["job"].texts()
    [None, 'a']
    """
    if isinstance(x, Table):
        return x
    if isinstance(x, Column):
        return Table((x,), source)
    if isinstance(x, Mapping) and not hasattr(x, "tocsc"):  # a sparse dictionary of keys is one
        return _table_from_columns(cast("Mapping[object, object]", x), source)
    if isinstance(x, list | tuple) and x and all(isinstance(row, Mapping) for row in x):
        return _table_from_records(cast("Sequence[Mapping[object, object]]", x), source)
    is_series = len(getattr(x, "shape", ())) == 1
    if not is_series and (hasattr(x, "__arrow_c_stream__") or hasattr(x, "columns")):
        return table_from_frame(x, source)
    return table_from_array(x, source=source)


def table_from_frame(frame: Any, source: str = "the data frame") -> Table:
    """A table of a pandas, Polars or PyArrow data frame; a pandas index is left out.

    Raises:
        DataError: It is no data frame, two columns have one name, or a column holds lists.

    >>> import polars as pl
    >>> table_from_frame(pl.DataFrame({"a": [1.5], "b": [True]}))["b"].texts()
    ['true']
    """
    import narwhals as nw
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        return table_from_polars(frame, source)
    names: object = getattr(frame, "column_names", getattr(frame, "columns", ()))
    _check_names(tuple(names) if isinstance(names, Iterable) else (), source)
    few = columns_of_few_rows(frame, source)
    if few is not None:
        return Table(few, source)
    try:
        eager = nw.from_native(frame, eager_only=True)
    except TypeError:
        return table_from_polars(_from_arrow(frame, source), source)
    if not eager.implementation.is_pandas_like():
        return table_from_polars(_from_arrow(frame, source), source)
    columns = (
        column_from_series(str(series.name), series, source) for series in eager.iter_columns()
    )
    return Table(tuple(columns), source)


def table_from_array(x: object, names: Iterable[str] | None = None, source: str = "X") -> Table:
    """A table of a 2-D array, a list of rows or a SciPy sparse matrix.

    Args:
        x: ``(n, d)`` numbers, booleans, texts, dates or objects.
        names: ``(d,)`` names of the columns; by default x0, x1, ...
        source: What messages call the data.

    Raises:
        DataError: ``x`` is not 2-D, has no columns, holds complex numbers or nested cells, or is
            a sparse matrix that would fill more than 2 GB.
        UsageError: The number of names differs from the number of columns.

    >>> table = table_from_array([[1, 2.5], [3, 4.0]])
    >>> table.names, table["x1"].texts()
    (('x0', 'x1'), ['2.5', '4'])
    """
    array = _as_array(x, source)
    if array.ndim != 2:
        raise DataError(
            f"{source} has {array.ndim} dimension{'s' * (array.ndim != 1)}; expected 2: "
            "rows and columns.",
            f"Reshape your data: {source}.reshape(-1, 1) if it is one column, "
            f"{source}.reshape(1, -1) if it is one row.",
        )
    n_columns = array.shape[1]
    if n_columns == 0:
        raise DataError(
            f"{source} has 0 feature(s) (shape={array.shape}) while a minimum of 1 is required."
        )
    known = [f"x{i}" for i in range(n_columns)] if names is None else [str(n) for n in names]
    if len(known) != n_columns:
        raise UsageError(f"{len(known)} names were given for {n_columns} columns of {source}.")
    _check_names(known, source)
    if array.dtype.kind in "iufb":
        kind = "boolean" if array.dtype.kind == "b" else "number"
        columns = _as_rows_of_columns(array)
        return Table(tuple(Column(n, kind, columns[i]) for i, n in enumerate(known)), source)
    parts = (column_from_array(name, array[:, i], source) for i, name in enumerate(known))
    return Table(tuple(parts), source)


def as_column(y: object, name: str = "y") -> Column:
    """A column of one-dimensional values: a target, weights, groups.

    Texts stay labels as they are, also where they look like numbers or dates.

    Args:
        y: ``(n,)`` list, array, series, or ``(n, 1)`` array.
        name: Name of the column.

    Raises:
        DataError: ``y`` has more than one column, or no dimension at all.

    >>> as_column([1, 0, 1]).kind, as_column(["no", "yes"]).levels
    ('number', ('no', 'yes'))
    """
    import narwhals as nw

    if isinstance(y, Column):
        return y
    if hasattr(y, "columns") or isinstance(y, Table):
        table = as_table(y, name)
        if len(table.columns) == 1:
            return table.columns[0]
        raise DataError(f"{name} has {len(table.columns)} columns; expected one.")
    series = nw.from_native(y, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return column_from_series(name, series, name, dates=False)
    array = _as_array(y, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"{name} has shape {array.shape}; expected one value a row.",
            "Give a 1-D list, array or series.",
        )
    return column_from_array(name, array, name, dates=False)


def _table_from_columns(columns: Mapping[object, object], source: str) -> Table:
    _check_names(tuple(columns), source)
    made: list[Column] = []
    for key, values in columns.items():
        if isinstance(values, str) or not hasattr(values, "__len__"):
            raise DataError(
                f"Column {key!s} of {source} is {values!r}, not a list of values.",
                f"Write {{{str(key)!r}: [{values!r}]}} for one row.",
            )
        made.append(_column(str(key), values, source))
    lengths = {column.name: len(column) for column in made}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} {n}" for name, n in list(lengths.items())[:6])
        raise DataError(f"The columns of {source} differ in length: {told}.")
    return Table(tuple(made), source)


def _table_from_records(rows: Sequence[Mapping[object, object]], source: str) -> Table:
    names = dict.fromkeys(key for row in rows for key in row)
    _check_names(tuple(names), source)
    columns = (
        column_from_objects(str(name), [row.get(name) for row in rows], source) for name in names
    )
    return Table(tuple(columns), source)


def _column(name: str, values: object, source: str) -> Column:
    # For a single row, to ask whether a list is a series takes longer than all else.
    if not isinstance(values, list | tuple | np.ndarray):
        import narwhals as nw

        series = nw.from_native(values, series_only=True, pass_through=True)
        if isinstance(series, nw.Series):
            return column_from_series(name, series, source)
    array = _as_array(values, source)
    if array.ndim != 1:
        raise DataError(
            f"Column {name!r} of {source} has shape {array.shape}; expected 1-D.", column=name
        )
    return column_from_array(name, array, source)


def _from_arrow(frame: Any, source: str) -> pl.DataFrame:
    import polars as pl

    if hasattr(frame, "collect") and not hasattr(frame, "__arrow_c_stream__"):
        frame = frame.collect()
    try:
        return pl.DataFrame(frame)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise DataError(
            f"{source} is a {type(frame).__name__}, which is no table: {error}.",
            "Give a data frame, a dictionary of columns or a 2-D array.",
        ) from None


def _as_array(x: object, source: str) -> np.ndarray:
    if type(x) is np.ndarray:  # asking for masks imports numpy.ma, 10 ms of the first answer
        return x
    if isinstance(x, Sparse):
        return _dense(x, source)
    if isinstance(x, np.ma.MaskedArray):
        return _unmasked(x)
    if isinstance(x, np.ndarray):
        return cast("np.ndarray", x)
    try:
        array = np.asarray(x)
        # A list that mixes numbers and texts would lose its numbers to NumPy's one type.
        return array if array.dtype.kind in "iufbMmO" else np.array(x, dtype=object)
    except ValueError:
        raise DataError(
            f"The rows of {source} differ in length or hold nested values.",
            "Give every row the same number of cells.",
        ) from None


def _unmasked(x: np.ma.MaskedArray) -> np.ndarray:
    cells = np.asarray(x.data, object).copy()
    cells[np.ma.getmaskarray(x)] = None
    return cells


def _dense(x: Sparse, source: str) -> np.ndarray:
    needed = 8 * int(x.shape[0]) * int(x.shape[1])
    if needed > MOST_DENSE_BYTES:
        raise DataError(
            f"{source} is sparse, {x.shape[0]} x {x.shape[1]}; as a table it would fill "
            f"{needed / 1e9:.1f} GB.",
            "Select columns, or shrink it first (for example by TruncatedSVD).",
        )
    return np.asarray(x.toarray())


def _as_rows_of_columns(array: np.ndarray) -> NDArray[np.float64]:
    """``(d, n)``: each column contiguous, and apart from the caller's memory."""
    columns = np.empty(array.shape[::-1], np.float64)
    for start in range(0, array.shape[0], _BLOCK):
        columns[:, start : start + _BLOCK] = array[start : start + _BLOCK].T
    return columns


def _check_names(names: Sequence[object], source: str) -> None:
    counts = Counter(str(name) for name in names)
    for name, count in counts.items():
        if count > 1:
            raise DataError(
                f"Column {name!r} appears {count} times in {source}.",
                "Give each column its own name.",
                column=name,
            )
