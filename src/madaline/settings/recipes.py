"""Named starting points, each a readable literal with its source, and the step from a person's
settings to complete ones.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

from madaline.errors import UsageError
from madaline.settings.table import (
    MEMBERWISE,
    ROWS,
    Activation,
    Initializer,
    LayerRates,
    Loss,
    Optimizer,
    Schedule,
    Settings,
)
from madaline.settings.values import value_text

# What classes and numbers want differently.
_Choice = Any

# Few narrow networks whose average is strong. Scales, rates, schedule, activation and
# selection after RealMLP (Holzmueller, Grinsztajn and Steinwart 2024) and "Refine, then calibrate"
# (Berta et al. 2025); piecewise-linear numbers after Gorishniy et al. (2022), in every second
# network; folds after bagging (Breiman 1996). `docs/accuracy.md` has the effect of each.
BALANCED: dict[str, _Choice] = {
    "hidden": (128, 128, 128),
    "activation": ("mish",),
    "parametric": True,
    "input_scales": True,
    "pieces": 16,
    "initializer": "data",
    "loss": "auto",
    "epochs": 128,
    "batch_size": "auto",
    "optimizer": "adamw",
    "beta_2": 0.95,
    "learning_rate": {"classes": 2.5e-3, "regression": 1.25e-2},
    "layer_rates": "scaled",
    "schedule": "cycles",
    "folds": True,
    "calibrate": True,
    "patience": 1000,
    "members": 4,
    "weight_decay": 0.32,
    "fade": True,
    "dropout": 0.15,
    "label_smoothing": {"classes": 0.1, "regression": 0.0},
    "adaptive_smoothing": True,
}

# A third of the cost: half of the networks, fewer epochs.
FAST: dict[str, _Choice] = BALANCED | {"members": 2, "epochs": 64}

# When time does not matter: the average of many.
BEST: dict[str, _Choice] = BALANCED | {"members": 16, "epochs": 256}

# One sound network without further ado: what a person who chooses the optimiser gets, rows that
# come in batches, and a few rows. Adam's published rate, early stopping that gives the best weights
# back, light decoupled decay (Loshchilov and Hutter 2019).
CLASSIC: dict[str, _Choice] = {
    "hidden": (256, 256),
    "activation": ("relu",),
    "parametric": False,
    "input_scales": False,
    "pieces": 0,
    "initializer": "auto",
    "loss": "auto",
    "epochs": 200,
    "batch_size": "auto",
    "optimizer": "adamw",
    "beta_2": 0.999,
    "learning_rate": 1e-3,
    "layer_rates": "equal",
    "schedule": "constant",
    "folds": False,
    "calibrate": False,
    "patience": 20,
    "members": 1,
    "weight_decay": 0.01,
    "fade": False,
    "dropout": 0.0,
    "label_smoothing": 0.0,
    "adaptive_smoothing": False,
}

# The network of a first lecture, nothing hidden: one hidden layer of tanh units, mini-batch
# gradient descent at a constant rate, no decay, no early stopping, the last weights.
PLAIN: dict[str, _Choice] = CLASSIC | {
    "hidden": (32,),
    "activation": ("tanh",),
    "epochs": 100,
    "batch_size": 32,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "patience": 0,
    "weight_decay": 0.0,
}

PRESETS = MappingProxyType(
    {"classic": CLASSIC, "fast": FAST, "balanced": BALANCED, "best": BEST, "plain": PLAIN}
)

# Where the optimiser is a person's choice and the rate is not: Adam's published one, and the usual
# ones of gradient descent on standardised features.
_RATES = {"sgd": 0.1, "momentum": 0.01, "nesterov": 0.01, "adam": 1e-3, "adamw": 1e-3}

# Training rows below the first number -> batch size of the second. Small tables need many updates,
# large ones full registers (the rule of TabM-D, Gorishniy et al. 2025).
_BATCH_SIZES = ((2_800, 32), (4_500, 64), (6_400, 128), (32_000, 256), (108_000, 512))
_LARGEST_BATCH = 1024

# Up to as many training rows a preset in cycles makes all of its epochs, and half of them for each
# four times as many, down to a sixteenth: twice as many updates are enough for four times the rows.
_ALL_EPOCHS, _LEAST_SHARE = 8_000, 1 / 16

# Multiply-adds a second that a core reaches in training, and seconds for all that comes before:
# cautious, for a training that the clock cuts off is worse than a shorter one.
_RATE, _BEFORE = 1e10, 8.0

# Fewer rows that cannot spare any for validation get a network without further ado. A weight of 2
# is then the row twice, to ten digits, which masks of dropout and quantiles would not let it be.
_SPARED = 60

# Up to as many rows float64 costs nobody anything, and a weight of 2 then equals the row twice to
# ten digits. A line search needs the digits too.
_EXACT_ROWS = 300


class Recipe(Settings):
    """Settings with nothing left open: what a preset, the data or a person decided.

    A run is described by one; only a person's choices may be open.

    >>> complete(Settings(), 1000).members + 1
    5
    """

    hidden: tuple[int, ...]
    activation: tuple[Activation, ...]
    parametric: bool
    input_scales: bool
    pieces: int
    initializer: Initializer
    loss: Literal["auto"] | Loss
    epochs: int
    batch_size: int | Literal["full"]
    optimizer: Optimizer
    beta_2: float
    learning_rate: float | tuple[float, ...]
    layer_rates: LayerRates
    schedule: Schedule
    folds: bool
    calibrate: bool
    patience: int
    members: int
    weight_decay: float | tuple[float, ...]
    fade: bool
    dropout: float | tuple[float, ...]
    label_smoothing: float | tuple[float, ...]
    adaptive_smoothing: bool
    precision: Literal["float32", "float64"]

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in DECIDED:
            if getattr(self, name) is None:
                raise UsageError(f"{name} is left open.", "Complete the settings first.")


# What is decided for a person who leaves it open.
DECIDED = tuple(Recipe.__annotations__)


def complete(
    settings: Settings,
    n_rows: int,
    task: str = "binary",
    *,
    held_out: bool = True,
    stream: bool = False,
) -> Recipe:
    """The settings with nothing left open.

    Args:
        settings: A person's choices; None where there is none.
        n_rows: Training rows.
        task: What is predicted.
        held_out: Whether there are validation rows. Without them only a person's own patience
            stops early (by the training loss), not the preset's.
        stream: Rows come in batches, and nobody knows how many.

    >>> chosen = complete(Settings(epochs=7), n_rows=1000)
    >>> chosen.epochs, chosen.batch_size, chosen.optimizer
    (7, 32, 'adamw')
    >>> complete(Settings(preset="balanced"), n_rows=1000).members
    4
    """
    few = not held_out and n_rows < _SPARED
    preset = preset_of(settings, plain=stream or few)
    chosen = {
        name: _for_task(choice, task)
        for name, choice in preset.items()
        if getattr(settings, name) is None
    }
    if "epochs" in chosen and preset["schedule"] == "cycles":  # others stop early by themselves
        chosen["epochs"] = auto_epochs(chosen["epochs"], n_rows)
    if not held_out and "patience" in chosen:
        chosen["patience"] = 0
    if settings.label_smoothing is not None and "adaptive_smoothing" in chosen:
        chosen["adaptive_smoothing"] = False  # the preset's way is for the preset's strength
    if settings.optimizer == "lbfgs":
        chosen |= _for_lbfgs(chosen)
    elif settings.optimizer not in (None, preset["optimizer"]):
        # The preset's rate and decay belong to the preset's optimiser.
        own = {"learning_rate": _RATES[settings.optimizer], "weight_decay": 0.0}
        chosen |= {name: value for name, value in own.items() if name in chosen}
    if chosen.get("batch_size", settings.batch_size) == "auto":
        chosen["batch_size"] = auto_batch_size(n_rows)
    if settings.precision is None:
        exact = n_rows <= _EXACT_ROWS or settings.optimizer == "lbfgs"
        chosen["precision"] = "float64" if exact else "float32"
    recipe = Recipe(**(vars(settings) | chosen))
    _refuse_other_lengths(recipe)
    return recipe


def _refuse_other_lengths(settings: Recipe) -> None:
    for name in MEMBERWISE:
        value: float | tuple[float, ...] = getattr(settings, name)
        n = len(value) if isinstance(value, tuple) else settings.members
        if n != settings.members:
            raise UsageError(
                f"{name} has {n} values and the network {settings.members} members.",
                "Give one value, one a member, or as many members.",
                settings={"members": n},
            )


def preset_of(settings: Settings, *, plain: bool = False) -> dict[str, Any]:
    """What decides the choices that a person left open; ``plain``: without further ado."""
    if (plain or settings.optimizer) and settings.preset != "plain":
        return CLASSIC
    return PRESETS["balanced" if settings.preset == "auto" else settings.preset]


def affordable(settings: Settings, n_rows: int, n_columns: int) -> Settings:
    """The settings with "auto" replaced by the best preset that fits into the time budget.

    >>> affordable(Settings(), 5_000, 20).preset
    'balanced'
    >>> [affordable(Settings(time_budget=t), 5_000, 20).preset for t in (20, 90, 3_600)]
    ['fast', 'balanced', 'best']
    """
    if settings.preset != "auto":
        return settings
    if settings.time_budget is None:
        return replace(settings, preset="balanced")
    fitting = ["fast", "balanced", "best"]
    seconds = {name: _seconds(PRESETS[name], n_rows, n_columns) for name in fitting}
    while len(fitting) > 1 and seconds[fitting[-1]] > settings.time_budget:
        fitting.pop()
    return replace(settings, preset=fitting[-1])


def _seconds(preset: dict[str, _Choice], n_rows: int, n_columns: int) -> float:
    """About how long a training on one core takes."""
    sizes = [n_columns * (1 + preset["pieces"]), *preset["hidden"]]
    weights = sum(a * b for a, b in itertools.pairwise(sizes))
    passes = preset["members"] * auto_epochs(preset["epochs"], n_rows)
    return _BEFORE + 3 * weights * n_rows * passes / _RATE  # forward, and backward twice that


def with_folds(settings: Settings, own: Collection[str]) -> int:
    """Members that each hold out other rows; 0 where all hold out the same, or none.

    Args:
        settings: A person's choices.
        own: Parts that have a table of their own.
    """
    apart = settings.group or settings.time or "validation" in own
    if apart or not settings.validation or isinstance(settings.validation, str):
        return 0
    preset = preset_of(settings)
    folds = preset["folds"] if settings.folds is None else settings.folds
    members = settings.members or preset["members"]
    return members if folds and members > 1 else 0


def _for_task(choice: Any, task: str) -> Any:
    if not isinstance(choice, dict):
        return choice
    return choice["regression" if task == "regression" else "classes"]


def refuse_idle(given: Settings, settings: Recipe, task: str) -> None:
    """Refuse a choice that would change nothing: whoever made it expects otherwise.

    Args:
        given: A person's choices.
        settings: The same, complete.
        task: What is predicted.

    Raises:
        UsageError: Names the choice, and what it needs.

    >>> chosen = Settings(momentum=0.5)
    >>> refuse_idle(chosen, complete(chosen, 100), "binary")
    Traceback (most recent call last):
    ...
    madaline.errors.UsageError: momentum = 0.5 has no effect here: it needs the optimizer momentum
    or nesterov, and this is adamw. Leave it out, or change the other. (optimizer='momentum')
    """
    known = {**vars(settings), "task": task}
    for name, row in ROWS.items():
        value = getattr(given, name)
        if row.needs is None or not value or value == getattr(Settings, name):
            continue
        other, fitting = row.needs
        if known[other] in fitting if fitting else known[other]:
            continue
        wanted = f"the {other} {' or '.join(fitting)}" if fitting else other
        raise UsageError(
            f"{name} = {value!r} has no effect here: it needs {wanted}, "
            f"and this is {value_text(known[other])}.",
            "Leave it out, or change the other.",
            settings={name: None} | ({other: fitting[0]} if fitting and other in ROWS else {}),
        )


def auto_batch_size(n_rows: int) -> int:
    """The batch size for a number of training rows.

    >>> auto_batch_size(500), auto_batch_size(20_000), auto_batch_size(1_000_000)
    (32, 256, 1024)
    """
    return next((size for below, size in _BATCH_SIZES if n_rows < below), _LARGEST_BATCH)


def auto_epochs(most: int, n_rows: int) -> int:
    """Passes over a number of training rows: ``most``, fewer over many rows.

    >>> [auto_epochs(128, n) for n in (8_000, 30_000, 100_000, 10_000_000)]
    [128, 64, 32, 8]
    """
    halvings = math.ceil(max(0.0, math.log(max(n_rows, 1) / _ALL_EPOCHS, 4)))
    return max(1, math.ceil(most * max(0.5**halvings, _LEAST_SHARE)))


def _for_lbfgs(open_choices: dict[str, Any]) -> dict[str, Any]:
    fixed = {"batch_size": "full", "weight_decay": 0.0, "dropout": 0.0, "schedule": "constant"}
    return {name: value for name, value in fixed.items() if name in open_choices}
