"""Findings about the target: missing answers, rare classes, values that rule the loss."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from madaline.checkup.seen import Seen, listed, numbers_from_1, percent
from madaline.events.alert import Alert
from madaline.stats.digits import significant

# Of fewer training rows a class is learned by heart; of fewer test rows its score is a guess.
_LEAST_TRAIN, _LEAST_TEST = 10, 5
_ONE_SIDED = 0.9
# Rows that hold half of the variance; of a normal distribution it takes 12 % of them.
_RULING_SHARE = 0.005
_SKEWED = 2.0
_MANY_UNLABELLED = 0.05
_LEAST_ROWS = 50


def find_target(seen: Seen) -> Iterator[Alert]:
    """Everything about the target columns."""
    yield from _unlabelled(seen)
    if seen.task in ("binary", "multiclass"):
        yield from _classes(seen)
    elif seen.task == "regression":
        for name in seen.split.code.names:
            yield from _values(seen, name)


def _unlabelled(seen: Seen) -> Iterator[Alert]:
    names = seen.split.code.names
    for rows in (seen.split.labelled, *seen.split.own.values()):
        n_given = rows.table.n_rows + rows.n_dropped
        if not rows.n_dropped:
            continue
        gone = np.setdiff1d(np.arange(n_given), rows.row_numbers)
        yield Alert(
            "warn" if rows.n_dropped >= _MANY_UNLABELLED * n_given else "note",
            "no_target",
            f"{rows.n_dropped:,} of {n_given:,} rows of {rows.table.source} have no target "
            f"{listed(names)}, or an infinite one.",
            action="They are left out; look whether they differ from the rest.",
            columns=names,
            rows=numbers_from_1(gone),
            source=rows.table.source,
        )


def _classes(seen: Seen) -> Iterator[Alert]:
    code, name = seen.split.code, seen.split.code.names[0]
    n_classes = len(code.classes)
    y = {part: rows.y.reshape(-1).astype(np.intp) for part, rows in seen.prepared.parts.items()}
    counts = {part: np.bincount(codes, minlength=n_classes) for part, codes in y.items()}
    rare = np.flatnonzero(counts["train"] < _LEAST_TRAIN)
    if len(rare):
        training = seen.split.rows["train"]
        shown = ", ".join(f"{code.classes[c]!r} {counts['train'][c]}" for c in rare[:4])
        more = f" and {len(rare) - 4} more" if len(rare) > 4 else ""
        yield Alert(
            "warn",
            "rare_class",
            f"{len(rare)} of {n_classes} classes of {name!r} have fewer than {_LEAST_TRAIN} "
            f"training rows: {shown}{more}.",
            action="Gather more rows of them, join them with a like class, or leave them out.",
            columns=(name,),
            rows=seen.row_numbers(training[np.isin(y["train"], rare)]),
            source=seen.table.source,
            numbers={"rows": {code.classes[c]: int(counts["train"][c]) for c in rare}},
        )
    thin = np.flatnonzero((counts["test"] < _LEAST_TEST) & (counts["train"] >= _LEAST_TRAIN))
    if len(thin) and seen.prepared.parts["test"].n_rows:
        shown = ", ".join(f"{code.classes[c]!r} {counts['test'][c]}" for c in thin[:4])
        more = f" and {len(thin) - 4} more" if len(thin) > 4 else ""
        yield Alert(
            "note",
            "rare_in_test",
            f"{len(thin)} of {n_classes} classes have fewer than {_LEAST_TEST} test rows, so their "
            f"own scores will be guesses: {shown}{more}.",
            action="Keep more rows for the test, if these classes matter.",
            columns=(name,),
            numbers={"rows": {code.classes[c]: int(counts["test"][c]) for c in thin}},
        )
    total = sum(counts.values(), np.zeros(n_classes, np.intp))
    largest = int(total.argmax())
    share = float(total[largest] / total.sum())
    if share >= _ONE_SIDED:
        yield Alert(
            "note",
            "one_sided",
            f"Always guessing {code.classes[largest]!r} is right in {percent(share)} of the rows.",
            action="Read the balanced accuracy; weights can give the other classes more say.",
            settings={"class_weight": "balanced"},
            columns=(name,),
            numbers={"share": share},
        )


def _values(seen: Seen, name: str) -> Iterator[Alert]:
    """Values that make most of a squared loss, and a long tail."""
    values = seen.table[name].values
    if len(values) < _LEAST_ROWS:
        return
    y = values / max(float(np.abs(values).max()), 1e-300)
    squares = (y - y.mean()) ** 2
    total = float(squares.sum())
    if total <= 0:
        return
    order = np.argsort(-squares, kind="stable")
    ruling = 1 + int(np.searchsorted(np.cumsum(squares[order]), total / 2))
    if ruling <= max(1, _RULING_SHARE * len(y)):
        low, high = (significant(float(v), 4) for v in np.quantile(values, [0.01, 0.99]))
        yield Alert(
            "warn",
            "target_outliers",
            f"{ruling:,} of {len(y):,} rows hold half of the variance of {name!r}: the furthest is "
            f"{significant(float(values[order[0]]), 4)}, while 98 % lie between {low} and {high}.",
            action="Look whether they are mistakes. The absolute loss hardly listens to them.",
            settings={"loss": "absolute"},
            columns=(name,),
            rows=seen.row_numbers(order[:ruling]),
            source=seen.table.source,
            numbers={"share_of_rows": ruling / len(y)},
        )
        return
    deviation = float(np.sqrt(total / len(y)))
    skewness = float(np.mean(((y - y.mean()) / deviation) ** 3))
    if skewness > _SKEWED and values.min() >= 0:
        yield Alert(
            "note",
            "skewed_target",
            f"{name!r} has a long tail of large values (skewness {skewness:.1f}), which rule the "
            "squared loss.",
            action="If relative errors matter, predict its logarithm; if absolute ones, lower "
            "those.",
            settings={"loss": "absolute"},
            columns=(name,),
            numbers={"skewness": skewness},
        )
