"""THE WHOLE JOURNEY ON ONE PAGE: a table comes in, a trained and judged network goes out.

`run` opens the training (`madaline.prepare.opening`: split, encode, decide what was left open),
trains (`madaline.train.loop`), keeps the best weights and judges them (`madaline.score`). It
touches no disk; whoever watches may write down what it tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madaline.data.dataset import Dataset
from madaline.errors import DivergedError, UsageError
from madaline.events.scores import Scores
from madaline.events.summary import Summary
from madaline.events.training import ENDINGS, Ending
from madaline.events.verdict import Verdict
from madaline.nn.mlp import MLP, model_arrays
from madaline.pipeline.describe import (
    about_model,
    curve_of,
    ended,
    epoch_event,
    keeps_best,
    network_event,
    scored,
    summarise,
)
from madaline.pipeline.watch import Look, Watch, together
from madaline.predict.predictor import Predictor
from madaline.prepare.opening import Opening, open_training
from madaline.score.calibrate import calibrated
from madaline.score.judge import judge
from madaline.settings.recipes import Recipe
from madaline.settings.table import Settings
from madaline.train.history import History
from madaline.train.loop import Progress, train_epochs
from madaline.train.state import Problem, TrainState, restored


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
        opening: Rows, settings and problem, as they were before the first epoch.
        predictor: From a table to answers.
        history: Curves, ``(epochs, members)``.
        scores: Of the network, by part.
        verdict: What to think of it.
        why: Why training ended.
        summary: All final numbers.
        state: Where training stood at its end, its model the one that is kept.
        folder: Where it was written, if anywhere.
    """

    opening: Opening
    predictor: Predictor
    history: History
    scores: Mapping[str, Scores]
    verdict: Verdict
    why: Ending
    summary: Summary
    state: TrainState
    folder: Path | None = None

    @property
    def settings(self) -> Recipe:
        """Complete: nothing is left open."""
        return self.opening.chosen


def run(
    data: Dataset,
    settings: Settings,
    *,
    watch: Watch | None = None,
    keep: Callable[[Predictor], object] | None = None,
    resume: Resume | None = None,
    start: Predictor | None = None,
    chunk: int | None = None,
    strict: bool = True,
) -> Run:
    """Train a network on rows and judge it.

    Args:
        data: All rows.
        settings: A person's choices.
        watch: Looks on, and may stop it.
        keep: Writes the predictor down; only then is the end told.
        resume: Goes on from there; the result is that of the unbroken run, bit for bit.
        start: A network whose encoding and weights it begins from.
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
    watch = together(watch)
    opening = open_training(data, settings, start=start, strict=strict)
    for told in (opening.prepared.summary, *opening.prepared.alerts):
        watch.event(told)
    state, history = opening.first_state(), None
    start_loss, fingerprint = opening.first_loss(state), opening.prepared.fingerprint()
    watch.event(network_event(opening, start_loss, fingerprint))
    if resume is not None:
        state, history = _resumed(state, resume, fingerprint)
    progress, why = _train(opening, state, history, watch, chunk)
    _refuse_broken(opening, progress, why)
    done = _judged(opening, progress, why, start_loss)
    for told in (scored(done.summary), done.verdict):
        watch.event(told)
    if keep is not None:
        keep(done.predictor)
    watch.event(ended(done.summary))
    return done


def _judged(opening: Opening, progress: Progress, why: Ending, start_loss: float) -> Run:
    """The end of a run: the weights that are kept, their scores, the verdict."""
    settings = opening.chosen
    network = kept_model(progress.state, settings, why)
    predictor = opening.predictor(network)
    if settings.calibrate:
        predictor = replace(predictor, weights=calibrated(opening, model_arrays(network)))
    judgement = judge(opening, predictor, curve_of(progress, settings, why), start_loss)
    summary = summarise(opening, progress, judgement, why)
    return Run(
        opening=opening,
        predictor=replace(predictor, about=about_model(opening, summary).as_dict()),
        history=progress.history,
        scores=judgement.scores,
        verdict=judgement.verdict,
        why=why,
        summary=summary,
        state=replace(progress.state, model=network),
    )


def kept_model(state: TrainState, settings: Recipe, why: Ending) -> MLP:
    """The best epoch's parameters, or the last where nothing may stop early and nothing broke."""
    return state.best if keeps_best(settings, why) else state.model


def _resumed(state: TrainState, resume: Resume, fingerprint: str) -> tuple[TrainState, History]:
    """Where the earlier run stood, if its data were these."""
    if resume.fingerprint != fingerprint:
        raise UsageError(
            "The data is not what the run began with: its rows, columns or classes differ.",
            "Resume with the same file, or start a new run.",
        )
    return restored(state, resume.state), resume.history


def _train(
    opening: Opening,
    state: TrainState,
    history: History | None,
    watch: Watch,
    chunk: int | None,
) -> tuple[Progress, Ending]:
    """The loop over chunks: tell, ask, stop."""
    problem, settings = opening.problem, opening.chosen
    epochs = settings.epochs
    told = len(history) if history else 0
    progress: Progress | None = None
    why: Ending = "done"
    try:
        for progress in train_epochs(problem, state, epochs, history=history, chunk=chunk):
            for index in range(told, progress.epoch):
                watch.event(epoch_event(progress, index, settings))
            told = progress.epoch
            # Seconds before an interruption count as well.
            late = progress.seconds > (settings.time_budget or np.inf)
            wish = watch.progress(_look(opening, progress, done=progress.done or late))
            if (wish or late) and not progress.done:
                why = "time" if not wish else wish if wish in ENDINGS else "stopped"
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
        inputs, last = problem.architecture.inputs, float(history.seconds[-1])
        epoch, step = int(state.epoch), int(state.step)
        progress = Progress((state,), inputs, history, epoch, step, last, True)
    return progress, _ending(problem, progress, settings, why)


def _look(opening: Opening, progress: Progress, *, done: bool) -> Look:
    def predictor() -> Predictor:
        return opening.predictor(progress.state.model)

    return Look(**vars(replace(progress, done=done)), predictor=predictor)


def _ending(problem: Problem, progress: Progress, settings: Recipe, why: Ending) -> Ending:
    """Why training ended, of one that nobody stopped by what its members say."""
    if _broken(problem, progress.history):
        return "diverged"
    if why != "done" or np.any(np.asarray(progress.state.active)):
        return why
    return _end_of_lbfgs(progress, settings) if settings.optimizer == "lbfgs" else "stopped_early"


def _end_of_lbfgs(progress: Progress, settings: Recipe) -> Ending:
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


def _refuse_broken(opening: Opening, progress: Progress, why: Ending) -> None:
    """Refuse a training that broke before any epoch was worth keeping."""
    learned = np.any(np.asarray(progress.state.best_epoch))
    if why == "diverged" and not learned and not opening.data.lenient:
        rate = float(np.max(np.asarray(opening.chosen.learning_rate)))
        raise DivergedError(
            f"Training gave numbers that are not finite in epoch {progress.epoch}, before any "
            "epoch was better than a constant guess.",
            f"Give a smaller learning rate than {rate:g}.",
            settings={"learning_rate": float(f"{rate / 10:.2g}")},
        )
