"""What a verdict is drawn from: losses on rows beside those of references, and the curve.

Losses may be in any unit: everything that is decided from them is a ratio or a comparison with
its own noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import hypot, nan

import numpy as np
from numpy.typing import ArrayLike

from madaline.events.scores import Score
from madaline.score.curve import Curve, Shape, shape
from madaline.stats.intervals import (
    Difference,
    Vector,
    compare_losses,
    difference,
    mean_and_error,
    row_weights,
    welch,
)

SIGNAL_SHARE = 0.10  # of the constant's loss, on both parts: chance seldom gives as much twice
SAME = 1e-9  # relative difference of two losses below which rounding decides


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """The losses of one model on some rows: a mean with its error, and the rows if they are known.

    Attributes:
        mean: Weighted mean loss.
        error: Standard error of the mean.
        n: Effective number of rows.
        rows: ``(n,)`` the loss of each row; with it, models are compared row by row.
        weight: ``(n,)``.

    >>> Losses.of([1.0, 3.0]).mean
    2.0
    """

    mean: float
    error: float
    n: float
    rows: Vector | None = None
    weight: Vector | None = None

    @classmethod
    def of(cls, rows: ArrayLike, weight: ArrayLike | None = None) -> Losses:
        """From the loss of each row."""
        values = np.asarray(rows, np.float64).reshape(-1)
        w = row_weights(len(values), weight)
        return cls(*mean_and_error(values, w), values, w)


LossesLike = Losses | ArrayLike


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Losses of the kept weights (nothing switched off), the references' on the same rows, counts.

    Attributes:
        test: Network, test rows. Each of the losses is `Losses` or an array of row losses.
        test_constant: The best constant guess of the training rows, test rows.
        test_linear: The linear model, test rows; None if there is none.
        train: Network, training rows.
        train_constant: The best constant guess, training rows.
        train_linear: The linear model, training rows.
        test_nearest: A nearest-neighbour rule, test rows; None if there is none.
        loss_at_start: Training loss of the first weights.
        loss_of_constant: Training loss of the best constant guess, if ``train_constant`` is None.
        n_train: Training rows.
        n_validation: Validation rows.
        n_test: Test rows.
        task: binary, multiclass, multilabel or regression.
        part: What the test rows are called: test, or validation where nothing else is left;
            with train, there are none.
        test_score: Primary score on the test rows, for the words.
        train_score: The same on the training rows.
        settings: The settings of the run, so that advice starts from them.
    """

    test: LossesLike | None
    test_constant: LossesLike | None = None
    test_linear: LossesLike | None = None
    train: LossesLike | None = None
    train_constant: LossesLike | None = None
    train_linear: LossesLike | None = None
    test_nearest: LossesLike | None = None
    loss_at_start: float | None = None
    loss_of_constant: float | None = None
    n_train: int = 0
    n_validation: int = 0
    n_test: int = 0
    task: str = ""
    part: str = "test"
    test_score: Score | None = None
    train_score: Score | None = None
    settings: Mapping[str, object] = field(default_factory=dict[str, object])


