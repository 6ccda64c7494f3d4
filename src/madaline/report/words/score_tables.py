"""Scores as aligned tables: beside the references, by class, by output."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan

from madaline.events.scores import Score, Scored, Scores
from madaline.report.words.layout import (
    LONGEST_LABEL,
    NOTHING,
    WIDTH,
    alike,
    count,
    shortened,
    table,
)

METRICS = {
    "r2": "R2", "rmse": "RMSE", "mae": "MAE", "mse": "MSE", "auc": "AUC",
    "mse_sum": "MSE, outputs summed",
}  # fmt: skip
MOST_ROWS = 12


def describe_scores(scored: Scored) -> list[str]:
    """The scores beside the linear model and the constant guess, then each class, worst first."""
    network = scored.network
    others = {"linear": scored.linear, "constant": scored.constant, "train": scored.train}
    beside = {name: scores for name, scores in others.items() if scores is not None}
    rows = count(network.n_rows, f"{scored.part} row")
    drawn = [[f"Scores on {rows}", "network", "(95 % interval)", *beside]]
    drawn += [
        [METRICS.get(score.name, score.name.replace("_", " ")), *_cells(score)]
        + [_beside(other, score) for other in beside.values()]
        for score in network.scores
    ]
    return _narrowed(drawn) + _classes(network) + _outputs(network)


def _narrowed(rows: list[list[str]]) -> list[str]:
    """As many columns as fit on the screen; the interval, the third one, always stays."""
    lines = table(rows, "<><" + ">" * (len(rows[0]) - 3))
    if len(rows[0]) > 3 and max(map(len, lines)) > WIDTH:
        return _narrowed([row[:-1] for row in rows])
    return lines


def _cells(score: Score) -> list[str]:
    value, low, high = alike([score.value, score.low, score.high])
    known = isfinite(score.low) and isfinite(score.high)
    return [value, f"({low} to {high})" if known else ""]


def _beside(other: Scores, like: Score) -> str:
    """The score of another model, with the decimals of the network's."""
    values = [score.value for score in other.scores if score.name == like.name]
    return alike([*values, like.value, like.low, like.high])[0] if values else NOTHING


def _classes(network: Scores) -> list[str]:
    if len(network.classes) < 2:
        return []
    rank = sorted(network.classes, key=lambda c: _worst_first(c.accuracy))
    rows = [["Class, worst first", "accuracy", "(95 % interval)", "rows"]]
    for c in rank[:MOST_ROWS]:
        cells = _cells(Score(c.label, c.accuracy, c.low, c.high))
        rows.append([shortened(c.label, LONGEST_LABEL), *cells, count(c.support)])
    return ["", *table(rows, "<><>"), *_and_more(rank)]


def _outputs(network: Scores) -> list[str]:
    """R2 and RMSE of each output of a regression with several."""
    if not network.outputs:
        return []
    rank = sorted(network.outputs, key=lambda output: _worst_first(output.score("r2").value))
    rows = [["Output, worst first", "R2", "(95 % interval)", "RMSE"]]
    for output in rank[:MOST_ROWS]:
        rmse = alike([output.score("rmse").value])
        rows.append([shortened(output.name, LONGEST_LABEL), *_cells(output.score("r2")), *rmse])
    return ["", *table(rows, "<><>"), *_and_more(rank)]


def _worst_first(value: float) -> float:
    """What is not known comes last."""
    return 2.0 if isnan(value) else value


def _and_more(items: Sequence[object]) -> list[str]:
    return [f"... and {len(items) - MOST_ROWS} more"] if len(items) > MOST_ROWS else []
