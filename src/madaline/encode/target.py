"""Target columns <-> what a network is trained on: classes, labels, or standardised numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import Column, Kind, Table, number_text
from madaline.encode.accept import cell_text, check_training, refuse_gaps, refuse_negative
from madaline.encode.classes import ClassValue, check_classes, fit_classes, label_text, listed
from madaline.encode.coerce import as_kind
from madaline.encode.numeric import Numbers
from madaline.encode.state import (
    Arrays,
    State,
    damaged,
    read_flag,
    read_list,
    read_record,
    read_text,
    read_texts,
    read_vectors,
)
from madaline.encode.task import choose_task
from madaline.encode.values import fit_values, restore, standardise
from madaline.errors import DataError
from madaline.settings.table import TASKS, Task

_KEYS = ("task", "why", "names", "kinds", "class_values", "counts")
_ARRAYS = ("target.mean", "target.scale")


def _none() -> Numbers:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class TargetCode:
    """What was learned from the target columns of the training rows.

    Attributes:
        task: What to predict.
        why: Why it is this task, in one sentence.
        names: Names of the target columns.
        kinds: Their kinds in training.
        class_values: Classes as given, in the order of the outputs: numbers from low to high, texts
            in alphabetical order. The names of the columns for multilabel; empty for a regression.
        counts: Outputs are counts (Poisson loss): never negative, not standardised.
        mean: ``(k,)`` mean of the training rows, regression only.
        scale: ``(k,)`` their standard deviation, regression only.

    >>> from madaline.data.table import category
    >>> table = Table((category("pet", ["dog", "cat", "dog", "fish"]),))
    >>> target = TargetCode.fit(table)
    >>> target.task, target.classes, target.encode(table).tolist()
    ('multiclass', ('cat', 'dog', 'fish'), [1, 0, 1, 2])
    >>> target.decode(np.array([[0.1, 0.7, 0.2]])).tolist()
    ['dog']
    """

    task: Task
    why: str
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    class_values: tuple[ClassValue, ...] = ()
    counts: bool = False
    mean: Numbers = field(default_factory=_none)
    scale: Numbers = field(default_factory=_none)

    @classmethod
    def fit(
        cls,
        table: Table,
        task: str | None = None,
        loss: str | None = None,
        *,
        weight: Numbers | None = None,
        lenient: bool = False,
    ) -> TargetCode:
        """Learn from the training rows of the target columns, which are all columns of ``table``.

        Args:
            table: One target column, or several for multilabel or a regression of many outputs.
            task: Overrules the task found from the values.
            loss: ``poisson`` keeps counts as they are; any loss tells numbers from classes.
            weight: ``(n,)`` row weights, for the mean and scale of a regression.
            lenient: Learn a target of one value as that value, instead of refusing it.

        Raises:
            DataError: A value is missing or infinite, the columns do not allow the task, or there
                is nothing to learn since all values are equal.
            UsageError: There is no such task.
        """
        check_training(table)
        for column in table:
            refuse_gaps(column)
        found, why = choose_task(table.columns, task, loss)
        names, kinds = table.names, _kinds(table)
        match found:
            case "regression":
                counts = loss == "poisson"
                mean, scale = fit_values(table, counts, weight, lenient=lenient)
                return cls(found, why, names, kinds, counts=counts, mean=mean, scale=scale)
            case "multilabel":
                same = all((column.values == column.values[0]).all() for column in table)
                if same and not lenient:
                    raise DataError("Every label is the same in all rows: nothing to learn.")
                return cls(found, why, names, kinds, names)
            case _:
                values = fit_classes(table.columns[0], found, lenient=lenient)
                return cls(found, why, names, kinds, values)

    def encode(self, table: Table) -> np.ndarray:
        """The target of each row, as a loss takes it.

        Returns:
            binary: ``(n, 1)`` float32, 0 or 1. multiclass: ``(n,)`` int32. multilabel: ``(n, k)``
            float32, 0 or 1. regression: ``(n, k)`` float32, standardised (counts as they are).

        Raises:
            DataError: A column or value is missing, not of its kind, or not a known class.
        """
        columns: list[Column] = []
        for name, kind in zip(self.names, self.kinds, strict=True):
            levels = cast("tuple[str, ...]", self.class_values) if kind == "category" else ()
            columns.append(as_kind(table[name], kind, levels, table.source))
            refuse_gaps(columns[-1])
        match self.task:
            case "multiclass":
                return self._class_codes(columns[0])
            case "binary":
                return self._class_codes(columns[0]).astype(np.float32)[:, None]
            case "multilabel":
                return _labels(columns)
            case "regression":
                return self._standardised(columns)

    def _class_codes(self, column: Column) -> NDArray[np.int32]:
        if column.kind == "category":
            index = {value: code for code, value in enumerate(self.class_values)}
            lookup = np.array([*(index.get(level, -1) for level in column.levels), -1], np.int32)
            codes = lookup[column.values]
        else:
            values = np.array(self.class_values, np.float64)
            codes = np.minimum(np.searchsorted(values, column.values), len(values) - 1)
            codes = np.where(values[codes] == column.values, codes, -1).astype(np.int32)
        if (codes < 0).any():
            row = int((codes < 0).argmax())
            raise DataError(
                f"Row {row + 1} of the target {column.name!r} is {cell_text(column, row)}, "
                f"a class that no training row has.",
                f"Leave such rows out, or train with them. Known: {listed(self.classes)}.",
                column=column.name,
                row=row + 1,
            )
        return codes

    def _standardised(self, columns: list[Column]) -> NDArray[np.float32]:
        y = np.stack([column.values for column in columns], axis=1)
        if self.counts:
            refuse_negative(columns)
        return standardise(y, self.mean, self.scale)

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Labels or values, as a person gave them.

        Args:
            outputs: ``(n, n_outputs)`` probabilities, or standardised values of a regression.

        Returns:
            binary and multiclass: ``(n,)`` of the type of ``class_values``. multilabel: ``(n, k)``
            of int 0 and 1. regression: ``(n,)`` for one column, else ``(n, k)``, float64.

        >>> y = Column("y", "number", np.array([10.0, 20.5, 30.0]))
        >>> target = TargetCode.fit(Table((y,)))
        >>> target.decode(target.encode(Table((y,)))).round(3).tolist()
        [10.0, 20.5, 30.0]
        """
        match self.task:
            case "binary":
                return np.array(self.class_values)[(outputs.reshape(-1) > 0.5).astype(np.intp)]
            case "multiclass":
                return np.array(self.class_values)[outputs.argmax(axis=1)]
            case "multilabel":
                return (outputs > 0.5).astype(np.int64)
            case "regression":
                y = restore(outputs, self.mean, self.scale)
                return y[:, 0] if len(self.names) == 1 else y

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classes (or labels) as texts, in the order of the outputs."""
        return tuple(label_text(value) for value in self.class_values)

    @property
    def n_outputs(self) -> int:
        """Outputs of the network: 1 for binary, else classes, labels or target columns."""
        match self.task:
            case "binary":
                return 1
            case "multiclass":
                return len(self.class_values)
            case _:
                return len(self.names)

    def state(self) -> tuple[State, Arrays]:
        """All that was learned: a dictionary for JSON, and arrays."""
        state: State = {
            "task": self.task,
            "why": self.why,
            "names": list(self.names),
            "kinds": list(self.kinds),
            "class_values": list(self.class_values),
            "counts": self.counts,
        }
        return state, dict(zip(_ARRAYS, (self.mean, self.scale), strict=True))

    @classmethod
    def from_state(cls, state: State, arrays: Mapping[str, object]) -> TargetCode:
        """The target code that wrote this state; encodes and decodes alike, bit for bit.

        Raises:
            FileError: No target code can have written it.
        """
        record = read_record(state, _KEYS, "the target")
        task = cast(Task, read_text(record["task"], "the task", TASKS))
        names = read_texts(record["names"], "the targets")
        kinds = _read_kinds(record["kinds"])
        values = tuple(read_list(record["class_values"], "the classes"))
        counts = read_flag(record["counts"], "counts")
        one = task in ("binary", "multiclass")
        if not names or len(kinds) != len(names) or (one and len(names) > 1):
            raise damaged("the names and kinds of the targets do not fit")
        if (not one and "category" in kinds) or (counts and task != "regression"):
            raise damaged(f"the targets do not fit the task {task}")
        if values != names if task == "multilabel" else not one and values:
            raise damaged(f"the classes do not fit the task {task}")
        if one:
            check_classes(values, task, kinds[0])
        mean, scale = read_vectors(arrays, _ARRAYS, len(names) if task == "regression" else 0)
        if (scale <= 0).any() or (counts and ((mean != 0).any() or (scale != 1).any())):
            raise damaged("the scale of the target does not fit")
        why = read_text(record["why"], "the reason of the task")
        return cls(task, why, names, kinds, values, counts, mean, scale)


def _kinds(table: Table) -> tuple[Kind, ...]:
    return tuple(column.kind for column in table)


def _labels(columns: list[Column]) -> NDArray[np.float32]:
    y = np.stack([column.values for column in columns], axis=1)
    wrong = (y != 0) & (y != 1)
    if wrong.any():
        row, place = (int(part) for part in np.argwhere(wrong)[0])
        raise DataError(
            f"Row {row + 1} of the label {columns[place].name!r} is {number_text(y[row, place])}.",
            "Write 1 where a row has the label and 0 where not.",
            column=columns[place].name,
            row=row + 1,
        )
    return y.astype(np.float32)


def _read_kinds(value: object) -> tuple[Kind, ...]:
    choices = ("number", "boolean", "category")
    kinds = [read_text(item, "a kind of target", choices) for item in read_list(value, "the kinds")]
    return cast("tuple[Kind, ...]", tuple(kinds))