UNKNOWN = Difference(nan, nan, nan)
NO_LOSSES = Losses(nan, nan, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """The curve and the evidence as the few numbers that the rules look at; NaN is unknown.

    Attributes:
        test: Network on the test rows.
        train: Network on the training rows.
        constant: Mean loss of the best constant guess on the test rows.
        linear: Mean loss of the linear model on the test rows.
        unit: Size of the constant's loss: what a gain is measured against.
        gain_test: Constant minus network, test rows: above 0, the network has learned.
        gain_train: The same on the training rows.
        gap: Network, test minus training rows.
        over_linear: Network minus linear model, test rows: above 0, the linear model is better.
        over_linear_train: The same on the training rows.
        over_nearest: Network minus nearest neighbour, test rows.
        linear_gain: Constant minus linear model, test rows.
        linear_gain_train: The same on the training rows.
        curve: What the curve shows.
        finite: False if the kept weights give losses that are not finite.
    """

    test: Losses
    train: Losses
    constant: float
    linear: float
    unit: float
    gain_test: Difference
    gain_train: Difference
    gap: Difference
    over_linear: Difference
    over_linear_train: Difference
    over_nearest: Difference
    linear_gain: Difference
    linear_gain_train: Difference
    curve: Shape
    finite: bool

    @property
    def signal(self) -> bool:
        """True if some model tells test rows better than a constant, as far as can be seen."""
        if self.gain_test.low > 0 or self.linear_gain.low > 0:
            return True
        # Too few test rows to be sure, but the linear model gains on both parts.
        test, train = self.linear_gain.mean, self.linear_gain_train.mean
        return min(test, train) > SIGNAL_SHARE * self.unit

    @property
    def lost(self) -> float:
        """Share of what was gained on training rows that is not gained on test rows."""
        if not self.gain_train.mean > 0:
            return nan
        return 1 - self.gain_test.mean / self.gain_train.mean

    @property
    def learned(self) -> float:
        """Gain on the training rows as a share of the constant's loss."""
        return self.gain_train.mean / self.unit if self.unit > 0 else nan


@np.errstate(all="ignore")
def weigh(curve: Curve, evidence: Evidence) -> Facts:
    """The facts behind a verdict."""
    e = evidence
    test, train = _losses(e.test), _losses(e.train)
    constant, linear = _losses(e.test_constant), _losses(e.test_linear)
    train_constant, train_linear = _losses(e.train_constant), _losses(e.train_linear)
    if e.train_constant is None and e.loss_of_constant is not None:
        train_constant = Losses(e.loss_of_constant, 0.0, train.n)
    return Facts(
        test=test,
        train=train,
        constant=constant.mean,
        linear=linear.mean,
        unit=_unit(constant if np.isfinite(constant.mean) else train_constant),
        gain_test=_over(constant, test),
        gain_train=_over(train_constant, train),
        gap=_gap(train, test),
        over_linear=_over(test, linear),
        over_linear_train=_over(train, train_linear),
        over_nearest=_over(test, _losses(e.test_nearest)),
        linear_gain=_over(constant, linear),
        linear_gain_train=_over(train_constant, train_linear),
        curve=shape(curve, e.loss_at_start),
        finite=not any(part.n > 0 and not np.isfinite(part.mean) for part in (test, train)),
    )


def _over(a: Losses, b: Losses) -> Difference:
    """``a - b``, row by row if both are known so; otherwise as if the two were independent."""
    if not (np.isfinite(a.mean) and np.isfinite(b.mean)):
        return UNKNOWN
    if a.rows is not None and b.rows is not None and len(a.rows) == len(b.rows):
        found = compare_losses(a.rows, b.rows, a.weight)
    else:
        found = difference(a.mean - b.mean, hypot(a.error, b.error), max(a.n, b.n) - 1)
    return _unless_same(found, a, b)


def _gap(train: Losses, test: Losses) -> Difference:
    """Test minus training rows: two separate sets of rows."""
    found = welch((train.mean, train.error, train.n), (test.mean, test.error, test.n))
    return _unless_same(found, train, test)


def _unless_same(found: Difference, a: Losses, b: Losses) -> Difference:
    """The difference, or one of zero where only rounding tells the two apart."""
    if abs(found.mean) <= SAME * max(abs(a.mean), abs(b.mean)):
        return Difference(0.0, min(0.0, found.low), max(0.0, found.high))
    return found


def _unit(constant: Losses) -> float:
    """|mean| of the constant's loss; its spread where losses are densities and may be negative."""
    if constant.rows is not None and len(constant.rows) and constant.rows.min() < 0:
        return max(abs(constant.mean), float(constant.rows.std()))
    return abs(constant.mean)


def _losses(given: LossesLike | None) -> Losses:
    if given is None:
        return NO_LOSSES
    return given if isinstance(given, Losses) else Losses.of(given)
