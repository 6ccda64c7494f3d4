"""From a table and the name of its target to three encoded parts: all before training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madaline.data.check import Notice, check_table
from madaline.data.split import split_rows
from madaline.data.table import Column, RowIndex, Table
from madaline.encode.coerce import as_kind
from madaline.encode.encoder import Encoder
from madaline.encode.features import Features
from madaline.encode.target import TargetCode
from madaline.errors import DataError, UsageError
from madaline.settings import Settings

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Part:
    """Encoded rows of one part.

    Attributes:
        features: Their features.
        y: Encoded targets.
        values: ``(n, k)`` targets of a regression in their own units; empty for classes.
        weight: ``(n,)`` row weights, class weights not included.
    """

    features: Features
    y: NDArray[Any]
    values: NDArray[np.float64]
    weight: NDArray[np.float64]

    @property
    def n_rows(self) -> int:
        """Rows of the part."""
        return len(self.y)

    @property
    def spread(self) -> float:
        """Variance of the encoded targets, mean over outputs; NaN without rows."""
        if not self.weight.any():
            return float("nan")
        y = self.y.reshape(self.n_rows, -1).astype(np.float64)
        centre = np.average(y, axis=0, weights=self.weight)
        return float(np.average((y - centre) ** 2, axis=0, weights=self.weight).mean())

    def said(self, say: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """``(n,)`` row weights times those of their classes ``(classes,)``, if there are any."""
        if say is None:
            return self.weight
        return self.weight * say[self.y.reshape(-1).astype(np.intp)]

    def take(self, rows: RowIndex) -> Part:
        """Only these rows."""
        return Part(self.features.take(rows), self.y[rows], self.values[rows], self.weight[rows])


@dataclass(frozen=True, eq=False)
class Learned:
    """How an earlier training encoded rows.

    Attributes:
        encoder: Of the features.
        target: Of the target.
    """

    encoder: Encoder
    target: TargetCode


@dataclass(frozen=True, eq=False)
class Prepared:
    """What training and judging need of the data.

    Attributes:
        encoder: Learned from the training rows.
        target: Likewise.
        parts: train, validation, test; the latter two may have no rows.
        notices: What is remarkable about the columns.
        summary: The ``data`` event.
    """

    encoder: Encoder
    target: TargetCode
    parts: Mapping[str, Part]
    notices: tuple[Notice, ...]
    summary: dict[str, Any]

    def fingerprint(self) -> str:
        """SHA-256 over the encoded rows and all that encodes them: names, classes, scales."""
        digest = hashlib.sha256()
        arrays: list[NDArray[Any]] = []
        for learned in (self.encoder, self.target):
            document, numbers = learned.state()
            digest.update(json.dumps(document, sort_keys=True).encode())
            arrays += [numbers[name] for name in sorted(numbers)]
        for part in self.parts.values():
            arrays += [part.features.x, part.features.codes, part.y, part.values, part.weight]
        for array in arrays:
            digest.update(str((array.shape, array.dtype)).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def prepare(
    table: Table,
    target: tuple[str, ...],
    settings: Settings,
    *,
    validation: Table | None = None,
    test: Table | None = None,
    weight: NDArray[np.float64] | None = None,
    learned: Learned | None = None,
    code: TargetCode | None = None,
    lenient: bool = False,
) -> Prepared:
    """Drop rows without a target, split, check columns, learn the encoding, encode.

    Args:
        table: All rows, features and targets.
        target: Names of the target columns.
        settings: Shares of the split, task, columns with a role.
        validation: Rows of an own validation set.
        test: Rows of an own test set.
        weight: ``(n,)`` row weights, instead of a column.
        learned: The encoding of an earlier training, instead of one learned from these rows.
        code: The encoding of the target, where it is known beforehand.
        lenient: Keep columns that say nothing, and learn a target of one value as that value.

    Raises:
        DataError: A column is not there, too few rows, no usable column, a target nobody can learn.
    """
    for name in (*target, settings.group, settings.time, settings.weight, *settings.drop):
        if name is not None:
            table[name]  # an unknown name is an error, with the nearest one suggested
    weight = _weights(table, settings, weight)
    changes = [*table.without(*settings.drop).changes, *_infinite_targets(table, target)]
    table, weight, dropped = _with_target(table, target, weight)
    if learned is not None:
        code = learned.target
    code = code or _target_code(table.select(target), settings, lenient)
    rows = _deal(table, code, settings, validation, test)
    for name, part in rows.items():
        _refuse_weightless(name, weight[part], table.source)
    weightless = int((weight[rows["train"]] == 0).sum())
    rows["train"] = rows["train"][weight[rows["train"]] > 0]  # a weight of 0 is no row
    training, say = table.take(rows["train"]), weight[rows["train"]]
    if learned is None and code.task == "regression":  # mean and scale of the training rows alone
        values = training.select(target)
        found = TargetCode.fit(values, "regression", settings.loss, weight=say, lenient=lenient)
        code = replace(found, why=code.why)
    if learned is None:
        notices = _notices(table, target, settings, code, rows["train"])
        used = _features(table, target, settings).without(*_left_out(notices, lenient))
        if not used.columns:
            raise DataError(
                f"{table.source} has no column left to predict {', '.join(target)} from.",
                notices[0].text if notices else "Give a table with more columns.",
            )
        encoder = Encoder.fit(training.select(used.names), say)
    else:
        notices, encoder = (), learned.encoder
    parts = {
        name: _encode(encoder, code, table.take(rows[name]), weight[rows[name]]) for name in PARTS
    }
    for name, own in (("validation", validation), ("test", test)):
        if own is not None:
            own_weight = _weights(own, settings, None)
            own, own_weight, n_out = _with_target(own, target, own_weight)
            _refuse_weightless(name, own_weight, own.source)
            parts[name] = _encode(encoder, code, own, own_weight)
            changes += [f"{own.source}: {change}" for change in own.without(*settings.drop).changes]
            changes += [f"{own.source}: {n_out} rows without a target left out."] * (n_out > 0)
    summary = _summary(table, code, parts, notices, settings, dropped)
    summary["weightless_rows"] = weightless
    told = [{"code": "reading", "text": text, "columns": [], "fix": ""} for text in changes]
    summary["notices"] = [*told, *summary["notices"]]
    return Prepared(encoder, code, parts, notices, summary)


def class_weights(
    y: NDArray[Any], weight: NDArray[np.float64], n_classes: int
) -> NDArray[np.float64]:
    """``(classes,)`` weights that give every class the same say: rows / (classes x rows of it).

    >>> class_weights(np.array([0, 0, 0, 1]), np.ones(4), 2).tolist()
    [0.6666666666666666, 2.0]
    """
    mass = np.bincount(y.reshape(-1).astype(np.intp), weight, minlength=n_classes)
    return weight.sum() / (n_classes * np.maximum(mass, 1e-12))


def _weights(
    table: Table, settings: Settings, weight: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    if weight is None and settings.weight is None:
        return np.ones(table.n_rows)
    if weight is None:
        column = table[str(settings.weight)]
        if column.kind != "number":
            raise DataError(f"The weight column {column.name!r} holds no numbers.")
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


def _with_target(
    table: Table, target: tuple[str, ...], weight: NDArray[np.float64]
) -> tuple[Table, NDArray[np.float64], int]:
    """Without the rows whose target is missing or infinite, and how many those were."""
    usable = np.ones(table.n_rows, bool)
    for name in target:
        column = table[name]
        usable &= ~column.missing()
        if column.kind == "number":
            usable &= np.isfinite(column.values)
    if usable.all() and table.n_rows:
        return table, weight, 0
    if not usable.any():
        raise DataError(
            f"No row of {table.source} has a value of the target {', '.join(target)}.",
            "Give rows with an answer to learn from.",
        )
    rows = np.flatnonzero(usable)
    return table.take(rows), weight[rows], int(table.n_rows - len(rows))


def _notices(
    table: Table, target: tuple[str, ...], settings: Settings, code: TargetCode, train: RowIndex
) -> tuple[Notice, ...]:
    features = _features(table, target, settings)
    return check_table(features, table[target[0]], code.task, train)


def _left_out(notices: tuple[Notice, ...], lenient: bool) -> list[str]:
    """Columns that are not learned from; constants do no harm, and their place may matter."""
    harmless = ("constant", "empty") if lenient else ()
    return [c for n in notices if n.drop and n.code not in harmless for c in n.columns]


def _infinite_targets(table: Table, target: tuple[str, ...]) -> list[str]:
    """They are left out like missing ones, which is less to be expected."""
    counts = {
        name: int(np.isinf(table[name].values).sum())
        for name in target
        if table[name].kind == "number"
    }
    return [
        f"1 value of the target {name!r} is infinite; its row was left out."
        if n == 1
        else f"{n} values of the target {name!r} are infinite; their rows were left out."
        for name, n in counts.items()
        if n
    ]


def _target_code(targets: Table, settings: Settings, lenient: bool) -> TargetCode:
    loss = None if settings.loss in (None, "auto") else settings.loss
    code = TargetCode.fit(targets, settings.task, loss, lenient=lenient)
    if settings.class_weight is not None and code.task not in ("binary", "multiclass"):
        raise UsageError(
            f"class_weight is for classes, and the task is {code.task}.", "Leave it out."
        )
    return code


def _deal(
    table: Table,
    code: TargetCode,
    settings: Settings,
    validation: Table | None,
    test: Table | None,
) -> dict[str, RowIndex]:
    """Row numbers of the parts; parts with a table of their own take none."""
    classes = None
    if code.task in ("binary", "multiclass"):
        classes = code.encode(table.select(code.names)).reshape(-1).astype(np.int64)
    elif code.task == "regression":
        classes = _strata(table[code.names[0]].values)
    grouped = settings.group is not None or settings.time is not None
    split = split_rows(
        table.n_rows,
        validation=_share(settings.validation, validation),
        test=_share(settings.test, test),
        seed=settings.seed,
        classes=classes if not (grouped and code.task == "regression") else None,
        groups=_grouping(table[settings.group]) if settings.group else None,
        time=_moments(table[settings.time]) if settings.time else None,
    )
    return {name: getattr(split, name) for name in PARTS}


def _share(setting: float | str, own: Table | None) -> float:
    return 0.0 if own is not None or isinstance(setting, str) else float(setting)


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


def _moments(column: Column) -> NDArray[Any]:
    if column.kind not in ("number", "date"):
        raise DataError(
            f"Column {column.name!r} cannot order rows in time: it is a {column.kind}.",
            "Use a column of dates or numbers.",
        )
    return column.values


def _features(table: Table, target: tuple[str, ...], settings: Settings) -> Table:
    roles = [name for name in (settings.group, settings.time, settings.weight) if name is not None]
    return table.without(*target, *roles, *settings.drop)


def _encode(encoder: Encoder, code: TargetCode, table: Table, weight: NDArray[np.float64]) -> Part:
    targets = table.select(code.names)
    values = np.zeros((table.n_rows, 0))
    if code.task == "regression":
        columns = [
            as_kind(column, kind, (), table.source)  # another file may hold them as texts
            for column, kind in zip(targets, code.kinds, strict=True)
        ]
        values = np.stack([column.values for column in columns], axis=1).astype(np.float64)
    return Part(encoder.transform(table), code.encode(targets), values, weight)


def _summary(
    table: Table,
    code: TargetCode,
    parts: Mapping[str, Part],
    notices: tuple[Notice, ...],
    settings: Settings,
    dropped: int,
) -> dict[str, Any]:
    targets = table.select(code.names)
    shown = [_describe_column(column) for column in table if column.name not in code.names]
    classes, values = None, None
    if code.task in ("binary", "multiclass"):
        counts = np.bincount(
            code.encode(targets).reshape(-1).astype(np.intp), minlength=len(code.classes)
        )
        classes = [
            {"label": label, "rows": int(n)} for label, n in zip(code.classes, counts, strict=True)
        ]
    elif code.task == "multilabel":
        counts = code.encode(targets).sum(axis=0)
        classes = [
            {"label": label, "rows": int(n)} for label, n in zip(code.classes, counts, strict=True)
        ]
    else:
        y = targets.columns[0].values
        unit = max(float(np.abs(y).max()), 1e-300)  # squares of huge values overflow
        mean, std = unit * (y / unit).mean(), unit * (y / unit).std()
        values = {"mean": mean, "std": std, "min": y.min(), "max": y.max()}
        values = {name: float(value) for name, value in values.items()}
    how = "by time" if settings.time else f"by {settings.group}" if settings.group else "shuffled"
    return {
        "source": table.source,
        "rows": table.n_rows + dropped,
        "columns": shown,
        "target": list(code.names),
        "task": code.task,
        "why": code.why,
        "classes": classes,
        "values": values,
        "split": {name: part.n_rows for name, part in parts.items()},
        "split_how": how,
        "seed": settings.seed,
        "notices": [
            {"code": n.code, "text": n.text, "columns": list(n.columns), "fix": n.fix}
            for n in notices
        ],
        "dropped_rows": dropped,
    }


def _describe_column(column: Column) -> dict[str, Any]:
    gaps = int(column.missing().sum())
    found: dict[str, Any] = {"name": column.name, "kind": column.kind, "missing": gaps}
    if column.kind == "category":
        found["distinct"] = len(column.levels)
    return found
