"""Which settings a search varies when nobody says so, and the trials it draws."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from madaline.errors import UsageError
from madaline.events.record import JSON
from madaline.settings.recipes import Recipe
from madaline.settings.table import Settings
from madaline.study.ranges import Range, Space, Values, check_variable

# Around the preset's own values, which are good ones on most tables.
_RATES, _DECAYS = 4.0, 8.0
_MOST_DROPOUT = 0.4
# Draws without a new trial after which a space is taken to hold no more.
_PATIENCE = 100

Choices = Mapping[str, JSON]


def default_space(given: Settings, settings: Recipe) -> Space:
    """What is varied where nobody says so: rate, decay and dropout, if they are the preset's.

    Args:
        given: A person's choices; what they chose stays as it is.
        settings: The same, complete.

    Raises:
        UsageError: Everything is chosen.

    >>> from madaline.settings.recipes import complete
    >>> default_space(Settings(dropout=0.1), complete(Settings(dropout=0.1), 100))["learning_rate"]
    Range(low=0.000625, high=0.01, log=True)
    """
    around = {"learning_rate": _RATES, "weight_decay": _DECAYS}
    space = {
        name: _around(getattr(settings, name), factor)
        for name, factor in around.items()
        if getattr(given, name) is None and getattr(settings, name)
    }
    if given.dropout is None and settings.hidden:
        space["dropout"] = Range(0.0, _MOST_DROPOUT)
    if settings.optimizer == "lbfgs":
        space = {}
    if not space:
        raise UsageError(
            "There is nothing to vary: what a search varies by itself is chosen already.",
            "Leave it open, or name a setting and its range.",
        )
    return space


def draw_trials(space: Space, n_trials: int, settings: Settings) -> tuple[Choices, ...]:
    """The choices of each trial; the first one's are none: it is the settings as they are.

    A space of values alone that has no more combinations than trials is tried as a whole. Else the
    trials are points of a scrambled Halton sequence: they fill the space evenly, however many there
    are.

    Args:
        space: From a person, or `default_space`.
        n_trials: Most trials.
        settings: Complete; they decide the seed, and which choices change nothing.

    Raises:
        UsageError: Fewer than two trials, or settings that a search cannot vary.

    >>> space = {"dropout": Values((0.0, 0.1))}
    >>> draw_trials(space, 9, Settings(dropout=0.1))
    ({}, {'dropout': 0.0})
    """
    if n_trials < 2:
        raise UsageError(f"{n_trials} trials are no search.", "Give at least 2.")
    for name in space:
        check_variable(name)
    if not space:
        raise UsageError("There is nothing to vary.", "Name a setting and its range.")
    known = {name: getattr(settings, name) for name in space}
    trials: list[dict[str, JSON]] = [{}]
    fruitless = 0
    for choices in _combinations(space, n_trials, settings.seed):
        fruitless += 1
        if choices != known and choices not in trials:
            trials.append(choices)
            fruitless = 0
        if len(trials) == n_trials or fruitless == _PATIENCE:
            break
    if len(trials) == 1:
        raise UsageError(
            "There is nothing to vary: the only value is that of the settings.", "Name others too."
        )
    return tuple(trials)


def _combinations(space: Space, n_trials: int, seed: int) -> Iterator[dict[str, JSON]]:
    grids = [axis.values for axis in space.values() if isinstance(axis, Values)]
    if len(grids) == len(space) and math.prod(map(len, grids)) <= n_trials:
        for values in itertools.product(*grids):
            yield dict(zip(space, values, strict=True))
        return
    from scipy.stats import qmc

    halton: Any = qmc.Halton  # newer versions call the seed rng, and take both names
    points = halton(len(space), scramble=True, seed=seed)
    while True:
        point = points.random(1)[0].tolist()
        yield {name: axis.at(u) for (name, axis), u in zip(space.items(), point, strict=True)}


def _around(middle: float, factor: float) -> Range:
    return Range(middle / factor, middle * factor, log=True)
