"""Many trainings as one: arms that share their rows and differ by settings, seeds or row weights.

Arms whose settings differ in numbers only are members of one program, in groups of a fixed size, so
that what is compiled once serves all of them. Arms of one seed begin with the same weights, see the
rows in the same order and draw the same noise: they differ by their settings and by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import jax
import numpy as np
from numpy.typing import NDArray

from madaline.nn.mlp import MLP, model_arrays
from madaline.pipeline.run import kept_model
from madaline.predict.forward import logits
from madaline.predict.losses import row_losses
from madaline.prepare.opening import Opening, random_state
from madaline.score.calibrate import calibrated
from madaline.settings.recipes import Recipe
from madaline.settings.table import Settings
from madaline.train.loop import Progress, train_epochs
from madaline.train.plan import EXTRAS
from madaline.train.state import Problem, TrainState, join_members, take_members

# Members of a program: a group of four keeps the lanes of a processor busy.
GROUP = 4

Curves = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Arm:
    """One of many trainings on the same rows.

    Attributes:
        label: What a person calls it.
        settings: Of one network; what is left open is decided as in any training.
        seed: Decides its first weights, the order of its rows and its noise.
        weight: ``(n,)`` how much each training row counts, 0 leaves it out; None: all as they are.
    """

    label: str
    settings: Settings
    seed: int = 0
    weight: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Program:
    """What arms that differ in numbers only have in common.

    Attributes:
        problem: Of one member; its plan has what any of the arms needs.
        size: Members that are trained at once.
    """

    problem: Problem
    size: int


@dataclass(frozen=True, eq=False)
class Trained:
    """Where an arm stands.

    Attributes:
        arm: Which.
        opening: With its settings.
        program: Which it trains with.
        state: Of its training.
        curves: Those of `madaline.train.history.History`, ``(epochs,)`` each.
    """

    arm: Arm
    opening: Opening
    program: Program
    state: TrainState
    curves: Curves

    @property
    def settings(self) -> Recipe:
        """Complete."""
        return self.opening.chosen

    @property
    def epochs(self) -> int:
        """Epochs that it trained."""
        return int(self.state.epoch)

    @property
    def is_active(self) -> bool:
        """Whether it would go on: it has not stopped early, and is not broken."""
        return bool(np.any(np.asarray(self.state.active)))

    @property
    def has_learned(self) -> bool:
        """Whether any epoch was better than the best constant."""
        return bool(np.any(np.asarray(self.state.best_epoch)))

    @property
    def model(self) -> MLP:
        """The parameters that its settings keep."""
        return kept_model(self.state, self.settings, "done")

    @property
    def score(self) -> float:
        """The loss that epochs are compared by: the lowest, or the last where that is kept."""
        if self.settings.patience or not len(self.curves["score"]):
            return float(np.asarray(self.state.best_score)[0])
        return float(self.curves["score"][-1])

    def losses(self, name: str = "validation") -> NDArray[np.float64]:
        """``(n,)`` losses of the rows of a part, calibrated where the settings say so."""
        problem, part = self.opening.problem, self.opening.prepared.parts[name]
        weights = model_arrays(self.model)
        with np.errstate(over="ignore", invalid="ignore"):  # a training that broke
            if self.settings.calibrate:
                weights = calibrated(self.opening, weights)
            z = logits(problem.architecture, weights, part.features.x, part.features.codes)[:, 0]
            return row_losses(problem.head, z, part.y)


def train_arms(
    opening: Opening,
    arms: Sequence[Arm],
    *,
    until: int | None = None,
    tell: Callable[[int], None] | None = None,
) -> tuple[Trained, ...]:
    """Train all arms, those that can as members of one program.

    Args:
        opening: Rows, encoded, of which all arms hold out the same: opened without folds.
        arms: What to train; results come in their order.
        until: Epochs after which all of them end; None: each after its own.
        tell: Hears how many arms are trained, after each group of them.

    Raises:
        UsageError: Settings do not go together.

    >>> from madaline.data.dataset import Dataset
    >>> from madaline.data.samples import load_sample
    >>> from madaline.prepare.opening import open_training
    >>> chosen = Settings(preset="classic", hidden=(8,), epochs=5)
    >>> opening = open_training(Dataset(load_sample("iris").table, ("species",)), chosen)
    >>> arms = [Arm(f"{seed}", chosen, seed) for seed in range(3)]
    >>> [arm.epochs for arm in train_arms(opening, arms)]
    [5, 5, 5]
    """
    entered = enter(opening, arms)
    trained: dict[Arm, Trained] = {}
    for group in groups(entered):
        stop = until or group[0].settings.epochs
        trained |= {moved.arm: moved for moved in go_on(group, stop)}
        if tell is not None:
            tell(len(trained))
    return tuple(trained[arm] for arm in arms)


def enter(opening: Opening, arms: Sequence[Arm], *, strict: bool = False) -> tuple[Trained, ...]:
    """Arms before their first epoch.

    Args:
        opening: Rows, encoded, of which all arms hold out the same: opened without folds.
        arms: What to train.
        strict: Refuse choices that would change nothing.

    Raises:
        UsageError: Settings do not go together.
    """
    openings = [_opened(opening, arm, strict=strict) for arm in arms]
    keys = [_program_of(own.problem) for own in openings]
    programs: dict[object, Program] = {}
    for key in dict.fromkeys(keys):
        alike = [own.problem for own, found in zip(openings, keys, strict=True) if found == key]
        programs[key] = Program(_joined(alike), min(GROUP, len(alike)))
    firsts: dict[object, TrainState] = {}
    entered: list[Trained] = []
    for arm, own, key in zip(arms, openings, keys, strict=True):
        start = (key, arm.seed, None if arm.weight is None else arm.weight.tobytes())
        if start not in firsts:
            firsts[start] = random_state(replace(own.problem, plan=programs[key].problem.plan))
        entered.append(Trained(arm, own, programs[key], firsts[start], {}))
    return tuple(entered)


def groups(arms: Sequence[Trained]) -> list[list[Trained]]:
    """Those of one program and one length together, as many at most as it trains at once."""
    found: list[list[Trained]] = []
    for program in dict.fromkeys((arm.program, arm.settings.epochs) for arm in arms):
        own = [arm for arm in arms if (arm.program, arm.settings.epochs) == program]
        size = program[0].size
        found += [own[i : i + size] for i in range(0, len(own), size)]
    return found


def go_on(group: Sequence[Trained], stop: int) -> list[Trained]:
    """The arms of a group until epoch ``stop``; a group that is not full repeats its last one."""
    size = group[0].program.size
    full = [*group, *[group[-1]] * (size - len(group))]
    problem, state = _together(full), join_members([arm.state for arm in full])
    curves: Curves = {}
    progress: Progress | None = None
    for progress in train_epochs(problem, state, stop):
        curves = progress.history.arrays()
    state = progress.state if progress else state
    return [
        replace(arm, state=take_members(state, [i]), curves=_longer(arm.curves, curves, i))
        for i, arm in enumerate(group)
    ]


def _opened(opening: Opening, arm: Arm, *, strict: bool) -> Opening:
    """The opening with an arm's settings, weights and seed; its rows are those of the opening."""
    one = replace(arm.settings, members=1, folds=False)
    own = opening.vary(one, weight=arm.weight, strict=strict)
    hyper = replace(own.problem.hyper, member=np.array([arm.seed], np.uint32))
    train, given = own.problem.train, opening.problem.train
    if train.x.dtype == given.x.dtype:  # the same rows for all, once
        train = given
    return replace(own, problem=replace(own.problem, hyper=hyper, train=train))


