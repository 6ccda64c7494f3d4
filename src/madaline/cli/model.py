"""What a person names on the command line: a trained network, and a table of new rows."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING

from madaline.errors import DataError, UsageError

if TYPE_CHECKING:
    from madaline.data.table import Table
    from madaline.predict.predictor import Predictor

STDIN = "-"


def read_model(run: str) -> Predictor:
    """The network of a run folder or model file. JAX is not needed."""
    from madaline.store.bundle import load_model

    return load_model(run)


def read_rows(data: str, model: Predictor) -> Table:
    """The rows of a file or of stdin for a model; there may be none.

    What was text in training is text again, also where all cells happen to look like numbers.

    Raises:
        UsageError: Stdin is a terminal, so nothing would ever come.
        DataError: Nothing came from stdin.
    """
    texts = {code.name for code in model.encoder.column_codes if code.kind == "category"}
    target = zip(model.target.names, model.target.kinds, strict=True)
    texts |= {name for name, kind in target if kind == "category"}
    return read_data(data, empty=True, texts=texts)


def read_data(data: str, *, empty: bool = False, texts: Container[str] = ()) -> Table:
    """The rows of a file, or of stdin where ``data`` is ``-``.

    Args:
        data: What the person named.
        empty: Whether there may be no rows.
        texts: Columns that are text, whatever their cells look like.

    Raises:
        UsageError: Stdin is a terminal, so nothing would ever come.
        DataError: Nothing came from stdin.
    """
    from madaline.data.files.read import read_table

    if data != STDIN:
        return read_table(data, empty=empty, texts=texts)
    if sys.stdin.isatty():
        raise UsageError(
            "DATA is '-', but nothing is sent to stdin.", "Pipe a table into it, or name a file."
        )
    content = sys.stdin.buffer.read()
    if not content.strip():
        raise DataError("Stdin is empty.", "Send a table with a header line.")
    with tempfile.TemporaryDirectory(prefix="madaline-") as folder:
        # Messages call a table by the name of its file.
        path = Path(folder) / "standard input"
        path.write_bytes(content)
        return read_table(path, empty=empty, texts=texts)


def remarks(model: Predictor, table: Table) -> list[str]:
    """What to know of the answer: what reading changed in the columns that the model uses, and
    values that it has never seen; one sentence each.
    """
    used = (*model.encoder.columns, *model.target.names)
    known = table.select(name for name in used if name in table)
    return [*known.changes, *model.encoder.unseen(table)]
