"""What a person names on the command line: a trained network, and a table of new rows."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from madaline.errors import DataError, UsageError

if TYPE_CHECKING:
    from madaline.data.table import Table
    from madaline.predictor import Predictor

STDIN = "-"


def read_model(run: str) -> Predictor:
    """The network of a run folder or model file. JAX is not needed."""
    from madaline.store.bundle import load_model

    return load_model(run)


def read_rows(data: str) -> Table:
    """The rows of a file, or of stdin where ``data`` is ``-``.

    Raises:
        UsageError: Stdin is a terminal, so nothing would ever come.
        DataError: Nothing came from stdin.
    """
    from madaline.data.read import read_table

    if data != STDIN:
        return read_table(data)
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
        return read_table(path)
