"""What a run tells of its rows, before it trains on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from madaline.events.record import Record

Task = Literal["binary", "multiclass", "multilabel", "regression"]
ColumnKind = Literal["number", "boolean", "category", "date"]


@dataclass(frozen=True, slots=True)
class ColumnSeen(Record):
    """A column of features.

    Attributes:
        name: Its name.
        kind: What its cells are.
        missing: Cells without a value.
        distinct: Different texts of a category; None of other kinds.
    """

    name: str
    kind: ColumnKind
    missing: int = 0
    distinct: int | None = None


@dataclass(frozen=True, slots=True)
class ClassSeen(Record):
    """A class or label, and the rows that have it."""

    label: str
    rows: int


@dataclass(frozen=True, slots=True)
class ValuesSeen(Record):
    """How the values of a regression's first target spread, in their own units."""

    mean: float
    std: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class Split(Record):
    """Rows of each part."""

    train: int
    validation: int = 0
    test: int = 0


@dataclass(frozen=True, slots=True)
class Data(Record):
    """What was read, what is to be predicted, and how rows were split.

    Attributes:
        source: What the table is called.
        rows: Rows that it has, those left out among them.
        columns: Columns that describe a row.
        target: Names of the target columns.
        task: What is to be learned.
        why: Why it is that task; one sentence.
        classes: Of a classification, or the labels where there are several a row.
        values: Of a regression.
        split: Rows of each part.
        held_in_turn: Rows that each member holds out while the others learn from them; 0 if none.
        split_how: "shuffled", "by time", or "by" and the column of groups.
        seed: Of the split.
        dropped_rows: Rows left out for want of a target.
        weightless_rows: Rows left out for their weight of 0.
    """

    kind: ClassVar[str] = "data"

    source: str
    rows: int
    columns: tuple[ColumnSeen, ...]
    target: tuple[str, ...]
    task: Task
    why: str
    split: Split
    classes: tuple[ClassSeen, ...] = ()
    values: ValuesSeen | None = None
    held_in_turn: int = 0
    split_how: str = "shuffled"
    seed: int = 0
    dropped_rows: int = 0
    weightless_rows: int = 0
