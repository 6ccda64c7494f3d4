"""What decides the program (`Form`, `Plan`), and the numbers that flow through it (`Hyper`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float, Int, UInt32

from madaline.arrays import Array, pytree
from madaline.errors import UsageError
from madaline.nn.architecture import Architecture
from madaline.nn.head import Head
from madaline.settings.table import (
    NUMBERS,
    Initializer,
    LayerRates,
    Optimizer,
    Schedule,
    Settings,
    accepted,
)

# Noise and penalties that cost time in every step: compiled in only where their strength is not 0.
Extra = Literal["dropout", "input_noise", "label_smoothing", "l1", "l2", "lp", "weight_decay"]
EXTRAS: tuple[Extra, ...] = get_args(Extra)


@dataclass(frozen=True)
class Plan:
    """Everything about a training that changes the compiled program. Hashable.

    Attributes:
        optimizer: sgd, momentum, nesterov, adam, adamw or lbfgs.
        schedule: One of `madaline.settings.table.SCHEDULES`.
        batch_size: Rows an update; 0 is all rows at once.
        shuffle: Deal the rows in a new order in each epoch.
        shared_batches: Members see the same mini-batches (cheaper), or each draws its own.
        extras: Which of `EXTRAS` are on.
        initializer: Of the first weights.
        layer_rates: "equal", or "scaled" by layer and role: `madaline.train.optimizers.rates`.
        fade: Let weight decay and dropout fade in the second half.
        adaptive_smoothing: Smooth labels only as far as the rows that judge are told apart.
        calibrated: Compare epochs by the loss at the best temperature instead of the loss.
        folds: Each member holds out other rows of ``train``, `Hyper.held_from`.
    """

    optimizer: Optimizer = "adam"
    schedule: Schedule = "constant"
    batch_size: int = 256
    shuffle: bool = True
    shared_batches: bool = True
    extras: tuple[Extra, ...] = ()
    initializer: Initializer = "auto"
    layer_rates: LayerRates = "equal"
    fade: bool = False
    adaptive_smoothing: bool = False
    calibrated: bool = False
    folds: bool = False

    def __post_init__(self) -> None:
        if self.optimizer == "lbfgs":
            if self.batch_size:
                raise UsageError(
                    f"L-BFGS cannot use batches of {self.batch_size} rows: its line search needs "
                    "the loss of all rows.",
                    "Use all rows at once, or another optimizer.",
                    settings={"batch_size": "full"},
                )
            noisy = [name for name in ("dropout", "input_noise") if name in self.extras]
            if noisy:
                raise UsageError(
                    f"L-BFGS cannot train with {noisy[0]}: its line search needs a loss without "
                    "noise.",
                    "Leave it out, or use another optimizer.",
                    settings={"optimizer": "adam"},
                )
            if "weight_decay" in self.extras:
                raise UsageError(
                    "L-BFGS has no decoupled weight decay.",
                    "Leave it out, or use l2, the penalty it stands for.",
                    settings={"weight_decay": 0.0},
                )


@dataclass(frozen=True)
class Form:
    """All that decides the compiled program of a training. Hashable.

    Attributes:
        architecture: The network's shape.
        head: Names loss and output.
        plan: How it is trained.
    """

    architecture: Architecture
    head: Head
    plan: Plan


@pytree
class Hyper:
    """The numbers of a training, one a member: traced, so another value compiles nothing.

    Attributes:
        member: Index of the member: its first weights, order and noise.
        held_from: The first of the rows that the member holds out, where the plan has folds.
        learning_rate: Size of the first steps (of the largest, with a warm-up).
        total_steps: Where a schedule ends, in updates.
        warmup: Share of the steps in which the rate rises.
        decay_power: Exponent of the inverse scaling.
        momentum, beta_1, beta_2, epsilon: Of the optimiser.
        weight_decay: Decoupled decay, a step and unit of learning rate.
        l1, l2, lp, lp_order: Strengths of the penalties, and the p of L^p.
        dropout, label_smoothing, input_noise: See `madaline.settings.table`.
        patience: Epochs without progress before a member stops; 0 never.
        tolerance: How much lower than the best a score must be to count as progress.
        gradient_tolerance: L-BFGS stops where no slope is steeper.
        max_evaluations: L-BFGS stops after as many evaluations of the loss.
        n_inputs: Inputs of the first layer that are no padding; None: all of them.
    """

    member: UInt32[Array, " m"]
    held_from: UInt32[Array, " m"]
    learning_rate: Float[Array, " m"]
    total_steps: Float[Array, " m"]
    warmup: Float[Array, " m"]
    decay_power: Float[Array, " m"]
    momentum: Float[Array, " m"]
    beta_1: Float[Array, " m"]
    beta_2: Float[Array, " m"]
    epsilon: Float[Array, " m"]
    weight_decay: Float[Array, " m"]
    l1: Float[Array, " m"]
    l2: Float[Array, " m"]
    lp: Float[Array, " m"]
    lp_order: Float[Array, " m"]
    dropout: Float[Array, " m"]
    label_smoothing: Float[Array, " m"]
    input_noise: Float[Array, " m"]
    patience: Int[Array, " m"]
    tolerance: Float[Array, " m"]
    gradient_tolerance: Float[Array, " m"]
    max_evaluations: Int[Array, " m"]
    n_inputs: Float[Array, " m"] | None = None


# What is not said: the table's default, Adam's own values, and nothing else switched on.
_ADAMS = {"learning_rate": 1e-3, "beta_2": 0.999}
_DEFAULTS: dict[str, Any] = {"held_from": 0, "total_steps": 1.0} | {
    name: _ADAMS.get(name, 0) if getattr(Settings, name) is None else getattr(Settings, name)
    for name in NUMBERS
}
_TYPES: dict[str, Any] = {"member": np.uint32, "held_from": np.uint32} | {
    name: np.int32 for name in NUMBERS if int in accepted(name)
}


def make_hyper(
    members: int = 1, *, dtype: type[np.floating[Any]] = np.float32, **values: Any
) -> Hyper:
    """Numbers for each member; each value is one for all, or one a member.

    Args:
        members: ``m``.
        dtype: Of all that are not whole numbers.
        values: By the name of `Hyper`; what is left out has the default of its setting.

    >>> make_hyper(2, learning_rate=[0.1, 0.2]).learning_rate.tolist()
    [0.10000000149011612, 0.20000000298023224]
    """
    chosen = {"member": np.arange(members), **_DEFAULTS}
    unknown = sorted(set(values) - set(chosen))
    if unknown:
        raise UsageError(f"Hyper has no {unknown[0]!r}.")
    arrays = {
        name: np.broadcast_to(np.asarray(value, _TYPES.get(name, dtype)), (members,)).copy()
        for name, value in (chosen | values).items()
    }
    return Hyper(**arrays)


def with_extras(plan: Plan, hyper: Hyper) -> Plan:
    """The plan with just those extras compiled in whose strength is not 0 for every member."""
    return replace(
        plan, extras=tuple(name for name in EXTRAS if np.any(np.asarray(getattr(hyper, name))))
    )


def rate_factor(optimizer: Optimizer, batch_size: int, meant_for: int) -> float:
    """What a learning rate is multiplied by for another batch size than it was meant for.

    k times the batch takes k times the rate with SGD (Goyal et al. 2017) and the root of k times
    with Adam (Malladi et al. 2022); both hold up to the critical batch size, not beyond.

    >>> rate_factor("sgd", 512, 128), rate_factor("adam", 512, 128)
    (4.0, 2.0)
    """
    k = batch_size / meant_for
    return k**0.5 if optimizer in ("adam", "adamw") else k
