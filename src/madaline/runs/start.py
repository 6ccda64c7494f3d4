"""Runs with a folder: everything that happens is written down, and an interrupted run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.data.files.read import read_table
from madaline.data.samples import SAMPLES, load_sample
from madaline.data.table import Table
from madaline.errors import FileError, UsageError
from madaline.pipeline.run import Resume, Run, Watch, run
from madaline.runs.recorder import Recorder, environment
from madaline.runs.request import read_request
from madaline.settings.table import Settings
from madaline.store.bundle import MODEL_NAME
from madaline.store.checkpoint import Checkpoint
from madaline.store.folder import RunFolder
from madaline.store.names import new_run_path
from madaline.store.plain import plain
from madaline.train.history import CURVES
from madaline.train.state import history_from


def start_run(
    data: Any,
    target: str | tuple[str, ...],
    settings: Settings | None = None,
    *,
    output: Path | str | None = None,
    origins: Mapping[str, str] | None = None,
    watch: Watch | None = None,
    **rows: Any,
) -> Run:
    """Train on a file, a sample or a table, and keep everything in a new run folder.

    Args:
        data: A path, the name of a sample, or anything that is a table.
        target: Name of the target column, or of several.
        settings: A person's choices.
        output: The run folder; ``runs/MMDD-name`` if not given.
        origins: Where each setting came from, for ``run.json``.
        watch: Looks on, and may stop it.
        rows: What else `madaline.data.dataset.Dataset` has, such as ``validation``, ``weight`` and
            ``class_weight``.

    Raises:
        MadalineError: See `madaline.pipeline.run.run` and `madaline.store.folder.RunFolder`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     done = start_run("iris", "species", Settings(epochs=3), output=parent + "/first")
    ...     sorted(path.name for path in done.folder.glob("[!c]*.*"))
    ['events.jsonl', 'model.madaline', 'run.json']
    """
    settings = settings or Settings()
    names = (target,) if isinstance(target, str) else tuple(target)
    given = read_dataset(data, names, settings, **rows)
    return record_run(given, settings, source=data, output=output, origins=origins, watch=watch)


def record_run(
    data: Dataset,
    settings: Settings,
    *,
    source: Any = None,
    output: Path | str | None = None,
    origins: Mapping[str, str] | None = None,
    watch: Watch | None = None,
    **options: Any,
) -> Run:
    """Train on rows that are at hand, and keep everything in a new run folder.

    Args:
        data: All rows.
        settings: A person's choices.
        source: Where a resumed run finds the rows again: a path, or the name of a sample.
        output, origins, watch: As in `start_run`.
        options: What else `madaline.pipeline.run.run` takes.

    Raises:
        MadalineError: See `madaline.pipeline.run.run` and `madaline.store.folder.RunFolder`.
    """
    for name in data.target:
        data.table[name]  # a wrong name is found before a folder is made
    about = {
        "data": _place(source),
        "target": list(data.target),
        "settings": asdict(_with_whole_paths(settings)),
        "origins": dict(origins or {}),
        "environment": environment(),
    }
    path = Path(output) if output is not None else new_run_path(stem=_stem(source))
    with RunFolder.create(path, about) as folder:
        folder.event("start", about)
        recorder = Recorder(folder, watch, _asked(folder.about, data))
        try:
            return _run(folder, data, settings, recorder, **options)
        except BaseException:  # also Ctrl-C: what never trained leaves nothing behind
            if not recorder.trained:
                folder.discard()
            raise


def resume_run(
    folder: Path | str, data: Any = None, *, watch: Watch | None = None, **rows: Any
) -> Run:
    """Go on with a run that was interrupted; the end is that of the unbroken run, bit for bit.

    Args:
        folder: Its run folder.
        data: The same rows again, if they did not come from a file.
        watch: Looks on, and may stop it.
        rows: What `start_run` was given beside settings.

    Raises:
        UsageError: The run is finished, or the data are others.
        FileError: The folder is not a run's, is damaged, or in use.
    """
    with RunFolder.open(folder, lock=True) as opened:
        request = read_request(opened.path, opened.about)
        ended = [event.get("why") for event in opened.read_events() if event["kind"] == "end"]
        # Killed between the last event and the model file, a run is not finished.
        if ended and ended[-1] != "interrupted" and (opened.path / MODEL_NAME).exists():
            raise UsageError(
                f"The run {folder} is finished ({ended[-1]}): there is nothing to resume.",
                "Start a new run with other settings.",
            )
        if data is None and request.data is None:
            raise UsageError(
                f"The run {folder} did not read a file, so its rows are not at hand.",
                "Give them again: resume_run(folder, data).",
            )
        source = request.data if data is None else data
        given = read_dataset(source, request.target, request.settings, **rows)
        asked = _asked(opened.about, given)
        resume, n_events = None, 1
        if (saved := opened.load_checkpoint()) is not None:
            resume, n_events = _standing(opened.path, saved, asked)
            for text in (saved.note, _changes(request.environment, saved.cursor["environment"])):
                if text is not None and watch is not None:
                    watch.event("warn", {"text": text})
        else:
            opened.truncate_events(n_events)
            if not opened.n_events:  # killed before its first event
                opened.event("start", opened.about)
        recorder = Recorder(opened, watch, asked, resume, n_events)
        return _run(opened, given, request.settings, recorder, resume=resume)


def _run(
    folder: RunFolder, data: Dataset, settings: Settings, recorder: Recorder, **options: Any
) -> Run:
    done = run(data, settings, watch=recorder, **options)
    recorder.finish(done.predictor)
    summary = {**done.summary, "run": str(folder.path)}
    return replace(done, folder=folder.path, summary=summary)


def read_data(data: Any) -> Table:
    """The rows of a file, a sample, or anything that is a table."""
    if isinstance(data, str) and data in SAMPLES and not Path(data).exists():
        return load_sample(data).table
    if isinstance(data, str | Path):
        return read_table(data)
    return as_table(data)


def read_dataset(data: Any, target: tuple[str, ...], settings: Settings, **rows: Any) -> Dataset:
    """All rows, with validation and test rows where the settings name files of them.

    Args:
        data: A path, the name of a sample, or anything that is a table.
        target: Names of the target columns.
        settings: A person's choices.
        rows: What else a `Dataset` has; it goes before the files.
    """
    table = read_data(data)
    given: dict[str, Any] = {**_read_parts(table, settings), **rows}
    return Dataset(table, target, **given)


def _read_parts(table: Table, settings: Settings) -> dict[str, Table]:
    # What is text in the table is text in these files, also where all cells look like numbers.
    texts = {column.name for column in table if column.kind == "category"}
    return {
        name: read_table(value, texts=texts)
        for name in ("validation", "test")
        if isinstance(value := getattr(settings, name), str)
    }


def _place(data: Any) -> str | None:
    if isinstance(data, str) and data in SAMPLES and not Path(data).exists():
        return data
    return str(Path(data).resolve()) if isinstance(data, str | Path) else None


def _with_whole_paths(settings: Settings) -> Settings:
    """Files of their own rows are found again from any folder."""
    parts = {"validation": settings.validation, "test": settings.test}
    places = {k: str(Path(v).resolve()) for k, v in parts.items() if isinstance(v, str)}
    return replace(settings, **places)


def _stem(data: Any) -> str:
    return Path(data).name.split(".")[0] if isinstance(data, str | Path) else "run"


def _asked(about: Mapping[str, Any], data: Dataset) -> dict[str, Any]:
    """What decides the training beside the rows, whose fingerprint the network's event tells."""
    return {
        "settings": about["settings"],
        "class_weight": plain(data.class_weight),
    }


