"""JSON lines (one object a row), and JSON arrays of objects."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import cast

from madaline.data.columns.frames import as_table
from madaline.data.columns.typed import table_from_polars
from madaline.data.files.encodings import as_utf8
from madaline.data.table import Table
from madaline.errors import DataError

# Half of a pair of UTF-16: Polars reads the character 0 there.
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
# Python reads no whole number of thousands of digits; float64 ends at 309, so the rest is alike.
_MOST_DIGITS = 400


def table_from_json(data: bytes, source: str) -> Table:
    r"""A table of the bytes of a JSON lines file.

    Raises:
        DataError: A line is no JSON object, names a column twice, or a cell holds a list or an
            object.
        FileError: The bytes are no text.

    >>> table_from_json(b'{"a": 1}\n{"a": null, "b": "x"}\n', "x.jsonl")["b"].texts()
    [None, 'x']
    """
    import polars as pl

    data, notes = as_utf8(data, source)
    if data.lstrip()[:1] != b"[" and not _HALF_PAIR.search(data):
        _refuse_twice(data, source)
        try:
            frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
            return replace(table_from_polars(frame, source), notes=notes)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            pass  # Python's reader says which line it is, and takes NaN and mixed cells.
    return replace(as_table(_objects(data.decode(), source), source), notes=notes)


def looks_like_json(data: bytes) -> bool:
    r"""Whether the first line is an object, or an array of objects begins.

    >>> looks_like_json(b'{"a": 1}\n'), looks_like_json(b'[{"a"'), looks_like_json(b"{a},b\n")
    (True, True, False)
    """
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"[":
        return start[1:100].lstrip()[:1] == b"{"
    if start[:1] != b"{":
        return False
    try:
        return isinstance(json.loads(start.partition(b"\n")[0]), dict)
    except (ValueError, RecursionError):
        return False


def _refuse_twice(data: bytes, source: str) -> None:
    """A writer that names a column twice does so in the first line; Polars would not tell."""
    line = data.lstrip().partition(b"\n")[0]
    if line.count(b'":') < 1000:
        try:
            json.loads(line, object_pairs_hook=lambda pairs: _object(pairs, source))
        except DataError:
            raise
        except (ValueError, RecursionError):
            pass  # told with its line later


def _objects(text: str, source: str) -> list[dict[str, object]]:
    if text.lstrip().startswith("["):
        rows = _parse(text, "", source)
        if not isinstance(rows, list) or not rows:
            raise DataError(f"{source} holds no rows.")
        lines = [(f"Row {i} of {source}", row) for i, row in enumerate(rows, 1)]
    else:
        lines = [
            (f"Line {i} of {source}", _parse(line, f"Line {i} of ", source))
            for i, line in enumerate(text.split("\n"), 1)
            if line.strip()
        ]
    return [_row(where, row) for where, row in lines]


def _row(where: str, row: object) -> dict[str, object]:
    if isinstance(row, dict):
        return cast("dict[str, object]", row)
    raise DataError(f"{where} is not an object.", 'Expected {"column": value, ...} in each line.')


def _parse(text: str, where: str, source: str) -> object:
    try:
        return json.loads(
            text, parse_int=_whole, object_pairs_hook=lambda pairs: _object(pairs, source)
        )
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        line = f"Line {error.lineno} of " if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(
            f"{where or line}{source} is not JSON.",
            'Expected one object a line, such as {"age": 39, "job": "clerk"}.',
        ) from None


def _object(pairs: list[tuple[str, object]], source: str) -> dict[str, object]:
    found = {_encodable(name): value for name, value in pairs}
    if len(found) < len(pairs):
        name = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise DataError(
            f"An object of {source} holds {name!r} twice.",
            "Give each column its own name.",
            column=name,
        )
    return found


def _encodable(name: str) -> str:
    return name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _whole(digits: str) -> int:
    return int(digits[:_MOST_DIGITS])
