"""From a table and the name of its target to three encoded parts: all before training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from madaline.data.checks.table import check_table
from madaline.data.dataset import Dataset
from madaline.data.table import RowIndex, Table
from madaline.encode.coerce import as_kind
from madaline.encode.encoder import Encoder
from madaline.encode.features import Features
from madaline.encode.target import TargetCode
from madaline.errors import DataError
from madaline.events.alert import Alert
from madaline.events.data import Data
from madaline.predict.predictor import Predictor
from madaline.prepare.overview import told_of
from madaline.prepare.split_table import PARTS, Labelled, SplitTable, split_table
from madaline.settings.table import Settings


@dataclass(frozen=True, eq=False)
class Part:
    """Encoded rows of one part.

    Attributes:
        features: Their features.
        y: Encoded targets.
        values: ``(n, k)`` targets of a regression in their own units; empty for classes.
        weight: ``(n,)`` row weights, class weights not included.
        held_out: ``(n, m)`` which member holds out which row and may judge by it; None: all do.
    """

    features: Features
    y: np.ndarray
    values: NDArray[np.float64]
    weight: NDArray[np.float64]
    held_out: NDArray[np.bool_] | None = None

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

    def weighed_by_class(self, class_weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """``(n,)`` row weights times those of their classes ``(classes,)``, if there are any."""
        if class_weight is None:
            return self.weight
        return self.weight * class_weight[self.y.reshape(-1).astype(np.intp)]

    def take(self, rows: RowIndex) -> Part:
        """Only these rows."""
        held_out = None if self.held_out is None else self.held_out[rows]
        return Part(
            self.features.take(rows), self.y[rows], self.values[rows], self.weight[rows], held_out
        )


@dataclass(frozen=True, eq=False)
class Prepared:
    """What training and judging need of the data.

    Attributes:
        encoder: Learned from the training rows.
        target: Likewise.
        parts: train, validation, test; the latter two may have no rows.
        alerts: What is remarkable about the columns, and about how the rows were read.
        summary: What a run tells of its rows.
        n_held_out: Training rows that each member holds out, see
            `madaline.prepare.split_table.SplitTable`.
    """

    encoder: Encoder
    target: TargetCode
    parts: Mapping[str, Part]
    alerts: tuple[Alert, ...]
    summary: Data
    n_held_out: int = 0

    def weighed(self, weight: NDArray[np.float64]) -> Prepared:
        """With other weights of the training rows ``(n,)``."""
        train = replace(self.parts["train"], weight=weight)
        return replace(self, parts={**self.parts, "train": train})

    def fingerprint(self) -> str:
        """SHA-256 over the encoded rows and all that encodes them: names, classes, scales."""
        digest = hashlib.sha256()
        arrays: list[np.ndarray] = []
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
    data: Dataset,
    settings: Settings,
    *,
    known: Predictor | None = None,
    code: TargetCode | None = None,
) -> Prepared:
    """Drop rows without a target, split, check columns, learn the encoding, encode.

    Args:
        data: All rows.
        settings: Shares of the split, task, columns with a role.
        known: Encodes as this network does, instead of as these rows teach.
        code: The encoding of the target alone, where it is known beforehand.

    Raises:
        DataError: A column is not there, too few rows, no usable column, a target nobody can learn.
    """
    split = split_table(data, settings, code=known.target if known else code)
    prepared = encode_parts(split, settings, known, lenient=data.lenient)
    changes = [*data.table.without(*settings.drop).changes]
    changes += _infinite_targets(data.table, data.target)
    for part in split.own.values():
        source, n_out = part.table.source, part.n_dropped
        changes += [f"{source}: {change}" for change in part.table.without(*settings.drop).changes]
        changes += [f"{source}: {n_out} rows without a target left out."] * (n_out > 0)
    reading = (Alert("note", "reading", text) for text in changes)
    return replace(prepared, alerts=(*reading, *prepared.alerts))


def encode_parts(
    split: SplitTable, settings: Settings, known: Predictor | None = None, *, lenient: bool = False
) -> Prepared:
    """Check columns, learn the encoding from the training rows, encode all three parts.

    Args:
        split: Who plays which part.
        settings: For the summary.
        known: Encodes as this network does.
        lenient: Keep columns that say nothing.

    Raises:
        DataError: No usable column, or a value that no training row could teach.
    """
    code = split.code
    if known is None:
        encoder, alerts = _learn(split, lenient)
    else:
        encoder, alerts = known.encoder, ()
    parts = {name: _encode(encoder, code, split.part(name)) for name in PARTS}
    parts["validation"] = replace(parts["validation"], held_out=split.held_out)
    summary = told_of(split, settings)
    return Prepared(encoder, code, parts, alerts, summary, split.n_held_out)


def balanced_class_weights(
    y: np.ndarray, weight: NDArray[np.float64], n_classes: int
) -> NDArray[np.float64]:
    """``(classes,)`` weights under which all classes count alike: rows / (classes x rows of it).

    >>> balanced_class_weights(np.array([0, 0, 0, 1]), np.ones(4), 2).tolist()
    [0.6666666666666666, 2.0]
    """
    mass = np.bincount(y.reshape(-1).astype(np.intp), weight, minlength=n_classes)
    return weight.sum() / (n_classes * np.maximum(mass, 1e-12))


def _learn(split: SplitTable, lenient: bool) -> tuple[Encoder, tuple[Alert, ...]]:
    """The encoding of the training rows' columns, and what is remarkable about them."""
    code, table, training = split.code, split.labelled.table, split.rows["train"]
    found = check_table(split.features, table[code.names[0]], code.task, training)
    # Constants do no harm, and their place may matter.
    harmless = ("constant", "empty") if lenient else ()
    useless = [name for name, why in found.useless.items() if why not in harmless]
    features = split.features.without(*useless)
    if not features.columns:
        raise DataError(
            f"{table.source} has no column left to predict {', '.join(code.names)} from.",
            found.alerts[0].text if found.alerts else "Give a table with more columns.",
        )
    return Encoder.fit(features.take(training), split.labelled.weight[training]), found.alerts


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


def _encode(encoder: Encoder, code: TargetCode, labelled: Labelled) -> Part:
    table = labelled.table
    targets = table.select(code.names)
    values = np.zeros((table.n_rows, 0))
    if code.task == "regression":
        columns = [
            as_kind(column, kind, (), table.source)  # another file may hold them as texts
            for column, kind in zip(targets, code.kinds, strict=True)
        ]
        values = np.stack([column.values for column in columns], axis=1).astype(np.float64)
    return Part(encoder.transform(table), code.encode(targets), values, labelled.weight)
