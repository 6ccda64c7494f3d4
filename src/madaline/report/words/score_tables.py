"""Scores as aligned tables: beside the references, by class, by output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from madaline.report.words.layout import LONGEST_LABEL, WIDTH, alike, count, shortened, table

Event = Mapping[str, Any]

METRICS = {
    "r2": "R2", "rmse": "RMSE", "mae": "MAE", "mse": "MSE", "auc": "AUC",
    "mse_sum": "MSE, outputs summed",
}  # fmt: skip
MOST_ROWS = 12


def describe_scores(event: Event) -> list[str]:
    """The scores beside the linear model and the constant guess, then each class, worst first."""
    network = event.get("network") or {}
    given: Mapping[str, Any] = network.get("scores") or {}
    scores: dict[str, Any] = {name: score or {} for name, score in given.items()}
    if not scores:
        return []
    rows = count(network.get("n_rows"), f"{event.get('part') or 'test'} row")
    beside = [name for name in ("linear", "constant", "train") if event.get(name)]
    drawn = [[f"Scores on {rows}", "network", "(95 % interval)", *beside]]
    drawn += [
        [METRICS.get(name, name.replace("_", " ")), *_score_cells(score)]
        + [_beside(event[other], name, score) for other in beside]
        for name, score in scores.items()
    ]
    lines = table(drawn, "<><" + ">" * len(beside))
    while beside and max(map(len, lines)) > WIDTH:
        beside.pop()
        lines = table([row[: 3 + len(beside)] for row in drawn], "<><" + ">" * len(beside))
    return lines + _classes(network) + _outputs(network)


def _score_cells(score: Mapping[str, Any]) -> list[str]:
    value, low, high = alike([score.get("value"), score.get("low"), score.get("high")])
    known = score.get("low") is not None and score.get("high") is not None
    return [value, f"({low} to {high})" if known else ""]


def _beside(other: Event, name: str, like: Mapping[str, Any]) -> str:
    """The score of another model, with the decimals of the network's."""
    value = ((other.get("scores") or {}).get(name) or {}).get("value")
    return alike([value, like.get("value"), like.get("low"), like.get("high")])[0]


def _classes(network: Event) -> list[str]:
    classes = network.get("classes") or []
    if len(classes) < 2:
        return []
    rank = sorted(classes, key=lambda c: 2.0 if c.get("accuracy") is None else c["accuracy"])
    rows = [["Class, worst first", "accuracy", "(95 % interval)", "rows"]]
    for c in rank[:MOST_ROWS]:
        cells = _score_cells({**c, "value": c.get("accuracy")})
        label = shortened(str(c.get("label")), LONGEST_LABEL)
        rows.append([label, *cells, count(c.get("support"))])
    return ["", *table(rows, "<><>"), *_and_more(classes)]


def _outputs(network: Event) -> list[str]:
    """R2 and RMSE of each output of a regression with several."""
    outputs = network.get("outputs") or []
    if not outputs:
        return []

    def r2(output: Event) -> float:
        value = output["scores"].get("r2", {}).get("value")
        return 2.0 if value is None else value

    rows = [["Output, worst first", "R2", "(95 % interval)", "RMSE"]]
    for output in sorted(outputs, key=r2)[:MOST_ROWS]:
        scores = output["scores"]
        cells = _score_cells(scores.get("r2", {}))
        rmse = alike([scores.get("rmse", {}).get("value")])
        rows.append([shortened(str(output.get("name")), LONGEST_LABEL), *cells, *rmse])
    return ["", *table(rows, "<><>"), *_and_more(outputs)]


def _and_more(items: Sequence[Any]) -> list[str]:
    return [f"... and {len(items) - MOST_ROWS} more"] if len(items) > MOST_ROWS else []
