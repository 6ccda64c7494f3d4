"""The words of a verdict: one sentence, the numbers behind it, one next action."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from madaline.events.record import JSON
from madaline.score.curve import Curve
from madaline.score.evidence import Evidence, Facts
from madaline.stats.digits import significant
from madaline.stats.intervals import Difference

Advice = tuple[str, dict[str, JSON]]
Used = Mapping[str, Any]  # the settings of the run, by name

SENTENCES = {
    "diverged": "training broke down: the loss grew out of bounds instead of falling",
    "not_learning": "the network predicts no better than always giving the same answer",
    "overfit": "the network knows its training rows by heart and does worse on new ones",
    "underfit": "the network misses what a simpler model finds in the same rows",
    "still_improving": "training ended while the network was still getting better",
    "fine": "the network has learned something that carries over to new rows",
}
LOOK_AT_DATA = (
    "Look for columns that say more about the target, and check that rows and targets belong "
    "together."
)
MOST_SENTENCES = 4
MOST_DROPOUT = 0.5  # beyond it, fewer units do the same
STRONG_DROPOUT = 0.3  # from here on dropout is the first suspect when a simpler model wins
STRONG_DECAY = 0.1  # the same for decoupled weight decay
RESTLESS_SHARE = 0.05  # of a constant's loss: jumps from epoch to epoch that call for smaller steps
FAR_OFF = 2.0  # times a constant's loss on training rows: only large steps lead there
FALLING_SHARE = 0.05  # of the whole fall, in the last tenth: a line would give a tenth
USUAL_RATE = 1e-3  # Adam's usual learning rate; below it, the rate is the first suspect
NARROW = 64  # units a layer: below it, width is the first suspect when a simpler model wins


def say(code: str, doubtful: bool) -> str:
    """The verdict as one sentence.

    >>> say("still_improving", False)
    'Training ended while the network was still getting better.'
    """
    clause = SENTENCES[code]
    return f"Hard to tell, but it seems that {clause}." if doubtful else _sentence(clause)


def explain(
    code: str, facts: Facts, curve: Curve, evidence: Evidence, rose: bool, doubt: str
) -> tuple[str, ...]:
    """The numbers behind a verdict, the most telling first."""
    losses, references = _losses(facts, evidence), _references(facts, evidence)
    course, score = _course(code, facts, curve, rose), _score(evidence)
    order = {
        "diverged": (course, losses),
        "not_learning": (references, losses, course, score),
        "overfit": (losses, course, references, score),
        "underfit": (references, losses, score, course),
        "still_improving": (course, losses, references, score),
        "fine": (score, losses, references, course),
    }[code]
    told = [sentence for sentence in order if sentence]
    told = told[: MOST_SENTENCES - bool(doubt)]
    return (*told, doubt) if doubt else tuple(told) or ("No epoch was finished.",)


def remark(facts: Facts, evidence: Evidence) -> tuple[str, ...]:
    """What else is worth knowing."""
    found: list[str] = []
    part, rows = evidence.part, f"{evidence.n_test or int(facts.test.n):,} {evidence.part} rows"
    over = facts.over_linear
    has_linear = isfinite(facts.linear)
    if isfinite(facts.gain_test.mean) and not facts.signal:
        who = "neither the network nor the linear model beats" if has_linear else "nothing beats"
        found.append(f"There may be no signal: {who} the best constant guess on {rows}.")
    elif over.low > 0:
        found.append(f"A linear model is better here: its loss is lower by {_interval(over)}.")
    elif isfinite(over.low) and not over.high < 0:
        found.append(
            f"A linear model is as good here, as far as {rows} can tell: "
            f"the network's loss minus its loss is {_interval(over)}."
        )
    if facts.over_nearest.low > 0:
        found.append(
            f"Copying the most similar training row is better here: its loss is lower by "
            f"{_interval(facts.over_nearest)}."
        )
    if facts.gap.high < 0:
        found.append(
            f"The {part} rows are easier than the training rows: the loss is lower by "
            f"{_interval(_minus(facts.gap))}; check how the rows were split."
        )
    return tuple(found)


def advise(code: str, facts: Facts, curve: Curve, evidence: Evidence, doubtful: bool) -> Advice:
    """One next action, and the settings that do it."""
    used = evidence.settings
    match code:
        case "diverged":
            return _change_rate(used, 0.1)
        case "not_learning":
            return _wake(facts, curve, used)
        case "overfit":
            return (LOOK_AT_DATA, {}) if _no_signal(facts) else _hold_back(used)
        case "underfit":
            return _set_free(facts, used)
        case "still_improving":
            return _go_on(curve, used)
        case _:
            return _keep(facts, used, doubtful)


def _change_rate(used: Used, factor: float) -> Advice:
    verb = "Lower" if factor < 1 else "Raise"
    rate = used.get("learning_rate")
    if not isinstance(rate, int | float):
        times = {0.1: "a tenth", 1 / 3: "a third", 3: "three times", 10: "ten times"}[factor]
        return f"{verb} the learning rate to {times} of what it was.", {}
    new = float(f"{rate * factor:.2g}")
    return f"{verb} the learning rate from {rate:g} to {new:g}.", {"learning_rate": new}


def _wake(facts: Facts, curve: Curve, used: Used) -> Advice:
    """A network that learned nothing: no signal, or a rate that is too high or too low."""
    if _no_signal(facts):
        return LOOK_AT_DATA, {}
    if _restless(facts):
        return _change_rate(used, 0.1)
    shape = facts.curve
    falling = shape.recent > max(FALLING_SHARE * shape.fall, shape.jitter)
    if falling and used.get("learning_rate", 0.0) >= USUAL_RATE:
        planned = max(int(curve.epochs_planned), 1)
        return f"Train for {10 * planned:,} epochs instead of {planned:,}.", {
            "epochs": 10 * planned
        }
    return _change_rate(used, 10)


def _no_signal(facts: Facts) -> bool:
    return isfinite(facts.linear) and isfinite(facts.gain_test.mean) and not facts.signal


def _restless(facts: Facts) -> bool:
    """True if steps were too large: the loss jumped about, or rose above where it began."""
    shape = facts.curve
    jumps = shape.jitter > RESTLESS_SHARE * facts.unit
    far_off = facts.train.mean > FAR_OFF * facts.unit
    return jumps or far_off or shape.peak - shape.start > RESTLESS_SHARE * abs(shape.start)


def _hold_back(used: Used) -> Advice:
    """Against overfitting: dropout first, then weight decay where there is nothing to drop."""
    dropout = float(used.get("dropout") or 0.0)
    if used.get("hidden") == () or dropout >= MOST_DROPOUT:
        decay = used.get("weight_decay") or 0.001
        return f"Raise the weight decay to {10 * decay:g}.", {"weight_decay": 10 * decay}
    more = min(MOST_DROPOUT, round(dropout + 0.2, 2))
    return (
        f"Raise dropout to {more:g}, so that no unit can rely on a single row's quirks.",
        {"dropout": more},
    )


def _set_free(facts: Facts, used: Used) -> Advice:
    """Against underfitting: less restraint, then more units, then another rate."""
    for name in ("dropout", "l1", "l2", "lp", "input_noise"):
        if (used.get(name) or 0) > (STRONG_DROPOUT if name == "dropout" else 0):
            return f"Switch {name.replace('_', ' ')} off (it was {used[name]:g}).", {name: 0.0}
    decay = used.get("weight_decay") or 0.0
    if decay > STRONG_DECAY:
        return f"Lower the weight decay to {decay / 10:g}.", {"weight_decay": decay / 10}
    hidden = used.get("hidden")
    if not hidden or min(hidden) < NARROW:
        wider = tuple(max(NARROW, 2 * width) for width in hidden or ()) or (256, 256)
        shown = ", ".join(map(str, wider))
        return f"Give the network more units: hidden layers of {shown}.", {"hidden": wider}
    return _change_rate(used, 1 / 3 if _restless(facts) else 3)


def _go_on(curve: Curve, used: Used) -> Advice:
    budget = used.get("time_budget")
    if curve.stopped_why == "time" and budget:
        return f"Allow {2 * budget:g} seconds instead of {budget:g}.", {"time_budget": 2 * budget}
    if curve.stopped_why in ("stopped", "interrupted"):
        return "Let the training run to its end.", {}
    planned = max(int(curve.epochs_planned), 1)
    return f"Train for {2 * planned:,} epochs instead of {planned:,}.", {"epochs": 2 * planned}


def _keep(facts: Facts, used: Used, doubtful: bool) -> Advice:
    if doubtful:
        return (
            "Repeat with another seed, or with more rows, before trusting the difference.",
            {"seed": int(used.get("seed") or 0) + 1},
        )
    if isfinite(facts.over_linear.low) and facts.over_linear.mean >= 0:
        return "Prefer the linear model: it is as good and easier to explain.", {"hidden": ()}
    return "Nothing needs fixing: use the model.", {}


def _losses(facts: Facts, evidence: Evidence) -> str:
    parts = [
        f"{significant(mean)} on {name} rows"
        for name, mean in (("training", facts.train.mean), (evidence.part, facts.test.mean))
        if isfinite(mean)
    ]
    if not parts:
        return ""
    gap = f", a gap of {_interval(facts.gap)}" if isfinite(facts.gap.low) else ""
    return f"The loss is {' and '.join(parts)}{gap}."


def _references(facts: Facts, evidence: Evidence) -> str:
    parts = [
        f"{name} has {significant(mean)}"
        for name, mean in (
            ("the best constant guess", facts.constant),
            ("the linear model", facts.linear),
        )
        if isfinite(mean)
    ]
    return f"On the same {evidence.part} rows {' and '.join(parts)}." if parts else ""


def _score(evidence: Evidence) -> str:
    score, train = evidence.test_score, evidence.train_score
    if score is None or not isfinite(score.value):
        return ""
    name = {"r2": "R2", "auc": "AUC"}.get(score.name, score.name.replace("_", " "))
    spread = ""
    if isfinite(score.low) and isfinite(score.high):
        spread = f" ({significant(score.low)} to {significant(score.high)})"
    on_training = evidence.part == "train"  # where no other rows are there to judge by
    seen = f", on training rows {significant(train.value)}" if train and not on_training else ""
    part = "training" if on_training else evidence.part
    return _sentence(f"{name} on {part} rows is {significant(score.value)}{spread}{seen}")


def _course(code: str, facts: Facts, curve: Curve, rose: bool) -> str:
    shape = facts.curve
    if code == "diverged":
        if shape.last != shape.last:
            return ""
        begin = f" began at {significant(shape.start)} and" if isfinite(shape.start) else ""
        return f"The training loss{begin} ended at {significant(shape.last)}."
    if rose:
        kept = "; the weights from before it rose were kept" if curve.best_epoch else ""
        return (
            f"The validation loss was lowest around epoch {shape.best_epoch:,} and then rose from "
            f"{significant(shape.best)} to {significant(shape.best + shape.rise)}{kept}."
        )
    if code in ("still_improving", "not_learning") and isfinite(shape.recent):
        return (
            f"In all epochs the loss fell by {significant(shape.fall)}, "
            f"in the last tenth of them by {significant(shape.recent)}."
        )
    return ""


def _interval(d: Difference) -> str:
    return f"{significant(d.mean)} (95 % interval {significant(d.low)} to {significant(d.high)})"


def _minus(d: Difference) -> Difference:
    return Difference(-d.mean, -d.high, -d.low)


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."
