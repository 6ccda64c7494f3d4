"""The verdict on a training: fine, overfit, underfit ..., with its evidence and one next action.

Rules, first that holds:
    1. ``diverged``: a loss is not finite, or training ended far above where it began.
    2. ``overfit`` (by heart): learned on training rows, nothing of it carries over to test rows.
    3. ``not_learning``: neither test nor training rows are told better than by a constant.
    4. ``overfit``: the gap is beyond the noise of the split, much of what was learned is lost on
       test rows, and the validation loss rose after its best; or the linear model is worse on
       training rows and better on test rows. A gap alone is no fault: many networks that predict
       well fit their training rows almost exactly. The weights judged are those that were kept.
    5. ``still_improving``: the loss still fell noticeably when the epochs or the time ran out.
    6. ``underfit``: a simpler model finds more, and the network does not even fit its training
       rows better. So it is not the data: there is something to find.
    7. ``fine``.

Comparisons are paired row by row and count only beyond their 95 % interval; the others are ratios
of losses. So the unit of the losses never matters.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from madaline.events.verdict import Code, Verdict
from madaline.score.advice import advise, explain, remark, say
from madaline.score.curve import Curve
from madaline.score.evidence import Evidence, Facts, weigh

# Starting points, chosen by reasoning on simple models and not yet tuned on recorded runs.
DIVERGED_RATIO = 3.0  # training ends at this many times the loss it began with
LEARNED_SHARE = 0.10  # of the constant's loss: fitting chance alone seldom gains more
BARELY_LEARNED_SHARE = 0.02  # the same where there are no test rows to judge by
LOST_SHARE = 1 / 3  # of the gain on training rows that test rows do not see
MOSTLY_LOST_SHARE = 1 / 2  # the same without a curve, or without any clear gain, as a witness
RISE_SHARE = 0.05  # of the whole fall: how far the validation loss must have come back up
RISE_NOISE = 2.0  # and this many times the noise of single epochs
NOTICEABLE_SHARE = 0.05  # of the linear model's gain: smaller differences are told, not judged
BEST_AT_THE_END = 0.95  # the best epoch lies in the last 5 % of the epochs
STILL_FALLING_SHARE = 0.01  # of the whole fall, in the last tenth: an exponential after 3 spans
FEW_ROWS = 50  # a share seen in fewer rows is known to no better than 14 points


def give_verdict(curve: Curve, evidence: Evidence) -> Verdict:
    """Judge a training; the unit of the losses does not matter, and nothing here ever raises.

    >>> import numpy as np
    >>> noise = np.linspace(-0.1, 0.1, 200)
    >>> epochs = np.arange(1, 41)
    >>> curve = Curve(epochs, np.exp(-epochs / 4) + 0.2, np.exp(-epochs / 4) + 0.25, 40, 40)
    >>> seen = Evidence(test=noise + 0.25, test_constant=1 - noise, train=noise + 0.2,
    ...     train_constant=1 - noise, n_train=200, n_validation=200, n_test=200)
    >>> give_verdict(curve, seen).code
    'fine'
    """
    if evidence.part == "train":  # rows that were trained on say nothing about new ones
        evidence = replace(evidence, test=None, test_constant=None, test_linear=None, n_test=0)
    facts = weigh(curve, evidence)
    code = _code(facts, curve)
    doubt = _doubt(code, facts, evidence)
    action, settings = advise(code, facts, curve, evidence, bool(doubt))
    return Verdict(
        code=code,
        text=say(code, bool(doubt)),
        evidence=explain(code, facts, curve, evidence, _rose(facts), doubt),
        action=action,
        settings=settings,
        hard_to_tell=bool(doubt),
        remarks=remark(facts, evidence),
    )


def _code(facts: Facts, curve: Curve) -> Code:
    if _diverged(facts, curve):
        return "diverged"
    if _learned_by_heart(facts):
        return "overfit"
    if _learned_nothing(facts):
        return "not_learning"
    if _overfits(facts):
        return "overfit"
    if _still_improves(facts, curve):
        return "still_improving"
    return "underfit" if _underfits(facts) else "fine"


def _diverged(facts: Facts, curve: Curve) -> bool:
    shape = facts.curve
    if curve.stopped_why == "diverged" or not facts.finite or shape.last == float("inf"):
        return True
    # As a difference, so that it also holds for losses that may be negative.
    return shape.last - shape.start > (DIVERGED_RATIO - 1) * abs(shape.start)


def _learned_by_heart(facts: Facts) -> bool:
    return (
        not facts.gain_test.low > 0
        and facts.learned >= LEARNED_SHARE
        and facts.gap.low > 0
        and facts.lost >= MOSTLY_LOST_SHARE
    )


def _learned_nothing(facts: Facts) -> bool:
    on_test, on_train = facts.gain_test, facts.gain_train
    if on_test.low > 0:
        return False
    if not isfinite(on_test.mean):
        return on_train.low <= 0 or facts.learned < BARELY_LEARNED_SHARE
    if not isfinite(on_train.mean):
        return on_test.mean <= 0
    return facts.learned < LEARNED_SHARE or not on_train.low > 0


def _overfits(facts: Facts) -> bool:
    if not facts.gap.low > 0:
        return False
    if not facts.curve.validated:
        lost_much = facts.lost >= MOSTLY_LOST_SHARE
    else:
        lost_much = facts.lost >= LOST_SHARE and _rose(facts)
    crossed = facts.over_linear.low > 0 and facts.over_linear_train.high < 0
    return lost_much or (crossed and _noticeable(facts.over_linear.mean, facts))


def _rose(facts: Facts) -> bool:
    """True if the validation loss clearly rose after its best."""
    shape = facts.curve
    return shape.rise > max(RISE_SHARE * shape.fall, RISE_NOISE * shape.jitter) and not (
        shape.rise <= 1e-9 * abs(shape.best)  # rounding of a flat curve
    )


def _still_improves(facts: Facts, curve: Curve) -> bool:
    shape = facts.curve
    if curve.stopped_why in ("stopped_early", "converged", "diverged"):
        return False
    if shape.validated and shape.best_epoch < int(BEST_AT_THE_END * shape.last_epoch):
        return False
    return shape.recent > max(STILL_FALLING_SHARE * shape.fall, RISE_NOISE * shape.jitter)


def _underfits(facts: Facts) -> bool:
    below_nearest = (
        facts.over_nearest.low > 0
        and facts.over_nearest.mean
        > NOTICEABLE_SHARE * (facts.gain_test.mean + facts.over_nearest.mean)
        and not facts.lost >= LOST_SHARE
    )
    on_test, on_train = facts.over_linear, facts.over_linear_train
    fits_better = on_train.high < 0
    worse = on_test.low > 0 and not fits_better and _noticeable(on_test.mean, facts)
    worse_in_training = on_train.low > 0 and _noticeable(on_train.mean, facts) and on_test.mean > 0
    return below_nearest or worse or worse_in_training


def _noticeable(excess: float, facts: Facts) -> bool:
    return excess > NOTICEABLE_SHARE * max(facts.linear_gain.mean, 0.0)


def _doubt(code: Code, facts: Facts, evidence: Evidence) -> str:
    """Why it is hard to tell, as one sentence; empty if it is not."""
    if code == "diverged":
        return ""
    n_test = evidence.n_test or int(facts.test.n)
    if not n_test:
        return "There are no test rows to judge by."
    if n_test < FEW_ROWS:
        return f"Only {n_test} {evidence.part} rows: too few to be sure."
    if 0 < evidence.n_validation < FEW_ROWS:
        return f"Only {evidence.n_validation} validation rows chose the epoch: too few to be sure."
    gain = facts.gain_test
    unsure = {
        "fine": not gain.low > 0
        or (facts.lost >= LOST_SHARE and not facts.gap.clear and _rose(facts)),
        "still_improving": not gain.low > 0,
        "not_learning": gain.high > LEARNED_SHARE * facts.unit,
        "underfit": not (facts.over_linear.low > 0 or facts.over_nearest.low > 0),
    }
    if not unsure.get(code, False):
        return ""
    return f"On {n_test:,} {evidence.part} rows the difference that decides is within the noise."
