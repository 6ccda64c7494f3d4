"""Is the best trial better than the settings as they are, or was it lucky?

A trial that is the best of many on some rows owes part of that to these rows. So its gain must be
larger there than on rows of which most took no part in the choice, as there are where members hold
out rows in turn: then both settings are trained whole, and every row judges members that have not
seen it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from madaline.events.search import Comparison
from madaline.pipeline.run import Run
from madaline.predict.losses import losses_of_outputs
from madaline.settings.table import Settings
from madaline.study.arms import Trained

# Standard errors that a gain must exceed, on rows that chose the trial and on fresh ones.
# `docs/sweep.md` has what other values would have done.
_CHOSEN_BY, _FRESH = 1.5, 0.5


def compare_trials(preset: Trained, best: Trained) -> Comparison:
    """By the validation losses of two networks that raced.

    Args:
        preset: Trial 0.
        best: The best trial.
    """
    opening = preset.opening
    weight = opening.prepared.parts["validation"].weighed_by_class(opening.class_weight)
    return _compared(preset.losses(), best.losses(), weight, _CHOSEN_BY)


def compare_whole(pair: tuple[Settings, Settings], train: Callable[[Settings], Run]) -> Comparison:
    """By the losses of two whole networks on the rows that their members held out.

    Args:
        pair: The settings as they are, and those of the best trial.
        train: Trains with settings.

    Raises:
        KeyboardInterrupt: A training was interrupted.
    """
    (before, weight), (after, _) = (_held_out_losses(train(settings)) for settings in pair)
    return _compared(before, after, weight, _FRESH)


def _held_out_losses(done: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(n,)`` losses of validation rows and what each counts."""
    if done.why == "interrupted":
        raise KeyboardInterrupt
    part, head = done.opening.prepared.parts["validation"], done.opening.problem.head
    made = done.predictor.outputs(part.features, part.held_out)
    weight = part.weighed_by_class(done.opening.class_weight)
    return losses_of_outputs(head, made, part.y), weight


def paired_gain(
    before: NDArray[np.float64], after: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """How much lower the weighted mean of ``after`` is, and the standard error of that.

    The rows are the same, so that what makes a row hard does not count as noise.

    >>> paired_gain(np.array([1.0, 5.0]), np.array([0.5, 4.5]), np.ones(2))
    (0.5, 0.0)
    """
    falls, total = before - after, weight.sum()
    mean = float(weight @ falls / total)
    return mean, float(np.sqrt(np.square(weight) @ np.square(falls - mean)) / total)


def _compared(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    weight: NDArray[np.float64],
    doubt: float,
) -> Comparison:
    if not np.isfinite(after).all():
        gain, noise = 0.0, 0.0
    elif not np.isfinite(before).all():
        gain, noise = float("inf"), 0.0
    else:
        gain, noise = paired_gain(before, after, weight)
    return Comparison(gain, noise, doubt, len(weight))
