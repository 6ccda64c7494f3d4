"""THE WHOLE JOURNEY ON ONE PAGE: a table comes in, a trained and judged network goes out.

`run` calls, in this order: `madaline.prepare` (split, check, encode), `madaline.recipes` (what the
person left open), `madaline.train` (the loop), `madaline.judge` (scores, references, verdict). It
touches no disk; whoever watches may write down what it tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import Table
from madaline.describe import (
    about_model,
    chosen,
    curve_of,
    epoch_event,
    keeps_best,
    network_event,
    summarise,
)
from madaline.diagnose.scores import Scores
from madaline.diagnose.verdict import Verdict
from madaline.errors import DivergedError, UsageError
from madaline.judge import judge, mean_loss
from madaline.nn.architecture import Architecture
from madaline.nn.mlp import MLP
from madaline.predictor import Predictor
from madaline.prepare import Prepared, prepare
from madaline.problem import class_say, first_score, make_problem
from madaline.recipes import complete, refuse_idle
from madaline.settings import Settings
from madaline.train.history import History
from madaline.train.loop import Progress, init_state, train_epochs
from madaline.train.state import Problem, TrainState, restored


class Watch(Protocol):
    """Whoever looks on while a run goes its way."""

    def event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Something happened: data, network, epoch, note, warn, scores, verdict, end."""

    def progress(self, progress: Progress) -> str | bool | None:
        """After each chunk of epochs; True or a reason such as "interrupted" ends the training."""


@dataclass(frozen=True, eq=False)
class Resume:
    """Where an earlier run of the same settings on the same data stood."""

    state: Mapping[str, NDArray[Any]]
    history: History
    fingerprint: str


@dataclass(frozen=True, eq=False)
class Run:
    """What is studied; its ``predictor`` is what is shipped.

    Attributes:
        predictor: From a table to answers.
        settings: Complete: nothing is left open.
        history: Curves, ``(epochs, members)``.
        scores: Of the network, by part.
        verdict: What to think of it.
        why: Why training ended: done, stopped_early, time, stopped, interrupted or diverged.
        summary: All final numbers as plain JSON.
        folder: Where it was written, if anywhere.
    """

    predictor: Predictor
    settings: Settings
    history: History
    scores: Mapping[str, Scores]
    verdict: Verdict
    why: str
    summary: dict[str, Any]
    folder: Path | None = None


def run(
    table: Table,
    target: tuple[str, ...],
    settings: Settings,
    *,
    validation: Table | None = None,
    test: Table | None = None,
    weight: NDArray[np.float64] | None = None,
    class_weight: Mapping[Any, float] | None = None,
    watch: Watch | None = None,
    resume: Resume | None = None,
    strict: bool = True,
) -> Run:
    """Train a network on a table and judge it.

    Args:
        table: Features and targets.
        target: Names of the target columns.
        settings: A person's choices.
        validation: Rows of an own validation set.
        test: Rows of an own test set.
        weight: ``(n,)`` row weights, instead of a column.
        class_weight: A weight for each class, by its label.
        watch: Looks on, and may stop it.
        resume: Goes on from there; the result is that of the unbroken run, bit for bit.
        strict: Refuse choices that would change nothing, such as a momentum for Adam.

    Raises:
        DataError: The table does not allow the task.
        UsageError: Settings do not go together.
        DivergedError: Training broke before any epoch with finite numbers.

    >>> from madaline.data.samples import load_sample
    >>> iris = load_sample("iris")
    >>> result = run(iris.table, (iris.target,), Settings(epochs=5))
    >>> len(result.history), result.predictor.predict(iris.table)[:2].tolist()
    (5, ['setosa', 'setosa'])
    """
    tell = watch.event if watch else _ignore
    prepared = prepare(table, target, settings, validation=validation, test=test, weight=weight)
    tell("data", prepared.summary)
    sizes = {name: part.n_rows for name, part in prepared.parts.items()}
    given = settings
    settings = complete(given, sizes["train"], held_out=sizes["validation"] > 0)
    if strict:
        refuse_idle(given, settings, prepared.target.task)
    say = class_say(prepared, settings, class_weight)
    problem, bias = make_problem(prepared, settings, say)
    state, history = init_state(problem, bias, first_score(problem, bias)), None
    start_loss = mean_loss(
        problem.architecture, _weights(state.model), problem.head, prepared.parts["train"]
    )
    fingerprint = prepared.fingerprint()
    tell("network", network_event(problem, settings, prepared, bias, start_loss, fingerprint))
    if resume is not None:
        if resume.fingerprint != fingerprint:
            raise UsageError(
                "The data is not what the run began with: its rows, columns or classes differ.",
                "Resume with the same file, or start a new run.",
            )
        state, history = restored(state, resume.state), resume.history
    progress, why = _train(problem, state, history, settings, watch)
    network = _best(progress, settings, why)
    predictor = _predictor(prepared, problem.architecture, network)
    curve = curve_of(progress, settings, why)
    judgement = judge(
        predictor, problem.head, prepared, bias, curve, chosen(settings), start_loss, say
    )
    summary = summarise(prepared, problem, settings, progress, judgement, why)
    tell("scores", summary["scores_event"])
    tell("verdict", judgement.verdict.as_dict())
    end = {name: summary[name] for name in ("why", "epochs", "best_epoch", "seconds")}
    tell("end", {"epoch": end.pop("epochs"), **end})
    del summary["scores_event"]
    about = about_model(prepared, settings, summary)
    return Run(
        predictor=_predictor(prepared, problem.architecture, network, about),
        settings=settings,
        history=progress.history,
        scores=judgement.scores,
        verdict=judgement.verdict,
        why=why,
        summary=summary,
    )


