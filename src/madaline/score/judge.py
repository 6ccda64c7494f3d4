"""Scores of a trained network and of its references, and the verdict on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from madaline.data.split import fold_starts
from madaline.encode.target import TargetCode
from madaline.events.verdict import Verdict
from madaline.nn.head import first_bias
from madaline.predict.forward import outputs
from madaline.predict.losses import losses_of_outputs
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

if TYPE_CHECKING:
    from madaline.prepare.opening import Opening

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


def judge(opening: Opening, predictor: Predictor, curve: Curve, loss_at_start: float) -> Judgement:
    """Score the network and its references on every part that has rows, and give the verdict.

    Scores count every row as it is. The verdict compares losses as training weighed them: with
    class weights, a network is not blamed for losing rows of a class that counted little.

    Args:
        opening: Of its training.
        predictor: The trained network.
        curve: Of its training.
        loss_at_start: Before the first step.
    """
    prepared = opening.prepared
    parts = _judged_parts(prepared)
    made = _outputs(opening, predictor, parts)
    scores = {
        model: {name: score(prepared.target, part, found[name]) for name, part in parts.items()}
        for model, found in made.items()
    }
    weighed = opening.problem.first_bias  # the best constant as training weighed classes
    losses = {
        model: _losses(opening, parts, found)
        for model, found in (made | {"constant": _constant(predictor, weighed, parts)}).items()
    }
    judged = next(name for name in ("test", "validation", "train") if name in parts)
    evidence = _evidence(opening, judged, losses, scores["network"], loss_at_start)
    return Judgement(
        scores=scores["network"],
        constant=scores["constant"],
        linear=scores.get("linear", {}),
        part=judged,
        verdict=give_verdict(curve, evidence),
    )


def _judged_parts(prepared: Prepared) -> dict[str, Part]:
    """The parts that have rows; of very many training rows, a sample."""
    parts = {name: part for name, part in prepared.parts.items() if part.n_rows}
    train = parts["train"]
    if train.n_rows > _MOST_TRAIN:
        parts["train"] = train.take(np.linspace(0, train.n_rows - 1, _MOST_TRAIN).astype(np.intp))
    return parts


def _outputs(
    opening: Opening, predictor: Predictor, parts: Mapping[str, Part]
) -> dict[str, Mapping[str, NDArray[np.floating]]]:
    """What the network, the best constant and, where there is one, the linear model answer."""
    problem, train = opening.problem, opening.prepared.parts["train"]
    with np.errstate(over="ignore", invalid="ignore"):  # weights of a training that broke
        network = {
            name: predictor.outputs(part.features, part.held_out) for name, part in parts.items()
        }
    best = first_bias(problem.head, train.y, train.weight, len(problem.first_bias))
    made: dict[str, Mapping[str, NDArray[np.floating]]]
    made = {"network": network, "constant": _constant(predictor, best, parts)}
    linear = _linear(opening, parts)
    return made | {"linear": linear} if linear else made


def _losses(
    opening: Opening, parts: Mapping[str, Part], found: Mapping[str, NDArray[np.floating]]
) -> dict[str, Losses]:
    """Losses of what a model answers, by part, each row weighed as in training."""
    head, by_class = opening.problem.head, opening.class_weight
    return {
        name: Losses.of(
            losses_of_outputs(head, found[name], part.y), part.weighed_by_class(by_class)
        )
        for name, part in parts.items()
    }


def _constant(
    predictor: Predictor, bias: NDArray[np.float64], parts: Mapping[str, Part]
) -> dict[str, NDArray[np.floating]]:
    """The outputs of a network that answers ``bias``, for each row."""
    answer = outputs(predictor.architecture, bias[None])
    return {name: np.tile(answer, (part.n_rows, 1)) for name, part in parts.items()}


def _evidence(
    opening: Opening,
    judged: str,
    losses: Mapping[str, Mapping[str, Losses]],
    scores: Mapping[str, Scores],
    loss_at_start: float,
) -> Evidence:
    """What the verdict weighs; losses are by model and part."""
    prepared = opening.prepared
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
        settings=opening.chosen.mean_over_members(),
    )


def _linear(opening: Opening, parts: Mapping[str, Part]) -> dict[str, NDArray[np.float64]] | None:
    """Outputs of the linear model; of rows that members hold out in turn, by one without them."""
    prepared, head = opening.prepared, opening.problem.head
    n_outputs = len(opening.problem.first_bias)

    def answers(learned: Part, asked: Mapping[str, Part]) -> dict[str, NDArray[np.float64]] | None:
        others = {name: part.features for name, part in asked.items()}
        weight = learned.weighed_by_class(opening.class_weight)
        return linear_outputs(head, learned.features, learned.y, weight, n_outputs, others)

    train, held = prepared.parts["train"], prepared.parts["validation"].held_out
    if held is None or "test" in parts:
        return answers(train, parts)
    made = answers(train, {"train": parts["train"]})
    if made is None:
        return None
    n, (n_asked, members) = train.n_rows, held.shape
    made["validation"] = np.empty((n_asked, n_outputs))
    first = held.argmax(axis=1)  # of several that hold a row out, one answers
    for member in np.unique(first):
        begin = fold_starts(n, members)[member]
        rest = (begin + prepared.n_held_out + np.arange(n - prepared.n_held_out)) % n
        asked = np.flatnonzero(first == member)
        found = answers(train.take(rest), {"held": parts["validation"].take(asked)})
        if found is None:
            return None
        made["validation"][asked] = found["held"]
    return made


def score(target: TargetCode, part: Part, made: np.ndarray) -> Scores:
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
