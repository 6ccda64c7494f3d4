"""Findings about rows that occur more than once: copies, contradictions, copies across parts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from madaline.checkup.seen import Seen, numbers_from_1, percent
from madaline.data.checks.duplicates import Keys, look_copied, repeats, row_keys, twins
from madaline.data.table import Table
from madaline.encode.coerce import as_kind
from madaline.events.alert import Alert, Level

# Test rows that training has seen: at this share a score is worthless, at that one it flatters.
_WORTHLESS, _FLATTERING = 0.1, 0.01
_FEW = 0.005
_BY_CHANCE = "columns of few values make that likely"


def find_copies(seen: Seen) -> Iterator[Alert]:
    """Repeated rows of the table, and test rows that training has seen."""
    names = (*seen.describing, *seen.split.code.names)
    whole = seen.table.select(names)
    keys = row_keys(whole)
    yield from _duplicates(seen, whole, keys)
    yield from _contradictions(seen)
    yield from _across(seen, whole, keys)


def _duplicates(seen: Seen, whole: Table, keys: Keys) -> Iterator[Alert]:
    again = repeats(keys)
    if not len(again):
        return
    copied = look_copied(whole)
    pair = np.flatnonzero(keys == keys[int(again[0])])[:2]
    first = seen.row_numbers(pair)
    yield Alert(
        "warn" if copied and len(again) >= _FEW * len(keys) else "note",
        "duplicates",
        f"{len(again):,} of {len(keys):,} rows ({percent(len(again) / len(keys))}) "
        f"{'repeats' if len(again) == 1 else 'repeat'} an earlier row in every column, as row "
        f"{first[1]} does row {first[0]}; "
        f"{'they look like copies' if copied else _BY_CHANCE}.",
        action="Remove them from the file, unless the same thing was truly observed twice."
        if copied
        else "Nothing has to be done, unless rows were copied.",
        rows=seen.row_numbers(again),
        source=seen.table.source,
        numbers={"share": len(again) / len(keys), "copied": copied},
    )


def _contradictions(seen: Seen) -> Iterator[Alert]:
    """Rows of equal features and different answers: nothing that sees the features is right."""
    name, *others = seen.split.code.names
    if others:
        return  # which of several answers differ would be a table of its own
    features = seen.table.select(seen.describing)
    group = np.unique(row_keys(features), return_inverse=True)[1]
    target = seen.table[name]
    answers = np.unique(target.values, return_inverse=True)[1]
    apart = _disagreeing(group, answers)
    if not apart.any():
        return
    copied = look_copied(features)
    rows = np.flatnonzero(apart[group])
    level: Level = "warn" if copied and len(rows) >= _FEW * len(group) else "note"
    if seen.task == "regression":
        within = _variance_within(group, target.values)
        limit, scale = 1 - within, "no model of these columns can reach an R2 above"
    else:
        limit = _most_right(group, answers)
        scale = "no model of these columns can be right in more than"
    if not copied and limit > 1 - _FLATTERING:
        return
    pair = _first_pair(group, answers, rows)
    numbers = seen.row_numbers(pair)
    yield Alert(
        level,
        "contradictions",
        f"{len(rows):,} rows equal another row in all features and have another {target.name!r}, "
        f"as rows {numbers[0]} and {numbers[1]} do: {scale} "
        f"{f'{limit:.4f}' if seen.task == 'regression' else f'{percent(limit)} of these rows'}.",
        action="Mend the wrong answers, or add a column that tells such rows apart.",
        columns=(target.name,),
        rows=seen.row_numbers(rows),
        source=seen.table.source,
        numbers={"limit": limit, "copied": copied},
    )


def _disagreeing(group: NDArray[np.intp], answers: NDArray[np.intp]) -> NDArray[np.bool_]:
    """``(groups,)`` which hold more than one answer."""
    n_groups = int(group.max()) + 1
    low = np.full(n_groups, np.iinfo(np.intp).max)
    high = np.full(n_groups, -1)
    np.minimum.at(low, group, answers)
    np.maximum.at(high, group, answers)
    return low != high


def _most_right(group: NDArray[np.intp], answers: NDArray[np.intp]) -> float:
    """Share of rows that the commonest answer of each group gets right."""
    n_answers = int(answers.max()) + 1
    pairs, counts = np.unique(group * n_answers + answers, return_counts=True)
    best = np.zeros(int(group.max()) + 1)
    np.maximum.at(best, pairs // n_answers, counts)
    return float(best.sum() / len(group))


def _variance_within(group: NDArray[np.intp], values: NDArray[np.float64]) -> float:
    """Share of the variance that lies within groups of equal features."""
    y = values / max(float(np.abs(values).max()), 1e-300)
    y = y - y.mean()
    means = np.bincount(group, y) / np.bincount(group)
    return float(((y - means[group]) ** 2).sum() / max(float(y @ y), 1e-300))


def _first_pair(
    group: NDArray[np.intp], answers: NDArray[np.intp], rows: NDArray[np.intp]
) -> NDArray[np.intp]:
    """The first row, and the next one of equal features and another answer."""
    first = rows[0]
    others = rows[(group[rows] == group[first]) & (answers[rows] != answers[first])]
    return np.array([first, others[0]])


def _across(seen: Seen, whole: Table, keys: Keys) -> Iterator[Alert]:
    """Rows of test, or of validation where that is all there is, that equal a training row."""
    part = seen.fresh_part
    if not part:
        return
    training, own = seen.split.rows["train"], seen.split.own.get(part)
    if own is not None:
        tables = [whole, _like(own.table, whole)]
        part_keys, places, source = row_keys(tables[1]), own.row_numbers, own.table.source
    else:
        tables = [whole]
        rows = seen.split.rows[part]
        part_keys, places = keys[rows], seen.split.labelled.row_numbers[rows]
        source = seen.table.source
    twin = twins(part_keys, keys[training])
    same = np.flatnonzero(twin >= 0)
    share = len(same) / max(1, len(part_keys))
    copied = bool(len(same)) and look_copied(*tables)
    if share < _FLATTERING and not copied:
        return
    found = numbers_from_1(places[same])
    partner = seen.row_numbers(training[twin[same[:1]]])[0]
    yield Alert(
        "note" if not copied else _gravity(share),
        "duplicates_across_split",
        f"{len(same):,} of {len(part_keys):,} {part} rows ({percent(share)}) equal a training row "
        f"in every column, as row {found[0]} does row {partner}"
        f"{'' if copied else f'; {_BY_CHANCE}'}.",
        action=_cure(copied, own is not None),
        rows=found,
        source=source,
        numbers={"share": share, "part": part, "copied": copied},
    )


def _gravity(share: float) -> Level:
    if share >= _WORTHLESS:
        return "error"
    return "warn" if share >= _FLATTERING else "note"


def _cure(copied: bool, own: bool) -> str:
    if not copied:
        return "Nothing has to be done: new rows will repeat known ones as often."
    where = "from one of the two files" if own else "from the file"
    return f"Remove the repeated rows {where}: scores on rows known from training flatter."


def _like(table: Table, whole: Table) -> Table:
    """The same columns in the same order, of the same kinds."""
    return Table(
        tuple(as_kind(table[c.name], c.kind, c.levels, table.source) for c in whole), table.source
    )
