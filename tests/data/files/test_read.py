from __future__ import annotations

import gzip
import zipfile
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madaline.data.columns.texts import MISSING
from madaline.data.files.read import read_table
from madaline.errors import DataError, FileError, MadalineError

QUIET = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
FRAME = pl.DataFrame({"age": [39, None, 25], "job": ["clerk", "nurse", None]})


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def as_bytes(frame: pl.DataFrame, kind: str, folder: Path) -> bytes:
    path = folder / f"written.{kind}"
    match kind:
        case "csv":
            frame.write_csv(path)
        case "tsv":
            frame.write_csv(path, separator="\t")
        case "parquet":
            frame.write_parquet(path)
        case "jsonl":
            frame.write_ndjson(path)
        case "arrow":
            frame.write_ipc(path)
        case _:
            frame.write_ipc_stream(path)
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "jsonl", "arrow", "arrows"])
@pytest.mark.parametrize("package", ["plain", "gzip", "zip"])
def test_every_format_and_package_gives_the_same_table(tmp_path, kind, package):
    content = as_bytes(FRAME, kind, tmp_path)
    path = tmp_path / f"people.{kind}"
    if package == "plain":
        path.write_bytes(content)
    elif package == "gzip":
        path = write(tmp_path, f"people.{kind}.gz", gzip.compress(content))
    else:
        path = tmp_path / "people.zip"
        with zipfile.ZipFile(path, "w") as made:
            made.writestr(f"people.{kind}", content)
            made.writestr("__MACOSX/x", b"")
    before = path.read_bytes()
    table = read_table(path)
    assert table.source == path.name
    assert [c.kind for c in table] == ["number", "category"]
    assert table["age"].texts() == ["39", None, "25"]
    assert table["job"].texts() == ["clerk", "nurse", None]
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "arrow", "arrows"])
def test_content_is_recognised_without_an_extension(tmp_path, kind):
    table = read_table(write(tmp_path, "people", as_bytes(FRAME, kind, tmp_path)))
    assert table.names == ("age", "job")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_found_from_the_first_rows(tmp_path, separator):
    rows = [["a", "b", "c"], ["1", "x", "2"], ["3", "y", "4"]]
    table = read_table(write(tmp_path, "x.csv", "\n".join(separator.join(r) for r in rows)))
    assert table.names == ("a", "b", "c")
    assert table["c"].values.tolist() == [2, 4]


def test_decimal_commas_are_read_in_semicolon_files(tmp_path):
    table = read_table(write(tmp_path, "x.csv", "a;b;c\n1,5;1.234,5;2\n-0,25;7;x,y\n"))
    assert table["a"].values.tolist() == [1.5, -0.25]
    assert table["b"].values.tolist() == [1234.5, 7]
    assert table["c"].kind == "category"


def test_thousands_commas_are_read_in_comma_files(tmp_path):
    table = read_table(write(tmp_path, "x.csv", 'a,b\n"1,234.5","1,5"\n12,2\n'))
    assert table["a"].values.tolist() == [1234.5, 12]
    assert table["b"].kind == "category"


