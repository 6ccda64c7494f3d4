"""Files that nobody cleaned, through the real commands: success and its notes, or one line."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

from madaline.cli.main import madaline
from madaline.data.dataset import Dataset
from madaline.data.files.read import read_table
from madaline.data.table import Table
from madaline.events.data import ClassSeen
from madaline.prepare.parts import prepare
from madaline.settings.table import Settings
from madaline.store.bundle import load_model

TINY = ("--preset", "classic", "--hidden", "4", "--epochs", "2")


def command(*words: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(madaline, list(words), input=stdin)


def rows(n: int = 40, y: Callable[[int], object] = lambda i: "uv"[i % 2], end: str = "\n") -> str:
    """Columns a (numbers), b (words), y (the target)."""
    lines = [f"{i * 37 % 11}.5,{'pqr'[i % 3]},{y(i)}" for i in range(n)]
    return end.join(["a,b,y", *lines, ""])


def packed(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name in names:
            package.writestr(name, rows())
    return stream.getvalue()


def parquet() -> bytes:
    stream = io.BytesIO()
    pl.read_csv(rows().encode()).write_parquet(stream)
    return stream.getvalue()


# Name of the file, its content, exit code, the whole line on stderr (... stands for anything).
REFUSED: dict[str, tuple[str, str | bytes, int, str]] = {
    "ragged": (
        "x.csv", "a,b,y\n1,p,u\n2,q\n", 3,
        "Line 3 of x.csv has 2 cells; the header has 3. Add the missing cells.",
    ),
    "separator at the end of each line": (
        "x.csv", "a,b,y\n1,p,u,\n2,q,v,\n", 3,
        "Line 2 of x.csv has 4 cells; the header has 3. Remove ',' at the end of the line.",
    ),
    "one name twice": (
        "x.csv", "a,y,a\n1,2,3\n", 3,
        "Column 'a' appears 2 times in the header of x.csv. Give each column its own name: columns "
        "1 and 3.",
    ),
    "a column without a name": (
        "x.csv", "a,,y\n1,2,3\n", 3,
        "Column 2 of x.csv has no name in the header. Name it in line 1, or remove the separator "
        "there.",
    ),
    "an open quote": (
        "x.csv", 'a,b,y\n1,p,u\n2,"q,v\n3,r,u\n', 3,
        "Line 3 of x.csv opens a quote that is never closed. Close it, or double a quote that "
        "belongs to the cell.",
    ),
    "half of a character": (
        "x.csv", rows().encode("utf-16")[:-1], 6,
        "x.csv is cut short: it ends within a character of UTF-16. Copy it again.",
    ),
    "zeros": (
        "x.csv", rows().encode() + bytes(9), 6,
        "x.csv is not a text file: line 42 holds the byte 0x00. Expected rows of cells, such as "
        "CSV, or Parquet.",
    ),
    "empty": ("x.csv", "", 3, "x.csv is empty. Expected CSV, ..."),
    "byte order mark alone": ("x.csv", b"\xef\xbb\xbf", 3, "x.csv is empty. Expected CSV, ..."),
    "header only": (
        "x.csv", "a,b,y\n", 3, "x.csv has a header but no rows. Add at least one row.",
    ),
    "one row": (
        "x.csv", rows(1), 3,
        "There is one training row only, where the target 'y' is u: nothing to learn. Give more "
        "rows.",
    ),
    "two rows": (
        "x.csv", rows(2), 3,
        "2 rows are too few for 3 parts. At least 3 rows are needed to train, validate and test.",
    ),
    "no target": (
        "x.csv", rows(y=lambda i: ""), 3,
        "No row of x.csv has a value of the target y. Give rows with an answer to learn from.",
    ),
    "one class": (
        "x.csv", rows(y=lambda i: "u"), 3,
        "The target 'y' is u in all 40 training rows: nothing to learn. Add rows of another class.",
    ),
    "one value": (
        "x.csv", rows(y=lambda i: 5.5), 3,
        "The target 'y' is 5.5 in all 40 training rows: nothing to learn. Choose another target.",
    ),
    "keys that become one number": (
        "x.csv", rows(y=lambda i: 2**60 + i % 2), 3,
        "The target 'y' is 1.152921504606847e+18 in all 40 training rows: nothing to learn. 20 "
        "values of column 'y' were rounded: whole numbers are exact up to 9,007,199,254,740,992.",
    ),
    "5,000 classes": (
        "x.csv", rows(5000, lambda i: f"k{i}"), 3,
        "The target 'y' has 5000 different values; at most 1000 classes can be learned. Choose "
        "another target.",
    ),
    "dates to predict": (
        "x.csv", rows(y=lambda i: f"2024-01-{i % 28 + 1:02}"), 3,
        "The target 'y' holds dates, which cannot be predicted. Turn them into numbers, such as "
        "days since the first date.",
    ),
    "constant columns": (
        "x.csv", "a,y\n" + "".join(f"1,{i}.5\n" for i in range(40)), 3,
        "x.csv has no column left to predict y from. Column 'a' holds one value only: 1.",
    ),
    "the target alone": (
        "x.csv", "y\n" + "".join(f"{i}.5\n" for i in range(40)), 3,
        "x.csv has no column left to predict y from. Give a table with more columns.",
    ),
    "a wrong target": (
        "x.csv", rows().replace("y", "why", 1), 3,
        "There is no column 'y' in x.csv. Known: 'a', 'b', 'why'.",
    ),
    "a target nearly right": (
        "x.csv", rows().replace("y", "Y", 1), 3,
        "There is no column 'y' in x.csv. Did you mean 'Y'?",
    ),
    "a web page": (
        "x.csv", "<!DOCTYPE html><html>404</html>", 6,
        "x.csv is a web page or XML, which cannot be read. Expected CSV, ...",
    ),
    "cut Parquet": (
        "x.parquet", parquet()[:-9], 6,
        "x.parquet is cut short: the end of the Parquet file is missing.",
    ),
    "damaged Parquet": (
        "x.parquet", parquet()[:200] + bytes(200) + parquet()[400:], 6,
        "x.parquet is damaged, or a kind of Parquet file that cannot be read. Write or copy it "
        "again.",
    ),
    "cut gzip": (
        "x.csv.gz", gzip.compress(rows().encode())[:-20], 6,
        "x.csv.gz is damaged or cut short: gzip cannot unpack it. Copy it again.",
    ),
    "gzip twice": (
        "x.csv.gz", gzip.compress(gzip.compress(rows().encode())), 6,
        "x.csv.gz is packed twice, which cannot be read. Expected CSV, ...",
    ),
    "a zip of two files": (
        "x.zip", packed("a.csv", "b.csv"), 6,
        "x.zip holds 2 files: 'a.csv', 'b.csv'. A zip must hold exactly one table.",
    ),
    "a zip of none": ("x.zip", packed(), 6, "x.zip holds 0 files. A zip must hold ..."),
    "a name twice in JSON": (
        "x.jsonl", '{"a": 1, "y": 2, "a": 3}\n', 3,
        "An object of x.jsonl holds 'a' twice. Give each column its own name.",
    ),
    "a list in JSON": (
        "x.jsonl", '{"a": [1], "y": 2}\n', 3,
        "Column 'a' of x.jsonl holds List(Int64) values, not single cells. Leave the column out, "
        "or spread it over columns of numbers or texts.",
    ),
}  # fmt: skip


def assert_one_line(result: Result, code: int, line: str) -> None:
    start, _, rest = line.partition("...")
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    found = result.stderr.removeprefix("madaline: error: ").strip()
    assert found.startswith(start) if rest or line.endswith("...") else found == line


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_learned_from_ends_in_one_line_and_leaves_nothing(case: str) -> None:
    name, content, code, line = REFUSED[case]
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    assert_one_line(command("fit", name, "-t", "y", *TINY, "-o", "run"), code, line)
    assert [path.name for path in Path().iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "code", "line"),
    [
        (".", 6, ". is a folder. Name a file in it."),
        ("/dev/null", 3, "null is empty. Expected CSV, ..."),
        ("/dev/zero", 6, "/dev/zero is a device, whose content may never end. Name a file."),
        ("pepole.csv", 6, "There is no file pepole.csv. Did you mean 'people.csv'?"),
        ("no/people.csv", 6, "There is no file no/people.csv. There is no folder no either."),
        ("https://example.org/x.csv", 6, "https:/example.org/x.csv is a web address. Download ..."),
        ("x" * 300, 6, "x..."),
    ],
)
def test_what_is_no_file_ends_in_one_line(name: str, code: int, line: str) -> None:
    Path("people.csv").write_text(rows())
    assert_one_line(command("fit", name, "-t", "y"), code, line)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_that_may_not_be_read_ends_in_one_line() -> None:
    Path("x.csv").write_text(rows())
    Path("x.csv").chmod(0)
    line = "x.csv cannot be read: Permission denied."
    assert_one_line(command("fit", "x.csv", "-t", "y"), 6, line)


def test_an_error_of_the_system_is_told_in_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    Path("x.csv").write_text(rows())
    monkeypatch.setattr(Path, "read_bytes", fail)
    line = "x.csv cannot be read: Permission denied."
    assert_one_line(command("fit", "x.csv", "-t", "y"), 6, line)


def same(table: Table) -> None:
    """The cells of `rows`."""
    assert table["a"].values.tolist() == [i * 37 % 11 + 0.5 for i in range(40)]
    assert table["b"].texts() == ["pqr"[i % 3] for i in range(40)]
    assert table["y"].texts() == ["uv"[i % 2] for i in range(40)]


# Content of x.csv that is the table of `rows`, and the notes that are told on it.
READ: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "byte order mark": (rows().encode("utf-8-sig"), ()),
    "UTF-16": (rows().encode("utf-16"), ()),
    "CRLF": (rows(end="\r\n"), ()),
    "CR": (rows(end="\r"), ()),
    "semicolons and decimal commas": (rows().replace(",", ";").replace(".", ","), ()),
    "tabs": (rows().replace(",", "\t"), ()),
    "sep=": ("sep=;\n" + rows().replace(",", ";"), ()),
    "quotes after spaces": (rows().replace(",p,", ', "p",'), ()),
    "gzip": (gzip.compress(rows().encode()), ()),
    "Parquet in a CSV's name": (parquet(), ()),
    "separators at the end": (
        rows().replace("\n", ",\n"),
        ("Column 4 has no name and no value; it was left out.",),
    ),
    "blank lines": (
        rows().replace("\n", "\n\n", 3),
        ("3 blank lines between rows were skipped.",),
    ),
    "the header again": (
        rows(20) + rows(40).replace("\n", "\n\n", 0).split("\n", 1)[0] + "\n"
        + "\n".join(rows(40).split("\n")[21:]),
        ("1 row repeats the header, the first in row 21; left out.",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_what_was_written_otherwise_is_the_same_table(case: str) -> None:
    content, notes = READ[case]
    Path("x.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    table = read_table("x.csv")
    same(table)
    assert table.changes == notes
    told = prepare(Dataset(table, ("y",)), Settings()).alerts
    assert [alert.text for alert in told if alert.code == "reading"] == list(notes)


@pytest.mark.parametrize(
    ("cells", "kind", "note"),
    [
        (lambda i: "é" * (i % 4), "category", "x.csv is not UTF-8"),
        (lambda i: f"0{i:03}", "category", "Column 'c' is taken as codes, not numbers: 40 values"),
        (lambda i: "n.a." if i == 9 else i, "category", "no number: 'n.a.' in row 10"),
        (lambda i: f"{i}%", "number", "Column 'c' is read without its sign '%': '0%' is 0."),
        (lambda i: 2**60 + i, "number", "39 values of column 'c' were rounded"),
        (lambda i: f"{i}e308", "number", "38 values of column 'c' beyond 1.8e308 are read as infi"),
        (lambda i: f"0{1 + i % 9}/04/2024", "category", "'01/04/2024' has the day or the month"),
        (lambda i: ["2024-01-31", "31.01.2024"][i % 2], "category", "are not written alike"),
        (
            lambda i: f"2024-01-31T{i % 24:02}:00{['Z', ''][i % 2]}",
            "date",
            "20 times of column 'c'",
        ),
    ],
)
def test_what_is_guessed_or_lost_in_a_column_is_said_before_training(cells, kind, note) -> None:  # type: ignore[no-untyped-def]
    lines = rows().splitlines()
    content = [f"{line},{'c' if i == 0 else cells(i - 1)}" for i, line in enumerate(lines)]
    Path("x.csv").write_bytes("\n".join(content).encode("latin-1"))
    table = read_table("x.csv")
    assert table["c"].kind == kind
    told = prepare(Dataset(table, ("y",)), Settings()).alerts
    assert sum(note in alert.text for alert in told) == 1
    silent = prepare(Dataset(table, ("y",)), Settings(drop=("c",))).alerts
    assert not any("'c'" in alert.text for alert in silent)


def test_rows_that_are_left_out_are_counted_in_the_report() -> None:
    Path("x.csv").write_text(rows(y=lambda i: "inf" if i == 3 else "" if i < 3 else i / 4))
    Path("test.csv").write_text(rows(20, y=lambda i: "" if i < 5 else i / 4))
    result = command("fit", "x.csv", "-t", "y", "--test", "test.csv", *TINY)
    assert result.exit_code == 0, result.stderr
    told = " ".join(result.stdout.split())
    assert "4 rows without a target left out" in told
    assert "Note 1 value of the target 'y' is infinite; its row was left out." in told
    assert "Note test.csv: 5 rows without a target left out." in told


def test_10000_categories_and_a_class_of_one_row_are_learned_from() -> None:
    lines = rows(10_000, y=lambda i: "rare" if i == 77 else "uv"[i % 2]).splitlines()
    words = [f"c,{line}" if i == 0 else f"k{i},{line}" for i, line in enumerate(lines)]
    Path("x.csv").write_text("\n".join([*words, *words[1:77], *words[79:]]))
    prepared = prepare(Dataset(read_table("x.csv"), ("y",)), Settings(validation=0, test=0))
    assert prepared.encoder.code_sizes == (1 + 10_000 - 2,)  # two were seen but once
    assert ClassSeen("rare", 1) in prepared.summary.classes


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Trained on numbers with gaps, words, truths, days and codes."""
    place = tmp_path_factory.mktemp("model")
    lines = ["num,word,truth,day,code,y"]
    for i in range(60):
        truth = str(i % 4 == 0).lower()
        code = f"0{i % 5}" if i % 7 else "5%"
        word = ["red", "green", "blue"][i % 3]
        lines.append(
            f"{i if i % 9 else ''},{word},{truth},2024-0{i % 9 + 1}-01,{code},{'uv'[i % 2]}"
        )
    (place / "x.csv").write_text("\n".join(lines))
    result = command("fit", str(place / "x.csv"), "-t", "y", *TINY, "-o", str(place / "run"))
    assert result.exit_code == 0, result.output
    return str(place / "run")


