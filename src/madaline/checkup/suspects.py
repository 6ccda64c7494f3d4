"""Findings about single answers that held-out predictions contradict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madaline.checkup.forest import held_out_classes, held_out_values
from madaline.checkup.seen import Seen, percent
from madaline.data.table import RowIndex
from madaline.events.alert import Alert
from madaline.stats.digits import significant
from madaline.stats.suspects import (
    LABEL_FLOOR,
    VALUE_FLOOR,
    Limit,
    find_limit,
    label_doubt,
    swapped,
    value_doubt,
)

_LEAST_ROWS = 100
# More rows than these are looked at in an even spread, for nobody should have to wait.
_MOST_ROWS = 50_000
_MOST_TARGETS = 5
_MANY = 0.03


def find_suspects(seen: Seen, remarks: list[str]) -> Iterator[Alert]:
    """Suspect answers; what could not be looked at, and why, goes to ``remarks``."""
    n_rows = seen.table.n_rows
    if n_rows < _LEAST_ROWS:
        remarks.append(f"Suspect answers were not looked for: {n_rows} rows are too few.")
        return
    rows = np.arange(n_rows)
    if n_rows > _MOST_ROWS:
        rows = np.linspace(0, n_rows - 1, _MOST_ROWS).astype(np.intp)
        remarks.append(f"Suspect answers were looked for in {_MOST_ROWS:,} of {n_rows:,} rows.")
    features = seen.prepared.encoder.transform(seen.table.take(rows))
    x = np.hstack([features.x, features.codes.astype(np.float32)])
    for place, name in enumerate(seen.split.code.names[:_MOST_TARGETS]):
        answers = _answers(seen, rows, place)
        if seen.task == "regression":
            yield from _of_values(seen, name, rows, x, answers, remarks)
        else:
            yield from _of_labels(seen, name, rows, x, answers, remarks)


def _answers(seen: Seen, rows: RowIndex, place: int) -> np.ndarray:
    """``(n,)`` class codes, or values in their own units, of one target."""
    code = seen.split.code
    if seen.task == "regression":
        return seen.table[code.names[place]].values[rows]
    y = code.encode(seen.table.take(rows).select(code.names))
    return (y.reshape(len(rows), -1)[:, place]).astype(np.intp)


def _of_labels(
    seen: Seen,
    name: str,
    rows: RowIndex,
    x: NDArray[np.float32],
    labels: NDArray[np.intp],
    remarks: list[str],
) -> Iterator[Alert]:
    seed = seen.settings.seed
    tried, wrong = swapped(labels, seed)
    p = held_out_classes(x, tried, seed)
    limit = find_limit(label_doubt(p, tried), wrong, LABEL_FLOOR)
    right = float((p.argmax(axis=1) == labels)[~wrong].mean())
    if limit is None:
        remarks.append(
            f"Labels of {name!r} could not be checked: a quick forest is right in {percent(right)} "
            "of the held-out rows, too few to tell wrong labels from hard rows."
        )
        return
    p = held_out_classes(x, labels, seed)
    doubt = label_doubt(p, labels)
    found = _worst(seen, rows, doubt, limit)
    if not len(found):
        remarks.append(f"No label of {name!r} looks wrong.")
        return
    classes = seen.split.code.classes if seen.task != "multilabel" else ("0", "1")
    verb = "looks" if len(found) == 1 else "look"
    given = [classes[c] for c in labels[found].tolist()]
    likely = [classes[c] for c in p[found].argmax(axis=1).tolist()]
    yield _finding(
        seen,
        name,
        rows[found],
        limit,
        f"{len(found):,} of {len(labels):,} labels of {name!r} {verb} wrong, first that of row "
        f"{seen.row_numbers(rows[found[:1]])[0]}: {given[0]!r}, likelier {likely[0]!r}. A quick "
        f"forest that never saw a row's own label contradicts them",
        {"given": given, "likely": likely, "share_right": right, "doubt": doubt[found].tolist()},
    )


def _of_values(
    seen: Seen,
    name: str,
    rows: RowIndex,
    x: NDArray[np.float32],
    values: NDArray[np.float64],
    remarks: list[str],
) -> Iterator[Alert]:
    seed = seen.settings.seed
    code = seen.split.code
    place = code.names.index(name)
    y = code.encode(seen.table.take(rows).select(code.names))[:, place].astype(np.float64)
    tried, wrong = swapped(y, seed)
    guess = held_out_values(x, tried, seed)
    limit = find_limit(value_doubt(guess, tried), wrong, VALUE_FLOOR)
    r2 = 1 - float(np.mean((y - guess)[~wrong] ** 2)) / max(float(y.var()), 1e-300)
    if limit is None:
        remarks.append(
            f"Values of {name!r} could not be checked: a quick forest reaches an R2 of {r2:.2f} on "
            "held-out rows, too little to tell wrong values from hard rows."
        )
        return
    guess = held_out_values(x, y, seed)
    doubt = value_doubt(guess, y)
    found = _worst(seen, rows, doubt, limit)
    if not len(found):
        remarks.append(f"No value of {name!r} looks wrong.")
        return
    verb = "is" if len(found) == 1 else "are"
    restored = code.mean[place] + guess * code.scale[place]
    given, likely = values[found].tolist(), restored[found].tolist()
    yield _finding(
        seen,
        name,
        rows[found],
        limit,
        f"{len(found):,} of {len(values):,} values of {name!r} {verb} far from those of like rows, "
        f"first that of row {seen.row_numbers(rows[found[:1]])[0]}: {significant(given[0], 4)}, "
        f"likelier {significant(likely[0], 4)}. A quick forest that never saw a row's own value "
        f"contradicts them",
        {"given": given, "likely": likely, "r2": r2, "doubt": doubt[found].tolist()},
    )


def _worst(seen: Seen, rows: RowIndex, doubt: NDArray[np.float64], limit: Limit) -> RowIndex:
    """Suspect rows, the surest first; of a row that is mostly gaps nobody knows the answer."""
    names = seen.prepared.encoder.columns
    gaps = np.mean([seen.table[name].missing()[rows] for name in names], axis=0)
    known = gaps <= 0.5
    order = np.argsort(-doubt, kind="stable")
    return order[(doubt[order] >= limit.doubt) & known[order]]


def _finding(
    seen: Seen, name: str, rows: RowIndex, limit: Limit, text: str, numbers: dict[str, Any]
) -> Alert:
    many = len(rows) >= _MANY * min(seen.table.n_rows, _MOST_ROWS)
    return Alert(
        "warn" if many else "note",
        "suspect_labels" if seen.task != "regression" else "suspect_values",
        f"{text} (it finds {percent(limit.recall)} of those swapped on purpose).",
        action="Look at these rows, the surest first, and mend or remove what is wrong.",
        columns=(name,),
        rows=seen.row_numbers(rows),
        source=seen.table.source,
        numbers={**numbers, "recall": limit.recall, "swapped_among_named": limit.share},
    )
