"""Findings about test rows that are not like the training rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from madaline.checkup.seen import Seen, listed, percent
from madaline.data.split import shuffled
from madaline.data.table import Column
from madaline.encode.coerce import as_kind
from madaline.events.alert import Alert
from madaline.stats.drift import (
    PERMUTATIONS,
    Discrepancy,
    Shift,
    code_shift,
    holm,
    mean_discrepancy,
    number_shift,
)

# 5 % of false alarms in all: two tests share them where both hold.
LEVEL = 0.05
_MOST_ROWS = 1_000
_LEAST_ROWS = 20
_CLEAR = 0.1
_UNSEEN = 0.01


def find_drift(seen: Seen, remarks: list[str]) -> Iterator[Alert]:
    """Drift from training to test rows, and categories that training has never seen."""
    part = seen.fresh_part
    how = _how(seen, part)
    if how == "shuffled":
        remarks.append(
            "Drift was not looked for: rows are split at random. Name a column of time or of "
            "groups, or a file of newer rows as the test rows."
        )
        return
    sizes = [seen.prepared.parts[name].n_rows for name in ("train", part)]
    if min(sizes) < _LEAST_ROWS:
        remarks.append(f"Drift was not looked for: {min(sizes)} {part} rows are too few.")
        return
    pairs = {name: _pair(seen, name, part) for name in seen.describing}
    yield from _unseen(seen, part, pairs)
    yield from _moved(seen, part, how, pairs, remarks)


def _how(seen: Seen, part: str) -> str:
    if part in seen.split.own:
        return "file"
    return "time" if seen.settings.time else "group" if seen.settings.group else "shuffled"


def _pair(seen: Seen, name: str, part: str) -> tuple[Column, Column]:
    """A column in training and in the other part, categories by the same codes."""
    first = seen.table[name].take(seen.split.rows["train"])
    rows = seen.split.own.get(part)
    if rows is None:
        return first, seen.table[name].take(seen.split.rows[part])
    second = as_kind(rows.table[name], first.kind, first.levels, rows.table.source)
    if first.kind != "category" or second.levels == first.levels:
        return first, second
    known = {level: code for code, level in enumerate(first.levels)}
    moved = [known.setdefault(level, len(known)) for level in second.levels]
    lookup = np.array([*moved, -1], np.int32)
    return first, Column(name, "category", lookup[second.values], tuple(known))


def _unseen(seen: Seen, part: str, pairs: dict[str, tuple[Column, Column]]) -> Iterator[Alert]:
    for name, (first, second) in pairs.items():
        if first.kind != "category":
            continue
        strange = ~np.isin(second.values, first.values) & (second.values >= 0)
        share = float(strange.mean())
        if share < _UNSEEN:
            continue
        texts = [second.levels[c] for c in np.unique(second.values[strange]).tolist()]
        rows = np.flatnonzero(strange)
        own = seen.split.own.get(part)
        places = (
            own.row_numbers[rows]
            if own
            else seen.split.labelled.row_numbers[seen.split.rows[part][rows]]
        )
        yield Alert(
            "warn",
            "unseen_category",
            f"{len(rows):,} of {len(second):,} {part} rows ({percent(share)}) have a {name!r} that "
            f"no training row has: {listed(texts)}.",
            action="Nothing is known of them; train with rows that have them, or leave the column "
            "out.",
            settings={"drop": (name,)},
            columns=(name,),
            rows=tuple((places + 1).tolist()),
            source=own.table.source if own else seen.table.source,
            numbers={"share": share, "values": texts[:100]},
        )


def _moved(
    seen: Seen,
    part: str,
    how: str,
    pairs: dict[str, tuple[Column, Column]],
    remarks: list[str],
) -> Iterator[Alert]:
    joint = joint_discrepancy(seen, part)
    shifts = {name: shift(*pair) for name, pair in pairs.items()}
    # Rows of a group go together, which tests of single columns do not know.
    if how == "group":
        alarm, sure = joint.p_value <= LEVEL, dict.fromkeys(shifts, True)
    else:
        adjusted = holm([s.p_value for s in shifts.values()])
        sure = dict(zip(shifts, (adjusted <= LEVEL / 2).tolist(), strict=True))
        alarm = joint.p_value <= LEVEL / 2 or any(sure.values())
    moved = sorted((n for n in shifts if sure[n]), key=lambda n: -shifts[n].distance)
    evidence = (
        f"squared maximum mean discrepancy {joint.squared:.2g}, p = {joint.p_value:.2g} of "
        f"{PERMUTATIONS:,} permutations"
    )
    if not alarm:
        remarks.append(f"No drift between training and {part} rows ({evidence}).")
        return
    clear = joint.p_value <= LEVEL / 2 or any(shifts[n].distance >= _CLEAR for n in moved)
    named = ", ".join(f"{n!r} {shifts[n].distance:.2f}" for n in moved[:3])
    most = f"; the most moved (0 is not at all, 1 is apart): {named}" if moved else ""
    yield Alert(
        "warn" if clear else "note",
        "drift",
        f"{part.capitalize()} rows are not like training rows: {evidence}{most}.",
        action=_cure(how),
        settings={"drop": tuple(moved[:1])} if how == "time" and moved else {},
        columns=tuple(moved),
        numbers={
            "squared_discrepancy": joint.squared,
            "p_value": joint.p_value,
            "columns": {
                n: {"distance": shifts[n].distance, "p_value": shifts[n].p_value} for n in shifts
            },
        },
    )


def joint_discrepancy(seen: Seen, part: str) -> Discrepancy:
    """The kernel test on at most 1,000 rows of each part, drawn at random."""
    seed = seen.settings.seed
    samples = {
        name: np.sort(shuffled(seen.prepared.parts[name].n_rows, seed)[:_MOST_ROWS])
        for name in ("train", part)
    }
    first, second = (seen.prepared.parts[n].features.take(samples[n]) for n in ("train", part))
    return mean_discrepancy(
        first.x,
        second.x,
        seed=seed,
        x_codes=first.codes,
        y_codes=second.codes,
        units=_units(seen, part, samples),
    )


def _units(seen: Seen, part: str, samples: dict[str, NDArray[np.intp]]) -> NDArray[np.intp] | None:
    """Groups of the sampled rows, where whole groups were split."""
    if seen.settings.group is None or part in seen.split.own:
        return None
    groups = np.unique(seen.table[seen.settings.group].values, return_inverse=True)[1]
    rows = [seen.split.rows[name][samples[name]] for name in ("train", part)]
    return groups[np.concatenate(rows)]


def shift(first: Column, second: Column) -> Shift:
    """How far a column moved, by the test of its kind."""
    if first.kind in ("number", "date"):
        return number_shift(*(_numbers(column) for column in (first, second)))
    return code_shift(*(np.where(c.missing(), -1, c.values) for c in (first, second)))


def _numbers(column: Column) -> NDArray[np.float64]:
    return np.where(column.missing(), np.nan, column.values.astype(np.float64))


def _cure(how: str) -> str:
    match how:
        case "time":
            return (
                "Time moves the data: new rows will be at least as different as these. Train again "
                "as rows come in, and leave out what only tells the time."
            )
        case "group":
            return "Groups differ: gather more groups, and expect the test scores of new ones."
        case _:
            return (
                "Look whether both files were made alike (units, codes, filters); if so, new "
                "rows differ from those trained on, and scores on old rows flatter."
            )
