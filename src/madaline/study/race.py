"""Trials side by side: all train a little, the better half goes on, and so forth.

A trial is one network. Trials whose settings differ in numbers only are members of one program, in
groups of a fixed size, so that what is compiled once serves every rung. All trials begin with the
same first weights, see the rows in the same order and draw the same noise: they differ by their
settings and by nothing else.

Source: successive halving (Jamieson and Talwalkar, Non-stochastic Best Arm Identification, 2016).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import jax
import numpy as np
from numpy.typing import NDArray

from madaline.pipeline.run import first_state
from madaline.prepare.parts import Prepared
from madaline.prepare.problem import make_problem
from madaline.settings.table import Settings
from madaline.train.loop import train_epochs
from madaline.train.optimizers import CYCLE_ENDS
from madaline.train.plan import EXTRAS, Hyper, Plan
from madaline.train.state import Problem, TrainState, join_members, take_members

# Members of a program: a group of four keeps the lanes of a processor busy, and the last four
# trials are one group, so that going on with fewer would save nothing.
GROUP = 4


@dataclass(frozen=True, eq=False)
class Program:
    """What trials that differ in numbers only have in common.

    Attributes:
        problem: Of one member; its plan has what any of the trials needs.
        first: Its state before the first epoch.
        size: Members that are trained at once.
    """

    problem: Problem
    first: TrainState
    size: int


@dataclass(frozen=True, eq=False)
class Entrant:
    """Where a trial stands.

    Attributes:
        number: Of the trial; 0 is the settings as they are.
        settings: Complete, of one network.
        program: Which it trains with.
        hyper: Its own numbers.
        state: Of its training.
        scores: Its lowest validation loss at each rung that it reached; of the last epoch where the
            settings keep the last weights.
    """

    number: int
    settings: Settings
    program: Program
    hyper: Hyper
    state: TrainState
    scores: tuple[float, ...] = ()

    @property
    def score(self) -> float:
        """The last of the scores; infinite where it is no number."""
        found = self.scores[-1] if self.scores else np.inf
        return found if np.isfinite(found) else np.inf

    @property
    def has_learned(self) -> bool:
        """Whether any epoch was better than the best constant."""
        return bool(np.any(np.asarray(self.state.best_epoch)))

    @property
    def epochs(self) -> int:
        """Epochs that it trained."""
        return int(self.state.epoch)


@dataclass(frozen=True)
class Rung:
    """What is told after each rung.

    Attributes:
        epoch: How far its trials were trained.
        number: Of the rung, counted from 1.
        rungs: How many there are.
        trials: How many were trained.
        best: Their lowest score.
        preset: The score of trial 0.
        seconds: Since the race began.
    """

    epoch: int
    number: int
    rungs: int
    trials: int
    best: float
    preset: float
    seconds: float


def enter(
    prepared: Prepared, trials: Sequence[Settings], say: NDArray[np.float64] | None = None
) -> tuple[Entrant, ...]:
    """Trials before their first epoch, those that can in one program.

    Args:
        prepared: Rows, of which all trials hold out the same.
        trials: Complete settings of one network each.
        say: From `madaline.prepare.problem.class_say`.

    Raises:
        UsageError: Settings do not go together.
    """
    problems: list[Problem] = []
    bias = np.zeros(0)
    for settings in trials:
        problem, bias = make_problem(prepared, settings, say)
        if problems:  # the same rows for all, once
            problem = replace(problem, train=problems[0].train, check=problems[0].check)
        problems.append(problem)
    programs: dict[Any, Program] = {}
    keys = [(problem.architecture, replace(problem.plan, extras=())) for problem in problems]
    for key in dict.fromkeys(keys):
        alike = [problem for problem, own in zip(problems, keys, strict=True) if own == key]
        common = replace(alike[0], plan=_joined([problem.plan for problem in alike]))
        programs[key] = Program(common, first_state(common, bias, None), min(GROUP, len(alike)))
    return tuple(
        Entrant(number, settings, programs[key], problem.hyper, programs[key].first)
        for number, (settings, key, problem) in enumerate(zip(trials, keys, problems, strict=True))
    )


def race(
    entrants: Sequence[Entrant],
    *,
    tell: Callable[[Rung], None] | None = None,
    seconds: float | None = None,
) -> tuple[Entrant, ...]:
    """Train ever fewer ever longer; trial 0 stays to the end.

    Args:
        entrants: From `enter`.
        tell: Hears of each rung.
        seconds: After these no further group of trials is trained.

    Returns:
        All of them, those that went furthest first, and of those the best first.
    """
    started = time.perf_counter()
    stops = rungs(cast("int", entrants[0].settings.epochs))
    racing, standing = list(entrants), {entrant.number: entrant for entrant in entrants}
    for number, stop in enumerate(stops, 1):
        moved: list[Entrant] = []
        late = False
        for group in _groups(racing):
            moved += _train(group, stop)
            passed = time.perf_counter() - started
            late = seconds is not None and passed > seconds
            if late:
                break
        standing |= {entrant.number: entrant for entrant in moved}
        racing = survivors(moved)
        if tell is not None:
            best, preset = min(e.score for e in moved), standing[0].score
            passed = time.perf_counter() - started
            tell(Rung(stop, number, len(stops), len(moved), best, preset, passed))
        if late or not any(np.any(np.asarray(entrant.state.active)) for entrant in racing):
            break
    return tuple(sorted(standing.values(), key=lambda e: (-len(e.scores), e.score, e.number)))


def rungs(epochs: int) -> tuple[int, ...]:
    """The epochs after which trials are compared: at rate 0, as if their training were over.

    >>> rungs(128), rungs(2)
    ((9, 26, 60, 128), (1, 2))
    """
    return tuple(dict.fromkeys(max(1, round(share * epochs)) for share in CYCLE_ENDS))


def survivors(entrants: Sequence[Entrant]) -> list[Entrant]:
    """The better half and trial 0, which comes first; no fewer than fill a group."""
    others = sorted((e for e in entrants if e.number), key=lambda e: (e.score, e.number))
    n = max(GROUP, (len(entrants) + 1) // 2)
    return [*(e for e in entrants if not e.number), *others[: n - 1]]


def _groups(entrants: Sequence[Entrant]) -> list[list[Entrant]]:
    """Those of one program together, at most as many as it trains at once."""
    groups: list[list[Entrant]] = []
    for program in dict.fromkeys(entrant.program for entrant in entrants):
        own = [entrant for entrant in entrants if entrant.program is program]
        groups += [own[i : i + program.size] for i in range(0, len(own), program.size)]
    return groups


def _train(group: Sequence[Entrant], stop: int) -> list[Entrant]:
    """The trials of a group until epoch ``stop``; a group that is not full repeats its last one."""
    program = group[0].program
    full = [*group, *[group[-1]] * (program.size - len(group))]
    problem = replace(
        _widened(program.problem, program.size),
        hyper=jax.tree.map(lambda *leaves: np.concatenate(leaves), *(e.hyper for e in full)),
    )
    state = join_members([entrant.state for entrant in full])
    last = [entrant.score for entrant in full]
    for progress in train_epochs(problem, state, stop):
        state, last = progress.state, progress.history.score[-1].tolist()
    lowest = np.asarray(state.best_score).tolist()
    return [
        replace(
            entrant,
            state=take_members(state, [i]),
            scores=(*entrant.scores, lowest[i] if entrant.settings.patience else last[i]),
        )
        for i, entrant in enumerate(group)
    ]


def _widened(problem: Problem, size: int) -> Problem:
    """The rows of one member for several."""
    train, check = problem.train, problem.check
    train = replace(train, weight=np.repeat(np.asarray(train.weight), size, axis=1))  # type: ignore[arg-type]
    if check is not None:
        check = replace(check, weight=np.repeat(np.asarray(check.weight), size, axis=2))  # type: ignore[arg-type]
    return replace(problem, train=train, check=check)


def _joined(plans: Sequence[Plan]) -> Plan:
    """A plan with all extras that any of these has."""
    extras = {name for plan in plans for name in plan.extras}
    return replace(plans[0], extras=tuple(name for name in EXTRAS if name in extras))
