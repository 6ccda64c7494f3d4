"""JSON lines (one object a row), and JSON arrays of objects."""

from __future__ import annotations

import io
import json
from typing import Any

from madaline.data.frames import as_table
from madaline.data.table import Table
from madaline.data.typed import table_from_polars
from madaline.errors import DataError


def table_from_json(data: bytes, source: str) -> Table:
    r"""A table of the bytes of a JSON lines file.

    Raises:
        DataError: A line is no JSON object, or a cell holds a list or an object.

    >>> table_from_json(b'{"a": 1}\n{"a": null, "b": "x"}\n', "x.jsonl")["b"].texts()
    [None, 'x']
    """
    import polars as pl

    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip()[:1] != b"[":
        try:
            frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
            return table_from_polars(frame, source)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            pass  # Python's reader says which line it is, and takes NaN and mixed cells.
    return as_table(_objects(data, source), source)


def _objects(data: bytes, source: str) -> list[dict[str, Any]]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise DataError(f"{source} is not UTF-8 text, as JSON must be.") from None
    if text.lstrip().startswith("["):
        rows = _parse(text, "", source)
        if not isinstance(rows, list) or not rows:
            raise DataError(f"{source} holds no rows.")
        lines = [(f"Row {i} of {source}", row) for i, row in enumerate(rows, 1)]
    else:
        lines = [
            (f"Line {i} of {source}", _parse(line, f"Line {i} of ", source))
            for i, line in enumerate(text.splitlines(), 1)
            if line.strip()
        ]
    for where, row in lines:
        if not isinstance(row, dict):
            raise DataError(
                f"{where} is not an object.", 'Expected {"column": value, ...} in each line.'
            )
    return [row for _, row in lines]


def _parse(text: str, where: str, source: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f"Line {error.lineno} of " if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(
            f"{where or line}{source} is not JSON.",
            'Expected one object a line, such as {"age": 39, "job": "clerk"}.',
        ) from None
