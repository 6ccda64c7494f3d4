"""``madaline predict``: new rows in, predictions out. Runs without JAX."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import rich_click as click

from madaline.cli.model import read_model, read_rows, remarks
from madaline.cli.options import command, output_options
from madaline.cli.output import Output
from madaline.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from madaline.data.table import Table
    from madaline.predict.predictor import Predictor

FORMATS = (".csv", ".parquet", ".jsonl")
Columns = dict[str, "np.ndarray"]

ABOUT = "Predict the rows of a table."
EXAMPLES = (
    "madaline predict runs/1123-flats new-flats.csv > prices.csv",
    "madaline predict model.madaline people.parquet --proba -o people.jsonl",
    "cut -d, -f1-8 people.csv | madaline predict runs/income -",
)
DETAILS = """
RUN is a run folder or a *.madaline file. DATA is a table with the columns of the training (the
target may be missing, further columns are ignored), or - for stdin.

The answer has one row for each row of DATA, in the same order (none if DATA has none): a column
"prediction" (or "prediction_NAME" for each of several targets), and with --proba a column "p_CLASS"
for each class.
"""


@command("predict", ABOUT, EXAMPLES, DETAILS)
@click.argument("run")
@click.argument("data")
@click.option("--proba", is_flag=True, help="Add the probability of each class.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write to a .csv, .parquet or .jsonl file instead of stdout.",
)
@output_options
def predict(run: str, data: str, proba: bool, output: str | None, output_mode: Output) -> None:
    """Predict and write."""
    if output is not None:
        check_format(output)
    model = read_model(run)
    table = read_rows(data, model)
    columns = predicted_columns(model, table, proba)
    notes = remarks(model, table)
    for note in notes:
        output_mode.note(f"madaline: note: {note}")
    n_rows = len(next(iter(columns.values())))
    if output is not None:
        write_columns(output, columns)
        output_mode.note(f"{n_rows} predictions written to {output}")
    elif output_mode.mode == "text":
        # Polars would report a reader that went away as an error of its own.
        sys.stdout.buffer.write(frame(columns).write_csv().encode())
        sys.stdout.buffer.flush()
    result: dict[str, object] = {"run": run, "target": list(model.target.names), "rows": n_rows}
    result["notes"] = notes
    result |= {"columns": columns} if output is None else {"output": output}
    output_mode.document("predict", result)


def predicted_columns(model: Predictor, table: Table, proba: bool) -> Columns:
    """The columns of the answer, by name."""
    target = model.target
    predicted = model.predict(table)
    if predicted.ndim == 1:
        columns: Columns = {"prediction": predicted}
    else:
        columns = {f"prediction_{name}": predicted[:, i] for i, name in enumerate(target.names)}
    if proba:
        shares = model.predict_proba(table)
        columns |= {f"p_{label}": shares[:, i] for i, label in enumerate(target.classes)}
    return columns


def check_format(path: str) -> None:
    """Refuse an ending that cannot be written before any work is done."""
    if Path(path).suffix.lower() not in FORMATS:
        raise UsageError(
            f"{path} does not end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.",
            "The ending chooses the format.",
        )


def write_columns(path: str, columns: Columns) -> None:
    """Write the file in the format of its ending; a file of that name is replaced as a whole."""
    from madaline.store.files import write_atomically

    table = frame(columns)

    def write(stream: BinaryIO) -> None:
        match Path(path).suffix.lower():
            case ".parquet":
                table.write_parquet(stream)
            case ".jsonl":
                table.write_ndjson(stream)
            case _:
                table.write_csv(stream)

    write_atomically(path, write)


def frame(columns: Columns) -> pl.DataFrame:
    """The columns as a Polars data frame, which writes all formats."""
    import polars as pl

    # Numbers stay arrays: a float32 is then written with its own digits, not those of a float64.
    return pl.DataFrame(
        [
            pl.Series(name, values)
            if values.dtype.kind in "fiub"
            else pl.Series(name, values.tolist(), dtype=pl.String)
            for name, values in columns.items()
        ]
    )
