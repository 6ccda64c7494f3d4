"""Incremental learning: a network goes on by one epoch on each batch of rows that comes along.

The first batch decides how rows are encoded, so it should look like those to come. Everything else
is the training of `madaline.pipeline`: the same problem, the same compiled epoch, so k calls with
the same rows give the bits of k epochs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import Table
from madaline.encode.target import TargetCode
from madaline.nn.mlp import model_arrays
from madaline.pipeline import Start, first_state
from madaline.predictor import Predictor
from madaline.prepare import Learned, prepare
from madaline.problem import class_say, make_problem
from madaline.settings import Settings
from madaline.train.history import History
from madaline.train.loop import Progress, train_epochs
from madaline.train.state import Problem, TrainState


@dataclass(frozen=True, eq=False)
class Standing:
    """Where incremental learning stands.

    Attributes:
        settings: Complete.
        predictor: Of the newest weights, or of those that did best on held-out rows.
        state: Of the training; None where only the weights are left, as in a model file.
        history: Of the last epoch.
        validation_spread: See `madaline.pipeline.Run`.
        n_train: Rows that an epoch of it has trained on.
    """

    settings: Settings
    predictor: Predictor
    state: TrainState | None = None
    history: History | None = None
    validation_spread: float = float("nan")
    n_train: int = 0


def go_on(
    standing: Standing | None,
    table: Table,
    target: tuple[str, ...],
    settings: Settings,
    *,
    classes: Table | None = None,
    validation: Table | None = None,
    weight: NDArray[np.float64] | None = None,
    class_weight: Mapping[Any, float] | None = None,
) -> Standing:
    """One epoch on these rows.

    Args:
        standing: From the last call; None begins.
        table: Features and targets.
        target: Names of the target columns.
        settings: Complete.
        classes: A target column of all classes there will be, for the first call; None takes those
            of the first rows.
        validation: Rows that judge the weights. With none, a share of ``settings.validation`` is
            held out of these rows; with a share of 0 the newest weights are kept.
        weight: ``(n,)`` row weights.
        class_weight: A weight for each class, by its label.

    Raises:
        DataError: The rows do not fit the earlier ones.

    >>> from madaline.data.samples import load_sample
    >>> from madaline.recipes import complete
    >>> iris = load_sample("iris").table
    >>> chosen = complete(Settings(hidden=(8,), validation=0.0, test=0.0, patience=0), 150)
    >>> first = go_on(None, iris, ("species",), chosen)
    >>> second = go_on(first, iris, ("species",), chosen)
    >>> int(second.state.epoch), second.predictor.predict(iris).shape
    (2, (150,))
    """
    learned, code = None, None
    if standing is not None:
        known = standing.predictor
        learned = Learned(known.encoder, known.target)
    elif classes is not None:
        code = TargetCode.fit(classes, settings.task, lenient=True)
    prepared = prepare(
        table, target, settings, validation=validation, weight=weight, learned=learned, code=code,
        lenient=True,
    )  # fmt: skip
    problem, bias = make_problem(prepared, settings, class_say(prepared, settings, class_weight))
    if standing is None:
        state = first_state(problem, bias, None)
    elif standing.state is None:
        weights = standing.predictor.weights
        state = first_state(problem, bias, Start(learned, weights))  # type: ignore[arg-type]
    else:
        state = standing.state
    members = len(np.asarray(state.stale))
    state = replace(state, stale=np.zeros(members, np.int32), active=np.ones(members, np.bool_))
    judged = prepared.parts["validation"].n_rows > 0
    if judged and standing is not None and not _is_judged(standing):
        # The best score so far is one of training rows, which is no measure for held-out ones.
        state = replace(state, best_score=np.full_like(np.asarray(state.best_score), np.inf))
    progress = _one_epoch(problem, state)
    network = progress.state.best if judged else progress.state.model
    predictor = Predictor(
        prepared.encoder, prepared.target, problem.architecture, model_arrays(network)
    )
    return Standing(
        settings,
        predictor,
        progress.state,
        progress.history,
        validation_spread=prepared.parts["validation"].spread,
        n_train=prepared.parts["train"].n_rows,
    )


def _is_judged(standing: Standing) -> bool:
    """Whether held-out rows judged the last epoch."""
    history = standing.history
    return history is not None and bool(np.isfinite(history.validation_loss[-1:]).any())


def _one_epoch(problem: Problem, state: TrainState) -> Progress:
    (progress,) = train_epochs(problem, state, int(state.epoch) + 1, chunk=1)
    return progress
