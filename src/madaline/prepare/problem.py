"""From encoded rows and complete settings to the engine's `Problem`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from madaline.data.split import fold_starts
from madaline.encode.classes import label_text
from madaline.encode.target import TargetCode
from madaline.errors import UsageError
from madaline.nn.architecture import Architecture, Inputs, one_per_layer
from madaline.nn.head import Head, first_bias, make_head
from madaline.predict.losses import constant_losses
from madaline.prepare.parts import Part, Prepared, balanced_class_weights
from madaline.settings.recipes import Recipe
from madaline.settings.table import NUMBERS, Settings, Task
from madaline.train.batches import Check, Rows, steps_per_epoch
from madaline.train.plan import Hyper, Plan, make_hyper, rate_factor, with_extras
from madaline.train.state import Problem

# Training rows that judge an epoch where no validation rows do.
_MOST_TRAIN = 2_000
# Length of the vector that stands for a category (RealMLP, Holzmueller et al. 2024).
_EMBEDDING = 8
# Of all numbers together, and of one below which they are not worth their cost.
_MOST_PIECES, _FEWEST_PIECES = 512, 4


def make_problem(
    prepared: Prepared, settings: Recipe, class_weight: NDArray[np.float64] | None = None
) -> Problem:
    """What is trained on what.

    Args:
        prepared: The encoded parts.
        settings: What is trained.
        class_weight: From `class_weights`.

    Raises:
        UsageError: Settings do not go together.
    """
    code, train = prepared.target, prepared.parts["train"]
    head = head_of(code.task, settings)
    hidden = settings.hidden
    sizes = tuple(prepared.encoder.code_sizes)
    inputs = Inputs(
        len(prepared.encoder.feature_names),
        code_sizes=sizes,
        embedding_sizes=(_EMBEDDING,) * len(sizes),
        n_numbers=prepared.encoder.n_numbers,
        pieces=_pieces(settings.pieces, prepared.encoder.n_numbers),
        scaled=settings.input_scales,
    )
    architecture = Architecture(
        inputs,
        hidden=hidden,
        activations=one_per_layer(settings.activation, len(hidden)),
        n_outputs=code.n_outputs,
        output=head.output,
        parametric=bool(settings.parametric and hidden),
    )
    dtype, members = np.dtype(settings.precision).type, settings.members
    plan, hyper = _plan(settings, prepared, members, dtype)
    weight = train.weighed_by_class(class_weight)
    folds = prepared.n_held_out > 0
    return Problem(
        architecture=architecture,
        head=head,
        plan=plan,
        hyper=hyper,
        train=_rows(train, dtype),
        weight=_spread(weight, members, dtype),
        check=None if folds else _check(prepared, class_weight, members, dtype),
        first_bias=first_bias(head, train.y, weight, code.n_outputs),
        seed=settings.seed,
        n_held=prepared.n_held_out,
    )


def head_of(task: Task, settings: Recipe) -> Head:
    """The head that a recipe names for a task."""
    return make_head(task, settings.loss, level=settings.quantile, delta=settings.huber_delta)


def _pieces(wanted: int, n_numbers: int) -> int:
    """Pieces of each number: fewer where there are many numbers, for all of them are inputs."""
    if not n_numbers or not wanted:
        return 0
    fitting = _MOST_PIECES // n_numbers
    return min(wanted, fitting) if fitting >= _FEWEST_PIECES else 0


def first_score(problem: Problem) -> float:
    """Loss of the first weights, which answer the first bias, on the rows of ``check``."""
    check = problem.check
    if check is None:
        return float("inf")
    by_part = np.asarray(check.weight)[:, :, 0]
    losses = constant_losses(problem.head, problem.first_bias, np.asarray(check.rows.y))
    return float(
        np.average(losses, weights=by_part[:, 1] if by_part[:, 1].any() else by_part[:, 0])
    )


def _plan(
    settings: Recipe, prepared: Prepared, members: int, dtype: type[Any]
) -> tuple[Plan, Hyper]:
    n_held_out, n_all = prepared.n_held_out, prepared.parts["train"].n_rows
    n = n_all - n_held_out
    size = settings.batch_size
    batch = 0 if size == "full" or size >= n else size
    numbers = {name: getattr(settings, name) for name in NUMBERS}
    if settings.scale_from_batch is not None:
        factor = rate_factor(settings.optimizer, batch or n, settings.scale_from_batch)
        numbers["learning_rate"] = np.asarray(settings.learning_rate) * factor
    hyper = make_hyper(
        members,
        dtype=dtype,
        held_from=fold_starts(n_all, members) if n_held_out else 0,
        total_steps=settings.epochs * steps_per_epoch(n, batch),
        **numbers,
    )
    plan = Plan(
        optimizer=settings.optimizer,
        schedule=settings.schedule,
        batch_size=batch,
        shuffle=settings.shuffle,
        shared_batches=not n_held_out,
        initializer=settings.initializer,
        layer_rates=settings.layer_rates,
        fade=settings.fade,
        adaptive_smoothing=settings.adaptive_smoothing,
        calibrated=settings.calibrate,
        folds=n_held_out > 0,
    )
    return with_extras(plan, hyper), hyper


def class_weights(
    prepared: Prepared, settings: Settings, by_label: Mapping[Any, float] | None = None
) -> NDArray[np.float64] | None:
    """``(classes,)`` what rows of each class count in training; None: all alike.

    Args:
        prepared: The encoded parts.
        settings: For ``class_weight``.
        by_label: A weight for each class, by its label; 1 for those that are not named.

    Raises:
        UsageError: A label is no class, a weight makes no sense, or the task has no classes.
    """
    code, train = prepared.target, prepared.parts["train"]
    if by_label is not None:
        return _weights_by_label(code, by_label)
    if settings.class_weight == "balanced":
        return balanced_class_weights(train.y, train.weight, len(code.classes))
    return None


def _weights_by_label(code: TargetCode, by_label: Mapping[Any, float]) -> NDArray[np.float64]:
    if code.task not in ("binary", "multiclass"):
        raise _wrong_weights(
            code, f"class_weight is for classes, and the task is {code.task}.", "Leave it out."
        )
    texts = {_text(label): float(value) for label, value in by_label.items()}
    for label, value in texts.items():
        if label not in code.classes:
            raise _wrong_weights(
                code,
                f"class_weight names {label!r}, which is no class.",
                f"Classes: {', '.join(code.classes)}.",
            )
        if not 0 <= value < np.inf:
            raise _wrong_weights(
                code,
                f"The class_weight of {label!r} is {value:g}.",
                "Weights must be finite and at least 0.",
            )
    found = np.array([texts.get(label, 1.0) for label in code.classes])
    if not found.any():
        raise _wrong_weights(code, "Every class has weight 0.", "Give one a weight above 0.")
    return found


def _wrong_weights(code: TargetCode, what: str, fix: str) -> UsageError:
    return UsageError(what, fix, settings={"class_weight": None}, column=code.names[0])


def _text(label: Any) -> str:
    """A class as the target code spells it."""
    label = label.item() if isinstance(label, np.generic) else label
    return label_text(label) if isinstance(label, int | float) else str(label)


def _rows(part: Part, dtype: type[Any]) -> Rows:
    y = part.y if part.y.dtype.kind == "i" else part.y.astype(dtype)
    return Rows(part.features.x.astype(dtype), part.features.codes, y)


def _spread(weight: NDArray[np.float64], members: int, dtype: type[Any]) -> NDArray[Any]:
    """``(n, m)``: the same weights for every member."""
    return np.broadcast_to(weight.astype(dtype)[:, None], (len(weight), members)).copy()


def _check(
    prepared: Prepared, class_weight: NDArray[np.float64] | None, members: int, dtype: type[Any]
) -> Check:
    """Validation rows, and as many training rows to compare them with on equal terms."""
    train, validation = prepared.parts["train"], prepared.parts["validation"]
    n = min(train.n_rows, validation.n_rows or _MOST_TRAIN)
    sample = train.take(np.linspace(0, train.n_rows - 1, n).astype(np.intp))
    first, second = (
        _spread(part.weighed_by_class(class_weight), members, dtype)
        for part in (sample, validation)
    )
    if not np.any(first):  # a sample of rows that do not count: count them all alike
        first = np.ones_like(first)
    zeros = np.zeros_like(first), np.zeros_like(second)
    weight = np.concatenate([np.stack([first, zeros[0]], 1), np.stack([zeros[1], second], 1)])
    rows = jax.tree.map(
        lambda *leaves: np.concatenate(leaves), _rows(sample, dtype), _rows(validation, dtype)
    )
    return Check(rows, weight)
