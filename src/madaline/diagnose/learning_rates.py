"""Which learning rate? All of them side by side, several seeds each, as members of one program.

Source: the range test of Smith (Cyclical Learning Rates for Training Neural Networks, 2017), here
with whole trainings in place of one rising rate: a rate is judged by where it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from madaline.errors import DataError, UsageError
from madaline.events.learning_rates import LearningRates
from madaline.prepare.opening import Opening
from madaline.study.arms import Arm, Trained, train_arms

# Rates to try: this far to either side of the one that would be used, at equal ratios.
_REACH, _STEPS = 100.0, 13


def compare_learning_rates(
    opening: Opening,
    rates: Sequence[float] = (),
    *,
    seeds: int = 4,
    epochs: int | None = None,
    tell: Callable[[int], None] | None = None,
) -> LearningRates:
    """Train one network at each learning rate, with each of several seeds.

    Args:
        opening: Rows and settings; opened without folds, so that all are judged by the same rows.
        rates: Learning rates; none are a grid around the one that the settings have.
        seeds: First weights and orders of rows, for each rate.
        epochs: Of each training; None: as many as the settings have.
        tell: Hears how many are trained.

    Raises:
        DataError: No rows are held out to judge by.
        UsageError: The optimiser has no learning rate, or members are to hold out rows in turn.

    >>> from madaline.data.dataset import Dataset
    >>> from madaline.data.samples import load_sample
    >>> from madaline.prepare.opening import open_training
    >>> from madaline.settings.table import Settings
    >>> iris = Dataset(load_sample("iris").table, ("species",))
    >>> opening = open_training(iris, Settings(preset="classic", hidden=(8,), epochs=20))
    >>> compare_learning_rates(opening, [1e-6, 1e-2], seeds=2).best
    0.01
    """
    settings, validation = opening.chosen, opening.prepared.parts["validation"]
    if not validation.n_rows:
        raise DataError(
            "Learning rates are compared on validation rows, and none are held out.",
            "Give a validation share above 0, or validation rows.",
        )
    if opening.prepared.n_held_out:
        raise UsageError("Each member holds out other rows.", "Open the training without folds.")
    if settings.optimizer == "lbfgs":
        raise UsageError("L-BFGS has no learning rate.", "Choose another optimizer.")
    chosen = tuple(sorted(rates)) or _around(float(np.mean(np.asarray(settings.learning_rate))))
    asked = replace(opening.asked, epochs=epochs or opening.asked.epochs)
    arms = [
        Arm(f"{rate:.3g}", replace(asked, learning_rate=rate), seed)
        for rate in chosen
        for seed in range(seeds)
    ]
    trained = train_arms(opening, arms, tell=tell)
    losses = [_loss(arm) for arm in trained]
    return LearningRates(
        rates=chosen,
        losses=tuple(tuple(losses[i : i + seeds]) for i in range(0, len(losses), seeds)),
        epochs=max(arm.epochs for arm in trained),
        rows=validation.n_rows,
    )


def _around(rate: float) -> tuple[float, ...]:
    """A grid of equal ratios with ``rate`` in its middle.

    >>> [f"{rate:.2g}" for rate in _around(0.01)][::6]
    ['0.0001', '0.01', '1']
    """
    return tuple((rate * np.geomspace(1 / _REACH, _REACH, _STEPS)).tolist())


def _loss(arm: Trained) -> float | None:
    return arm.score if np.isfinite(arm.score) and arm.has_learned else None
