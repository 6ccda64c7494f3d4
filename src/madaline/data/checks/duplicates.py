"""Rows that occur more than once: in a table, and in two tables that should share none.

A row is compared by a 64-bit key, the sum of one hashed key for each of its cells; two different
rows of a million share a key with a probability of 3e-8.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import Column, RowIndex, Table

Keys = NDArray[np.uint64]

# Enough columns to see whether rows also nearly agree; each one costs a sort of all rows.
_MOST_COLUMNS = 64


def row_keys(table: Table) -> Keys:
    """``(n,)`` keys of the rows; rows with equal cells (missing equals missing) have equal keys.

    Columns count by their place, so two tables must have the same columns in the same order.

    >>> one = Column("a", "number", np.array([1.0, 2.0, 1.0]))
    >>> keys = row_keys(Table((one,)))
    >>> bool(keys[0] == keys[2]), bool(keys[0] == keys[1])
    (True, False)
    """
    total = np.zeros(table.n_rows, np.uint64)
    for place, column in enumerate(table):
        total += _cell_keys(column, place)
    return total


def repeats(keys: Keys) -> RowIndex:
    """Rows that equal an earlier row, ascending.

    >>> repeats(np.array([7, 8, 7, 7], np.uint64)).tolist()
    [2, 3]
    """
    first = np.unique(keys, return_index=True)[1]
    again = np.ones(len(keys), bool)
    again[first] = False
    return np.flatnonzero(again)


def twins(keys: Keys, others: Keys) -> RowIndex:
    """``(n,)`` for each row the first equal row among the others; -1 where there is none.

    >>> twins(np.array([5, 6], np.uint64), np.array([9, 6, 6], np.uint64)).tolist()
    [-1, 1]
    """
    if not len(others):
        return np.full(len(keys), -1)
    known, first = np.unique(others, return_index=True)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[place] == keys, first[place], -1)


def look_copied(*tables: Table) -> bool:
    """Whether repeated rows are copies, rather than what few possible values bring about.

    In a table of few values rows agree by chance, and then even more of them agree in all columns
    but one. Rows that were copied agree in all columns or in few.

    Args:
        tables: One table, or several of the same columns, whose rows are looked at together.

    >>> rng = np.random.default_rng(0)
    >>> rows = np.append(np.arange(100), [3, 5])
    >>> fine = [Column(str(i), "number", rng.normal(size=100)[rows]) for i in range(3)]
    >>> coarse = [Column(str(i), "number", rng.integers(0, 5, 100) * 1.0) for i in range(3)]
    >>> look_copied(Table(tuple(fine))), look_copied(Table(tuple(coarse)))
    (True, False)
    """
    keys = np.concatenate([row_keys(table) for table in tables])
    first = np.unique(keys, return_index=True)[1]
    exact, n_columns = 1 - len(first) / len(keys), len(tables[0].columns)
    if not exact or n_columns < 2:
        return False
    # Share of the different rows that agree with another one in all columns but one.
    nearly = np.zeros(len(first), bool)
    for place in np.linspace(0, n_columns - 1, min(n_columns, _MOST_COLUMNS)).astype(int).tolist():
        cells = np.concatenate([_cell_keys(table.columns[place], place) for table in tables])
        _, group, counts = np.unique((keys - cells)[first], return_inverse=True, return_counts=True)
        nearly |= counts[group] > 1
        if nearly.mean() >= exact:
            return False
    return True


def _cell_keys(column: Column, place: int) -> Keys:
    """``(n,)`` hashed cells, that of equal texts equal whatever their code."""
    if column.kind == "category":
        digests = [blake2b(level.encode(), digest_size=8).digest() for level in column.levels]
        levels = np.frombuffer(b"".join([*digests, bytes(8)]), np.uint64)
        bits = levels[column.values]  # the last one is for -1, missing
    elif column.kind == "date":
        bits = column.values.astype(np.int64).view(np.uint64)
    else:
        plain = np.where(np.isnan(column.values), np.nan, column.values + 0.0)  # one NaN, one zero
        bits = plain.view(np.uint64)
    offset = 0x9E3779B97F4A7C15 * (2 * place + 1) % 2**64
    return _mixed(bits + np.uint64(offset))


def _mixed(bits: Keys) -> Keys:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): every bit moves every other."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
