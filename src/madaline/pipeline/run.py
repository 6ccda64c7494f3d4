"""THE WHOLE JOURNEY ON ONE PAGE: a table comes in, a trained and judged network goes out.

`run` calls, in this order: `madaline.prepare` (split, check, encode), `madaline.settings.recipes`
(what the person left open), `madaline.train` (the loop), `madaline.score` (scores, references,
verdict). It touches no disk; whoever watches may write down what it tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import jax
import numpy as np
from numpy.typing import NDArray

from madaline.data.dataset import Dataset
from madaline.errors import DivergedError, UsageError
from madaline.events.verdict import Verdict
from madaline.nn.architecture import Architecture
from madaline.nn.mlp import MLP, model_arrays, model_from
from madaline.pipeline.describe import (
    about_model,
    curve_of,
    epoch_event,
    keeps_best,
    network_event,
    summarise,
    typical,
)
from madaline.predict.predictor import Predictor
from madaline.prepare.first_weights import fit_first_weights
from madaline.prepare.parts import Learned, Prepared, prepare
from madaline.prepare.problem import class_say, first_score, make_problem
from madaline.score.calibrate import calibrated
from madaline.score.judge import judge, mean_loss
from madaline.score.scores import Scores
from madaline.settings.recipes import affordable, complete, refuse_idle, with_folds
from madaline.settings.table import Settings
from madaline.train.history import History
from madaline.train.loop import Progress, init_models, init_state, train_epochs
from madaline.train.state import Problem, TrainState, restored


@dataclass(frozen=True)
class Look(Progress):
    """Where a training stands, and what it would predict.

    Attributes:
        predictor: Makes a predictor of the newest weights.
    """

    predictor: Callable[[], Predictor]


class Watch(Protocol):
    """Whoever looks on while a run goes its way."""

    def event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Something happened: data, network, epoch, note, warn, scores, verdict, end."""

    def progress(self, progress: Look) -> str | bool | None:
        """After each chunk of epochs; True or a reason such as "interrupted" ends the training."""


@dataclass(frozen=True, eq=False)
class Resume:
    """Where an earlier run of the same settings on the same data stood."""

    state: Mapping[str, NDArray[Any]]
    history: History
    fingerprint: str


@dataclass(frozen=True, eq=False)
class Start:
    """A trained network that another training begins from.

    Attributes:
        learned: Its encoding of rows.
        weights: By name, as `madaline.predict.predictor.Predictor` has them.
    """

    learned: Learned
    weights: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Run:
    """What is studied; its ``predictor`` is what is shipped.

    Attributes:
        predictor: From a table to answers.
        settings: Complete: nothing is left open.
        history: Curves, ``(epochs, members)``.
        scores: Of the network, by part.
        verdict: What to think of it.
        why: Why training ended: done, stopped_early, converged, evaluations, time, stopped,
            interrupted or diverged.
        summary: All final numbers as plain JSON.
        state: Where training stood at its end, its model the one that is kept.
        validation_spread: Variance of the encoded validation targets: what R2 divides by.
        folder: Where it was written, if anywhere.
    """

    predictor: Predictor
    settings: Settings
    history: History
    scores: Mapping[str, Scores]
    verdict: Verdict
    why: str
    summary: dict[str, Any]
    state: TrainState
    validation_spread: float
    folder: Path | None = None


