"""Incremental learning: a network goes on by one epoch on each batch of rows that comes along.

The first batch decides how rows are encoded, so it should look like those to come. Everything else
is the training of `madaline.pipeline.run`: the same opening, the same compiled epoch, so k calls
with the same rows give the bits of k epochs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from madaline.data.dataset import Dataset
from madaline.data.table import Table
from madaline.encode.target import TargetCode
from madaline.predict.predictor import Predictor
from madaline.prepare.opening import open_training
from madaline.settings.recipes import Recipe
from madaline.train.history import History
from madaline.train.loop import Progress, train_epochs
from madaline.train.state import Problem, TrainState


@dataclass(frozen=True, eq=False)
class Continued:
    """Where incremental learning stands.

    Attributes:
        settings: Complete.
        predictor: Of the newest weights, or of those that did best on held-out rows.
        state: Of the training; None where only the weights are left, as in a model file.
        history: Of the last epoch.
        validation_spread: Variance of the encoded validation targets: what R2 divides by.
        n_train: Rows that an epoch of it has trained on.
    """

    settings: Recipe
    predictor: Predictor
    state: TrainState | None = None
    history: History | None = None
    validation_spread: float = float("nan")
    n_train: int = 0


def train_one_epoch_more(
    before: Continued | None,
    data: Dataset,
    settings: Recipe,
    *,
    classes: Table | None = None,
) -> Continued:
    """One epoch on these rows.

    Args:
        before: From the last call; None begins.
        data: The rows. Validation rows of their own judge the weights; with none, a share of
            ``settings.validation`` is held out; with a share of 0 the newest weights are kept.
        settings: Complete.
        classes: A target column of all classes there will be, for the first call; None takes those
            of the first rows.

    Raises:
        DataError: The rows do not fit the earlier ones.

    >>> from madaline.data.samples import load_sample
    >>> from madaline.settings.recipes import complete
    >>> from madaline.settings.table import Settings
    >>> iris = Dataset(load_sample("iris").table, ("species",), lenient=True)
    >>> chosen = complete(Settings(hidden=(8,), validation=0.0, test=0.0, patience=0), 150)
    >>> first = train_one_epoch_more(None, iris, chosen)
    >>> second = train_one_epoch_more(first, iris, chosen)
    >>> int(second.state.epoch), second.predictor.predict(iris.table).shape
    (2, (150,))
    """
    code = TargetCode.fit(classes, settings.task, lenient=True) if classes is not None else None
    opening = open_training(
        data,
        replace(settings, folds=False),  # other rows come along each time
        start=before.predictor if before else None,
        code=code,
        strict=False,
    )
    state = before.state if before and before.state else opening.first_state()
    members = len(np.asarray(state.stale))
    state = replace(state, stale=np.zeros(members, np.int32), active=np.ones(members, np.bool_))
    validation = opening.prepared.parts["validation"]
    judged = validation.n_rows > 0
    if judged and before is not None and not _is_judged(before):
        # The best score so far is one of training rows, which is no measure for held-out ones.
        state = replace(state, best_score=np.full_like(np.asarray(state.best_score), np.inf))
    progress = _one_epoch(opening.problem, state)
    return Continued(
        settings,
        opening.predictor(progress.state.best if judged else progress.state.model),
        progress.state,
        progress.history,
        validation_spread=validation.spread,
        n_train=opening.prepared.parts["train"].n_rows,
    )


def _is_judged(before: Continued) -> bool:
    """Whether held-out rows judged the last epoch."""
    history = before.history
    return history is not None and bool(np.isfinite(history.validation_loss[-1:]).any())


def _one_epoch(problem: Problem, state: TrainState) -> Progress:
    (progress,) = train_epochs(problem, state, int(state.epoch) + 1, chunk=1)
    return progress
