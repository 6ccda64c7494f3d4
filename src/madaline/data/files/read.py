"""Files of rows become a Table: CSV, TSV, Parquet, JSON lines and Arrow, plain or packed."""

from __future__ import annotations

import io
from collections.abc import Container, Iterable
from os import PathLike
from pathlib import Path

from madaline.data.columns.typed import table_from_polars
from madaline.data.files.delimited import table_from_delimited
from madaline.data.files.formats import Format, read_bytes, recognise
from madaline.data.files.jsonlines import table_from_json
from madaline.data.table import Table
from madaline.errors import DataError, FileError


def read_table(
    path: str | PathLike[str],
    *,
    columns: Iterable[str] | None = None,
    empty: bool = False,
    texts: Container[str] = (),
) -> Table:
    r"""The rows of a file; the file is never changed.

    Args:
        path: CSV, TSV, Parquet, JSON lines or Arrow file, as it is or in gzip or zip.
        columns: Names of the columns to keep, in this order; by default all.
        empty: Whether a table without rows is a table too.
        texts: Names of columns that are texts whatever they look like, such as the categories of
            a trained model; for files that do not say what their columns are.

    Returns:
        The table; its ``changes`` say what was dropped, guessed or rounded.

    Raises:
        FileError: The file is missing, cannot be read, is damaged or of another format.
        DataError: The file is empty, its rows differ in length, or names are wrong.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "people.csv"
    ...     _ = path.write_text("age,job\n39,clerk\nNA,nurse\n")
    ...     read_table(path)["age"].texts()
    ['39', None]
    """
    path = Path(path)
    data, name = read_bytes(path)
    found = recognise(data, name, path.name)
    match found:
        case "text":
            table = table_from_delimited(data, path.name, texts)
        case "json":
            table = table_from_json(data, path.name)
        case _:
            table = _table_from_binary(data, found, path.name)
    if not table.columns:
        raise DataError(f"{path.name} has no columns.")
    if table.n_rows == 0 and not empty:
        words = "a header" if found == "text" else "columns"
        raise DataError(f"{path.name} has {words} but no rows.", "Add at least one row.")
    return table if columns is None else table.select(columns)


def _table_from_binary(data: bytes, found: Format, source: str) -> Table:
    import polars as pl

    readers = {"parquet": pl.read_parquet, "arrow": pl.read_ipc, "stream": pl.read_ipc_stream}
    try:
        frame = readers[found](io.BytesIO(data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
        words = "Parquet" if found == "parquet" else "Arrow"
        raise FileError(
            f"{source} is damaged, or a kind of {words} file that cannot be read.",
            "Write or copy it again.",
        ) from None
    return table_from_polars(frame, source)
