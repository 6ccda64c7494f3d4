"""Findings about single columns: leaks, useless columns, missing and mixed values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from madaline.checkup.seen import Seen, listed, percent
from madaline.data.checks.leaks import skill_alone
from madaline.data.checks.table import repeated
from madaline.data.columns.moments import DATE_FORMATS
from madaline.data.table import Column
from madaline.events.alert import Alert
from madaline.stats.drift import Shift, code_shift, holm, number_shift

# In 45 real tables the best column alone reached 0.91: the output of a power plant by temperature.
_SKILL = 0.95
_NEARLY_EMPTY = 0.95
# Gaps whose rows differ this much in the target are told; by this much, they may be a leak.
_TELLING, _SUSPICIOUS = 0.1, 0.5
_LEAST_GAPS = 20
_LEVEL = 0.01
# A column of which this share of cells, and at least so many different ones, are of one kind is
# meant to be of that kind.
_MEANT_SHARE, _MEANT_VALUES = 0.8, 10
_DATES = (r"^\d{4}-\d{2}-\d{2}\b.*", *(pattern for pattern, _ in DATE_FORMATS))


def find_columns(seen: Seen) -> Iterator[Alert]:
    """Everything about single columns."""
    for alert in seen.prepared.alerts:
        yield _with_rows(alert, seen)
    yield from _other_targets(seen)
    yield from _strong(seen)
    yield from _mixed(seen)
    yield from _missing(seen)


def _with_rows(alert: Alert, seen: Seen) -> Alert:
    """With the numbers of the rows in the file, where it is about rows."""
    rows: tuple[int, ...] = ()
    if alert.code == "infinite":
        values = seen.table[alert.columns[0]].values
        rows = seen.row_numbers(np.flatnonzero(np.isinf(values)))
    return replace(alert, rows=rows, source=seen.table.source)


def _other_targets(seen: Seen) -> Iterator[Alert]:
    """Columns that repeat the second target or a later one; the first is looked at by `fit`."""
    rows = seen.split.rows["train"]
    for name in seen.split.code.names[1:]:
        for column in seen.prepared.encoder.columns:
            yield from repeated(
                seen.table[column].take(rows), seen.table[name].take(rows), seen.task
            )


def _strong(seen: Seen) -> Iterator[Alert]:
    """Columns that predict the target better than columns of clean tables do."""
    alerts = seen.prepared.alerts
    told = {name for a in alerts if a.code == "repeats_target" for name in a.columns}
    rows = seen.split.rows["train"]
    for name in seen.split.code.names:
        target = seen.table[name].take(rows)
        for column in seen.prepared.encoder.columns:
            if column in told or len(rows) < 2 * _LEAST_GAPS:
                continue
            skill = skill_alone(seen.table[column].take(rows), target, seen.task)
            if skill >= _SKILL:
                what = (
                    f"explains {percent(skill)} of the variance of"
                    if seen.task == "regression"
                    else f"avoids {percent(skill)} of a constant guess's mistakes about"
                )
                yield Alert(
                    "warn",
                    "predicts_target",
                    f"Column {column!r} alone {what} the target {name!r}.",
                    action="If it is made from the target or known only after it, leave it out.",
                    settings={"drop": (column,)},
                    columns=(column,),
                    numbers={"skill": skill},
                )


def _mixed(seen: Seen) -> Iterator[Alert]:
    """Categories that would be numbers or dates but for a few cells."""
    for name in seen.split.features.names:
        column = seen.table[name]
        if column.kind != "category" or len(column.levels) <= _MEANT_VALUES:
            continue
        used = np.bincount(column.values[column.values >= 0], minlength=len(column.levels))
        for kind, right in _readable(column):
            odd = ~right & (used > 0)
            share = used[right].sum() / max(1, used.sum())
            if not odd.any() or share < _MEANT_SHARE or (right & (used > 0)).sum() < _MEANT_VALUES:
                continue
            rows = np.flatnonzero((column.values >= 0) & odd[column.values])
            shown = [column.levels[i] for i in np.flatnonzero(odd)]
            yield Alert(
                "warn",
                "mixed",
                f"Column {name!r} holds {kind}s but for {len(rows)} of {used.sum()} cells, such as "
                f"{listed(shown, 2)}, and is therefore taken as texts.",
                action=f"Write {kind}s there, or leave the cells empty.",
                columns=(name,),
                rows=seen.row_numbers(rows),
                source=seen.table.source,
                numbers={"share": float(share), "values": shown[:100]},
            )
            break


def _readable(column: Column) -> Iterator[tuple[str, np.ndarray]]:
    """``(levels,)`` which texts are numbers, and which are dates of one form."""
    yield "number", np.array([_is_number(level) for level in column.levels])
    for pattern in _DATES:
        yield "date", np.array([re.match(pattern, level) is not None for level in column.levels])


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text.replace(",", "")))
    except ValueError:
        return False


def _missing(seen: Seen) -> Iterator[Alert]:
    """Gaps: all in one note, columns that hardly have values, gaps that speak of the target."""
    gaps = {name: seen.table[name].missing() for name in seen.prepared.encoder.columns}
    gaps = {name: where for name, where in gaps.items() if where.any()}
    if not gaps:
        return
    n_rows = seen.table.n_rows
    counts = {name: int(where.sum()) for name, where in gaps.items()}
    order = sorted(counts, key=lambda name: -counts[name])
    hardly = [name for name in order if counts[name] >= _NEARLY_EMPTY * n_rows]
    if hardly:
        shown = ", ".join(f"{n!r} ({percent(counts[n] / n_rows)} missing)" for n in hardly[:3])
        more = f" and {len(hardly) - 3} more" if len(hardly) > 3 else ""
        verb = "has" if len(hardly) == 1 else "have"
        yield Alert(
            "note",
            "nearly_empty",
            f"{shown}{more} {verb} hardly any values.",
            action="Leave out what cannot be told of most rows.",
            settings={"drop": tuple(hardly)},
            columns=tuple(hardly),
            numbers={"missing": {name: counts[name] for name in hardly}},
        )
    yield from _telling(seen, gaps)
    rows = np.flatnonzero(np.any(list(gaps.values()), axis=0))
    shown = ", ".join(f"{name!r} {counts[name]:,}" for name in order[:4])
    more = f" and {len(order) - 4} more" if len(order) > 4 else ""
    yield Alert(
        "note",
        "missing",
        f"Values are missing in {len(rows):,} of {n_rows:,} rows: {shown}{more}.",
        action="Nothing has to be done: a gap becomes the median or its own category, and is "
        "marked.",
        columns=tuple(order),
        rows=seen.row_numbers(rows),
        source=seen.table.source,
        numbers={"missing": {name: counts[name] for name in order}},
    )


def _telling(seen: Seen, gaps: dict[str, np.ndarray]) -> Iterator[Alert]:
    """Columns in which rows with a gap have other targets than rows without."""
    target = seen.table[seen.split.code.names[0]]
    tried: list[tuple[str, Shift]] = []
    for name, where in gaps.items():
        if _LEAST_GAPS <= where.sum() <= len(where) - _LEAST_GAPS:
            compare = number_shift if seen.task == "regression" else code_shift
            tried.append((name, compare(target.values[where], target.values[~where])))
    sure = holm([shift.p_value for _, shift in tried]) < _LEVEL
    found = [pair for pair, is_sure in zip(tried, sure, strict=True) if is_sure]
    found = sorted((p for p in found if p[1].distance >= _TELLING), key=lambda p: -p[1].distance)
    if not found:
        return
    names = tuple(name for name, _ in found)
    most = found[0][1].distance
    leak = most >= _SUSPICIOUS
    yield Alert(
        "warn" if leak else "note",
        "telling_gaps",
        f"Rows without a value of {listed(names)} have other targets than the rest: the "
        f"distributions of {target.name!r} differ by up to {most:.2f} (0 is alike, 1 is apart).",
        action="If gaps come about after the target is known, they are a leak: leave the column "
        "out."
        if leak
        else "Used as it is, since gaps are marked; make sure new rows have gaps for like reasons.",
        settings={"drop": names[:1]} if leak else {},
        columns=names,
        numbers={"distance": {name: shift.distance for name, shift in found}},
    )
