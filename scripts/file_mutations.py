"""Ways in which files go wrong: bytes, cells, rows, columns, writing and packing."""

from __future__ import annotations

import csv
import gzip
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

# Beyond this many lines a file is cut first: mutations are many, time is not.
MOST_LINES = 500
MOST_BYTES = 4_000_000

CELLS = (
    "", " ", "NA", "?", "-", "nan", "inf", "-Infinity", "1e999", "-1e-999", "1e308", "0", "-0",
    "00", "007", "9007199254740993", "9" * 30, "9" * 400, "1_000", "0x1F", "1,5", "1.234,5",
    "1,234.5", "1 234", "5%", "$5", "−5", "١٢", "true", "FALSE", "yes", "2024-02-30", "2024-01-31",
    "2024-01-31T10:00:00+02:00", "2024-01-31T10:00Z", "31.12.2024", "03/04/2024", "0000-00-00",
    "9999-12-31T23:59:60", '"', '""', "a\nb", "\r", "\t", ";", ",", "|", "'", "\\", "\x00",
    "\x1b[31m", "\ufeff", "\ud7ff", "\U0001f600", "é", "x" * 5000, "=1+1", "[1, 2]", '{"a": 1}',
    "None", "#N/A",
)  # fmt: skip
NAMES = ("", " ", "x", "target", "prediction", "1", "a,b", 'a"b', "a\nb", "é", "x" * 300, "nan")
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "latin-1",
    "cp1252",
)

Rows = list[list[str]]
Draw = random.Random


def mutated(original: Path, draw: Draw) -> tuple[str, bytes]:
    """A name and the bytes of a file that is nearly the original."""
    name = original.name
    if original.suffix in (".csv", ".tsv", ".txt"):
        with original.open("rb") as stream:
            rows = read_rows(stream.read(MOST_BYTES), draw)
        for _ in range(draw.choice((0, 1, 1, 2, 3))):
            rows = draw.choice(TABLE_MUTATIONS)(rows, draw)
        content, name = written(rows, draw, original.stem)
    else:
        content = original.read_bytes()
    for _ in range(draw.choice((0, 0, 0, 1, 1, 4))):
        content = draw.choice(BYTE_MUTATIONS)(content, draw)
    return packed(content, name, draw)


def read_rows(content: bytes, draw: Draw) -> Rows:
    """The first rows of a file of separated cells, header first."""
    text = content.decode("utf-8", "replace")
    separator = max(",;\t|", key=text.partition("\n")[0].count)
    n_lines = draw.choice((2, 3, 30, MOST_LINES, MOST_LINES))
    lines = text.splitlines(keepends=True)
    return list(csv.reader(lines[: n_lines + 1], delimiter=separator))


def some_column(rows: Rows, draw: Draw) -> int:
    """The place of a column; 0 where an earlier mutation left no cells."""
    return draw.randrange(max([1, *map(len, rows)]))


def change_cells(rows: Rows, draw: Draw) -> Rows:
    """Some cells, often of one column, hold something else."""
    column = some_column(rows, draw)
    for _ in range(draw.choice((1, 3, len(rows)))):
        row = draw.choice(rows)
        place = column if draw.random() < 0.7 else draw.randrange(max(1, len(row)))
        if place < len(row):
            row[place] = draw.choice(CELLS)
    return rows


def fill_column(rows: Rows, draw: Draw) -> Rows:
    """One column holds one or two values, or a different one in each row."""
    column = some_column(rows, draw)
    values = draw.choices(CELLS, k=draw.choice((1, 2, len(CELLS))))
    for number, row in enumerate(rows[1:]):
        if column < len(row):
            row[column] = draw.choice((draw.choice(values), f"v{number}", str(number * 10**17)))
    return rows


def drop_column(rows: Rows, draw: Draw) -> Rows:
    """A column is missing."""
    column = some_column(rows, draw)
    return [row[:column] + row[column + 1 :] for row in rows]


def double_column(rows: Rows, draw: Draw) -> Rows:
    """A column appears twice, with its name, or one has another."""
    column = some_column(rows, draw)
    doubled = [[*row, *row[column : column + 1]] for row in rows]
    return rename_column(doubled, draw) if draw.random() < 0.5 else doubled


def rename_column(rows: Rows, draw: Draw) -> Rows:
    """A column has another name."""
    header = list(rows[0])
    if header:
        header[draw.randrange(len(header))] = draw.choice(NAMES)
    return [header, *rows[1:]]


def shuffle_columns(rows: Rows, draw: Draw) -> Rows:
    """The columns stand in another order."""
    width = min(map(len, rows))
    order = draw.sample(range(width), width)
    return [[row[place] for place in order] for row in rows]


def drop_rows(rows: Rows, draw: Draw) -> Rows:
    """Few rows are left, or none."""
    return [rows[0], *draw.sample(rows[1:], min(len(rows) - 1, draw.choice((0, 1, 2, 5))))]


def double_rows(rows: Rows, draw: Draw) -> Rows:
    """Rows appear again; among them the header."""
    places = draw.choices(range(len(rows)), k=draw.choice((1, 3)))
    return rows + [list(rows[place]) for place in (*places, 0)]


def ragged_row(rows: Rows, draw: Draw) -> Rows:
    """A row has cells too many or too few."""
    place = draw.randrange(len(rows))
    rows[place] = draw.choice(
        (rows[place][:-1], [*rows[place], "x"], [*rows[place], ""], [], rows[place] * 2)
    )
    return rows


