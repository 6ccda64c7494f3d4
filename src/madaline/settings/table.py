"""The one table of settings: command-line options, TOML keys and estimator parameters.

Each field of `Settings` is one row: its type and default, and in its metadata a `Row` with all else
that other rooms need to know of it. ``None`` means "decided by the preset or from the data";
`madaline.settings.recipes` fills it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from madaline.settings.row import Row, check, setting

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

GROUPS = ("Data", "Model", "Training", "Regularisation", "Run")


_ADAM = ("optimizer", ("adamw", "adam"))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every choice of a run. Unset choices are None and are decided by the preset.

    Raises:
        UsageError: A value is outside its range or not among its choices.

    >>> Settings(epochs=5, hidden=(16,)).epochs
    5
    """

    # -- Data
    task: str | None = setting(
        None, "Data", "What to predict; found from the target when not given.", choices=TASKS
    )
    validation: float | str = setting(
        0.1,
        "Data",
        "Share of rows, or a file, that decides when to stop.",
        low=0,
        high=0.9,
        estimator="validation_fraction",
    )
    test: float | str = setting(
        0.15,
        "Data",
        "Share of rows, or a file, that is kept for the final scores.",
        low=0,
        high=0.9,
    )
    group: str | None = setting(
        None, "Data", "Column whose equal values stay in one part of the split."
    )
    time: str | None = setting(
        None,
        "Data",
        "Column to split by, not to learn from: train on the oldest rows, test on the newest.",
    )
    weight: str | None = setting(None, "Data", "Column with the weight of each row.")
    drop: tuple[str, ...] = setting((), "Data", "Columns to leave out, separated by commas.")
    # -- Model
    preset: str = setting(
        "auto",
        "Model",
        "Starting point for all that is not set; 'auto': balanced, or the best that fits into "
        "the time budget.",
        choices=PRESETS,
    )
    hidden: tuple[int, ...] | None = setting(
        None,
        "Model",
        "Widths of the hidden layers, such as 256,256; 'none' is a linear model.",
        low=1,
        high=100_000,
        estimator="hidden_layer_sizes",
        role="program",
        searched=True,
    )
    activation: tuple[str, ...] | None = setting(
        None,
        "Model",
        "Activation of the hidden layers: one for all or one a layer.",
        choices=ACTIVATIONS,
        estimator="activation",
        role="program",
        searched=True,
    )
    parametric: bool | None = setting(
        None,
        "Model",
        "Each hidden unit learns how much of its activation it uses.",
        role="program",
        searched=True,
    )
    input_scales: bool | None = setting(
        None,
        "Model",
        "The first layer learns a scale for each of its inputs.",
        role="program",
        searched=True,
    )
    pieces: int | None = setting(
        None,
        "Model",
        "Show numbers piece by piece too, cut at so many quantiles, to every second member; 0: to "
        "none.",
        low=0,
        high=1024,
        role="program",
        searched=True,
    )
    initializer: str | None = setting(
        None,
        "Model",
        "First weights; 'auto' chooses by the activation, 'data' fits them to the rows too.",
        choices=INITIALIZERS,
        role="program",
        searched=True,
    )
    loss: str | None = setting(
        None,
        "Model",
        "What training lowers; 'auto' chooses by the task.",
        choices=LOSSES,
        estimator="loss",
        role="program",
    )
    quantile: float = setting(
        0.5,
        "Model",
        "Level of the quantile loss.",
        low=0,
        high=1,
        open_low=True,
        role="program",
        needs=("loss", ("quantile",)),
    )
    huber_delta: float = setting(
        1.0,
        "Model",
        "Where the Huber loss turns linear, in standard deviations of the target.",
        low=0,
        open_low=True,
        role="program",
        needs=("loss", ("huber",)),
    )
    # -- Training
    epochs: int | None = setting(
        None,
        "Training",
        "Most passes over the training rows.",
        low=1,
        high=10**9,
        estimator="max_iter",
    )
    batch_size: int | Literal["auto", "full"] | None = setting(
        None,
        "Training",
        "Rows an update: a number, 'auto' or 'full'.",
        low=1,
        estimator="batch_size",
        role="program",
        searched=True,
    )
    optimizer: str | None = setting(
        None,
        "Training",
        "How gradients become steps.",
        choices=OPTIMIZERS,
        estimator="solver",
        role="program",
    )
    learning_rate: float | tuple[float, ...] | None = setting(
        None,
        "Training",
        "Size of the first steps.",
        low=0,
        open_low=True,
        estimator="learning_rate_init",
        role="number",
        searched=True,
        needs=("optimizer", ("adamw", "adam", "nesterov", "momentum", "sgd")),
    )
    momentum: float = setting(
        0.9,
        "Training",
        "Momentum of 'momentum' and 'nesterov'.",
        low=0,
        high=1,
        estimator="momentum",
        role="number",
        searched=True,
        needs=("optimizer", ("momentum", "nesterov")),
    )
    beta_1: float = setting(
        0.9,
        "Training",
        "Adam: decay of the mean of gradients.",
        low=0,
        high=1,
        estimator="beta_1",
        role="number",
        searched=True,
        needs=_ADAM,
    )
    beta_2: float | None = setting(
        None,
        "Training",
        "Adam: decay of the mean of squared gradients.",
        low=0,
        high=1,
        estimator="beta_2",
        role="number",
        searched=True,
        needs=_ADAM,
    )
    epsilon: float = setting(
        1e-8,
        "Training",
        "Adam: added to the root.",
        low=0,
        open_low=True,
        estimator="epsilon",
        role="number",
        searched=True,
        needs=_ADAM,
    )
    schedule: str | None = setting(
        None,
        "Training",
        "How the learning rate moves over the epochs.",
        choices=SCHEDULES,
        role="program",
        searched=True,
    )
    layer_rates: str | None = setting(
        None,
        "Training",
        "'scaled': the learning rate is that of a weight among 256 inputs; biases and input scales "
        "learn faster, wider layers more slowly.",
        choices=LAYER_RATES,
        role="program",
        searched=True,
    )
    warmup: float = setting(
        0.05,
        "Training",
        "Share of all steps in which 'warmup' and 'one_cycle' rise.",
        low=0,
        high=1,
        role="number",
        searched=True,
        needs=("schedule", ("warmup", "one_cycle")),
    )
    decay_power: float = setting(
        0.5,
        "Training",
        "Exponent of 'inverse_scaling': the rate falls as rows seen to this power.",
        low=0,
        estimator="power_t",
        role="number",
        searched=True,
        needs=("schedule", ("inverse_scaling",)),
    )
    shuffle: bool = setting(
        True,
        "Training",
        "Deal the rows in a new order in each epoch; false: as they are.",
        estimator="shuffle",
        role="program",
        searched=True,
    )
    scale_from_batch: int | None = setting(
        None,
        "Training",
        "Batch size the learning rate was meant for: rescale it, by k (SGD) or root k (Adam).",
        low=1,
    )
    folds: bool | None = setting(
        None,
        "Training",
        "Each member holds out other rows for validation instead of all the same; not with groups, "
        "time or a validation file.",
        role="program",
    )
    calibrate: bool | None = setting(
        None,
        "Training",
        "Compare epochs at the temperature that suits each best, and give the network the last one "
        "(classes).",
        role="program",
    )
    patience: int | None = setting(
        None,
        "Training",
        "Epochs without progress before stopping with the best weights; 0 keeps the last. With "
        "the schedule 'cycles' classifiers also stop after a third cycle without progress.",
        low=0,
        high=2**31 - 1,
        estimator="n_iter_no_change",
        role="number",
    )
    tolerance: float = setting(
        0.0,
        "Training",
        "How much lower the validation loss must be to count as better.",
        low=0,
        estimator="tol",
        role="number",
    )
    gradient_tolerance: float = setting(
        1e-4,
        "Training",
        "L-BFGS has converged when no slope of the loss is steeper.",
        low=0,
        role="number",
        needs=("optimizer", ("lbfgs",)),
    )
    max_evaluations: int = setting(
        15_000,
        "Training",
        "Most evaluations of the loss by L-BFGS.",
        low=1,
        high=2**31 - 1,
        estimator="max_fun",
        role="number",
        needs=("optimizer", ("lbfgs",)),
    )
    time_budget: float | None = setting(
        None, "Training", "Seconds after which training stops.", low=0, open_low=True
    )
    members: int | None = setting(
        None,
        "Training",
        "Networks trained as one and averaged. Rate, decay, penalties, dropout, smoothing and "
        "noise may be a list, one a member.",
        low=1,
        high=1024,
        role="program",
    )
    # -- Regularisation
    weight_decay: float | tuple[float, ...] | None = setting(
        None,
        "Regularisation",
        "Decoupled weight decay of AdamW, a step and unit of learning rate.",
        low=0,
        role="number",
        searched=True,
    )
    l1: float | tuple[float, ...] = setting(
        0.0,
        "Regularisation",
        "Penalty on the sum of absolute weights.",
        low=0,
        role="number",
        searched=True,
    )
    l2: float | tuple[float, ...] = setting(
        0.0,
        "Regularisation",
        "Penalty on half the sum of squared weights.",
        low=0,
        role="number",
        searched=True,
    )
    lp: float = setting(
        0.0,
        "Regularisation",
        "Penalty on the sum of absolute weights to the power of lp_order.",
        low=0,
        role="number",
        searched=True,
    )
    lp_order: float = setting(
        1.5,
        "Regularisation",
        "The p of the L^p penalty.",
        low=1,
        role="number",
        searched=True,
        needs=("lp", ()),
    )
    dropout: float | tuple[float, ...] | None = setting(
        None,
        "Regularisation",
        "Share of hidden units switched off in each step.",
        low=0,
        high=0.95,
        role="number",
        searched=True,
        needs=("hidden", ()),
    )
    fade: bool | None = setting(
        None,
        "Regularisation",
        "Let weight decay and dropout fade to nothing in the second half of the training.",
        role="program",
        searched=True,
    )
    label_smoothing: float | tuple[float, ...] | None = setting(
        None,
        "Regularisation",
        "Share of each label spread over all classes.",
        low=0,
        high=0.95,
        role="number",
        searched=True,
        needs=("task", ("binary", "multiclass", "multilabel")),
    )
    adaptive_smoothing: bool | None = setting(
        None,
        "Regularisation",
        "Smooth labels only as far as held-out rows are told apart; at a loss above 0.3 not.",
        role="program",
    )
    input_noise: float | tuple[float, ...] = setting(
        0.0,
        "Regularisation",
        "Standard deviation of noise added to numeric features.",
        low=0,
        role="number",
        searched=True,
    )
    class_weight: str | None = setting(
        None,
        "Regularisation",
        "'balanced' weighs each class by the inverse of its share.",
        choices=("balanced",),
    )
    # -- Run
    seed: int = setting(
        0, "Run", "One seed, one result.", low=0, high=2**31 - 1, estimator="random_state"
    )
    precision: str | None = setting(
        None,
        "Run",
        "Arithmetic of the training; float64 for up to 300 rows and for L-BFGS, else float32.",
        choices=("float32", "float64"),
        role="program",
    )

    def __post_init__(self) -> None:
        for name, facts in ROWS.items():
            check(name, getattr(self, name), facts)

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


ROWS: Mapping[str, Row] = MappingProxyType(
    {known.name: known.metadata["row"] for known in fields(Settings)}
)
SETTING_NAMES = tuple(ROWS)
_TYPES = get_type_hints(Settings)


def accepted(name: str) -> tuple[Any, ...]:
    """The types that a setting accepts besides None, such as ``(int, Literal["auto", "full"])``.

    >>> accepted("validation")
    (<class 'float'>, <class 'str'>)
    """
    hint = _TYPES[name]
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(member for member in members if member is not type(None))


NUMBERS = tuple(name for name, facts in ROWS.items() if facts.role == "number")
# Numbers that each member may have its own of.
MEMBERWISE = tuple(name for name in NUMBERS if tuple[float, ...] in accepted(name))
