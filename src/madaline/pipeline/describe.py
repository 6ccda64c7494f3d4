"""What a run tells: the records of its events and its summary, what a model file says of itself."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from madaline.events.scores import Scored
from madaline.events.summary import About, Baselines, Summary
from madaline.events.training import Embedding, Ended, Ending, Epoch, Layer, Network
from madaline.nn.architecture import Architecture
from madaline.predict.losses import constant_losses
from madaline.prepare.opening import Opening
from madaline.score.curve import Curve
from madaline.score.judge import Judgement
from madaline.settings.recipes import Recipe
from madaline.train.loop import Progress
from madaline.version import __version__


def epoch_event(progress: Progress, index: int, settings: Recipe) -> Epoch:
    """What is told of one epoch; its best are each member's: mean and middle epoch."""
    history, epochs = progress.history, settings.epochs
    score = history.score[: index + 1]
    best = np.where(np.isfinite(score), score, np.inf).argmin(axis=0)
    train = history.train_loss[index] if _known(history.train_loss[index]) else history.loss[index]
    return Epoch(
        epoch=index + 1,
        epochs=epochs,
        step=progress.step * (index + 1) // progress.epoch,
        seconds=float(history.seconds[index]),
        learning_rate=float(history.learning_rate[index].mean()),
        train=float(train.mean()),
        validation=_number(history.validation_loss[index]),
        metric=_number(history.validation_metric[index]),
        best_epoch=_middle(best + 1),
        best=float(np.take_along_axis(score, best[None], axis=0).mean()),
        left=_seconds_left(progress, settings),
    )


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


def _known(values: np.ndarray) -> bool:
    return not bool(np.isnan(values).any())


def _number(values: np.ndarray) -> float | None:
    return float(values.mean()) if _known(values) else None


def curve_of(progress: Progress, settings: Recipe, why: Ending) -> Curve:
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


def keeps_best(settings: Recipe, why: Ending) -> bool:
    """Whether the best epoch's weights are kept; without patience the last ones, unless broken."""
    return settings.patience > 0 or why == "diverged"


def kept_epoch(progress: Progress, settings: Recipe, why: Ending) -> int:
    """The epoch whose weights are kept; of several members, the middle one."""
    return _middle(np.array(kept_epochs(progress, settings, why)))


def kept_epochs(progress: Progress, settings: Recipe, why: Ending) -> tuple[int, ...]:
    """The epoch whose weights are kept, of each member."""
    best = np.asarray(progress.state.best_epoch)
    kept = best if keeps_best(settings, why) else np.full_like(best, progress.epoch)
    return tuple(kept.tolist())


def _middle(epochs: NDArray[np.integer]) -> int:
    return int(np.median(epochs))


def network_event(opening: Opening, start_loss: float, fingerprint: str) -> Network:
    """What is told of the network before it is trained."""
    problem, settings, prepared = opening.problem, opening.chosen, opening.prepared
    shape, train = problem.architecture, prepared.parts["train"]
    constant = constant_losses(problem.head, problem.first_bias, train.y)
    rates: list[float] = np.asarray(problem.hyper.learning_rate).tolist()
    columns = prepared.encoder.code_columns
    return Network(
        layers=layers_of(shape),
        embeddings=tuple(
            Embedding(name, codes, size)
            for name, codes, size in zip(
                columns, shape.inputs.code_sizes, shape.inputs.embedding_sizes, strict=True
            )
        ),
        features=shape.inputs.n_inputs,
        parameters=shape.n_parameters,
        loss=problem.head.loss,
        optimizer=problem.plan.optimizer,
        batch_size=problem.plan.batch_size or train.n_rows,
        epochs=settings.epochs,
        learning_rate=tuple(rates) if len(set(rates)) > 1 else rates[0],
        initializer=problem.plan.initializer,
        loss_at_start=start_loss,
        loss_of_constant=float(np.average(constant, weights=train.weight)),
        fingerprint=fingerprint,
        calibrated=problem.plan.calibrated and problem.head.classifies,
        members=settings.members,
    )


def layers_of(shape: Architecture) -> tuple[Layer, ...]:
    """The layers of a network, from its inputs to its outputs."""
    names = [f"hidden {place + 1}" for place in range(len(shape.hidden))]
    return tuple(
        Layer(name, fan_in, fan_out, activation, parameters=fan_in * fan_out + fan_out)
        for name, (fan_in, fan_out), activation in zip(
            [*names, "output"], shape.layer_sizes, (*shape.activations, shape.output), strict=True
        )
    )


def scored(summary: Summary) -> Scored:
    """The scores of the network beside its references', on the rows that judge it."""
    beside = summary.baselines
    return Scored(
        beside.part,
        network=summary.scores[beside.part],
        constant=beside.constant,
        linear=beside.linear,
        train=summary.scores["train"],
    )


def ended(summary: Summary) -> Ended:
    """Why training ended."""
    return Ended(
        why=summary.why,
        epoch=summary.epochs,
        best_epoch=summary.best_epoch,
        seconds=summary.seconds,
        best_epochs=summary.best_epochs,
    )


def summarise(opening: Opening, progress: Progress, judgement: Judgement, why: Ending) -> Summary:
    """All final numbers."""
    prepared, settings, part = opening.prepared, opening.chosen, judgement.part
    shape = opening.problem.architecture
    return Summary(
        run=None,
        task=prepared.target.task,
        target=prepared.target.names,
        rows=prepared.summary.split,
        features=shape.inputs.n_inputs,
        parameters=shape.n_parameters * settings.members,
        epochs=progress.epoch,
        best_epoch=kept_epoch(progress, settings, why),
        best_epochs=kept_epochs(progress, settings, why),
        why=why,
        seconds=progress.seconds,
        scores=judgement.scores,
        baselines=Baselines(part, judgement.constant[part], judgement.linear.get(part)),
        verdict=judgement.verdict,
    )


def about_model(opening: Opening, summary: Summary) -> About:
    """What a model file says of itself."""
    return About(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        task_because=opening.prepared.target.why,
        settings=opening.chosen.as_dict(),
        versions=versions(),
        task=summary.task,
        target=summary.target,
        rows=summary.rows,
        epochs=summary.epochs,
        best_epoch=summary.best_epoch,
        why=summary.why,
        scores=summary.scores,
        baselines=summary.baselines,
        verdict=summary.verdict,
    )


@cache
def versions() -> dict[str, str]:
    """Of Madaline and of what decides its numbers."""
    others = {name: version(name) for name in ("jax", "jaxlib", "numpy", "optax")}
    return {"madaline": __version__, **others}
