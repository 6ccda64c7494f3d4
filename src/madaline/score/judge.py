"""Scores of a trained network and of its references, and the verdict on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madaline.data.split import turns
from madaline.encode.target import TargetCode
from madaline.events.verdict import Verdict
from madaline.nn.architecture import Architecture
from madaline.nn.head import Head, first_bias
from madaline.predict.forward import logits, outputs, row_losses
from madaline.predict.predictor import Predictor
from madaline.prepare.parts import Part, Prepared
from madaline.score.baselines import linear_outputs
from madaline.score.curve import Curve
from madaline.score.evidence import Evidence, Losses
from madaline.score.scores import (
    PRIMARY_METRIC,
    Scores,
    score_classes,
    score_labels,
    score_values,
)
from madaline.score.verdict import give_verdict

# Probabilities nearer to 0 or 1 than float32 can tell apart from it.
_EDGE = 1e-7
# Training rows that are judged: enough for four digits.
_MOST_TRAIN = 20_000


@dataclass(frozen=True, eq=False)
class Judgement:
    """What came out.

    Attributes:
        scores: Of the network: train (of a sample where it is large), validation, test.
        constant: Of the best constant guess, on the same parts.
        linear: Of the linear model; empty where there is none.
        part: Which part the verdict looks at: test, else validation, else train.
        verdict: The verdict.
    """

    scores: Mapping[str, Scores]
    constant: Mapping[str, Scores]
    linear: Mapping[str, Scores]
    part: str
    verdict: Verdict


def judge(
    predictor: Predictor,
    head: Head,
    prepared: Prepared,
    bias: NDArray[np.float64],
    curve: Curve,
    settings: Mapping[str, Any],
    loss_at_start: float,
    say: NDArray[np.float64] | None = None,
) -> Judgement:
    """Score the network and its references on every part that has rows, and give the verdict.

    Scores count every row as it is. The verdict compares losses as training weighed them: with
    class weights ``say``, a network is not blamed for losing rows of a class that counted little.
    """
    parts = {name: part for name, part in prepared.parts.items() if part.n_rows}
    train = parts["train"]
    if train.n_rows > _MOST_TRAIN:
        parts["train"] = train.take(np.linspace(0, train.n_rows - 1, _MOST_TRAIN).astype(np.intp))
    with np.errstate(over="ignore", invalid="ignore"):  # weights of a training that broke
        found = {name: predictor.outputs(part.features, part.held) for name, part in parts.items()}
    best = first_bias(head, train.y, train.weight, len(bias))
    guesses, weighed = (
        {name: np.tile(outputs(predictor.architecture, z[None]), (part.n_rows, 1))
         for name, part in parts.items()}
        for z in (best, bias)
    )  # fmt: skip
    linear = _linear(head, prepared, say, len(bias), parts)
    by_model = {"network": found, "constant": guesses, "linear": linear or {}}
    scores = {
        model: {name: score(prepared.target, part, made[name]) for name, part in parts.items()}
        for model, made in by_model.items()
        if made
    }
    losses = {
        model: {
            name: Losses.of(losses_of_outputs(head, made[name], part.y), part.said(say))
            for name, part in parts.items()
        }
        for model, made in (by_model | {"constant": weighed}).items()
        if made
    }
    judged = next(name for name in ("test", "validation", "train") if name in parts)
    evidence = _evidence(prepared, judged, losses, scores["network"], loss_at_start, settings)
    return Judgement(
        scores=scores["network"],
        constant=scores["constant"],
        linear=scores.get("linear", {}),
        part=judged,
        verdict=give_verdict(curve, evidence),
    )


def _evidence(
    prepared: Prepared,
    judged: str,
    losses: Mapping[str, Mapping[str, Losses]],
    scores: Mapping[str, Scores],
    loss_at_start: float,
    settings: Mapping[str, Any],
) -> Evidence:
    """What the verdict weighs; losses are by model and part."""
    metric, linear = PRIMARY_METRIC[prepared.target.task], losses.get("linear", {})
    return Evidence(
        test=losses["network"][judged],
        test_constant=losses["constant"][judged],
        test_linear=linear.get(judged),
        train=losses["network"]["train"],
        train_constant=losses["constant"]["train"],
        train_linear=linear.get("train"),
        loss_at_start=loss_at_start,
        n_train=prepared.parts["train"].n_rows,
        n_validation=prepared.parts["validation"].n_rows,
        n_test=prepared.parts["test"].n_rows,
        task=prepared.target.task,
        part=judged,
        test_score=scores[judged].score(metric),
        train_score=scores["train"].score(metric),
        settings=settings,
    )


def _linear(
    head: Head,
    prepared: Prepared,
    say: NDArray[np.float64] | None,
    n_outputs: int,
    parts: Mapping[str, Part],
) -> dict[str, NDArray[np.float64]] | None:
    """Outputs of the linear model; of rows that members hold out in turn, by one without them."""

    def answers(learned: Part, asked: Mapping[str, Part]) -> dict[str, NDArray[np.float64]] | None:
        others = {name: part.features for name, part in asked.items()}
        return linear_outputs(
            head, learned.features, learned.y, learned.said(say), n_outputs, others
        )

    train, held = prepared.parts["train"], prepared.parts["validation"].held
    if held is None or "test" in parts:
        return answers(train, parts)
    made = answers(train, {"train": parts["train"]})
    if made is None:
        return None
    n, (n_asked, members) = train.n_rows, held.shape
    made["validation"] = np.empty((n_asked, n_outputs))
    first = held.argmax(axis=1)  # of several that hold a row out, one answers
    for member in np.unique(first):
        begin = turns(n, members)[member]
        rest = (begin + prepared.n_held + np.arange(n - prepared.n_held)) % n
        asked = np.flatnonzero(first == member)
        found = answers(train.take(rest), {"held": parts["validation"].take(asked)})
        if found is None:
            return None
        made["validation"][asked] = found["held"]
    return made


def score(target: TargetCode, part: Part, made: NDArray[Any]) -> Scores:
    """Scores of outputs ``(n, k)`` on a part, in the units of the target."""
    weight = None if np.all(part.weight == 1) else part.weight
    match target.task:
        case "regression":
            predicted = target.decode(made).reshape(part.values.shape)
            return score_values(part.values, predicted, weight, target.names)
        case "multilabel":
            return score_labels(part.y, made, target.classes, weight)
        case _:
            return score_classes(part.y, made, target.classes, weight)


def losses_of_outputs(head: Head, made: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """``(n,)`` losses of outputs, whichever model made them.

    >>> losses_of_outputs(Head("squared"), np.array([[3.0]]), np.array([[1.0]])).tolist()
    [4.0]
    """
    made = np.asarray(made, np.float64)
    match head.output:
        case "softmax":
            z = np.log(np.maximum(made, _EDGE))
        case "sigmoid":
            p = np.clip(made, _EDGE, 1 - _EDGE)
            z = np.log(p) - np.log1p(-p)
        case "exp":
            z = np.log(np.maximum(made, _EDGE))
        case _:
            z = made
    return row_losses(head.loss, z, y, level=head.level, delta=head.delta)


def mean_loss(
    architecture: Architecture, weights: dict[str, NDArray[Any]], head: Head, part: Part
) -> float:
    """Mean loss of the first member on a part: what ``fit`` shows before the first step."""
    z = logits(architecture, weights, part.features.x, part.features.codes)[:, 0]
    losses = row_losses(head.loss, z, part.y, level=head.level, delta=head.delta)
    return float(np.average(losses, weights=part.weight))