def run(
    data: Dataset,
    settings: Settings,
    *,
    watch: Watch | None = None,
    resume: Resume | None = None,
    start: Start | None = None,
    chunk: int | None = None,
    strict: bool = True,
) -> Run:
    """Train a network on rows and judge it.

    Args:
        data: All rows.
        settings: A person's choices.
        watch: Looks on, and may stop it.
        resume: Goes on from there; the result is that of the unbroken run, bit for bit.
        start: Begins from there instead of random weights.
        chunk: Epochs between two looks; None lets them take about a tenth of a second.
        strict: Refuse choices that would change nothing, such as a momentum for Adam.

    Raises:
        DataError: The table does not allow the task.
        UsageError: Settings do not go together.
        DivergedError: Training broke before any epoch with finite numbers.

    >>> from madaline.data.samples import load_sample
    >>> iris = load_sample("iris")
    >>> result = run(Dataset(iris.table, (iris.target,)), Settings(epochs=5))
    >>> len(result.history), result.predictor.predict(iris.table)[:2].tolist()
    (5, ['setosa', 'setosa'])
    """
    tell = watch.event if watch else _ignore
    settings = affordable(settings, data.table.n_rows, len(data.table.columns))
    learned, folds = start.learned if start else None, with_folds(settings, data.own)
    prepared = prepare(data, settings, learned=learned, folds=folds)
    tell("data", prepared.summary)
    sizes = {name: part.n_rows for name, part in prepared.parts.items()}
    given, task = settings, prepared.target.task
    n_train = sizes["train"] - prepared.n_held
    settings = complete(given, n_train, task, held_out=sizes["validation"] > 0)
    if strict:
        refuse_idle(given, settings, task)
    say = class_say(prepared, settings, data.class_weight)
    problem, bias = make_problem(prepared, settings, say)
    state, history = first_state(problem, bias, start), None
    start_loss = mean_loss(
        problem.architecture, model_arrays(state.model), problem.head, prepared.parts["train"]
    )
    fingerprint = prepared.fingerprint()
    tell("network", network_event(problem, settings, prepared, bias, start_loss, fingerprint))
    if resume is not None:
        state, history = _resumed(state, resume, fingerprint)
    show = partial(_predictor, prepared, problem.architecture)
    progress, why = _train(problem, state, history, settings, watch, chunk, show)
    if why == "diverged" and not np.any(np.asarray(progress.state.best_epoch)) and not data.lenient:
        rate = float(np.max(cast("Any", settings.learning_rate)))
        raise DivergedError(
            f"Training gave numbers that are not finite in epoch {progress.epoch}, before any "
            "epoch was better than a constant guess.",
            f"Give a smaller learning rate than {rate:g}.",
            settings={"learning_rate": float(f"{rate / 10:.2g}")},
        )
    network = _best(progress, settings, why)
    weights = model_arrays(network)
    if settings.calibrate:
        weights = calibrated(problem.architecture, problem.head, weights, prepared, say)
    predictor = Predictor(prepared.encoder, prepared.target, problem.architecture, weights)
    curve = curve_of(progress, settings, why)
    judgement = judge(
        predictor, problem.head, prepared, bias, curve, typical(settings), start_loss, say
    )
    summary = summarise(prepared, problem, settings, progress, judgement, why)
    tell("scores", summary["scores_event"])
    tell("verdict", judgement.verdict.as_dict())
    end = {name: summary[name] for name in ("why", "best_epoch", "best_epochs", "seconds")}
    tell("end", {"epoch": summary["epochs"], **end})
    del summary["scores_event"]
    about = about_model(prepared, settings, summary)
    return Run(
        predictor=replace(predictor, about=about),
        settings=settings,
        history=progress.history,
        scores=judgement.scores,
        verdict=judgement.verdict,
        why=why,
        summary=summary,
        state=replace(progress.state, model=network),
        validation_spread=prepared.parts["validation"].spread,
    )


def first_state(problem: Problem, bias: NDArray[np.float64], start: Start | None) -> TrainState:
    """The state before the first epoch: of random weights, or of those to begin from."""
    if start is None:
        model = init_models(problem, bias)
        if problem.plan.initializer == "data":
            rows = problem.train
            x, codes = np.asarray(rows.x), np.asarray(rows.codes)
            model = fit_first_weights(problem.architecture, model, x, codes, problem.seed)
        return init_state(problem, bias, first_score(problem, bias), model)
    shape, dtype = problem.architecture, problem.train.x.dtype.type
    try:
        model = model_from(shape, start.weights, dtype)
    except KeyError:
        model = None
    random = init_state(problem, bias)
    if model is None or jax.tree.map(np.shape, model) != jax.tree.map(np.shape, random.model):
        raise UsageError(
            "The network to begin from has other layers or members than the settings say.",
            "Keep hidden and members as they were, or begin anew.",
        )
    return init_state(problem, bias, model=model)


