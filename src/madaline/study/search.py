"""A whole search: from a person's settings to better ones, or to the word that there are none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np

from madaline.data.dataset import Dataset
from madaline.errors import DataError
from madaline.events.record import JSON, as_json
from madaline.events.search import Comparison, Rung, Runoff, Searched, Trial, TrialEnding
from madaline.pipeline.run import run
from madaline.prepare.opening import Opening, open_training
from madaline.settings.recipes import Recipe, affordable, complete, with_folds
from madaline.settings.table import MEMBERWISE, Settings
from madaline.study.arms import Arm, enter
from madaline.study.choice import compare_trials, compare_whole
from madaline.study.race import Entrant, race
from madaline.study.ranges import Space
from madaline.study.space import Choices, default_space, draw_trials

# Trials whose choices go into one network, at most; members that are enough for them.
_MOST_MIXED, _MANY = 2, 8


def _tell_no_one(event: Rung | Runoff) -> None:
    """No one listens."""


@dataclass(frozen=True, kw_only=True)
class Search(Searched):
    """What a search found, and what comes of it.

    Attributes:
        settings: The person's, with the choices that were taken.
    """

    settings: Settings

    def as_dict(self) -> dict[str, JSON]:
        """As plain values, without the settings."""
        return {field.name: as_json(getattr(self, field.name)) for field in fields(Searched)}


def search(
    data: Dataset,
    settings: Settings,
    *,
    space: Space | None = None,
    n_trials: int = 16,
    tell: Callable[[Rung | Runoff], None] = _tell_no_one,
    strict: bool = True,
) -> Search:
    """Try settings on held-out rows and take those that are better.

    Each trial is one network; test rows are not looked at. Where members may differ in what is
    varied and their number is open, it is doubled up to 8: half of them keep the settings as they
    are, the others take the choices of the best two trials. Elsewhere the best trial's are taken if
    they are better by more than chance; where members hold out rows in turn, it and the settings as
    they are are trained whole for that. ``settings.time_budget`` bounds the trials together, and
    each whole training.

    Args:
        data: All rows.
        settings: A person's choices.
        space: What may vary; None: see `madaline.study.space.default_space`.
        n_trials: Most trials, the settings as they are among them.
        tell: Hears how the search goes.
        strict: Refuse choices that would change nothing.

    Raises:
        DataError: The table does not allow the task, or no rows are held out.
        UsageError: Settings do not go together, or cannot be varied.

    >>> from madaline.data.samples import load_sample
    >>> from madaline.study.ranges import Range
    >>> iris = load_sample("iris")
    >>> chosen = Settings(hidden=(8,), epochs=4)
    >>> space = {"learning_rate": Range(1e-3, 1e-1, log=True)}
    >>> found = search(Dataset(iris.table, (iris.target,)), chosen, space=space, n_trials=3)
    >>> len(found.trials), found.programs, found.settings.epochs
    (3, 1, 4)
    """
    started = time.perf_counter()
    whole = affordable(settings, data.table.n_rows, len(data.table.columns))
    opening = _judging(open_training(data, replace(whole, members=1, folds=False), strict=False))
    space = space or default_space(whole, opening.chosen)
    trials = draw_trials(space, n_trials, opening.chosen)
    arms = [Arm(str(i), replace(opening.asked, **own)) for i, own in enumerate(trials)]
    entrants = [Entrant(i, arm) for i, arm in enumerate(enter(opening, arms, strict=strict))]
    ranked = race(entrants, tell=tell, seconds=settings.time_budget)
    others = [entrant for entrant in ranked if entrant.number and entrant.trained.has_learned]
    members = _members(opening, whole)
    if members > 1 and settings.members is None and set(space) <= {*MEMBERWISE}:
        choice = _mixture(ranked, trials, opening.chosen, members)
    elif others and with_folds(whole, data.own):  # rows that chose nothing compare
        best = others[0].number
        tell(Runoff(best))
        pair = (whole, replace(whole, **trials[best]))
        comparison = compare_whole(pair, partial(run, data, strict=strict))
        choice = _one_or_none(best, trials[best], comparison)
    else:
        best = ranked[0].number
        comparison = compare_trials(_preset(ranked).trained, ranked[0].trained)
        choice = _one_or_none(best, trials[best], comparison)
    return Search(
        settings=replace(settings, **choice.changes),
        trials=_trials(ranked, trials),
        varied={name: getattr(opening.chosen, name) for name in space},
        best=choice.best,
        taken=choice.taken,
        changed=tuple(choice.changes),
        comparison=choice.comparison,
        programs=len({entrant.trained.program for entrant in ranked}),
        seconds=time.perf_counter() - started,
    )


def _judging(opening: Opening) -> Opening:
    """The opening, if it has rows to judge trials by."""
    if opening.prepared.parts["validation"].n_rows:
        return opening
    raise DataError(
        "A search needs rows to judge its trials by, and none are held out.",
        "Give a validation share above 0, or validation rows.",
        settings={"validation": Settings.validation},
    )


def _members(opening: Opening, settings: Settings) -> int:
    """Of the network that the settings stand for, on the rows of the opening."""
    prepared = opening.prepared
    return complete(settings, prepared.parts["train"].n_rows, prepared.target.task).members


@dataclass(frozen=True)
class _Choice:
    """What is made of a race; the fields are those of `Search`, ``changes`` its settings."""

    best: int
    taken: tuple[int, ...]
    changes: Choices
    comparison: Comparison


def _mixture(
    ranked: Sequence[Entrant],
    trials: Sequence[Choices],
    full: Recipe,
    members: int,
) -> _Choice:
    """Twice the members, some of them with the settings of the trials that were better."""
    preset, best = _preset(ranked), ranked[0]
    comparison = compare_trials(preset.trained, best.trained)
    if not 0 < comparison.gain < np.inf:
        return _Choice(best.number, (), {}, comparison)
    taken = tuple(e.number for e in ranked[:_MOST_MIXED] if e.score < preset.score)
    members = members if members >= _MANY else 2 * members
    changes = mixed([trials[number] for number in taken], full, members)
    return _Choice(best.number, taken, changes, comparison)


def _one_or_none(best: int, changes: Choices, comparison: Comparison) -> _Choice:
    """The best trial's settings where they are better by more than chance."""
    if comparison.is_clear:
        return _Choice(best, (best,), changes, comparison)
    return _Choice(best, (), {}, comparison)


