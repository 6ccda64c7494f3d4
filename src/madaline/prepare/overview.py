"""What a run tells of its rows: columns, target, split."""

from __future__ import annotations

import numpy as np

from madaline.data.table import Column, Table
from madaline.encode.target import TargetCode
from madaline.events.data import ClassSeen, ColumnSeen, Data, Split, ValuesSeen
from madaline.prepare.split_table import SplitTable
from madaline.settings.table import Settings


def told_of(split: SplitTable, settings: Settings) -> Data:
    """The ``data`` event.

    Args:
        split: Who plays which part.
        settings: How that was decided.
    """
    table, code = split.labelled.table, split.code
    targets, regression = table.select(code.names), code.task == "regression"
    how = "by time" if settings.time else f"by {settings.group}" if settings.group else "shuffled"
    return Data(
        source=table.source,
        rows=table.n_rows + split.labelled.n_dropped,
        columns=tuple(_column(column) for column in table if column.name not in code.names),
        target=code.names,
        task=code.task,
        why=code.why,
        split=Split(**{name: split.part(name).table.n_rows for name in split.rows}),
        classes=() if regression else _classes(code, targets),
        values=_values(targets.columns[0]) if regression else None,
        held_in_turn=split.n_held_out,
        split_how=how,
        seed=settings.seed,
        dropped_rows=split.labelled.n_dropped,
        weightless_rows=split.n_weightless,
    )


def _column(column: Column) -> ColumnSeen:
    distinct = len(column.levels) if column.kind == "category" else None
    return ColumnSeen(column.name, column.kind, int(column.missing().sum()), distinct)


def _classes(code: TargetCode, targets: Table) -> tuple[ClassSeen, ...]:
    y = code.encode(targets)
    if code.task == "multilabel":
        counts = y.sum(axis=0)
    else:
        counts = np.bincount(y.reshape(-1).astype(np.intp), minlength=len(code.classes))
    return tuple(ClassSeen(c, int(n)) for c, n in zip(code.classes, counts, strict=True))


def _values(column: Column) -> ValuesSeen:
    y = column.values
    unit = max(float(np.abs(y).max()), 1e-300)  # squares of huge values overflow
    mean, std = unit * (y / unit).mean(), unit * (y / unit).std()
    return ValuesSeen(float(mean), float(std), float(y.min()), float(y.max()))
