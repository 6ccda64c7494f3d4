"""Is the best trial better than the settings as they are, or was it lucky?

A trial that is the best of many on some rows owes part of that to these rows. So its gain must be
larger there than on rows of which most took no part in the choice, as there are where members hold
out rows in turn: then both settings are trained whole, and every row judges members that have not
seen it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madaline.nn.mlp import model_arrays
from madaline.pipeline.run import Run
from madaline.predict.forward import logits, row_losses
from madaline.prepare.parts import Prepared
from madaline.prepare.problem import head_of
from madaline.score.calibrate import calibrated
from madaline.score.judge import losses_of_outputs
from madaline.settings.table import Settings
from madaline.study.race import Entrant

# Standard errors that a gain must exceed, on rows that chose the trial and on fresh ones.
# `docs/sweep.md` has what other values would have done.
_CHOSEN_BY, _FRESH = 1.5, 0.5


@dataclass(frozen=True)
class Comparison:
    """The best trial against the settings as they are, on the same rows.

    Attributes:
        gain: How much lower its mean loss is.
        noise: Standard error of that, over the rows.
        doubt: Standard errors that the gain must exceed.
        rows: How many rows compare.
    """

    gain: float
    noise: float
    doubt: float
    rows: int

    @property
    def is_clear(self) -> bool:
        """Whether the gain is more than luck."""
        return self.gain > self.doubt * self.noise


def compare_trials(
    preset: Entrant, best: Entrant, prepared: Prepared, say: NDArray[np.float64] | None
) -> Comparison:
    """By the validation losses of two networks that raced.

    Args:
        preset: Trial 0.
        best: The best trial.
        prepared: Rows of the race.
        say: From `madaline.prepare.problem.class_say`.
    """
    before, after = (_losses(entrant, prepared, say) for entrant in (preset, best))
    return _compared(before, after, prepared.parts["validation"].said(say), _CHOSEN_BY)


def compare_whole(
    pair: tuple[Settings, Settings],
    train: Callable[[Settings], Run],
    prepared: Prepared,
    say: NDArray[np.float64] | None,
) -> Comparison:
    """By the losses of two whole networks on the rows that their members held out.

    Args:
        pair: The settings as they are, and those of the best trial.
        train: Trains with settings.
        prepared: Rows, with folds.
        say: From `madaline.prepare.problem.class_say`.

    Raises:
        KeyboardInterrupt: A training was interrupted.
    """
    part = prepared.parts["validation"]

    def losses(settings: Settings) -> NDArray[np.float64]:
        done = train(settings)
        if done.why == "interrupted":
            raise KeyboardInterrupt
        made = done.predictor.outputs(part.features, part.held)
        return losses_of_outputs(head_of(prepared.target.task, done.settings), made, part.y)

    before, after = map(losses, pair)
    return _compared(before, after, part.said(say), _FRESH)


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


def _losses(
    entrant: Entrant, prepared: Prepared, say: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """``(n,)`` losses of the validation rows, calibrated where the settings say so."""
    problem, part = entrant.program.problem, prepared.parts["validation"]
    head, state = problem.head, entrant.state
    weights = model_arrays(state.best if entrant.settings.patience else state.model)
    with np.errstate(over="ignore", invalid="ignore"):  # a training that broke
        if entrant.settings.calibrate:
            weights = calibrated(problem.architecture, head, weights, prepared, say)
        z = logits(problem.architecture, weights, part.features.x, part.features.codes)[:, 0]
        return row_losses(head.loss, z, part.y, level=head.level, delta=head.delta)