ROW = {"num": "3", "word": "red", "truth": "true", "day": "2024-03-01", "code": "01"}


def answer(model: str, *changed: dict[str, str], fewer: tuple[str, ...] = ()) -> Result:
    """Predict rows that differ from `ROW`."""
    table = [{k: v for k, v in (ROW | row).items() if k not in fewer} for row in changed]
    lines = [",".join(table[0]), *(",".join(row.values()) for row in table)]
    return command("predict", model, "-", "--proba", stdin="\n".join(lines).encode())


def probabilities(result: Result) -> list[list[float]]:
    assert result.exit_code == 0, result.stderr
    return [[float(x) for x in line.split(",")[1:]] for line in result.stdout.splitlines()[1:]]


def test_order_and_further_columns_change_no_answer(model: str) -> None:
    plain = answer(model, ROW)
    lines = ["extra," + ",".join(reversed(ROW)), "1," + ",".join(reversed(ROW.values()))]
    backwards = command("predict", model, "-", "--proba", stdin="\n".join(lines).encode())
    assert plain.stdout == backwards.stdout
    assert plain.stderr == ""
    assert answer(model, {"y": "v"}).stdout == answer(model, {"y": "never"}).stdout == plain.stdout


def test_a_missing_column_is_named(model: str) -> None:
    line = "standard input lacks the column 'word', which the model was trained with. Known: ..."
    assert_one_line(answer(model, ROW, fewer=("word",)), 3, line)
    line = "standard input lacks the columns 'word', 'code', which the model was trained with. ..."
    assert_one_line(answer(model, ROW, fewer=("word", "code")), 3, line)


