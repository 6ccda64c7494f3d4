"""Runs with a folder: everything that happens is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from madaline.data.dataset import Dataset
from madaline.data.samples import SAMPLES
from madaline.events.training import Started
from madaline.pipeline.run import Run, run
from madaline.pipeline.watch import Watch, together
from madaline.prepare.dataset import read_dataset
from madaline.runs.recorder import Recorder, environment
from madaline.runs.saved import asked_of
from madaline.settings.table import Settings
from madaline.store.folder import RunFolder
from madaline.store.names import new_run_path


def start_run(
    data: object,
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
    source: object = None,
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
    started = Started(
        data=_place(source),
        target=data.target,
        settings=asdict(_with_whole_paths(settings)),
        origins=dict(origins or {}),
        environment=environment(),
    )
    path = Path(output) if output is not None else new_run_path(stem=_stem(source))
    watch = together(watch)
    with RunFolder.create(path, started.as_dict()) as folder:
        folder.event(started)
        recorder = Recorder(folder, asked_of(folder.about, data), tell=watch.event)
        try:
            return recorded(folder, data, settings, recorder, watch, **options)
        except BaseException:  # also Ctrl-C: what never trained leaves nothing behind
            if not recorder.trained:
                folder.discard()
            raise


def recorded(
    folder: RunFolder,
    data: Dataset,
    settings: Settings,
    recorder: Recorder,
    watch: Watch,
    **options: Any,
) -> Run:
    """A run that ends with its model file."""
    done = run(data, settings, watch=together(recorder, watch), keep=recorder.keep, **options)
    summary = replace(done.summary, run=str(folder.path))
    return replace(done, folder=folder.path, summary=summary)


def _place(data: object) -> str | None:
    if isinstance(data, str) and data in SAMPLES and not Path(data).exists():
        return data
    return str(Path(data).resolve()) if isinstance(data, str | Path) else None


def _with_whole_paths(settings: Settings) -> Settings:
    """Files of their own rows are found again from any folder."""
    parts = {"validation": settings.validation, "test": settings.test}
    places = {k: str(Path(v).resolve()) for k, v in parts.items() if isinstance(v, str)}
    return replace(settings, **places)


def _stem(data: object) -> str:
    return Path(data).name.split(".")[0] if isinstance(data, str | Path) else "run"
