"""Incremental learning: a network goes on by one epoch on each batch of rows that comes along.

The first batch decides how rows are encoded, so it should look like those to come. Everything else
is the training of `madaline.pipeline.run`: the same problem, the same compiled epoch, so k calls
with the same rows give the bits of k epochs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from madaline.data.dataset import Dataset
from madaline.data.table import Table
from madaline.encode.target import TargetCode
from madaline.nn.mlp import model_arrays
from madaline.pipeline.run import Start, first_state
from madaline.predict.predictor import Predictor
from madaline.prepare.parts import Learned, prepare
from madaline.prepare.problem import class_say, make_problem
from madaline.settings.table import Settings
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
        validation_spread: See `madaline.pipeline.run.Run`.
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
    data: Dataset,
    settings: Settings,
    *,
    classes: Table | None = None,
) -> Standing:
    """One epoch on these rows.

    Args:
        standing: From the last call; None begins.
        data: The rows. Validation rows of their own judge the weights; with none, a share of
            ``settings.validation`` is held out; with a share of 0 the newest weights are kept.
        settings: Complete.
        classes: A target column of all classes there will be, for the first call; None takes those
            of the first rows.

    Raises:
        DataError: The rows do not fit the earlier ones.

    >>> from madaline.data.samples import load_sample
    >>> from madaline.settings.recipes import complete
    >>> iris = Dataset(load_sample("iris").table, ("species",), lenient=True)
    >>> chosen = complete(Settings(hidden=(8,), validation=0.0, test=0.0, patience=0), 150)
    >>> first = go_on(None, iris, chosen)
    >>> second = go_on(first, iris, chosen)
    >>> int(second.state.epoch), second.predictor.predict(iris.table).shape
    (2, (150,))
    """
    learned, code = None, None
    if standing is not None:
        known = standing.predictor
        learned = Learned(known.encoder, known.target)
    elif classes is not None:
        code = TargetCode.fit(classes, settings.task, lenient=True)
    prepared = prepare(data, settings, learned=learned, code=code)
    say = class_say(prepared, settings, data.class_weight)
    problem, bias = make_problem(prepared, settings, say)
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