def _preset(ranked: Sequence[Entrant]) -> Entrant:
    return next(entrant for entrant in ranked if not entrant.number)


def mixed(better: Sequence[Choices], settings: Settings, members: int) -> Choices:
    """Choices of a network half of whose members keep the settings as they are.

    Members go in pairs, one of which sees numbers in pieces: every second pair takes the choices of
    one of the better trials. Members that differ err in different ways, and a trial that was only
    lucky costs little.

    Args:
        better: Choices of the trials that were better, the best first.
        settings: Complete.
        members: Of the network.

    >>> mixed([{"dropout": 0.3}, {"dropout": 0.2}], Settings(dropout=0.1), 8)["dropout"]
    (0.1, 0.1, 0.3, 0.3, 0.1, 0.1, 0.2, 0.2)
    """
    if not better:
        return {}
    together = 2 if members >= 4 else 1
    turns = [place // together for place in range(members)]
    own: list[Choices] = [better[turn // 2 % len(better)] if turn % 2 else {} for turn in turns]
    varied = {name: getattr(settings, name) for choices in better for name in choices}
    values = {name: tuple(each.get(name, kept) for each in own) for name, kept in varied.items()}
    return {"members": members, **values}


def _trials(ranked: Sequence[Entrant], choices: Sequence[Choices]) -> tuple[Trial, ...]:
    """What became of each, in their order."""
    furthest = max(len(entrant.scores) for entrant in ranked)
    return tuple(_trial(entrant, choices[entrant.number], furthest) for entrant in ranked)


def _trial(entrant: Entrant, choices: Choices, furthest: int) -> Trial:
    scores = tuple(score if np.isfinite(score) else None for score in entrant.scores)
    why: TrialEnding = _why(entrant) if len(scores) == furthest else "behind"
    score = scores[-1] if scores else None
    return Trial(entrant.number, choices, score, scores, entrant.trained.epochs, why)


def _why(entrant: Entrant) -> TrialEnding:
    trained = entrant.trained
    if not np.isfinite(np.asarray(trained.state.model.layers[-1].bias)).all():
        return "diverged"
    if trained.epochs >= (trained.settings.epochs or 0):
        return "done"
    return "time" if trained.is_active else "stopped_early"