def _resumed(state: TrainState, resume: Resume, fingerprint: str) -> tuple[TrainState, History]:
    """Where the earlier run stood, if its data were these."""
    if resume.fingerprint != fingerprint:
        raise UsageError(
            "The data is not what the run began with: its rows, columns or classes differ.",
            "Resume with the same file, or start a new run.",
        )
    return restored(state, resume.state), resume.history


def _train(
    problem: Problem,
    state: TrainState,
    history: History | None,
    settings: Settings,
    watch: Watch | None,
    chunk: int | None,
    show: Callable[[MLP], Predictor],
) -> tuple[Progress, str]:
    """The loop over chunks: tell, ask, stop."""
    epochs, told = cast("int", settings.epochs), len(history) if history else 0
    progress: Progress | None = None
    why = "done"
    try:
        for progress in train_epochs(problem, state, epochs, history=history, chunk=chunk):
            if watch is not None:
                for index in range(told, progress.epoch):
                    watch.event("epoch", epoch_event(progress, index, settings))
                told = progress.epoch
                look = Look(**vars(progress), predictor=partial(show, progress.state.model))
                wish = watch.progress(look)
                if wish and not progress.done:
                    why = wish if isinstance(wish, str) else "stopped"
                    break
            # Seconds before an interruption count as well.
            late = settings.time_budget and progress.seconds > settings.time_budget
            if late and not progress.done:
                why = "time"
                break
    except KeyboardInterrupt:
        if progress is None:  # nothing is learned yet
            raise
        why = "interrupted"
    if progress is None:  # resumed after its last epoch
        if history is None:
            raise UsageError(
                "There is no epoch to train.", "Give at least 1.", settings={"epochs": 1}
            )
        last = float(history.seconds[-1])
        progress = Progress(state, history, int(state.epoch), int(state.step), last, True)
    if _broken(problem, progress.history):
        why = "diverged"
    elif why == "done" and not np.any(np.asarray(progress.state.active)):
        why = (
            "stopped_early" if settings.optimizer != "lbfgs" else _end_of_lbfgs(progress, settings)
        )
    return progress, why


def _end_of_lbfgs(progress: Progress, settings: Settings) -> str:
    state = progress.state
    if settings.patience and np.any(np.asarray(state.stale) >= settings.patience):
        return "stopped_early"
    enough = np.any(np.asarray(state.evaluations) >= settings.max_evaluations)
    return "evaluations" if enough else "converged"


def _broken(problem: Problem, history: History) -> bool:
    """Whether a loss of the last epoch is not finite; one that nobody measured is NaN as well."""
    curves, check = [history.loss], problem.check
    if problem.n_held:
        curves += [history.train_loss, history.validation_loss]
    elif check is not None:
        curves.append(history.train_loss)
        if np.any(np.asarray(check.weight)[:, 1]):
            curves.append(history.validation_loss)
    return not all(np.isfinite(curve[-1]).all() for curve in curves)


def _best(progress: Progress, settings: Settings, why: str) -> MLP:
    """The best epoch's parameters, or the last where nothing may stop early and nothing broke."""
    return progress.state.best if keeps_best(settings, why) else progress.state.model


def _predictor(prepared: Prepared, architecture: Architecture, model: MLP) -> Predictor:
    return Predictor(prepared.encoder, prepared.target, architecture, model_arrays(model))


def _ignore(kind: str, fields: Mapping[str, Any]) -> None:
    """No one watches."""
