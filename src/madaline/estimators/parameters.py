"""scikit-learn's parameters become Madaline's settings: the same meaning under other names.

What scikit-learn counts otherwise is converted here:

- ``alpha`` is divided by the rows of a batch when scikit-learn adds its penalty to the loss. Its
  squared error is halved and summed over the outputs; Madaline's is neither. `l2` and the rate of
  gradient descent are scaled to give the same step. (Adam's step does not depend on the scale.)
- ``n_iter_no_change=k`` stops after the epoch that is the (k + 1)-th in a row without progress.
- ``solver="sgd"`` has momentum, Nesterov's unless switched off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, cast

import numpy as np

from madaline.errors import DataError, UsageError, nearest
from madaline.settings.recipes import Recipe, complete
from madaline.settings.row import Row
from madaline.settings.table import ACTIVATIONS, LAYER_RATES, LOSSES, ROWS, Settings, accepted
from madaline.settings.values import take_value

# scikit-learn's name -> the setting's, where they differ and the value is the same.
RENAMED: dict[str, str] = {row.estimator: name for name, row in ROWS.items() if row.estimator}
# scikit-learn's words for values -> the setting's, where they differ.
WORDS = {
    "logistic": "sigmoid",
    "squared_error": "squared",
    "absolute_error": "absolute",
    "invscaling": "inverse_scaling",
}
_SOLVERS = ("lbfgs", "sgd", "adam", "adamw", "momentum", "nesterov")
_RATES = (
    "constant", "invscaling", "adaptive", "cosine", "cycles", "step", "warmup", "one_cycle",
)  # fmt: skip
_DESCENT = ("sgd", "momentum", "nesterov")
# Without held-out rows training stops by its own loss, as scikit-learn's does by default.
_TOLERANCE, _NO_CHANGE = 1e-4, 10
# Fewer rows cannot spare any. From here on held-out ones pay: with 100 rows of 14 tables, a network
# trained on all of them to the end has 4 % fewer wrong labels, but twice the log loss and 8 % more
# root mean squared error (two seeds).
HOLD_OUT_FROM = 60
# "Never": more epochs than anyone trains.
_NEVER = 2**31 - 2

# Parameters by what they take; those that take more or are no settings are named.
_PARAMETERS = {row.estimator or name: name for name, row in ROWS.items()}
_KINDS = {name: accepted(setting) for name, setting in _PARAMETERS.items()}
_CHECKED_ELSEWHERE = ("batch_size", "random_state")
_WHOLE = (
    *(name for name, kinds in _KINDS.items() if int in kinds and name not in _CHECKED_ELSEWHERE),
    "tune",
)
_NUMBERS = (*(name for name, kinds in _KINDS.items() if float in kinds), "alpha")
_FLAGS = (*(name for name, kinds in _KINDS.items() if bool in kinds), "warm_start",
          "nesterovs_momentum")  # fmt: skip
_RANGES = {name: ROWS[setting] for name, setting in _PARAMETERS.items()} | {
    "alpha": Row("Regularisation", "", low=0),
    "n_iter_no_change": replace(ROWS["patience"], low=1),
    "tune": Row("Run", "", low=2),
}


@dataclass(frozen=True)
class Shape:
    """What the translation needs to know of the rows.

    Attributes:
        n: Rows of ``X``.
        mean_weight: Mean of their weights.
        n_outputs: Outputs of the network.
        task: What is predicted.
        own_validation: Whether ``X_val`` is given.
    """

    n: int
    mean_weight: float
    n_outputs: int
    task: str
    own_validation: bool = False


def holds_out(given: Mapping[str, Any], shape: Shape) -> bool:
    """Whether rows decide when to stop that are not trained on."""
    if shape.own_validation:
        return True
    if given["solver"] == "lbfgs":
        return False
    chosen = given["early_stopping"]
    if chosen in (None, "auto"):  # whoever chooses a solver gets scikit-learn's default: False
        return given["solver"] is None and shape.n >= HOLD_OUT_FROM
    return bool(chosen)


def settings_of(given: Mapping[str, Any], shape: Shape, owner: str) -> Settings:
    """The settings that an estimator's parameters mean for these rows.

    Args:
        given: `get_params` of an estimator, its seed already drawn.
        shape: Of the rows they are trained on.
        owner: Name of the estimator, for messages.

    Raises:
        UsageError: A parameter is not known or out of range; under scikit-learn's name.
        DataError: Too few rows to hold any out.
    """
    check_parameters(given, owner)
    held_out = holds_out(given, shape)
    chosen = _renamed(given) | _optimizer(given) | _loss(given)
    chosen |= {"test": 0.0, "task": shape.task, "seed": given["random_state"]}
    chosen["validation"] = chosen["validation"] if held_out and not shape.own_validation else 0.0
    chosen |= _stopping(given, held_out)
    settings = Settings(**chosen)
    n_train = train_rows(settings, shape.n)
    n_held_out = shape.n - n_train
    if settings.validation and n_held_out < 2:
        raise DataError(
            f"The validation set is too small: {n_held_out} of {shape.n} rows. Increase "
            "'validation_fraction' or the size of your dataset.",
            "Or set early_stopping=False.",
        )
    full = complete(settings, n_train, shape.task, held_out=held_out)
    return _scaled(settings, full, given, shape, n_train)


def train_rows(settings: Settings, n_rows: int) -> int:
    """Rows that are left to train on when the held-out share is taken."""
    return n_rows - round(n_rows * float(settings.validation))


def check_parameters(given: Mapping[str, Any], owner: str) -> None:
    """Types, ranges and choices, under the names that a person typed.

    Raises:
        UsageError: Names the parameter, what it may be, and what it is.
    """
    for name in (*_WHOLE, *_NUMBERS):
        if given.get(name) is not None:
            _check_number(name, given[name], owner)
    for name in _FLAGS:
        _check_flag(name, given, owner)
    if given["early_stopping"] not in (None, "auto", True, False):
        raise _wrong("early_stopping", owner, "'auto', True or False", given["early_stopping"])
    size = given["batch_size"]
    if not (size is None or size in ("auto", "full") or _is_whole(size, 1)):
        raise _wrong("batch_size", owner, "a whole number of at least 1, 'auto' or 'full'", size)
    widths = given["hidden_layer_sizes"]
    if widths is not None and not all(_is_whole(width, 1) for width in _tuple(widths)):
        raise UsageError(f"hidden_layer_sizes must be > 0, got {widths!r}.", "Give whole numbers.")
    weight = given.get("class_weight")
    if not isinstance(weight, str | Mapping | None):
        raise _wrong("class_weight", owner, "'balanced' or a weight for each label", weight)
    _check_choice("activation", given, owner, ("logistic", *ACTIVATIONS))
    _check_choice("solver", given, owner, _SOLVERS)
    _check_choice("learning_rate", given, owner, _RATES)
    _check_choice("layer_rates", given, owner, LAYER_RATES)
    _check_choice("loss", given, owner, ("squared_error", "absolute_error", *LOSSES))


def _check_flag(name: str, given: Mapping[str, Any], owner: str) -> None:
    is_open = name in _PARAMETERS and getattr(Settings, _PARAMETERS[name]) is None
    value = given.get(name, None if is_open else False)
    if not isinstance(value, bool | np.bool_) and not (is_open and value is None):
        raise _wrong(name, owner, "True, False or None" if is_open else "True or False", value)


def _check_number(name: str, value: Any, owner: str) -> None:
    never = name == "n_iter_no_change" and value == np.inf
    kind = Integral if name in _WHOLE else Real
    right = isinstance(value, kind) and not isinstance(value, bool | np.bool_)
    if not never and not (right and _RANGES[name].holds(float(value))):
        words, range_ = "a whole number" if name in _WHOLE else "a number", _RANGES[name].range()
        raise _wrong(name, owner, f"{words} {range_}".replace(" at least", " of at least"), value)


def _check_choice(name: str, given: Mapping[str, Any], owner: str, known: tuple[str, ...]) -> None:
    for value in _tuple(given.get(name)):
        if value is not None and value not in known:
            raise UsageError(
                f"The {name!r} parameter of {owner} must be one of {', '.join(known)}. "
                f"Got {value!r} instead.",
                nearest(str(value), known) if isinstance(value, str) else "",
            )


def _wrong(name: str, owner: str, expected: str, value: Any) -> UsageError:
    return UsageError(f"The {name!r} parameter of {owner} must be {expected}. Got {value!r}.")


def _is_whole(value: Any, low: int) -> bool:
    return isinstance(value, Integral) and value is not True and int(value) >= low


def _renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are settings as they are."""
    known = {*ROWS} - {"loss", "optimizer", "patience", "tolerance"}
    chosen: dict[str, Any] = {}
    for name, value in given.items():
        setting = RENAMED.get(name, name)
        if setting in known and name not in ("learning_rate", "class_weight") and value is not None:
            chosen[setting] = value
    if given["solver"] == "lbfgs":  # it takes all rows at once; scikit-learn says nothing of it
        chosen.pop("batch_size", None)
    for name in ("hidden", "activation"):
        if name in chosen:
            chosen[name] = tuple(WORDS.get(item, item) for item in _tuple(chosen[name]))
    by_class = given.get("class_weight")
    if isinstance(by_class, str):
        chosen["class_weight"] = by_class
    return {name: take_value(name, value) for name, value in chosen.items()}


