"""Any bytes are a table or one line; a table that was written reads back, in whatever dialect."""

from __future__ import annotations

import csv
import gzip
import io
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madaline.data.files.read import read_table
from madaline.data.table import Table
from madaline.errors import MadalineError

CHECKED = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])

# A cell that begins and ends with a letter is no number, no date and no mark of a gap.
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"], include_characters='\n", |'),
    max_size=6,
).map(lambda text: f"x{text}y")  # fmt: skip
LATIN = st.text(st.characters(min_codepoint=0xA1, max_codepoint=0xFF), max_size=4).map(
    lambda text: f"x{text}ÿ"
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def written_tables(draw):
    """Names, columns of cells (None is a gap), and the bytes of a file of them."""
    n_columns, n_rows = draw(st.integers(2, 4)), draw(st.integers(1, 6))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]))
    words = LATIN if encoding == "cp1252" else WORDS
    names = draw(st.lists(words, min_size=n_columns, max_size=n_columns, unique=True))
    columns = [
        draw(st.lists(st.none() | kind, min_size=n_rows, max_size=n_rows))
        for kind in draw(st.lists(st.sampled_from([words, NUMBERS]), min_size=n_columns,
                                  max_size=n_columns))
    ]  # fmt: skip
    stream = io.StringIO(newline="")
    csv.writer(
        stream,
        delimiter=draw(st.sampled_from(",;\t|")),
        lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
    ).writerows([names, *zip(*columns, strict=True)])
    return names, columns, stream.getvalue().encode(encoding)


def read_bytes(folder: Path, name: str, content: bytes) -> Table | MadalineError:
    """The table, or the refusal; a warning or any other error fails the test."""
    path = folder / name
    path.write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            table = read_table(path, empty=True)
    except MadalineError as refusal:
        return one_line(refusal)
    assert {len(column) for column in table} == {table.n_rows}
    assert all(len(column.texts()) == table.n_rows for column in table)
    "\n".join((*table.names, *table.changes)).encode()
    return table


def one_line(refusal: MadalineError) -> MadalineError:
    assert "\n" not in str(refusal)
    assert refusal.exit_code in (3, 6)
    return refusal


@CHECKED
@given(written_tables())
def test_a_table_in_any_dialect_reads_back_cell_by_cell(tmp_path, written):
    names, columns, content = written
    table = read_bytes(tmp_path, "x.csv", content)
    assert isinstance(table, Table), str(table)
    assert list(table.names) == names
    for column, cells in zip(table, columns, strict=True):
        if all(cell is None for cell in cells):
            assert column.missing().all()
        elif any(isinstance(cell, str) for cell in cells):
            assert column.texts() == cells
        else:
            wanted = np.array([np.nan if cell is None else cell for cell in cells])
            np.testing.assert_array_equal(column.values, wanted)


@CHECKED
@given(st.binary(max_size=300), st.sampled_from(["csv", "tsv", "json", "jsonl", "txt", "csv.gz"]))
def test_any_bytes_are_a_table_or_one_line(tmp_path, content, suffix):
    read_bytes(tmp_path, f"x.{suffix}", content)


@CHECKED
@given(st.text(st.sampled_from('ab1-.,;"\n\r\t|#=0é\x00'), max_size=80))
def test_any_text_is_a_table_or_one_line(tmp_path, text):
    read_bytes(tmp_path, "x.csv", text.encode())


@CHECKED
@given(st.text(st.sampled_from('{}[]":, \n1ae\\ud8'), max_size=60))
def test_any_json_is_a_table_or_one_line(tmp_path, text):
    read_bytes(tmp_path, "x.json", f'[{{"a": "{text}"}}]'.encode())
    read_bytes(tmp_path, "x.jsonl", f'{{"a": {text}}}\n{{"a": 1}}\n'.encode())


FRAME = pl.DataFrame(
    {
        "age": [39, None, 25, 61],
        "income": [20.5, -3.0, None, 1e300],
        "job": ["clerk", "nurse, night", None, 'a "poet"'],
        "since": ["2024-01-31", "2023-12-01", None, "1999-05-05"],
        "big": [2**53 + 1, 1, None, -(2**62)],
    }
)


def original(kind: str) -> bytes:
    stream = io.BytesIO()
    match kind:
        case "parquet":
            FRAME.write_parquet(stream)
        case "arrow":
            FRAME.write_ipc(stream)
        case "arrows":
            FRAME.write_ipc_stream(stream)
        case "jsonl":
            FRAME.write_ndjson(stream)
        case _:
            FRAME.write_csv(stream)
    content = stream.getvalue()
    return gzip.compress(content, mtime=0) if kind == "csv.gz" else content


@st.composite
def mutations(draw, length=st.integers(0, 5000)):
    """Changes of bytes: where, how many are replaced, and by what."""
    one = st.tuples(length, st.integers(0, 40), st.binary(max_size=8))
    return draw(st.lists(one, min_size=1, max_size=3))


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow", "arrows", "jsonl", "csv.gz"])
@settings(CHECKED, max_examples=60)
@given(changes=mutations())
def test_a_damaged_file_is_a_table_or_one_line(tmp_path, kind, changes):
    content = original(kind)
    for start, n_bytes, new in changes:
        start %= len(content) + 1
        content = content[:start] + new + content[start + n_bytes :]
    read_bytes(tmp_path, f"x.{kind}", content)