def _program_of(problem: Problem) -> tuple[object, ...]:
    """What arms must have in common to be members of one program."""
    return problem.architecture, replace(problem.plan, extras=()), problem.train.x.dtype


def _joined(problems: Sequence[Problem]) -> Problem:
    """The problem of one member with all extras that any of these has."""
    extras = {name for problem in problems for name in problem.plan.extras}
    seeds = {int(np.asarray(problem.hyper.member)[0]) for problem in problems}
    plan = replace(
        problems[0].plan,
        extras=tuple(name for name in EXTRAS if name in extras),
        shared_batches=len(seeds) == 1,  # another seed, another order
    )
    return replace(problems[0], plan=plan)


def _together(arms: Sequence[Trained]) -> Problem:
    """One problem of which each arm is a member."""
    problems = [arm.opening.problem for arm in arms]
    common = arms[0].program.problem
    weight = np.concatenate([np.asarray(own.weight) for own in problems], axis=1)
    check = common.check
    if check is not None:
        checked = [np.asarray(own.check.weight) for own in problems if own.check is not None]
        check = replace(check, weight=np.concatenate(checked, axis=2))
    return replace(
        common,
        hyper=jax.tree.map(
            lambda *leaves: np.concatenate(leaves), *(own.hyper for own in problems)
        ),
        weight=weight,
        check=check,
    )


def _longer(before: Curves, curves: Curves, member: int) -> Curves:
    """The curves of an arm with those of its latest epochs."""
    own = {name: curve if curve.ndim == 1 else curve[:, member] for name, curve in curves.items()}
    if not before or not own:
        return before or own
    return {name: np.concatenate([before[name], latest]) for name, latest in own.items()}