def _standing(path: Path, saved: Checkpoint, asked: Mapping[str, Any]) -> tuple[Resume, int]:
    """Where a checkpoint says that the run stood, and how many events its log had.

    Raises:
        UsageError: The run was asked for something else.
        FileError: The checkpoint is not one of a run.
    """
    cursor = saved.cursor
    kinds = {"fingerprint": str, "n_events": int, "environment": dict, "asked": dict}
    state = {k[6:]: v for k, v in saved.arrays.items() if k.startswith("state:")}
    curves = {k[8:]: v for k, v in saved.arrays.items() if k.startswith("history:")}
    if (
        any(type(cursor.get(name)) is not kind for name, kind in kinds.items())
        or type(cursor["asked"].get("settings")) is not dict
        or not _are_curves(curves, cursor.get("epoch"), np.size(state.get(".best_score", 0)))
    ):
        raise FileError(
            f"The checkpoint of {path} is damaged: it lacks what a run needs to go on.",
            "Start a new run, or restore the folder from a copy.",
        )
    _refuse_other(path, cursor["asked"], asked)
    return Resume(state, history_from(curves), cursor["fingerprint"]), cursor["n_events"]


def _are_curves(curves: Mapping[str, Any], epochs: Any, members: int) -> bool:
    """Whether these are the curves of so many epochs."""
    wanted = {**dict.fromkeys(CURVES, (epochs, members)), "seconds": (epochs,)}
    found = {name: curve.shape for name, curve in curves.items() if curve.dtype.kind == "f"}
    return found == wanted


def _refuse_other(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """A resumed run keeps its settings, or it would end as none that began with either."""
    old, new = (_flat(asked) for asked in (before, now))
    changed = [
        f"{name} {old.get(name)} -> {new.get(name)}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
    if changed:
        raise UsageError(
            f"The run {path} began with other settings: {', '.join(changed)[:200]}.",
            "Resume with those it began with, or start a new run.",
        )


def _flat(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {**asked["settings"], "class_weight given": asked.get("class_weight")}


def _changes(*before: Mapping[str, Any]) -> str | None:
    """A sentence if a part of the run was computed where the last bits may differ."""
    now = environment()
    changed = {
        f"{name} {earlier.get(name)} -> {value}": None
        for earlier in before
        for name, value in now.items()
        if str(earlier.get(name)) != str(value)
    }
    if not changed:
        return None
    return f"Not bit-identical to the unbroken run: {', '.join(changed)}."
