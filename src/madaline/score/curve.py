"""The curve of a training and its shape: where it was best, whether it rose, fell or broke."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike

from madaline.events.training import Ending
from madaline.stats.intervals import Vector

SMOOTHING_EPOCHS = 5  # span of the moving average: evens out single epochs, keeps a trend


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What training wrote down, one entry an epoch (or a chunk of epochs).

    Attributes:
        epochs: ``(e,)`` epoch numbers, rising, 1 is the first.
        train: ``(e,)`` training loss; NaN at the end means that it broke.
        validation: ``(e,)`` validation loss; NaN where it was not measured.
        best_epoch: The epoch whose weights were kept; 0 if none.
        epochs_planned: Most epochs that were allowed.
        stopped_why: Why training ended.
    """

    epochs: ArrayLike
    train: ArrayLike
    validation: ArrayLike
    best_epoch: int = 0
    epochs_planned: int = 0
    stopped_why: Ending = "done"


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a curve of losses.

    Attributes:
        start: Training loss of the first weights, or of the first epoch if that is not known.
        peak: Highest finite training loss.
        last: Median of the last three training losses; not finite if training broke.
        best: Lowest validation loss, smoothed.
        best_epoch: Where the unsmoothed one is lowest, or the epoch that was kept.
        last_epoch: The last epoch.
        rise: By how much the smoothed validation loss ends above its lowest.
        jitter: Noise of single epochs: standard deviation, free of any trend.
        recent: By how much the deciding loss (validation, else training) fell in the last tenth.
        fall: By how much it fell in all.
        validated: True if there is a validation loss.
    """

    start: float
    peak: float
    last: float
    best: float
    best_epoch: int
    last_epoch: int
    rise: float
    jitter: float
    recent: float
    fall: float
    validated: bool


@np.errstate(all="ignore")
def shape(curve: Curve, loss_at_start: float | None = None) -> Shape:
    """Read a curve; any curve, also an empty or broken one, has a shape."""
    train, validation = _vector(curve.train), _vector(curve.validation)
    epochs = _vector(curve.epochs)
    finite = train[np.isfinite(train)]
    # A training loss that was never written down is no sign of trouble; one that stops being
    # finite is.
    broken = len(train) > 0 and not np.isfinite(train[-1]) and (len(finite) or np.isinf(train[-1]))
    seen = validation[np.isfinite(validation)]
    smooth = moving_average(seen)
    raw = seen if len(seen) else finite
    deciding = moving_average(raw) if len(raw) >= 4 * SMOOTHING_EPOCHS else raw
    tenth = max(1, round(len(deciding) / 10))
    begin = float(finite[0]) if len(finite) else nan
    if loss_at_start is not None and np.isfinite(loss_at_start):
        begin = float(loss_at_start)
    highest = np.fmax(deciding[0], begin) if len(deciding) else nan
    return Shape(
        start=begin,
        peak=float(finite.max()) if len(finite) else nan,
        last=np.inf if broken else float(np.median(finite[-3:])) if len(finite) else nan,
        best=float(smooth.min()) if len(seen) else nan,
        best_epoch=_best_epoch(curve, epochs, validation),
        last_epoch=int(epochs[-1]) if len(epochs) and np.isfinite(epochs[-1]) else 0,
        rise=float(smooth[-1] - smooth.min()) if len(seen) else nan,
        jitter=_jitter(raw),
        recent=float(deciding[-1 - tenth] - deciding[-1]) if len(deciding) > tenth else nan,
        fall=float(highest - deciding.min()) if len(deciding) else nan,
        validated=len(seen) > 0,
    )


def moving_average(values: Vector) -> Vector:
    """Mean of each value and its neighbours within `SMOOTHING_EPOCHS`, fewer at the ends.

    >>> moving_average(np.array([1.0, 1.0, 4.0, 1.0, 1.0, 1.0])).tolist()
    [2.0, 1.75, 1.6, 1.6, 1.75, 1.0]
    """
    half, n = SMOOTHING_EPOCHS // 2, len(values)
    return np.array([values[max(0, i - half) : i + half + 1].mean() for i in range(n)])


def _jitter(values: Vector) -> float:
    """Robust noise from second differences, which a steady trend leaves at zero."""
    if len(values) < 4:
        return 0.0
    # 1.4826 turns a median deviation into a normal one; a second difference has variance 6.
    return float(1.4826 * np.median(np.abs(np.diff(values, 2))) / np.sqrt(6))


def _best_epoch(curve: Curve, epochs: Vector, validation: Vector) -> int:
    if curve.best_epoch > 0:
        return int(curve.best_epoch)
    rows = min(len(epochs), len(validation))
    seen = np.flatnonzero(np.isfinite(validation[:rows]))
    return int(epochs[seen[validation[seen].argmin()]]) if len(seen) else 0


def _vector(values: ArrayLike) -> Vector:
    return np.asarray(values, np.float64).reshape(-1)
