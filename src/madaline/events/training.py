"""What a run tells of its training, from what was asked to how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from madaline.events.record import JSON, Record

Ending = Literal[
    "done", "stopped_early", "converged", "evaluations", "time", "stopped", "interrupted",
    "diverged",
]  # fmt: skip
"""Why a training ended: all epochs are done; held-out rows, or the loss, got no better; the slope
is flat; the loss was asked for as often as allowed; the time budget is spent; somebody wished it;
a signal came; numbers were no longer finite."""
ENDINGS: tuple[Ending, ...] = get_args(Ending)


@dataclass(frozen=True, slots=True)
class Started(Record):
    """What a run was asked for.

    Attributes:
        data: The file or sample; None where the rows came from the memory of a program.
        target: Names of the target columns.
        settings: A person's choices, by name.
        origins: Where each of them came from.
        environment: What the bits of the result depend on beside them: versions, processor.
    """

    kind: ClassVar[str] = "start"

    data: str | None
    target: tuple[str, ...]
    settings: Mapping[str, JSON]
    origins: Mapping[str, str]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layer(Record):
    """A layer of units.

    Attributes:
        name: "hidden 1" and so on, or "output".
        fan_in: Inputs of a unit.
        fan_out: Units.
        activation: Of its units.
        parameters: Weights and biases.
    """

    name: str
    fan_in: int
    fan_out: int
    activation: str
    parameters: int


@dataclass(frozen=True, slots=True)
class Embedding(Record):
    """A column whose every value has a vector of its own.

    Attributes:
        column: Its name.
        codes: Values, that for "never seen" among them.
        size: Numbers of a vector.
    """

    column: str
    codes: int
    size: int


@dataclass(frozen=True, slots=True)
class Network(Record):
    """The network, how it is trained, and where its loss begins.

    Attributes:
        layers: From the inputs to the outputs.
        embeddings: Of columns with many values.
        features: Inputs of the first layer.
        parameters: Of one member.
        loss: What is lowered.
        optimizer: What lowers it.
        batch_size: Rows of a step.
        epochs: Most epochs.
        learning_rate: The peak; one a member where they differ.
        initializer: Of the first weights.
        loss_at_start: Training loss of the first weights.
        loss_of_constant: Training loss of the best constant guess.
        fingerprint: SHA-256 over the encoded rows and what encoded them.
        calibrated: Whether epochs are compared after calibration.
        members: Networks that are trained as one.
    """

    kind: ClassVar[str] = "network"

    layers: tuple[Layer, ...]
    embeddings: tuple[Embedding, ...]
    features: int
    parameters: int
    loss: str
    optimizer: str
    batch_size: int
    epochs: int
    learning_rate: float | tuple[float, ...]
    initializer: str
    loss_at_start: float
    loss_of_constant: float
    fingerprint: str
    calibrated: bool = False
    members: int = 1


@dataclass(frozen=True, slots=True)
class Epoch(Record):
    """How far training is, after an epoch; means over members.

    Attributes:
        epoch: From 1.
        epochs: Most epochs.
        step: Updates so far.
        seconds: Since training began.
        learning_rate: At the end of the epoch.
        train: Training loss.
        validation: Validation loss; None where it was not measured.
        metric: Validation metric; None likewise.
        best_epoch: The best epoch so far; of several members, the middle one.
        best: The loss there that decides.
        left: Seconds left, about; None where nobody knows yet.
    """

    kind: ClassVar[str] = "epoch"

    epoch: int
    epochs: int
    step: int
    seconds: float
    learning_rate: float
    train: float
    validation: float | None
    metric: float | None
    best_epoch: int
    best: float
    left: float | None


@dataclass(frozen=True, slots=True)
class Ended(Record):
    """Why training ended, and which weights are kept.

    Attributes:
        why: See `Ending`.
        epoch: The last epoch.
        best_epoch: The epoch whose weights are kept; of several members, the middle one. 0: none
            was better than the best constant guess.
        seconds: Of training.
        best_epochs: The same of each member; empty in logs of Madaline 0.1.0.
    """

    kind: ClassVar[str] = "end"

    why: Ending
    epoch: int
    best_epoch: int
    seconds: float
    best_epochs: tuple[int, ...] = ()
