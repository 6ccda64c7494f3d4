"""A finished run, opened again: the one door to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from madaline.errors import FileError, UsageError
from madaline.events.summary import About, Summary
from madaline.events.training import Ended
from madaline.pipeline.run import Resume, Run, kept_model
from madaline.predict.predictor import Predictor
from madaline.prepare.opening import Opening, open_training
from madaline.runs.request import read_request
from madaline.runs.saved import asked_of, rows_again, standing
from madaline.store.bundle import load_model
from madaline.store.folder import RunFolder
from madaline.train.state import restored


def open_run(folder: Path | str, data: object = None, **rows: Any) -> Run:
    """A finished run as it was at its end, with the opening that it began from.

    Nothing is trained and nothing written; the folder may be read by others meanwhile.

    Args:
        folder: Its run folder.
        data: The same rows again, if they did not come from a file.
        rows: What `madaline.runs.start.start_run` was given beside settings.

    Raises:
        UsageError: The run is not finished, its rows are not at hand, or they are others.
        FileError: The folder is not a run's, or is damaged.

    >>> import tempfile
    >>> from madaline.runs.start import start_run
    >>> from madaline.settings.table import Settings
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     done = start_run("iris", "species", Settings(epochs=3), output=parent + "/first")
    ...     again = open_run(done.folder)
    >>> again.why, len(again.history), again.verdict == done.verdict
    ('done', 3, True)
    """
    opened = RunFolder.open(folder, lock=False)
    ended = [event for event in opened.read_events() if isinstance(event, Ended)]
    if not ended or ended[-1].why == "interrupted":
        raise UsageError(f"The run {folder} is not finished.", "Resume it, and open it then.")
    request = read_request(opened.path, opened.about)
    given = rows_again(opened.path, request, data, **rows)
    predictor, saved = load_model(opened.path), opened.load_checkpoint()
    if saved is None or saved.cursor.get("epoch") != ended[-1].epoch:
        raise FileError(
            f"The run {folder} has no checkpoint of its end.",
            "Train it again, or restore the folder from a copy.",
        )
    resume, _ = standing(opened.path, saved, asked_of(opened.about, given))
    opening = open_training(given, request.settings, strict=False)
    if resume.fingerprint != opening.prepared.fingerprint():
        raise UsageError(
            "The data is not what the run began with: its rows, columns or classes differ.",
            "Give the rows as they were.",
        )
    return _as_it_was(opened.path, opening, predictor, resume, ended[-1])


def _as_it_was(
    path: Path, opening: Opening, predictor: Predictor, resume: Resume, end: Ended
) -> Run:
    about, shape = About.read(predictor.about), opening.problem.architecture
    if about.verdict is None or about.baselines is None:
        raise FileError(f"The model of {path} does not say how good it is.", "Train it again.")
    state = restored(opening.first_state(), resume.state)
    told = opening.prepared.summary
    summary = Summary(
        run=str(path),
        task=told.task,
        target=told.target,
        rows=told.split,
        features=shape.inputs.n_inputs,
        parameters=shape.n_parameters * predictor.n_members,
        epochs=end.epoch,
        best_epoch=end.best_epoch,
        best_epochs=end.best_epochs,
        why=end.why,
        seconds=end.seconds,
        scores=about.scores,
        baselines=about.baselines,
        verdict=about.verdict,
    )
    return Run(
        opening=opening,
        predictor=predictor,
        history=resume.history,
        scores=about.scores,
        verdict=about.verdict,
        why=end.why,
        summary=summary,
        state=replace(state, model=kept_model(state, opening.chosen, end.why)),
        folder=path,
    )