@pytest.mark.parametrize("marker", MISSING)
def test_markers_are_missing_values(tmp_path, marker):
    table = read_table(write(tmp_path, "x.csv", f"a,b,c\n1, {marker} ,x\n{marker},u,{marker}\n"))
    gaps = [column.missing().tolist() for column in table]
    assert gaps == [[False, True], [True, False], [False, True]]
    assert table["a"].kind == "number"


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16", b""), ("utf-16-le", b""),
     ("utf-16-be", b""), ("latin-1", b""), ("cp1252", b"")],
)  # fmt: skip
def test_encodings_are_found(tmp_path, encoding, mark):
    text = "größe,name\r\n1,Zoë\r\n2,Åsa\r\n"
    table = read_table(write(tmp_path, "x.csv", mark + text.encode(encoding)))
    assert table.names == ("größe", "name")
    assert table["name"].texts() == ["Zoë", "Åsa"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_quotes_hold_separators_newlines_and_quotes(tmp_path, end):
    text = end.join(["a,b", '"1,2","say ""hi"""', '"two', 'lines",x', ""])
    table = read_table(write(tmp_path, "x.csv", text))
    assert table["a"].texts() == ["1,2", "two\nlines"]
    assert table["b"].texts() == ['say "hi"', "x"]


def test_a_quote_within_a_cell_is_a_character(tmp_path):
    table = read_table(write(tmp_path, "x.csv", 'size,n\n5" pipe,1\n6 pipe,2\n'))
    assert table["size"].texts() == ['5" pipe', "6 pipe"]


def test_blank_lines_are_no_rows(tmp_path):
    table = read_table(write(tmp_path, "x.csv", '\n\na,b\n\n1,"x\n\ny"\n\n\n2,z\n\n'))
    assert table["a"].values.tolist() == [1, 2]
    assert table["b"].texts() == ["x\n\ny", "z"]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    text = '\n\na,b\n\n1,"x\ny"\n\n2\n'
    with pytest.raises(DataError, match=r"Line 8 of x\.csv has 1 cells"):
        read_table(write(tmp_path, "x.csv", text))


def test_one_column_needs_no_separator(tmp_path):
    assert read_table(write(tmp_path, "x.csv", "a\n1\n\n3"))["a"].texts() == ["1", None, "3"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["true", "FALSE"], "boolean"),
        (["yes", "no"], "category"),
        (["t", "f"], "category"),
        (["true", "maybe"], "category"),
        (["1", "0"], "number"),
        (["1", "x"], "category"),
        (["1e5", " +.5"], "number"),
        (["inf", "-1"], "number"),
        (["2024-01-31", "1999-12-01"], "date"),
        (["2024-01-31 10:00", "2024-01-31T10:00:01.5Z"], "date"),
        (["2024/01/31", "2024/2/1"], "date"),
        (["31.01.2024", "1.2.2024"], "date"),
        (["31 Jan 2024", "1 Feb 2024"], "date"),
        (["January 31, 2024", "May 1, 2024"], "date"),
        (["03/04/2024", "05/06/2024"], "category"),
        (["2024-02-30", "2024-01-01"], "category"),
        (["NA", "?"], "number"),
    ],
)
def test_all_texts_of_a_column_decide_its_kind(tmp_path, cells, kind):
    text = "\n".join(["a,b", *(f'"{cell}",1' for cell in cells)])
    assert read_table(write(tmp_path, "x.csv", text))["a"].kind == kind


def test_times_are_converted_to_utc(tmp_path):
    text = "t,n\n2024-01-01T00:30:00.25+02:00,1\n2023-12-31 22:30Z,2\n2023-12-31,3\n"
    values = read_table(write(tmp_path, "x.csv", text))["t"].values
    assert values.dtype == "datetime64[us]"
    assert values.tolist() == [
        np.datetime64(t, "us").item()
        for t in ("2023-12-31T22:30:00.25", "2023-12-31T22:30", "2023-12-31")
    ]


def test_huge_integers_become_floats(tmp_path):
    path = write(tmp_path, "x.csv", f"a,b\n{10**25},1\n2,2\n")
    assert read_table(path)["a"].values.tolist() == [1e25, 2.0]


def test_columns_are_chosen_in_the_order_asked_for(tmp_path):
    path = write(tmp_path, "x.csv", "a,b,c\n1,2,3\n")
    assert read_table(path, columns=["c", "a"]).names == ("c", "a")
    with pytest.raises(DataError, match="no column 'd'"):
        read_table(path, columns=["d"])


def test_typed_columns_of_parquet_keep_their_meaning(tmp_path):
    frame = pl.DataFrame(
        {
            "small": pl.Series([1, None], dtype=pl.Int8),
            "money": pl.Series([Decimal("1.5"), None], dtype=pl.Decimal(10, 2)),
            "truth": [True, None],
            "text": ["7", None],
            "level": pl.Series(["low", "high"], dtype=pl.Enum(["low", "middle", "high"])),
            "group": pl.Series(["b", "a"], dtype=pl.Categorical),
            "day": [date(2024, 1, 31), None],
            "zoned": pl.Series(["2024-01-01T00:00:00+02:00", None]).str.to_datetime(),
            "span": pl.Series([1500, None]).cast(pl.Duration("ms")),
            "clock": pl.Series([60 * 10**9, None]).cast(pl.Time),
            "infinite": [float("inf"), 1.0],
            "nothing": pl.Series([None, None], dtype=pl.Null),
        }
    )
    path = tmp_path / "x.parquet"
    frame.write_parquet(path)
    table = read_table(path)
    told = {column.name: (column.kind, column.texts()) for column in table}
    assert told == {
        "small": ("number", ["1", None]),
        "money": ("number", ["1.5", None]),
        "truth": ("boolean", ["true", None]),
        "text": ("category", ["7", None]),
        "level": ("category", ["low", "high"]),
        "group": ("category", ["b", "a"]),
        "day": ("date", ["2024-01-31T00:00:00", None]),
        "zoned": ("date", ["2023-12-31T22:00:00", None]),
        "span": ("number", ["1.5", None]),
        "clock": ("number", ["60", None]),
        "infinite": ("number", ["inf", "1"]),
        "nothing": ("number", [None, None]),
    }
    assert table["level"].levels == ("low", "high")


