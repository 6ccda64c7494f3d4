"""Booleans and categories -> a sign, one-hot features or an embedding code.

- Up to two values: one feature, -1 for the first and +1 for the second; 0 where missing or never
  seen, and always 0 for a column with fewer than two values.
- Three to eight values: one 0/1 feature a value, neither centred nor scaled (the scales of a plain
  0/1 and of a clipped feature are alike); all zero where missing or never seen.
- More: a code into an embedding table, see `fit_category`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import Column
from madaline.encode.column import MOST_ONE_HOT, ColumnCode

# With more values than this, a value seen in one row only shares code 0.
_MANY_LEVELS = 1000

# Positions of values that have no level; negative, so that they index the end of a lookup array.
_UNSEEN, _MISSING = -1, -2


def fit_category(column: Column) -> ColumnCode:
    """Learn the values of a boolean or category column; sorted, whatever the order of the rows.

    An embedded column has code 0 for values never seen, codes 1 .. L for its levels, and code
    L + 1 for missing if missing values were seen (else 0). With more than 1,000 values, those
    seen in a single row are folded into code 0: it is trained then, and the table stays small.

    >>> fit_category(Column("on", "boolean", np.array([0.0, 1.0, np.nan]))).how
    '-1 for false, +1 for true; indicator of missing'
    """
    levels, values = _as_levels(column)
    counts = np.bincount(values[values >= 0], minlength=len(levels))
    seen = sorted(level for level, n in zip(levels, counts.tolist(), strict=True) if n)
    if len(seen) > _MANY_LEVELS:
        seen = sorted(level for level, n in zip(levels, counts.tolist(), strict=True) if n > 1)
        code = "embedding"
    else:
        code = "sign" if len(seen) <= 2 else "one_hot" if len(seen) <= MOST_ONE_HOT else "embedding"
    gap = bool((values < 0).any())
    return ColumnCode(column.name, column.kind, code, gap, tuple(seen))


def _as_levels(column: Column) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Texts, and for each row the position of its text, -1 where missing."""
    if column.kind == "category":
        return column.levels, column.values.astype(np.intp)
    return ("false", "true"), np.where(column.missing(), -1, column.values).astype(np.intp)


def _positions(code: ColumnCode, column: Column) -> NDArray[np.intp]:
    """``(n,)`` position among the learned levels, or ``_UNSEEN`` or ``_MISSING``."""
    levels, values = _as_levels(column)
    index = code.index
    # The value -1 (missing) reads the last entry.
    lookup = np.array([*(index.get(level, _UNSEEN) for level in levels), _MISSING], np.intp)
    return lookup[values]


def unseen_note(code: ColumnCode, column: Column) -> tuple[str, ...]:
    """How many rows hold a value that has no feature or code of its own; () if none does."""
    unseen = _positions(code, column) == _UNSEEN
    n_rows = int(unseen.sum())
    if not n_rows:
        return ()
    example = column.levels[int(column.values[int(unseen.argmax())])]
    example = example if len(example) <= 40 else f"{example[:37]}..."
    verb = "row holds a value" if n_rows == 1 else "rows hold values"
    was = "was" if n_rows == 1 else "were"
    return (f"{n_rows:,} {verb} of {column.name!r} that {was} not learned, such as {example!r}.",)


def write_category(code: ColumnCode, column: Column, out: NDArray[np.float32]) -> None:
    """Write the feature of a ``sign`` column or the features of a ``one_hot`` column.

    >>> column = Column("sex", "category", np.array([0, 1, -1], np.int32), ("male", "female"))
    >>> out = np.empty((3, 1), np.float32)
    >>> write_category(fit_category(column), column, out)
    >>> out.ravel().tolist()
    [1.0, -1.0, 0.0]
    """
    n_levels = len(code.levels)
    # Two rows of zeros at the end: missing and never seen.
    if code.code == "one_hot":
        table = np.eye(n_levels + 2, n_levels, dtype=np.float32)
    else:
        table = np.zeros((n_levels + 2, 1), np.float32)
        if n_levels == 2:
            table[:2, 0] = -1, 1
    out[:] = table[_positions(code, column)]


def embedding_codes(code: ColumnCode, column: Column) -> NDArray[np.int32]:
    """``(n,)`` codes 0 .. ``code.n_codes - 1`` of an ``embedding`` column.

    >>> code = ColumnCode("city", "category", "embedding", True, tuple("abcdefghi"))
    >>> column = Column("city", "category", np.array([0, 1, 2, -1], np.int32), ("a", "i", "?"))
    >>> embedding_codes(code, column).tolist()
    [1, 9, 0, 10]
    """
    n_levels = len(code.levels)
    ends = [n_levels + 1 if code.gap else 0, 0]
    table = np.concatenate([np.arange(1, n_levels + 1), ends]).astype(np.int32)
    return table[_positions(code, column)]
