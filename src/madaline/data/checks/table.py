"""What is wrong with a table before anything is learned from it, seen from training rows only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madaline.data.checks.leaks import repeats_target
from madaline.data.table import Column, RowIndex, Table
from madaline.events.alert import Alert

# Below this many values "all are distinct" says little.
LEAST_VALUES = 20
# Share of distinct values from which a column names its rows instead of describing them.
DISTINCT_SHARE = 0.95
TEXT_SHARE, TEXT_LENGTH = 0.5, 20

_ID_NAME = re.compile(r"(^|[_\W])((?i:id|uuid|guid|index|idx|row|row_number))$|[a-z](ID|Id)$")


@dataclass(frozen=True, slots=True)
class TableCheck:
    """What a look at a table of features found.

    Attributes:
        alerts: What is remarkable about its columns.
        useless: Columns to leave out, each with the code of its alert.
    """

    alerts: tuple[Alert, ...]
    useless: Mapping[str, str]


def check_table(table: Table, target: Column, task: str, rows: RowIndex) -> TableCheck:
    """Look at a table of features.

    Args:
        table: The feature columns, all rows.
        target: The column to predict, all rows.
        task: ``regression``, or a classification task.
        rows: The training rows; no other row is looked at.

    >>> table = Table((Column("a", "number", np.ones(4)), Column("b", "number", np.arange(4.0))))
    >>> target = Column("y", "number", np.array([0.0, 1, 0, 1]))
    >>> [alert.text for alert in check_table(table, target, "binary", np.arange(4)).alerts]
    ["Column 'a' holds one value only: 1."]
    """
    training, answers = table.take(rows), target.take(rows)
    empty = [c for c in training if c.missing().all()]
    constant = [c for c in training if c not in empty and _is_constant(c)]
    rest = [c for c in training if c not in empty and c not in constant]
    texts = [c for c in rest if _is_free_text(c)]
    labels = [c for c in rest if c not in texts and _is_identifier(c)]
    rest = [c for c in rest if c not in texts and c not in labels]
    useless = [
        *_empty(empty),
        *_constant(constant),
        *(_text(column) for column in texts),
        *(_identifier(column) for column in labels),
    ]
    doubtful: list[Alert] = []
    for column in rest:
        doubtful += repeated(column, answers, task)
        doubtful += _counter(column)
        doubtful += _infinite(column)
    names = {name: alert.code for alert in useless for name in alert.columns}
    return TableCheck((*useless, *doubtful), names)


def repeated(column: Column, target: Column, task: str) -> Iterator[Alert]:
    """Whether the column all but gives the target away."""
    evidence = repeats_target(column, target, task)
    if evidence:
        yield Alert(
            "error",
            "repeats_target",
            evidence,
            action="If it is not known at the time of prediction, leave it out.",
            settings={"drop": (column.name,)},
            columns=(column.name,),
        )


def _empty(columns: list[Column]) -> Iterator[Alert]:
    if columns:
        names, verb = _listed(columns), "have" if len(columns) > 1 else "has"
        text = f"{names} {verb} no value in any training row."
        yield Alert(
            "note",
            "empty",
            text,
            action=_left_out(columns),
            columns=_names(columns),
        )


def _constant(columns: list[Column]) -> Iterator[Alert]:
    if columns:
        verb = "hold" if len(columns) > 1 else "holds"
        value = f": {columns[0].take(slice(0, 1)).texts()[0]}" if len(columns) == 1 else ""
        text = f"{_listed(columns)} {verb} one value only{value}."
        yield Alert(
            "note",
            "constant",
            text,
            action=_left_out(columns),
            columns=_names(columns),
        )


def _text(column: Column) -> Alert:
    distinct, present = _distinct(column)
    text = (
        f"Column {column.name!r} is free text: {distinct} distinct values in {present} rows, "
        f"{_mean_length(column):.0f} characters long on average."
    )
    fix = "It is left out; make categories or numbers of it to use it."
    return Alert(
        "note",
        "text",
        text,
        action=fix,
        columns=(column.name,),
    )


def _identifier(column: Column) -> Alert:
    distinct, present = _distinct(column)
    text = f"Column {column.name!r} names its rows: {distinct} distinct values in {present} rows."
    fix = "It is left out, since new rows will have other values."
    return Alert(
        "note",
        "identifier",
        text,
        action=fix,
        columns=(column.name,),
    )


def _counter(column: Column) -> Iterator[Alert]:
    """Whole numbers that number the rows: they rise with the rows, or are called so."""
    if column.kind != "number" or len(column) < LEAST_VALUES:
        return
    values = column.values[np.isfinite(column.values)]
    if len(values) < len(column) or (values != np.floor(values)).any():
        return
    rises = _numbers_the_rows(values)
    distinct = len(np.unique(values))
    if rises or (_ID_NAME.search(column.name) and distinct >= DISTINCT_SHARE * len(values)):
        how = "rises from row to row" if rises else "has a value of its own in nearly every row"
        yield Alert(
            "warn",
            "identifier",
            f"Column {column.name!r} {how}, like a row number: "
            f"{distinct} distinct whole numbers in {len(values)} rows.",
            action="If it is one, leave it out.",
            settings={"drop": (column.name,)},
            columns=(column.name,),
        )


def _infinite(column: Column) -> Iterator[Alert]:
    if column.kind != "number":
        return
    count = int(np.isinf(column.values).sum())
    if count:
        yield Alert(
            "warn",
            "infinite",
            f"Column {column.name!r} is infinite in {count} of {len(column)} training rows.",
            action="Write a number, or nothing where the value is not known.",
            columns=(column.name,),
        )


def _is_constant(column: Column) -> bool:
    return len(column) > 1 and bool((column.values == column.values[0]).all())


def _is_free_text(column: Column) -> bool:
    if column.kind != "category":
        return False
    distinct, present = _distinct(column)
    if present < LEAST_VALUES or distinct < TEXT_SHARE * present:
        return False
    spaced = sum(" " in column.levels[code] for code in np.unique(_present(column)).tolist())
    return spaced > distinct / 2 and _mean_length(column) > TEXT_LENGTH


def _is_identifier(column: Column) -> bool:
    if column.kind != "category":
        return False
    distinct, present = _distinct(column)
    return present >= LEAST_VALUES and distinct >= DISTINCT_SHARE * present


def _present(column: Column) -> RowIndex:
    return column.values[column.values >= 0]


def _distinct(column: Column) -> tuple[int, int]:
    present = _present(column)
    return int((np.bincount(present, minlength=1) > 0).sum()), len(present)


def _mean_length(column: Column) -> float:
    lengths = np.array([len(level) for level in column.levels])
    return float(lengths[_present(column)].mean())


def _numbers_the_rows(values: NDArray[np.float64]) -> bool:
    """0, 1, 2, ... or 1, 2, 3, ... with gaps where rows went to validation and test."""
    low, high = values.min(), values.max()
    dense = 0 <= low <= 1 + 0.1 * len(values) and high < 4 * len(values)
    return bool(dense and (np.diff(values) > 0).all())


def _names(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def _listed(columns: list[Column]) -> str:
    shown = ", ".join(repr(column.name) for column in columns[:3])
    if len(columns) == 1:
        return f"Column {shown}"
    more = f" and {len(columns) - 3} more" if len(columns) > 3 else ""
    return f"{len(columns)} columns ({shown}{more})"


def _left_out(columns: list[Column]) -> str:
    return "They are left out." if len(columns) > 1 else "It is left out."