@pytest.mark.parametrize("values", [[[1, 2]], [{"x": 1}], [b"raw"]])
def test_nested_cells_are_refused_by_name(tmp_path, values):
    pl.DataFrame({"good": [1], "bad": values}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"Column 'bad' of x\.parquet"):
        read_table(tmp_path / "x.parquet")


def test_json_lines_may_mix_and_leave_out_cells(tmp_path):
    text = '{"a": 1, "d": "2024-01-31"}\n\n{"a": NaN, "b": "x"}\n{"a": 2.5, "b": 3}\n'
    table = read_table(write(tmp_path, "x.jsonl", text))
    assert table["a"].texts() == ["1", None, "2.5"]
    assert table["b"].texts() == [None, "x", "3"]
    assert table["d"].kind == "date"


def test_a_json_array_of_objects_is_read(tmp_path):
    table = read_table(write(tmp_path, "x.json", '[{"a": 1},\n {"a": true}]'))
    assert table["a"].texts() == ["1", "1"]


BROKEN = {
    "ragged_short": (
        "x.csv",
        "a,b\n1,2\n3\n",
        "Line 3 of x.csv has 1 cells; the header has 2. Add the missing cells.",
    ),
    "ragged_long": (
        "x.csv",
        "a,b\n1,2\n3,4,5\n",
        "Line 3 of x.csv has 3 cells; the header has 2. Put double quotes "
        "around a cell that contains ','.",
    ),
    "open_quote": (
        "x.csv",
        'a,b\n1,2\n"3,4\n5,6\n',
        "Line 3 of x.csv opens a quote that is never closed. Close it, or double",
    ),
    "empty": (
        "x.csv",
        "",
        "x.csv is empty.",
    ),
    "blank": (
        "x.csv",
        " \n\n",
        "x.csv is empty.",
    ),
    "header_only": (
        "x.csv",
        "a,b\n",
        "x.csv has a header but no rows.",
    ),
    "twice": (
        "x.csv",
        "a,b,a\n1,2,3\n",
        "Column 'a' appears 2 times in the header of x.csv.",
    ),
    "unnamed": (
        "x.csv",
        "a,,b\n1,2,3\n",
        "Column 2 of x.csv has no name in the header.",
    ),
    "index": (
        "x.csv",
        ",a\n0,1\n",
        "Column 1 of x.csv has no name in the header. Name it in "
        "line 1; pandas leaves it out with to_csv(index=False).",
    ),
    "no_header": (
        "x.csv",
        "1.5,2\n3,4\n",
        "Line 1 of x.csv holds numbers, not names.",
    ),
    "binary": (
        "x.csv",
        bytes(range(256)) * 4,
        "x.csv is not a text file: line 1 holds the byte 0x00.",
    ),
    "picture": (
        "x.png",
        b"\x89PNG\r\n\x1a\n" + bytes(99),
        "x.png is a PNG image, which cannot be read.",
    ),
    "cut_parquet": (
        "x.parquet",
        b"PAR1" + bytes(50),
        "x.parquet is cut short: the end of the Parquet file is missing.",
    ),
    "bad_parquet": (
        "x.parquet",
        b"PAR1" + bytes(50) + b"PAR1",
        "x.parquet is damaged",
    ),
    "no_parquet": (
        "x.parquet",
        "a,b\n1,2\n",
        "x.parquet is not a parquet file, or it is damaged.",
    ),
    "bad_arrow": (
        "x.arrow",
        b"ARROW1" + bytes(50) + b"ARROW1",
        "x.arrow is damaged",
    ),
    "bad_gzip": (
        "x.csv.gz",
        gzip.compress(b"a,b\n1,2\n" * 99)[:-20],
        "x.csv.gz is damaged or cut short: gzip cannot unpack it.",
    ),
    "no_gzip": (
        "x.csv.gz",
        "a,b\n",
        "x.csv.gz is not a gz file, or it is damaged.",
    ),
    "bad_zip": (
        "x.zip",
        b"PK\x03\x04" + bytes(50),
        "x.zip is damaged or cut short: zip cannot unpack it.",
    ),
    "sheet": (
        "x.xlsx",
        b"PK\x03\x04" + bytes(50),
        "x.xlsx is a spreadsheet. Save the sheet as CSV.",
    ),
    "bad_json": (
        "x.jsonl",
        '{"a": 1}\n\n{"a": \n',
        "Line 3 of x.jsonl is not JSON.",
    ),
    "bad_array": (
        "x.json",
        '[{"a": 1},\n {"a" 2}]',
        "Line 2 of x.json is not JSON.",
    ),
    "json_number": (
        "x.jsonl",
        '{"a": 1}\n3\n',
        "Line 2 of x.jsonl is not an object.",
    ),
    "json_list": (
        "x.jsonl",
        '{"a": [1]}\n',
        "Column 'a' of x.jsonl holds",
    ),
    "json_nothing": (
        "x.json",
        "[]",
        "x.json holds no rows.",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_give_one_line_that_names_file_and_place(tmp_path, case):
    name, content, message = BROKEN[case]
    with pytest.raises((FileError, DataError)) as caught:
        read_table(write(tmp_path, name, content))
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_file_suggests_its_neighbour(tmp_path):
    write(tmp_path, "penguins.csv", "a\n1\n")
    with pytest.raises(FileError, match=r"There is no file .* Did you mean 'penguins\.csv'\?"):
        read_table(tmp_path / "pengiuns.csv")
    with pytest.raises(FileError, match="There is no folder"):
        read_table(tmp_path / "nowhere" / "x.csv")


def test_a_folder_and_a_web_address_are_refused(tmp_path):
    with pytest.raises(FileError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(FileError, match="is a web address"):
        read_table("https://example.org/x.csv")


def test_a_zip_of_several_files_names_them(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.writestr("a.csv", "a\n1\n")
        made.writestr("b.csv", "a\n1\n")
    with pytest.raises(FileError, match=r"x\.zip holds 2 files: 'a\.csv', 'b\.csv'\."):
        read_table(tmp_path / "x.zip")


def read_or_refuse(path: Path) -> None:
    with suppress(MadalineError):
        read_table(path)


@QUIET
@given(
    st.binary(max_size=200),
    st.sampled_from(["csv", "parquet", "jsonl", "gz", "zip", "arrow", "xyz"]),
)
def test_random_bytes_never_give_a_foreign_error(tmp_path, content, suffix):
    read_or_refuse(write(tmp_path, f"x.{suffix}", content))


@pytest.mark.parametrize("kind", ["parquet", "arrow", "jsonl", "csv"])
def test_a_file_cut_short_anywhere_never_gives_a_foreign_error(tmp_path, kind):
    content = as_bytes(FRAME, kind, tmp_path)
    for length in range(0, len(content), max(1, len(content) // 40)):
        read_or_refuse(write(tmp_path, f"x.{kind}", content[:length]))


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"], include_characters='\n", ;'),
    min_size=1,
    max_size=6,
).map(lambda text: f"x{text}y")  # the edges of a cell are trimmed


@st.composite
def tables(draw):
    n_rows = draw(st.integers(1, 6))
    numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False, width=64)
    column = st.one_of(
        st.lists(numbers, min_size=n_rows, max_size=n_rows),
        st.lists(st.none() | TEXTS, min_size=n_rows, max_size=n_rows),
    )
    columns = draw(st.lists(column, min_size=2, max_size=4))
    return {f"c{i}": values for i, values in enumerate(columns)}


@QUIET
@given(tables(), st.sampled_from([",", ";", "\t", "|"]))
def test_a_written_csv_reads_back_the_same(tmp_path, columns, separator):
    pl.DataFrame(columns, strict=False).write_csv(tmp_path / "x.csv", separator=separator)
    table = read_table(tmp_path / "x.csv")
    for name, cells in columns.items():
        column = table[name]
        if column.kind == "category":
            assert column.texts() == cells
        else:
            wanted = [np.nan if cell is None else cell for cell in cells]
            np.testing.assert_array_equal(column.values, wanted)
