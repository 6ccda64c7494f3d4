"""The one table of settings: command-line options, TOML keys and estimator parameters.

Each field of `Settings` is one row: its type and default, and in its metadata the group, the help
text and the choices. ``None`` means "decided by the preset or from the data";
`madaline.settings.recipes` fills it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

from madaline.errors import UsageError, nearest

Task = Literal["binary", "multiclass", "multilabel", "regression"]
TASKS: tuple[Task, ...] = get_args(Task)

PRESETS = ("auto", "classic", "fast", "balanced", "best", "plain")
Activation = Literal[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu",
    "selu", "gelu", "silu", "mish", "softplus",
]  # fmt: skip
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
Initializer = Literal["auto", "data", "glorot", "he", "lecun", "orthogonal"]
INITIALIZERS: tuple[Initializer, ...] = get_args(Initializer)
Loss = Literal[
    "squared", "absolute", "huber", "quantile", "poisson", "binary_cross_entropy", "cross_entropy"
]
LOSSES: tuple[Literal["auto"] | Loss, ...] = ("auto", *get_args(Loss))
Optimizer = Literal["sgd", "momentum", "nesterov", "adam", "adamw", "lbfgs"]
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
LayerRates = Literal["equal", "scaled"]
LAYER_RATES: tuple[LayerRates, ...] = get_args(LayerRates)
Schedule = Literal[
    "constant", "cosine", "cycles", "step", "warmup", "one_cycle", "inverse_scaling", "adaptive"
]
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)

# Numbers that each member may have its own of.
MEMBERWISE = (
    "learning_rate", "weight_decay", "l1", "l2", "dropout", "label_smoothing", "input_noise",
)  # fmt: skip

GROUPS = ("Data", "Model", "Training", "Regularisation", "Run")


def _row(
    default: Any,
    group: str,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    open_low: bool = False,
    estimator: str | None = None,
) -> Any:
    """One row of the table; ``estimator`` is scikit-learn's name where it has one."""
    row = MappingProxyType(
        {
            "group": group,
            "help": help,
            "choices": choices,
            "low": low,
            "high": high,
            "open_low": open_low,
            "estimator": estimator,
        }
    )
    return field(default=default, metadata=row)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every choice of a run. Unset choices are None and are decided by the preset.

    Raises:
        UsageError: A value is outside its range or not among its choices.

    >>> Settings(epochs=5, hidden=(16,)).epochs
    5
    """

    # -- Data
    task: str | None = _row(
        None, "Data", "What to predict; found from the target when not given.", choices=TASKS
    )
    validation: float | str = _row(
        0.1,
        "Data",
        "Share of rows, or a file, that decides when to stop.",
        low=0,
        high=0.9,
        estimator="validation_fraction",
    )
    test: float | str = _row(
        0.15,
        "Data",
        "Share of rows, or a file, that is kept for the final scores.",
        low=0,
        high=0.9,
    )
    group: str | None = _row(
        None, "Data", "Column whose equal values stay in one part of the split."
    )
    time: str | None = _row(
        None,
        "Data",
        "Column to split by, not to learn from: train on the oldest rows, test on the newest.",
    )
    weight: str | None = _row(None, "Data", "Column with the weight of each row.")
    drop: tuple[str, ...] = _row((), "Data", "Columns to leave out, separated by commas.")
    # -- Model
    preset: str = _row(
        "auto",
        "Model",
        "Starting point for all that is not set; 'auto': balanced, or the best that fits into "
        "the time budget.",
        choices=PRESETS,
    )
    hidden: tuple[int, ...] | None = _row(
        None,
        "Model",
        "Widths of the hidden layers, such as 256,256; 'none' is a linear model.",
        low=1,
        high=100_000,
        estimator="hidden_layer_sizes",
    )
    activation: tuple[str, ...] | None = _row(
        None,
        "Model",
        "Activation of the hidden layers: one for all or one a layer.",
        choices=ACTIVATIONS,
        estimator="activation",
    )
    parametric: bool | None = _row(
        None, "Model", "Each hidden unit learns how much of its activation it uses."
    )
    input_scales: bool | None = _row(
        None, "Model", "The first layer learns a scale for each of its inputs."
    )
    pieces: int | None = _row(
        None,
        "Model",
        "Show numbers piece by piece too, cut at so many quantiles, to every second member; 0: to "
        "none.",
        low=0,
        high=1024,
    )
    initializer: str | None = _row(
        None,
        "Model",
        "First weights; 'auto' chooses by the activation, 'data' fits them to the rows too.",
        choices=INITIALIZERS,
    )
    loss: str | None = _row(
        None,
        "Model",
        "What training lowers; 'auto' chooses by the task.",
        choices=LOSSES,
        estimator="loss",
    )
    quantile: float = _row(
        0.5, "Model", "Level of the quantile loss.", low=0, high=1, open_low=True
    )
    huber_delta: float = _row(
        1.0,
        "Model",
        "Where the Huber loss turns linear, in standard deviations of the target.",
        low=0,
        open_low=True,
    )
    # -- Training
    epochs: int | None = _row(
        None,
        "Training",
        "Most passes over the training rows.",
        low=1,
        high=10**9,
        estimator="max_iter",
    )
    batch_size: int | Literal["auto", "full"] | None = _row(
        None,
        "Training",
        "Rows an update: a number, 'auto' or 'full'.",
        low=1,
        estimator="batch_size",
    )
    optimizer: str | None = _row(
        None, "Training", "How gradients become steps.", choices=OPTIMIZERS, estimator="solver"
    )
    learning_rate: float | tuple[float, ...] | None = _row(
        None,
        "Training",
        "Size of the first steps.",
        low=0,
        open_low=True,
        estimator="learning_rate_init",
    )
    momentum: float = _row(
        0.9,
        "Training",
        "Momentum of 'momentum' and 'nesterov'.",
        low=0,
        high=1,
        estimator="momentum",
    )
    beta_1: float = _row(
        0.9, "Training", "Adam: decay of the mean of gradients.", low=0, high=1, estimator="beta_1"
    )
    beta_2: float | None = _row(
        None,
        "Training",
        "Adam: decay of the mean of squared gradients.",
        low=0,
        high=1,
        estimator="beta_2",
    )
    epsilon: float = _row(
        1e-8, "Training", "Adam: added to the root.", low=0, open_low=True, estimator="epsilon"
    )
    schedule: str | None = _row(
        None, "Training", "How the learning rate moves over the epochs.", choices=SCHEDULES
    )
    layer_rates: str | None = _row(
        None,
        "Training",
        "'scaled': the learning rate is that of a weight among 256 inputs; biases and input scales "
        "learn faster, wider layers more slowly.",
        choices=LAYER_RATES,
    )
    warmup: float = _row(
        0.05,
        "Training",
        "Share of all steps in which 'warmup' and 'one_cycle' rise.",
        low=0,
        high=1,
    )
    decay_power: float = _row(
        0.5,
        "Training",
        "Exponent of 'inverse_scaling': the rate falls as rows seen to this power.",
        low=0,
        estimator="power_t",
    )
    shuffle: bool = _row(
        True,
        "Training",
        "Deal the rows in a new order in each epoch; false: as they are.",
        estimator="shuffle",
    )
    scale_from_batch: int | None = _row(
        None,
        "Training",
        "Batch size the learning rate was meant for: rescale it, by k (SGD) or root k (Adam).",
        low=1,
    )
    folds: bool | None = _row(
        None,
        "Training",
        "Each member holds out other rows for validation instead of all the same; not with groups, "
        "time or a validation file.",
    )
    calibrate: bool | None = _row(
        None,
        "Training",
        "Compare epochs at the temperature that suits each best, and give the network the last one "
        "(classes).",
    )
    patience: int | None = _row(
        None,
        "Training",
        "Epochs without progress before stopping with the best weights; 0 keeps the last. With "
        "the schedule 'cycles' classifiers also stop after a third cycle without progress.",
        low=0,
        high=2**31 - 1,
        estimator="n_iter_no_change",
    )
    tolerance: float = _row(
        0.0,
        "Training",
        "How much lower the validation loss must be to count as better.",
        low=0,
        estimator="tol",
    )
    gradient_tolerance: float = _row(
        1e-4,
        "Training",
        "L-BFGS has converged when no slope of the loss is steeper.",
        low=0,
    )
    max_evaluations: int = _row(
        15_000,
        "Training",
        "Most evaluations of the loss by L-BFGS.",
        low=1,
        high=2**31 - 1,
        estimator="max_fun",
    )
    time_budget: float | None = _row(
        None, "Training", "Seconds after which training stops.", low=0, open_low=True
    )
    members: int | None = _row(
        None,
        "Training",
        "Networks trained as one and averaged. Rate, decay, penalties, dropout, smoothing and "
        "noise may be a list, one a member.",
        low=1,
        high=1024,
    )
    # -- Regularisation
    weight_decay: float | tuple[float, ...] | None = _row(
        None,
        "Regularisation",
        "Decoupled weight decay of AdamW, a step and unit of learning rate.",
        low=0,
    )
    l1: float | tuple[float, ...] = _row(
        0.0, "Regularisation", "Penalty on the sum of absolute weights.", low=0
    )
    l2: float | tuple[float, ...] = _row(
        0.0,
        "Regularisation",
        "Penalty on half the sum of squared weights.",
        low=0,
    )
    lp: float = _row(
        0.0,
        "Regularisation",
        "Penalty on the sum of absolute weights to the power of lp_order.",
        low=0,
    )
    lp_order: float = _row(1.5, "Regularisation", "The p of the L^p penalty.", low=1)
    dropout: float | tuple[float, ...] | None = _row(
        None, "Regularisation", "Share of hidden units switched off in each step.", low=0, high=0.95
    )
    fade: bool | None = _row(
        None,
        "Regularisation",
        "Let weight decay and dropout fade to nothing in the second half of the training.",
    )
    label_smoothing: float | tuple[float, ...] | None = _row(
        None, "Regularisation", "Share of each label spread over all classes.", low=0, high=0.95
    )
    adaptive_smoothing: bool | None = _row(
        None,
        "Regularisation",
        "Smooth labels only as far as held-out rows are told apart; at a loss above 0.3 not.",
    )
    input_noise: float | tuple[float, ...] = _row(
        0.0, "Regularisation", "Standard deviation of noise added to numeric features.", low=0
    )
    class_weight: str | None = _row(
        None,
        "Regularisation",
        "'balanced' weighs each class by the inverse of its share.",
        choices=("balanced",),
    )
    # -- Run
    seed: int = _row(
        0, "Run", "One seed, one result.", low=0, high=2**31 - 1, estimator="random_state"
    )
    precision: str | None = _row(
        None,
        "Run",
        "Arithmetic of the training; float64 for up to 300 rows and for L-BFGS, else float32.",
        choices=("float32", "float64"),
    )

    def __post_init__(self) -> None:
        for row in fields(self):
            _check(row.name, getattr(self, row.name), row.metadata)

    def as_dict(self) -> dict[str, Any]:
        """Every setting by name."""
        return {row.name: getattr(self, row.name) for row in fields(self)}

    def mean_over_members(self) -> dict[str, Any]:
        """Every setting by name; of numbers that are one a member, their mean.

        >>> Settings(dropout=(0.1, 0.3)).mean_over_members()["dropout"]
        0.2
        """
        values = self.as_dict()
        own = {name: values[name] for name in MEMBERWISE if isinstance(values[name], tuple)}
        return values | {name: sum(numbers) / len(numbers) for name, numbers in own.items()}


def _check(name: str, value: Any, row: Mapping[str, Any]) -> None:
    choices: tuple[str, ...] = row["choices"]
    items = cast("tuple[Any, ...]", value) if isinstance(value, tuple) else (value,)
    for item in items:
        if isinstance(item, str) and choices and item not in choices:
            raise UsageError(
                f"{name} = {item!r} is not known.", nearest(item, choices), settings={name: None}
            )
        if isinstance(item, bool) or not isinstance(item, int | float):
            continue
        low, high = row["low"], row["high"]
        if (
            item != item
            or (low is not None and (item <= low if row["open_low"] else item < low))
            or (high is not None and item > high)
        ):
            start = "above" if row["open_low"] else "at least"
            bounds = [f"{start} {low:g}"] if low is not None else []
            bounds += [f"at most {high:g}"] if high is not None else []
            raise UsageError(
                f"{name} = {item!r} is out of range.",
                f"It must be {' and '.join(bounds)}.",
                settings={name: None},
            )
