"""``madaline evaluate``: how good a trained network is on a table. Runs without JAX."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import rich_click as click

from madaline.cli.model import read_model, read_rows, remarks
from madaline.cli.options import command, output_options
from madaline.cli.output import Output, Reported, error_document
from madaline.errors import DataError, ThresholdMissed, UsageError, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from madaline.data.table import Table
    from madaline.events.record import JSON
    from madaline.events.scores import Scores
    from madaline.predict.predictor import Predictor

# Of these a lower value is better; of all others a higher one.
LOWER_IS_BETTER = ("error_rate", "log_loss", "rmse", "mae", "mse", "mse_sum")

ABOUT = "Score a trained network on a table."
EXAMPLES = (
    "madaline evaluate runs/1123-flats flats-2024.csv",
    "madaline evaluate model.madaline people.csv --fail-under accuracy=0.8",
    "madaline evaluate runs/income people.parquet --json",
)
DETAILS = """
RUN is a run folder or a *.madaline file. DATA is a table with the columns of the training and the
target, or - for stdin. Every score comes with its 95 % interval.

--fail-under METRIC=VALUE ends with code 5 when the score is worse than VALUE: below it, or above it
for those of which less is better (log_loss, error_rate, rmse, mae, mse).
"""


@command("evaluate", ABOUT, EXAMPLES, DETAILS)
@click.argument("run")
@click.argument("data")
@click.option(
    "--fail-under", multiple=True, metavar="METRIC=VALUE", help="Demand a score; may be repeated."
)
@output_options
def evaluate(run: str, data: str, fail_under: tuple[str, ...], output_mode: Output) -> None:
    """Score, print, and compare with what is demanded."""
    from madaline.events.scores import Scored
    from madaline.report.words.score_tables import describe_scores

    demands = [read_demand(text) for text in fail_under]
    model = read_model(run)
    table = read_rows(data, model)
    if not table.n_rows:
        raise DataError(f"There are no rows in {table.source} to score.", "Add at least one row.")
    scores = score_table(model, table)
    notes = remarks(model, table)
    for note in notes:
        output_mode.note(f"madaline: note: {note}")
    missed = missed_demands(scores, demands)
    document: dict[str, JSON] = {"run": run, "data": data, "task": model.target.task}
    document |= {"target": list(model.target.names), **scores.as_dict(), "notes": notes}
    error = ThresholdMissed(" ".join(missed)) if missed else None
    if error is not None:
        document["error"] = error_document(error)
    output_mode.document("evaluate", document)
    output_mode.result(describe_scores(Scored("given", scores)))
    if error is not None:
        raise Reported(error)


def score_table(model: Predictor, table: Table) -> Scores:
    """The scores of the model on rows whose target is known."""
    from madaline.score.scores import score_classes, score_labels, score_values

    target = model.target
    known = table.select(target.names)
    match target.task:
        case "regression":
            target.encode(known)  # refuses rows whose target is missing or no number
            values = _values(known)
            return score_values(
                values, model.predict(table).reshape(values.shape), names=target.names
            )
        case "multilabel":
            return score_labels(target.encode(known), model.predict_proba(table), target.classes)
        case _:
            return score_classes(target.encode(known), model.predict_proba(table), target.classes)


def read_demand(text: str) -> tuple[str, float]:
    """Metric and value of one ``--fail-under``.

    >>> read_demand("accuracy=0.8")
    ('accuracy', 0.8)
    """
    name, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not name or not math.isfinite(number):
        raise UsageError(
            f"--fail-under {text!r} cannot be read.", "Write --fail-under accuracy=0.8."
        )
    return name.strip(), number


def missed_demands(scores: Scores, demands: list[tuple[str, float]]) -> list[str]:
    """A sentence for each demand that the scores do not meet. An undefined score meets none.

    Raises:
        UsageError: A metric is unknown for this task.
    """
    sentences: list[str] = []
    values = {score.name: score.value for score in scores.scores}
    for name, wanted in demands:
        if name not in values:
            raise UsageError(f"There is no score {name!r} here.", nearest(name, values))
        value = values[name]
        lower = name in LOWER_IS_BETTER
        if not (value <= wanted if lower else value >= wanted):
            side = "above" if lower else "below"
            sentences.append(f"{name} is {value:.4g}, {side} the demanded {wanted:g}.")
    return sentences


def _values(table: Table) -> NDArray[np.float64]:
    """``(n, k)`` target values of a regression, in their own units."""
    import numpy as np

    from madaline.encode.coerce import as_kind

    columns = [as_kind(column, "number", source=table.source) for column in table]
    return np.stack([column.values for column in columns], axis=1)
