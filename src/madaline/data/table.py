"""Columns with a kind, and tables made of them: what every reader produces. NumPy only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from madaline.errors import DataError, nearest

Kind = Literal["number", "boolean", "category", "date"]

Values = np.ndarray
RowIndex = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One named column of a table.

    Attributes:
        name: Its name.
        kind: What its values mean.
        values: ``(n,)``. ``number`` and ``boolean``: float64, NaN where missing (booleans 0, 1).
            ``date``: datetime64[us], NaT where missing. ``category``: int32 codes into ``levels``,
            -1 where missing.
        levels: The distinct texts of a category column; empty for the other kinds.
        notes: What reading it changed, or why it is of no other kind; one sentence each.

    >>> Column("sex", "category", np.array([0, 1, -1], np.int32), ("female", "male")).texts()
    ['female', 'male', None]
    """

    name: str
    kind: Kind
    values: Values
    levels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: RowIndex | slice) -> Column:
        """The same column, only these rows."""
        return replace(self, values=self.values[rows])

    def missing(self) -> NDArray[np.bool_]:
        """``(n,)``, true where the value is missing."""
        match self.kind:
            case "number" | "boolean":
                return np.isnan(self.values)
            case "date":
                return np.isnat(self.values)
            case "category":
                return self.values < 0

    def texts(self) -> list[str | None]:
        """The values as a person would write them; None where missing."""
        if self.kind == "category":
            return [None if code < 0 else self.levels[code] for code in self.values.tolist()]
        gaps = self.missing().tolist()
        match self.kind:
            case "number":
                shown = [number_text(value) for value in self.values.tolist()]
            case "boolean":
                shown = ["true" if value else "false" for value in self.values.tolist()]
            case "date":
                shown = np.datetime_as_string(self.values, unit="s").tolist()
        return [None if gap else text for gap, text in zip(gaps, shown, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of equal length.

    Attributes:
        columns: The columns, in the order of the file.
        source: What messages call it: a file's name, ``X``, ``the sample penguins``.
        notes: What reading it changed or left out, apart from its columns; one sentence each.

    >>> table = Table((Column("a", "number", np.array([1.0, 2.0])),))
    >>> table.n_rows, table.names
    (2, ('a',))
    """

    columns: tuple[Column, ...]
    source: str = "the table"
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[str, ...]:
        """All that reading changed or left out: of the table, then of each of its columns."""
        return (*self.notes, *(note for column in self.columns for note in column.notes))

    @property
    def n_rows(self) -> int:
        """Number of rows; 0 for a table without columns."""
        return len(self.columns[0]) if self.columns else 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Column:
        """The column of this name.

        Raises:
            DataError: There is none; the nearest name is suggested.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise DataError(
            f"There is no column {name!r} in {self.source}.",
            nearest(name, self.names),
            column=name,
        )

    def take(self, rows: RowIndex | slice) -> Table:
        """The same columns, only these rows."""
        return replace(self, columns=tuple(column.take(rows) for column in self.columns))

    def without(self, *names: str) -> Table:
        """All columns but these."""
        return replace(self, columns=tuple(c for c in self.columns if c.name not in names))

    def select(self, names: Iterable[str]) -> Table:
        """Only these columns, in this order."""
        return replace(self, columns=tuple(self[name] for name in names))


def number_text(value: float) -> str:
    """A number as a person would write it: whole numbers without a decimal point.

    >>> number_text(3.0), number_text(0.25)
    ('3', '0.25')
    """
    return (
        str(int(value))
        if value == value and abs(value) < 1e15 and value == int(value)
        else repr(value)
    )


def category(name: str, texts: Iterable[str | None]) -> Column:
    """A category column from texts; levels in order of first appearance.

    >>> column = category("island", ["Dream", None, "Biscoe", "Dream"])
    >>> column.levels, column.values.tolist()
    (('Dream', 'Biscoe'), [0, -1, 1, 0])
    """
    codes: dict[str, int] = {}
    values = [-1 if text is None else codes.setdefault(text, len(codes)) for text in texts]
    return Column(name, "category", np.array(values, np.int32), tuple(codes))
