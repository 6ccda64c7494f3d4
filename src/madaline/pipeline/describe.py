"""What a run tells: its events, its summary, and what a model file says of itself. Plain JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madaline.predict.losses import constant_losses
from madaline.prepare.opening import Opening
from madaline.score.curve import Curve
from madaline.score.judge import Judgement
from madaline.settings.recipes import Recipe
from madaline.train.loop import Progress
from madaline.version import __version__


def epoch_event(progress: Progress, index: int, settings: Recipe) -> dict[str, Any]:
    """The ``epoch`` event of one epoch; its best are each member's: mean and middle epoch."""
    history, epochs = progress.history, settings.epochs
    score = history.score[: index + 1]
    best = np.where(np.isfinite(score), score, np.inf).argmin(axis=0)
    train = history.train_loss[index] if _known(history.train_loss[index]) else history.loss[index]
    return {
        "epoch": index + 1,
        "epochs": epochs,
        "step": progress.step * (index + 1) // progress.epoch,
        "seconds": float(history.seconds[index]),
        "learning_rate": float(history.learning_rate[index].mean()),
        "train": float(train.mean()),
        "validation": _number(history.validation_loss[index]),
        "metric": _number(history.validation_metric[index]),
        "best_epoch": _middle(best + 1),
        "best": float(np.take_along_axis(score, best[None], axis=0).mean()),
        "left": _seconds_left(progress, settings),
    }


def _seconds_left(progress: Progress, settings: Recipe) -> float | None:
    """At the pace of the epochs after the first, whose time is mostly compilation."""
    seconds, epochs = progress.history.seconds, settings.epochs
    later = int((seconds > seconds[0]).sum())
    if not later:
        return None
    left = (epochs - progress.epoch) * float(seconds[-1] - seconds[0]) / later
    if settings.time_budget:
        left = min(left, settings.time_budget - progress.seconds)
    return max(0.0, left)


def _known(values: NDArray[Any]) -> bool:
    return not bool(np.isnan(values).any())


def _number(values: NDArray[Any]) -> float | None:
    return float(values.mean()) if _known(values) else None


def curve_of(progress: Progress, settings: Recipe, why: str) -> Curve:
    """The curves as the verdict reads them: means over members."""
    history = progress.history
    known = not np.isnan(history.train_loss).any()
    train = history.train_loss if known else history.loss
    return Curve(
        epochs=np.arange(1, len(history) + 1),
        train=train.mean(axis=1),
        validation=history.validation_loss.mean(axis=1),
        best_epoch=kept_epoch(progress, settings, why),
        epochs_planned=settings.epochs,
        stopped_why=why,
    )


def keeps_best(settings: Recipe, why: str) -> bool:
    """Whether the best epoch's weights are kept; without patience the last ones, unless broken."""
    return settings.patience > 0 or why == "diverged"


def kept_epoch(progress: Progress, settings: Recipe, why: str) -> int:
    """The epoch whose weights are kept; of several members, the middle one."""
    return _middle(np.array(kept_epochs(progress, settings, why)))


def kept_epochs(progress: Progress, settings: Recipe, why: str) -> list[int]:
    """The epoch whose weights are kept, of each member."""
    best = np.asarray(progress.state.best_epoch)
    return (best if keeps_best(settings, why) else np.full_like(best, progress.epoch)).tolist()


def _middle(epochs: NDArray[np.integer]) -> int:
    return int(np.median(epochs))


def network_event(opening: Opening, start_loss: float, fingerprint: str) -> dict[str, Any]:
    """The ``network`` event."""
    problem, settings, prepared = opening.problem, opening.chosen, opening.prepared
    shape, train = problem.architecture, prepared.parts["train"]
    constant = constant_losses(problem.head, problem.first_bias, train.y)
    rates: list[float] = np.asarray(problem.hyper.learning_rate).tolist()
    names = (*shape.activations, shape.output)
    layers = [
        {
            "name": "output" if index == len(shape.hidden) else f"hidden {index + 1}",
            "fan_in": fan_in,
            "fan_out": fan_out,
            "activation": names[index],
            "parameters": fan_in * fan_out + fan_out,
        }
        for index, (fan_in, fan_out) in enumerate(shape.layer_sizes)
    ]
    return {
        "layers": layers,
        "embeddings": [
            {"column": name, "codes": codes, "size": size}
            for name, codes, size in zip(
                prepared.encoder.code_columns, shape.code_sizes, shape.embedding_sizes, strict=True
            )
        ],
        "features": shape.n_inputs,
        "parameters": shape.n_parameters,
        "loss": problem.head.loss,
        "optimizer": settings.optimizer,
        "batch_size": problem.plan.batch_size or train.n_rows,
        "epochs": settings.epochs,
        "calibrated": problem.plan.calibrated and problem.head.classifies,
        "members": settings.members,
        "learning_rate": rates if len(set(rates)) > 1 else rates[0],
        "initializer": settings.initializer,
        "loss_at_start": start_loss,
        "loss_of_constant": float(np.average(constant, weights=train.weight)),
        "fingerprint": fingerprint,
    }


def summarise(
    opening: Opening, progress: Progress, judgement: Judgement, why: str
) -> dict[str, Any]:
    """All final numbers, and the ``scores`` event among them."""
    prepared, settings, part = opening.prepared, opening.chosen, judgement.part
    shape = opening.problem.architecture
    linear = judgement.linear.get(part)
    return {
        "run": None,
        "task": prepared.target.task,
        "target": list(prepared.target.names),
        "rows": {name: p.n_rows for name, p in prepared.parts.items()},
        "features": shape.n_inputs,
        "parameters": shape.n_parameters * settings.members,
        "epochs": progress.epoch,
        "best_epoch": kept_epoch(progress, settings, why),
        "best_epochs": kept_epochs(progress, settings, why),
        "why": why,
        "seconds": progress.seconds,
        "scores": {name: scores.as_dict() for name, scores in judgement.scores.items()},
        "baselines": {
            "part": part,
            "constant": judgement.constant[part].as_dict(),
            "linear": linear.as_dict() if linear else None,
        },
        "verdict": judgement.verdict.as_dict(),
        "scores_event": {
            "part": part,
            "network": judgement.scores[part].as_dict(),
            "constant": judgement.constant[part].as_dict(),
            "linear": linear.as_dict() if linear else None,
            "train": judgement.scores["train"].as_dict(),
        },
    }


def about_model(opening: Opening, summary: dict[str, Any]) -> dict[str, Any]:
    """What a model file says of itself."""
    shown = (
        "task",
        "target",
        "rows",
        "epochs",
        "best_epoch",
        "why",
        "scores",
        "baselines",
        "verdict",
    )
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "task_because": opening.prepared.target.why,
        "settings": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in opening.chosen.as_dict().items()
        },
        "versions": versions(),
        **{name: summary[name] for name in shown},
    }


@cache
def versions() -> dict[str, str]:
    """Of Madaline and of what decides its numbers."""
    others = {name: version(name) for name in ("jax", "jaxlib", "numpy", "optax")}
    return {"madaline": __version__, **others}
