"""A table -> the features of a network, by what was learned from the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from madaline.data.columns.numerals import shortened
from madaline.data.table import Column, Kind, Table
from madaline.encode.accept import check_training
from madaline.encode.categorical import (
    embedding_codes,
    fit_category,
    unseen_note,
    write_category,
)
from madaline.encode.coerce import as_kind
from madaline.encode.column import CODES, MOST_ONE_HOT, PARTS, Code, ColumnCode
from madaline.encode.dates import date_numbers, fit_date, write_cycles
from madaline.encode.features import Features
from madaline.encode.numeric import Numbers, NumberScale, fit_numbers, write_numbers
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
from madaline.errors import DataError, nearest

_KEYS = ("name", "kind", "code", "gap", "levels", "parts")
_ARRAYS = ("numbers.unit", "numbers.median", "numbers.width")


@dataclass(frozen=True, eq=False)
class Encoder:
    """What was learned from the columns of the training rows.

    The features of a row are, in this order: its robust-scaled numbers (seconds and year of dates
    too), the signs, one-hot values and date cycles, and the indicators of missing values; each
    group in the order of the columns.

    Attributes:
        column_codes: One for each column used.
        scale: Median and width of each robust-scaled feature.

    >>> from madaline.data.table import category
    >>> age = Column("age", "number", np.array([20.0, 30.0, 40.0, np.nan]))
    >>> table = Table((age, category("sex", ["f", "m", "m", "f"])))
    >>> encoder = Encoder.fit(table)
    >>> encoder.feature_names
    ('age', 'sex = m', 'age is missing')
    >>> encoder.transform(table).x.round(2)[2:]
    array([[ 0.49,  1.  ,  0.  ],
           [ 0.  , -1.  ,  1.  ]], dtype=float32)
    """

    column_codes: tuple[ColumnCode, ...]
    scale: NumberScale

    @classmethod
    def fit(cls, table: Table, weight: Numbers | None = None) -> Encoder:
        """Learn from training rows.

        Args:
            table: The rows.
            weight: ``(n,)`` their weights, above 0; None: all alike.

        Raises:
            DataError: There is no row or no column, or two columns have the same name.
        """
        check_training(table)
        codes = tuple(_fit_column(column) for column in table)
        return cls(codes, fit_numbers(_numbers(codes, table.columns), weight))

    def transform(self, table: Table) -> Features:
        """Encode rows: columns are found by name, others are ignored.

        Raises:
            DataError: A column is missing, or a value is not of the kind it had in training.
        """
        columns = self._matching(table)
        out = np.empty((table.n_rows, len(self.feature_names)), np.float32)
        place = len(self.scale.median)
        write_numbers(self.scale, _numbers(self.column_codes, columns), out[:, :place])
        for code, column in zip(self.column_codes, columns, strict=True):
            width = len(code.other_names)
            if width:
                write = write_cycles if code.code == "date" else write_category
                write(code, column, out[:, place : place + width])
                place += width
        for code, column in zip(self.column_codes, columns, strict=True):
            if code.has_indicator:
                out[:, place] = column.missing()
                place += 1
        return Features(out, self._codes(columns, table.n_rows))

    def unseen(self, table: Table) -> list[str]:
        """A sentence for each category column with values that no training row had.

        >>> from madaline.data.table import category
        >>> encoder = Encoder.fit(Table((category("pet", ["cat", "dog", "cat"]),)))
        >>> encoder.unseen(Table((category("pet", ["cat", "fish", "fish"]),)))
        ["2 rows hold values of 'pet' that were not learned, such as 'fish'."]
        """
        columns = zip(self.column_codes, self._matching(table), strict=True)
        return [
            note
            for code, column in columns
            if code.kind == "category"
            for note in unseen_note(code, column)
        ]

    def _matching(self, table: Table) -> tuple[Column, ...]:
        """The columns of the training table, of the kinds they had there."""
        by_name = {column.name: column for column in reversed(table.columns)}
        absent = [name for name in self.columns if name not in by_name]
        if absent:
            shown = ", ".join(shortened(name) for name in absent[:8])
            shown += f" and {len(absent) - 8} more" if len(absent) > 8 else ""
            word = "columns" if len(absent) > 1 else "column"
            raise DataError(
                f"{table.source} lacks the {word} {shown}, which the model was trained with.",
                nearest(absent[0], table.names),
            )
        return tuple(_fitting(code, by_name[code.name], table.source) for code in self.column_codes)

    def _codes(self, columns: tuple[Column, ...], n_rows: int) -> NDArray[np.int32]:
        codes = np.empty((n_rows, len(self.code_columns)), np.int32)
        embedded = [
            (code, column)
            for code, column in zip(self.column_codes, columns, strict=True)
            if code.code == "embedding"
        ]
        for place, (code, column) in enumerate(embedded):
            codes[:, place] = embedding_codes(code, column)
        return codes

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns used, in the order of the training table."""
        return tuple(code.name for code in self.column_codes)

    @cached_property
    def _named(self) -> tuple[tuple[str, str], ...]:
        """``(feature, column)`` of each feature."""
        codes = self.column_codes
        return (
            *((name, code.name) for code in codes for name in code.number_names),
            *((name, code.name) for code in codes for name in code.other_names),
            *((f"{code.name} is missing", code.name) for code in codes if code.has_indicator),
        )

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each of the ``d`` features."""
        return tuple(feature for feature, _ in self._named)

    @cached_property
    def feature_columns(self) -> tuple[str, ...]:
        """Column that each of the ``d`` features comes from."""
        return tuple(column for _, column in self._named)

    @property
    def n_numbers(self) -> int:
        """How many of the features, the first ones, are robust-scaled numbers."""
        return len(self.scale.median)

    @property
    def code_columns(self) -> tuple[str, ...]:
        """Names of the ``c`` embedded columns."""
        return tuple(code.name for code in self.column_codes if code.code == "embedding")

    @property
    def code_sizes(self) -> tuple[int, ...]:
        """Number of codes of each embedded column, with 0 = never seen."""
        return tuple(code.n_codes for code in self.column_codes if code.code == "embedding")

    def describe(self) -> list[dict[str, str]]:
        """Name, kind and encoding of each column, to be printed."""
        return [
            {"name": code.name, "kind": code.kind, "encoding": code.how}
            for code in self.column_codes
        ]

    def state(self) -> tuple[State, Arrays]:
        """All that was learned: a dictionary for JSON, and arrays."""
        columns = [
            {
                "name": code.name,
                "kind": code.kind,
                "code": code.code,
                "gap": code.gap,
                "levels": list(code.levels),
                "parts": list(code.parts),
            }
            for code in self.column_codes
        ]
        scale = self.scale
        arrays: Arrays = dict(zip(_ARRAYS, (scale.unit, scale.median, scale.width), strict=True))
        return {"columns": columns}, arrays

    @classmethod
    def from_state(cls, state: State, arrays: Mapping[str, object]) -> Encoder:
        """The encoder that wrote this state; transforms alike, bit for bit.

        Raises:
            FileError: No encoder can have written it.
        """
        record = read_record(state, ("columns",), "the encoder")
        codes = tuple(_read_column(item) for item in read_list(record["columns"], "the columns"))
        if not codes or len({code.name for code in codes}) < len(codes):
            raise damaged("the names of the columns must be different from each other")
        n_numbers = sum(len(code.number_names) for code in codes)
        unit, median, width = read_vectors(arrays, _ARRAYS, n_numbers)
        if (width < 0).any() or (np.frexp(unit)[0] != 0.5).any():
            raise damaged("a scale is negative or a unit is not a power of two")
        return cls(codes, NumberScale(unit, median, width))


def _fitting(code: ColumnCode, column: Column, source: str) -> Column:
    """The column as it was in training; as it is, if it holds nothing but known values."""
    if code.kind == column.kind == "category" and all(map(code.index.__contains__, column.levels)):
        return column
    return as_kind(column, code.kind, code.levels, source)


def _fit_column(column: Column) -> ColumnCode:
    match column.kind:
        case "number":
            gap = bool(np.isnan(column.values).any())
            return ColumnCode(column.name, "number", "scaled", gap)
        case "date":
            return fit_date(column)
        case _:
            return fit_category(column)


def _numbers(codes: tuple[ColumnCode, ...], columns: tuple[Column, ...]) -> list[Numbers]:
    """The robust-scaled numbers, each ``(n,)``: number columns, seconds and years of dates."""
    numbers: list[Numbers] = []
    for code, column in zip(codes, columns, strict=True):
        if code.code == "scaled":
            numbers.append(column.values)
        elif code.code == "date":
            numbers.extend(date_numbers(code, column))
    return numbers


def _read_column(item: object) -> ColumnCode:
    record = read_record(item, _KEYS, "a column")
    name = read_text(record["name"], "the name of a column")
    kind = cast(Kind, read_text(record["kind"], f"the kind of {name!r}", tuple(CODES)))
    code = cast(Code, read_text(record["code"], f"the code of {name!r}", CODES[kind]))
    gap = read_flag(record["gap"], f"the gap of {name!r}")
    choices = ("false", "true") if kind == "boolean" else None
    levels = read_texts(record["levels"], f"the levels of {name!r}", choices)
    parts = read_texts(record["parts"], f"the parts of {name!r}", PARTS)
    n_levels = len(levels)
    fits = {
        "scaled": n_levels == 0,
        "date": n_levels == 0,
        "sign": n_levels <= 2,
        "one_hot": 3 <= n_levels <= MOST_ONE_HOT,
        "embedding": True,
    }[code]
    in_order = [*levels] == sorted(levels) and [*parts] == sorted(parts, key=PARTS.index)
    if not fits or not in_order or (parts and code != "date"):
        raise damaged(f"the levels or parts of {name!r} do not fit its code {code!r}")
    return ColumnCode(name, kind, code, gap, levels, parts)
