"""From what a person names (a file, a sample, a frame) to all rows of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.data.files.read import read_table
from madaline.data.samples import SAMPLES, load_sample
from madaline.data.table import Table
from madaline.settings.table import Settings


def read_data(data: object) -> Table:
    """The rows of a file, a sample, or anything that is a table."""
    if isinstance(data, str) and data in SAMPLES and not Path(data).exists():
        return load_sample(data).table
    if isinstance(data, str | Path):
        return read_table(data)
    return as_table(data)


def read_dataset(data: object, target: tuple[str, ...], settings: Settings, **rows: Any) -> Dataset:
    """All rows, with validation and test rows where the settings name files of them.

    Args:
        data: A path, the name of a sample, or anything that is a table.
        target: Names of the target columns.
        settings: A person's choices.
        rows: What else a `Dataset` has; it goes before the files.
    """
    table = read_data(data)
    given: dict[str, Any] = {**read_parts(table, settings), **rows}
    return Dataset(table, target, **given)


def read_parts(table: Table, settings: Settings) -> dict[str, Table]:
    """Validation and test rows of the files that the settings name.

    What is text in the table is text in these files, also where all cells look like numbers.
    """
    texts = {column.name for column in table if column.kind == "category"}
    return {
        name: read_table(value, texts=texts)
        for name in ("validation", "test")
        if isinstance(value := getattr(settings, name), str)
    }