def _optimizer(given: Mapping[str, Any]) -> dict[str, Any]:
    solver, schedule = given["solver"], given["learning_rate"]
    chosen: dict[str, Any] = {}
    if solver == "sgd" and given["momentum"] > 0:
        chosen["optimizer"] = "nesterov" if given["nesterovs_momentum"] else "momentum"
    elif solver is not None:
        chosen["optimizer"] = solver
    elif given["alpha"] is not None and given["weight_decay"] is None:
        chosen["weight_decay"] = 0.0  # alpha stands for all of the decay
    # scikit-learn's schedules are for gradient descent alone.
    looks_back = schedule in ("invscaling", "adaptive")
    if schedule is not None and (chosen.get("optimizer") in _DESCENT or not looks_back):
        chosen["schedule"] = WORDS.get(schedule, schedule)
    return chosen


def _loss(given: Mapping[str, Any]) -> dict[str, Any]:
    loss = given.get("loss")
    return {} if loss is None else {"loss": WORDS.get(loss, loss)}


def _stopping(given: Mapping[str, Any], held_out: bool) -> dict[str, Any]:
    tolerance, no_change = given["tol"], given["n_iter_no_change"]
    if given["solver"] == "lbfgs":
        slope = {} if tolerance is None else {"gradient_tolerance": float(tolerance)}
        return {"patience": 0 if not held_out else _patience(no_change), **slope}
    if tolerance is None:
        tolerance = 0.0 if held_out else _TOLERANCE
    if no_change is None and held_out:
        return {"tolerance": float(tolerance)}  # the preset's patience
    return {"tolerance": float(tolerance), "patience": _patience(no_change)}


def _patience(no_change: Any) -> int:
    if no_change is None:
        return _NO_CHANGE + 1
    return _NEVER if no_change == np.inf else int(no_change) + 1


def _scaled(
    settings: Settings, full: Recipe, given: Mapping[str, Any], shape: Shape, n_train: int
) -> Settings:
    """Penalty and rate in Madaline's loss, see the top of the file."""
    halves = 2.0 if shape.task == "regression" and full.loss in ("auto", "squared") else 1.0
    if given["alpha"] is not None:
        size = n_train if full.batch_size == "full" else min(full.batch_size, n_train)
        share = size * shape.mean_weight * shape.n_outputs
        l2 = cast("float", settings.l2) + float(given["alpha"]) * halves / max(share, 1e-300)
        settings = replace(settings, l2=l2)
    if full.optimizer in _DESCENT and given["learning_rate_init"] is not None:
        rate = float(given["learning_rate_init"]) * shape.n_outputs / halves
        settings = replace(settings, learning_rate=rate)
    return settings


def _tuple(value: Any) -> tuple[Any, ...]:
    if isinstance(value, list | tuple | np.ndarray):
        return tuple(value.tolist() if isinstance(value, np.ndarray) else value)
    return (value,)