def lines_in_front(rows: Rows, draw: Draw) -> Rows:
    """A title, a comment, a line of units or blank lines stand above or below the header."""
    line = draw.choice(
        (["# a comment"], ["Title"], [], ["[m]"] * len(rows[0]), [""] * len(rows[0]))
    )
    return [line, *rows] if draw.random() < 0.5 else [rows[0], line, *rows[1:]]


def many_columns(rows: Rows, draw: Draw) -> Rows:
    """A thousand columns more."""
    extra = [str(draw.random()) for _ in range(1000)]
    header = [f"extra {number}" for number in range(1000)]
    return [row + (extra if number else header) for number, row in enumerate(rows[:50])]


def written(rows: Rows, draw: Draw, stem: str) -> tuple[bytes, str]:
    """Some dialect, some encoding; or the same cells in another format."""
    name = f"{stem}{draw.choice(('.csv', '.csv', '.csv', '.tsv', '.txt', ''))}"
    if draw.random() < 0.2:
        return other_format(rows, draw, stem)
    stream = io.StringIO(newline="")
    separator = draw.choice(",,,;\t|")
    end = draw.choice(("\n", "\n", "\r\n", "\r"))
    quoting = draw.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_MINIMAL))
    csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)
    text = stream.getvalue()
    if draw.random() < 0.1:
        text = text.replace(end, separator + end)
    if draw.random() < 0.05:
        text = text.replace(".", ",")
    if draw.random() < 0.05:
        text = text.replace(separator, draw.choice(";,\t|:"))
    encoding = draw.choice((*ENCODINGS, "utf-8", "utf-8", "utf-8"))
    return text.encode(encoding, "replace"), name


def other_format(rows: Rows, draw: Draw, stem: str) -> tuple[bytes, str]:
    """Parquet, Arrow or JSON lines of the rows that have as many cells as the header."""
    import polars as pl

    names = list(dict.fromkeys(rows[0]))
    whole = [row[: len(names)] for row in rows[1:] if len(row) >= len(names)]
    series: list[pl.Series] = []
    for name, cells in zip(names, zip(*whole, strict=True), strict=False):
        column = pl.Series(name, cells, dtype=pl.String)
        numbers = column.cast(pl.Float64, strict=False)
        series.append(numbers if numbers.null_count() < len(numbers) / 2 else column)
    frame, stream = pl.DataFrame(series), io.BytesIO()
    suffix = draw.choice((".parquet", ".arrow", ".jsonl", ".json"))
    match suffix:
        case ".parquet":
            frame.write_parquet(stream, compression=draw.choice(("zstd", "snappy", "uncompressed")))
        case ".arrow":
            draw.choice((frame.write_ipc, frame.write_ipc_stream))(stream)
        case ".jsonl":
            frame.write_ndjson(stream)
        case _:
            frame.write_json(stream)
    return stream.getvalue(), stem + suffix


def flip(content: bytes, draw: Draw) -> bytes:
    """Single bits are wrong."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 10))):
        if changed:
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def cut(content: bytes, draw: Draw) -> bytes:
    """The end is missing."""
    return content[: draw.randrange(len(content) + 1)]


def remove(content: bytes, draw: Draw) -> bytes:
    """A piece is missing."""
    start, length = piece(content, draw)
    return content[:start] + content[start + length :]


def double(content: bytes, draw: Draw) -> bytes:
    """A piece appears twice."""
    start, length = piece(content, draw)
    return content[: start + length] + content[start:]


def insert(content: bytes, draw: Draw) -> bytes:
    """Something strange stands in between."""
    start, length = piece(content, draw)
    strange = (b'"', b"\x00", b"\n\n", b"\r", b",", b"\xff", b"\xe9", b"\xed\xa0\x80", b"'", b"\t")
    text = draw.choice((*strange, draw.randbytes(min(length, 100))))
    return content[:start] + text + content[start:]


def overwrite(content: bytes, draw: Draw) -> bytes:
    """A piece was lost by the disk: zeros."""
    start, length = piece(content, draw)
    return content[:start] + bytes(min(length, 4096)) + content[start + min(length, 4096) :]


def piece(content: bytes, draw: Draw) -> tuple[int, int]:
    """Start and length of a piece, often short."""
    start = draw.randrange(len(content) + 1)
    return start, draw.choice((1, 2, draw.randrange(50) + 1, draw.randrange(len(content) + 1)))


def packed(content: bytes, name: str, draw: Draw) -> tuple[str, bytes]:
    """Sometimes in gzip or zip, and sometimes cut there."""
    chance = draw.random()
    if chance < 0.8:
        return name, content
    if chance < 0.9:
        content, name = gzip.compress(content, mtime=0), f"{name}.gz"
    else:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", draw.choice((0, 8, 12, 14))) as package:
            for number in range(draw.choice((1, 1, 1, 0, 2))):
                # A fixed time: the same seed gives the same bytes.
                package.writestr(zipfile.ZipInfo(f"{number}-{name}"), content)
        content, name = stream.getvalue(), f"{name}.zip"
    if draw.random() < 0.4:
        content = draw.choice(BYTE_MUTATIONS)(content, draw)
    return name, content


TABLE_MUTATIONS: tuple[Callable[[Rows, Draw], Rows], ...] = (
    change_cells, change_cells, fill_column, fill_column, drop_column, double_column, rename_column,
    shuffle_columns, drop_rows, double_rows, ragged_row, lines_in_front, many_columns,
)  # fmt: skip
BYTE_MUTATIONS = (flip, cut, remove, double, insert, overwrite)
