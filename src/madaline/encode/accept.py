"""Which tables and target values are accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from madaline.data.table import Column, Table
from madaline.errors import DataError


def check_training(table: Table) -> None:
    """Refuse a table that nothing can be learned from.

    Raises:
        DataError: There is no column or no row, or two columns have the same name.
    """
    if not table.n_rows:
        missing = "rows" if table.columns else "columns"
        raise DataError(f"There are no {missing} in {table.source} to learn from.")
    name, n_times = Counter(table.names).most_common(1)[0]
    if n_times > 1:
        raise DataError(
            f"{n_times} columns are named {name!r}.", "Rename or drop all but one.", column=name
        )


def refuse_gaps(column: Column) -> None:
    """Refuse a target column with a missing or infinite value, or of dates.

    Raises:
        DataError: Names the first such row, counted from 1, and the number of them.
    """
    if column.kind == "date":
        raise DataError(
            f"The target {column.name!r} holds dates, which cannot be predicted.",
            "Turn them into numbers, such as days since the first date.",
            column=column.name,
        )
    gaps = column.missing()
    if column.kind == "number":
        gaps = ~np.isfinite(column.values)
    if gaps.any():
        row = int(gaps.argmax())
        state = "missing" if column.missing()[row] else "infinite"
        raise DataError(
            f"Row {row + 1} of the target {column.name!r} is {state} "
            f"({int(gaps.sum())} of {len(column)} rows are missing or infinite).",
            "Leave such rows out.",
            column=column.name,
            row=row + 1,
        )


def refuse_one_value(column: Column, shown: str, fix: str) -> NoReturn:
    """Refuse a target of which every row is the same; what reading did to it may be the reason.

    Args:
        column: The target in the training rows, all of one value.
        shown: That value as a person would write it.
        fix: What helps if there is nothing else to say.

    Raises:
        DataError: Always.
    """
    if len(column) == 1:
        raise DataError(
            f"There is one training row only, where the target {column.name!r} is {shown}: "
            "nothing to learn.",
            "Give more rows.",
            column=column.name,
        )
    raise DataError(
        f"The target {column.name!r} is {shown} in all {len(column)} training rows: "
        "nothing to learn.",
        " ".join(column.notes) or fix,
        column=column.name,
    )


def refuse_negative(columns: Sequence[Column]) -> None:
    """Refuse negative values where counts are expected.

    Raises:
        DataError: Names the first such row, counted from 1.
    """
    for column in columns:
        if (column.values < 0).any():
            row = int((column.values < 0).argmax())
            raise DataError(
                f"The Poisson loss needs counts, and row {row + 1} of the target {column.name!r} "
                f"is {cell_text(column, row)}.",
                "Choose the squared loss.",
                settings={"loss": "squared"},
                column=column.name,
                row=row + 1,
            )


def cell_text(column: Column, row: int) -> str:
    """One cell as a person would write it; ``None`` where missing."""
    return str(column.take(slice(row, row + 1)).texts()[0])