def _train(
    problem: Problem,
    state: TrainState,
    history: History | None,
    settings: Settings,
    watch: Watch | None,
) -> tuple[Progress, str]:
    """The loop over chunks: tell, ask, stop."""
    epochs, told = cast("int", settings.epochs), len(history) if history else 0
    progress: Progress | None = None
    why = "done"
    for progress in train_epochs(problem, state, epochs, history=history):
        if watch is not None:
            for index in range(told, progress.epoch):
                watch.event("epoch", epoch_event(progress, index, settings))
            told = progress.epoch
            wish = watch.progress(progress)
            if wish and not progress.done:
                why = wish if isinstance(wish, str) else "stopped"
                break
        # Seconds before an interruption count as well.
        if settings.time_budget and progress.seconds > settings.time_budget and not progress.done:
            why = "time"
            break
    if progress is None:  # resumed after its last epoch
        if history is None:
            raise UsageError("There is no epoch to train.", "Give --epochs of at least 1.")
        last = float(history.seconds[-1])
        progress = Progress(state, history, int(state.epoch), int(state.step), last, True)
    if _broken(problem, progress.history):
        why = "diverged"
    elif why == "done" and progress.epoch < epochs:
        why = "stopped_early"
    if why == "diverged" and not np.any(np.asarray(progress.state.best_epoch)):
        raise DivergedError(
            f"Training gave numbers that are not finite in epoch {progress.epoch}, before any "
            "epoch was better than a constant guess.",
            f"Give a smaller --learning-rate than {settings.learning_rate:g}.",
        )
    return progress, why


def _broken(problem: Problem, history: History) -> bool:
    """Whether a loss of the last epoch is not finite; one that nobody measured is NaN as well."""
    curves = [history.loss]
    if problem.check is not None:
        curves.append(history.train_loss)
        if np.any(np.asarray(problem.check.weight)[:, 1]):
            curves.append(history.validation_loss)
    return not all(np.isfinite(curve[-1]).all() for curve in curves)


def _best(progress: Progress, settings: Settings, why: str) -> MLP:
    """The best epoch's parameters, or the last where nothing may stop early and nothing broke."""
    return progress.state.best if keeps_best(settings, why) else progress.state.model


def _weights(model: MLP) -> dict[str, NDArray[Any]]:
    weights = {f"embeddings.{i}": np.asarray(table) for i, table in enumerate(model.embeddings)}
    for index, layer in enumerate(model.layers):
        weights[f"layers.{index}.weight"] = np.asarray(layer.weight)
        weights[f"layers.{index}.bias"] = np.asarray(layer.bias)
    return weights


def _predictor(
    prepared: Prepared,
    architecture: Architecture,
    model: MLP,
    about: dict[str, Any] | None = None,
) -> Predictor:
    return Predictor(prepared.encoder, prepared.target, architecture, _weights(model), about or {})


def _ignore(kind: str, fields: Mapping[str, Any]) -> None:
    """No one watches."""
