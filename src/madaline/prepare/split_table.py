"""Rows with a target, split into training, validation and test: before anything is encoded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from madaline.data.dataset import Dataset
from madaline.data.split import circular_folds, split_rows, stratified_order
from madaline.data.table import Column, RowIndex, Table
from madaline.encode.target import TargetCode
from madaline.errors import DataError, UsageError
from madaline.settings.recipes import affordable, with_folds
from madaline.settings.table import Settings

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Labelled:
    """Rows that have a target.

    Attributes:
        table: All their columns.
        weight: ``(n,)`` row weights.
        row_numbers: ``(n,)`` where the rows stood in the table that was given, from 0.
        n_dropped: Rows of that table that had no target.
    """

    table: Table
    weight: NDArray[np.float64]
    row_numbers: RowIndex
    n_dropped: int = 0

    def take(self, rows: RowIndex) -> Labelled:
        """Only these rows."""
        return Labelled(self.table.take(rows), self.weight[rows], self.row_numbers[rows])


@dataclass(frozen=True, eq=False)
class SplitTable:
    """Who plays which part in a training.

    Attributes:
        labelled: The rows that were split.
        code: Task and classes; mean and scale of a regression are those of the training rows.
        rows: Row numbers of each part in ``labelled``; parts with a table of their own have none.
        own: Tables of their own, by part.
        features: The columns to learn from, of ``labelled``.
        n_weightless: Training rows of weight 0, which count as no rows.
        n_held_out: Of the training rows, those that each member holds out. They are in an order in
            which every stretch has the classes in proportion; the validation part is those that
            anybody holds out.
        held_out: ``(n, m)`` which member holds out which validation row; None: all do.
    """

    labelled: Labelled
    code: TargetCode
    rows: Mapping[str, RowIndex]
    own: Mapping[str, Labelled]
    features: Table
    n_weightless: int = 0
    n_held_out: int = 0
    held_out: NDArray[np.bool_] | None = None

    def part(self, name: str) -> Labelled:
        """The rows of a part: its own table, or its share of the rows."""
        return self.own[name] if name in self.own else self.labelled.take(self.rows[name])


def split_table(data: Dataset, settings: Settings, *, code: TargetCode | None = None) -> SplitTable:
    """Drop rows without a target, find the task, split.

    Args:
        data: All rows.
        settings: Shares of the split, task, columns with a role; also how many members there are,
            and whether each holds out other rows.
        code: How the target is encoded, where that is known beforehand.

    Raises:
        DataError: A column is not there, too few rows, a target nobody can learn.
        UsageError: Settings do not go together.

    >>> from madaline.data.samples import load_sample
    >>> split = split_table(Dataset(load_sample("iris").table, ("species",)), Settings())
    >>> split.code.task, split.part("test").table.n_rows, split.features.names[0]
    ('multiclass', 22, 'sepal length (cm)')
    """
    table, target = data.table, data.target
    for name in (*target, settings.group, settings.time, settings.weight, *settings.drop):
        if name is not None:
            table[name]  # an unknown name is an error, with the nearest one suggested
    labelled = _labelled(table, target, _weights(table, settings, data.weight))
    known = code
    code = known or _target_code(labelled.table.select(target), settings, data.lenient)
    rows = _rows_of_parts(labelled.table, code, settings, data.own)
    folds = with_folds(affordable(settings, table.n_rows, len(table.columns)), data.own)
    own = {
        name: _labelled(given, target, _weights(given, settings, None))
        for name, given in data.own.items()
    }
    for name, part in rows.items():
        _refuse_weightless(name, labelled.weight[part], table.source)
    for name, part in own.items():
        _refuse_weightless(name, part.weight, part.table.source)
    n_given = len(rows["train"]) + len(rows["validation"]) * (folds > 0)
    n_held_out, held_out = 0, None
    if folds:
        order = _circle(labelled, code, rows, settings.seed)
        n_held_out = min(len(rows["validation"]), len(order) // 2)
        places, held_out = circular_folds(len(order), folds, n_held_out)
        rows |= {"train": order, "validation": order[places]}
    rows["train"] = rows["train"][labelled.weight[rows["train"]] > 0]
    if known is None and code.task == "regression":  # mean and scale of the training rows alone
        training = labelled.take(rows["train"])
        values = training.table.select(target)
        found = TargetCode.fit(
            values, "regression", settings.loss, weight=training.weight, lenient=data.lenient
        )
        code = replace(found, why=code.why)
    features = _features(labelled.table, target, settings)
    n_weightless = n_given - len(rows["train"])
    return SplitTable(labelled, code, rows, own, features, n_weightless, n_held_out, held_out)


def _weights(
    table: Table, settings: Settings, weight: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    if weight is None and settings.weight is None:
        return np.ones(table.n_rows)
    if weight is None:
        column = table[str(settings.weight)]
        if column.kind != "number":
            raise DataError(
                f"The weight column {column.name!r} holds no numbers.", column=column.name
            )
        weight = column.values
    weight = np.asarray(weight, np.float64)
    if weight.shape != (table.n_rows,):
        raise DataError(f"{weight.shape} weights for {table.n_rows} rows.", "Give one a row.")
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"The weight of row {row + 1} of {table.source} is {weight[row]}.",
            "Weights must be finite and at least 0.",
            column=settings.weight,
            row=row + 1,
        )
    if not weight.any():
        raise DataError(
            f"All weights of {table.source} are zero.", "Give some rows a weight above 0."
        )
    return weight


def _refuse_weightless(name: str, weight: NDArray[np.float64], source: str) -> None:
    if len(weight) and not weight.any():
        raise DataError(
            f"All {len(weight)} {name} rows of {source} have weight 0.",
            "Give more rows a weight above 0, or drop those of weight 0 and split anew.",
        )


def _labelled(table: Table, target: tuple[str, ...], weight: NDArray[np.float64]) -> Labelled:
    """Without the rows whose target is missing or infinite."""
    usable = np.ones(table.n_rows, bool)
    for name in target:
        column = table[name]
        usable &= ~column.missing()
        if column.kind == "number":
            usable &= np.isfinite(column.values)
    if usable.all() and table.n_rows:
        return Labelled(table, weight, np.arange(table.n_rows))
    if not usable.any():
        raise DataError(
            f"No row of {table.source} has a value of the target {', '.join(target)}.",
            "Give rows with an answer to learn from.",
        )
    rows = np.flatnonzero(usable)
    return Labelled(table.take(rows), weight[rows], rows, int(table.n_rows - len(rows)))


def _target_code(targets: Table, settings: Settings, lenient: bool) -> TargetCode:
    loss = None if settings.loss in (None, "auto") else settings.loss
    code = TargetCode.fit(targets, settings.task, loss, lenient=lenient)
    if settings.class_weight is not None and code.task not in ("binary", "multiclass"):
        raise UsageError(
            f"class_weight is for classes, and the task is {code.task}.",
            "Leave it out.",
            settings={"class_weight": None},
        )
    return code


def _rows_of_parts(
    table: Table, code: TargetCode, settings: Settings, own: Collection[str]
) -> dict[str, RowIndex]:
    """Row numbers of the parts; parts with a table of their own take none."""
    classes = _classes(table, code)
    grouped = settings.group is not None or settings.time is not None
    split = split_rows(
        table.n_rows,
        validation=_share(settings.validation, own="validation" in own),
        test=_share(settings.test, own="test" in own),
        seed=settings.seed,
        classes=classes if not (grouped and code.task == "regression") else None,
        groups=_grouping(table[settings.group]) if settings.group else None,
        time=_moments(table[settings.time]) if settings.time else None,
    )
    return {name: getattr(split, name) for name in PARTS}


def _circle(
    labelled: Labelled, code: TargetCode, rows: Mapping[str, RowIndex], seed: int
) -> RowIndex:
    """Training and validation rows that count, every stretch of them with the classes alike."""
    together = np.sort(np.concatenate([rows["train"], rows["validation"]]))
    together = together[labelled.weight[together] > 0]
    classes = _classes(labelled.table, code)
    known = None if classes is None else classes[together]
    return together[stratified_order(known, len(together), seed)]


def _classes(table: Table, code: TargetCode) -> NDArray[np.int64] | None:
    """What each part should have in proportion: classes, or tenths of a number."""
    match code.task:
        case "binary" | "multiclass":
            return code.encode(table.select(code.names)).reshape(-1).astype(np.int64)
        case "regression":
            return _strata(table[code.names[0]].values)
        case _:
            return None


def _share(setting: float | str, *, own: bool) -> float:
    return 0.0 if own or isinstance(setting, str) else float(setting)


def _strata(values: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Tenths of a numeric target, so that each part sees its tails; None for few rows."""
    if len(values) < 100:
        return None
    edges = np.quantile(values, np.linspace(0.1, 0.9, 9))
    return np.searchsorted(edges, values).astype(np.int64)


def _grouping(column: Column) -> NDArray[np.int64]:
    """One code a distinct value; missing values are a group of their own."""
    _, codes = np.unique(column.values, return_inverse=True)
    return codes.astype(np.int64)


def _moments(column: Column) -> np.ndarray:
    if column.kind not in ("number", "date"):
        raise DataError(
            f"Column {column.name!r} cannot order rows in time: it is a {column.kind}.",
            "Use a column of dates or numbers.",
            settings={"time": None},
            column=column.name,
        )
    return column.values


def _features(table: Table, target: tuple[str, ...], settings: Settings) -> Table:
    roles = [name for name in (settings.group, settings.time, settings.weight) if name is not None]
    return table.without(*target, *roles, *settings.drop)