@pytest.mark.parametrize(
    ("column", "value", "line"),
    [
        ("num", "many", "Column 'num' of standard input has 'many' in row 1; the model was trained "
         "with numbers there. Write a number such as 2.5, or leave the cell empty."),
        ("num", "2024-01-31", "Column 'num' of standard input has 2024-01-31T00:00:00 in row ..."),
        ("truth", "2", "Column 'truth' of standard input has 2 in row 1; ..."),
        ("day", "3", "Column 'day' of standard input has 3 in row 1; the model was trained with "
         "dates there. Write a date such as 2024-01-31, or leave the cell empty."),
        ("day", "03/04/2024", "Column 'day' of standard input has '03/04/2024' in row 1; ..."),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_named_with_its_row(model, column, value, line) -> None:  # type: ignore[no-untyped-def]
    assert_one_line(answer(model, {column: value}), 3, line)


@pytest.mark.parametrize(
    ("column", "value", "same_as"),
    [
        ("num", "3.0", "3"), ("num", "'3", None), ("truth", "1", "true"), ("truth", "TRUE", "true"),
        ("day", "2024-03-01T00:00Z", "2024-03-01"), ("code", "1", "01"), ("code", "5%", None),
    ],
)  # fmt: skip
def test_another_way_to_write_a_value_gives_the_same_answer(model, column, value, same_as) -> None:  # type: ignore[no-untyped-def]
    result = answer(model, {column: value})
    if column == "num" and same_as is None:
        assert result.exit_code == 3
    elif same_as is None:
        assert result.stderr == ""  # it is known, though all cells of the column look like numbers
    else:
        assert result.stdout == answer(model, {column: same_as}).stdout


def test_values_never_seen_are_predicted_and_counted(model: str) -> None:
    result = answer(model, {"word": "mauve"}, {"word": "mauve"}, {"word": "red"})
    assert len(probabilities(result)) == 3
    assert result.stderr == (
        "madaline: note: 2 rows hold values of 'word' that were not learned, such as 'mauve'.\n"
    )
    quiet = command("predict", model, "-", "--json", stdin=b"num,word,truth,day,code\n1,x,,,\n")
    assert json.loads(quiet.stdout)["notes"] == [
        "1 row holds a value of 'word' that was not learned, such as 'x'."
    ]
    assert quiet.stderr == ""


def test_rows_of_nothing_but_gaps_are_predicted(model: str) -> None:
    empty = dict.fromkeys(ROW, "")
    assert len(probabilities(answer(model, empty, empty))) == 2
    assert len(probabilities(answer(model, empty, ROW))) == 2


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_a_header_alone_gives_an_answer_without_rows(model: str, suffix: str) -> None:
    Path("new.csv").write_text(",".join(ROW) + "\n")
    result = command("predict", model, "new.csv", "--proba", "-o", f"out.{suffix}")
    assert (result.exit_code, result.stderr) == (0, f"0 predictions written to out.{suffix}\n")
    if suffix == "csv":
        assert Path("out.csv").read_text() == "prediction,p_u,p_v\n"
        assert command("predict", model, "new.csv").stdout == "prediction\n"
    if suffix == "parquet":
        schema = pl.read_parquet_schema("out.parquet")
        assert schema["prediction"] == pl.String
    predictor = load_model(model)
    assert predictor.predict(read_table("new.csv", empty=True)).shape == (0,)
    assert predictor.predict_proba(read_table("new.csv", empty=True)).shape == (0, 2)
    none = command("evaluate", model, "-", stdin=(",".join(ROW) + ",y\n").encode())
    assert_one_line(none, 3, "There are no rows in standard input to score. Add at least one row.")


def test_evaluate_needs_the_target_and_names_a_class_it_never_saw(model: str) -> None:
    header, row = ",".join(ROW), ",".join(ROW.values())
    line = "There is no column 'y' in standard input. ..."
    assert_one_line(command("evaluate", model, "-", stdin=f"{header}\n{row}\n".encode()), 3, line)
    line = "Row 2 of the target 'y' is w, a class that no training row has. ..."
    content = f"{header},y\n{row},u\n{row},w\n".encode()
    assert_one_line(command("evaluate", model, "-", stdin=content), 3, line)
    line = "Row 1 of the target 'y' is missing (1 of 2 rows are missing or infinite). Leave ..."
    content = f"{header},y\n{row},\n{row},u\n".encode()
    assert_one_line(command("evaluate", model, "-", stdin=content), 3, line)


def test_a_refused_answer_leaves_the_earlier_one_as_it_was(model: str) -> None:
    Path("out.csv").write_text("earlier")
    Path("new.csv").write_text("num,word\n1,red\n")
    assert command("predict", model, "new.csv", "-o", "out.csv").exit_code == 3
    assert Path("out.csv").read_text() == "earlier"
    assert sorted(path.name for path in Path().iterdir()) == ["new.csv", "out.csv"]


def test_a_bomb_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from madaline.data.files import formats

    monkeypatch.setattr(formats, "ALWAYS_UNPACKED_BYTES", 2**20)
    bomb = gzip.compress(b"a,y\n" + b"1,2\n" * 2_000_000)
    Path("x.csv.gz").write_bytes(bomb)
    line = f"x.csv.gz unpacks from {len(bomb) / 1e6:.1f} MB to more than ..."
    assert_one_line(command("fit", "x.csv.gz", "-t", "y"), 6, line)


def test_a_header_longer_than_a_megabyte_keeps_its_names() -> None:
    n = 9_000
    names = [f"{'name ' * 25}{i}" for i in range(n)]
    Path("x.csv").write_text(",".join(names) + "\n" + ",".join(["1"] * n) + "\n")
    table = read_table("x.csv")
    assert table.names == tuple(names)
    assert np.all([column.values == 1 for column in table])
