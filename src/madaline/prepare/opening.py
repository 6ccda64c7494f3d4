"""A training before its first epoch: the one door to it.

Whoever trains, searches, diagnoses or draws begins here, so that all of them split, encode and
start alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
from numpy.typing import NDArray

from madaline.data.dataset import Dataset
from madaline.encode.target import TargetCode
from madaline.errors import UsageError
from madaline.nn.mlp import MLP, model_arrays, model_from
from madaline.predict.forward import logits
from madaline.predict.losses import row_losses
from madaline.predict.parts import Parts
from madaline.predict.predictor import Predictor
from madaline.prepare.first_weights import fit_first_weights
from madaline.prepare.parts import Prepared, prepare
from madaline.prepare.problem import class_weights, first_score, make_problem
from madaline.settings.recipes import Recipe, affordable, complete, refuse_idle
from madaline.settings.table import Settings
from madaline.train.loop import init_models, init_state
from madaline.train.state import Problem, TrainState


@dataclass(frozen=True, eq=False)
class Opening:
    """A training before its first epoch.

    Attributes:
        data: All rows, as they were given.
        asked: A person's choices.
        chosen: The same, complete.
        prepared: The encoded parts.
        class_weight: ``(classes,)`` what rows of each class count in training; None: all alike.
        problem: What is trained on what.
        start: The network whose encoding and weights it begins from; None begins anew.
    """

    data: Dataset
    asked: Settings
    chosen: Recipe
    prepared: Prepared
    class_weight: NDArray[np.float64] | None
    problem: Problem
    start: Predictor | None = None

    def first_state(self) -> TrainState:
        """The state before the first epoch: of random weights, or of those to begin from.

        Raises:
            UsageError: The network to begin from has another shape.
        """
        if self.start is None:
            return random_state(self.problem)
        return _state_of(self.problem, self.start)

    def first_loss(self, state: TrainState) -> float:
        """Mean loss of a first state on the training rows; of several members, the first one's."""
        part, shape = self.prepared.parts["train"], self.problem.architecture
        z = logits(shape, model_arrays(state.model), part.features.x, part.features.codes)[:, 0]
        return float(np.average(row_losses(self.problem.head, z, part.y), weights=part.weight))

    def predictor(self, model: MLP) -> Predictor:
        """What a model of this training predicts with."""
        return Predictor(
            self.prepared.encoder,
            self.prepared.target,
            self.problem.architecture,
            model_arrays(model),
            parts=Parts(head=self.problem.head),
        )

    def vary(
        self, settings: Settings, *, weight: NDArray[np.float64] | None = None, strict: bool = True
    ) -> Opening:
        """The same rows with other settings; those that split and encode must be the same.

        Args:
            settings: A person's choices.
            weight: ``(n,)`` how much each training row counts instead.
            strict: Refuse choices that would change nothing.

        Raises:
            UsageError: Settings do not go together.
        """
        prepared = self.prepared if weight is None else self.prepared.weighed(weight)
        return _open(self.data, settings, prepared, self.start, strict=strict)


def open_training(
    data: Dataset,
    settings: Settings,
    *,
    start: Predictor | None = None,
    code: TargetCode | None = None,
    strict: bool = True,
) -> Opening:
    """Split the rows, learn how to encode them, and decide all that was left open.

    Args:
        data: All rows.
        settings: A person's choices.
        start: A network to begin from: its encoding, and its weights instead of random ones.
        code: How the target is encoded, where that is known beforehand.
        strict: Refuse choices that would change nothing, such as a momentum for Adam.

    Raises:
        DataError: The table does not allow the task.
        UsageError: Settings do not go together.

    >>> from madaline.data.samples import load_sample
    >>> opening = open_training(Dataset(load_sample("iris").table, ("species",)), Settings())
    >>> opening.chosen.members, opening.prepared.parts["test"].n_rows, opening.problem.head.loss
    (4, 22, 'cross_entropy')
    """
    prepared = prepare(data, settings, known=start, code=code)
    return _open(data, settings, prepared, start, strict=strict)


def random_state(problem: Problem) -> TrainState:
    """The state before the first epoch of a network that begins anew."""
    model = init_models(problem)
    if problem.plan.initializer == "data":
        x, codes = np.asarray(problem.train.x), np.asarray(problem.train.codes)
        model = fit_first_weights(problem.architecture, model, x, codes, problem.seed)
    return init_state(problem, first_score(problem), model)


def _open(
    data: Dataset,
    asked: Settings,
    prepared: Prepared,
    start: Predictor | None,
    *,
    strict: bool,
) -> Opening:
    task, parts = prepared.target.task, prepared.parts
    chosen = complete(
        affordable(asked, data.table.n_rows, len(data.table.columns)),
        parts["train"].n_rows - prepared.n_held_out,
        task,
        held_out=parts["validation"].n_rows > 0,
    )
    if strict:
        refuse_idle(asked, chosen, task)
    class_weight = class_weights(prepared, chosen, data.class_weight)
    problem = make_problem(prepared, chosen, class_weight)
    return Opening(data, asked, chosen, prepared, class_weight, problem, start)


def _state_of(problem: Problem, start: Predictor) -> TrainState:
    """A state with the weights of a network."""
    random = init_state(problem)
    try:
        model = model_from(problem.architecture, start.weights, problem.train.x.dtype.type)
    except KeyError:
        model = None
    if model is None or jax.tree.map(np.shape, model) != jax.tree.map(np.shape, random.model):
        raise UsageError(
            "The network to begin from has other layers or members than the settings say.",
            "Keep hidden and members as they were, or begin anew.",
        )
    return init_state(problem, model=model)
