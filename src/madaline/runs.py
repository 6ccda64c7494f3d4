"""Runs with a folder: everything that happens is written down, and an interrupted run goes on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, cast

from madaline.data.frames import as_table
from madaline.data.read import read_table
from madaline.data.samples import SAMPLES, load_sample
from madaline.data.table import Table
from madaline.describe import versions
from madaline.errors import FileError, MadalineError, UsageError
from madaline.pipeline import Resume, Run, Watch, run
from madaline.settings import Settings
from madaline.store.bundle import MODEL_NAME
from madaline.store.folder import RunFolder, new_run_path
from madaline.train.lanes import thread_count
from madaline.train.loop import Progress
from madaline.train.state import history_from, state_arrays

# At most this much work is lost to a kill, and a checkpoint of a small network takes milliseconds.
_CHECKPOINT_SECONDS = 5.0


def start_run(
    data: Any,
    target: str | tuple[str, ...],
    settings: Settings | None = None,
    *,
    output: Path | str | None = None,
    origins: Mapping[str, str] | None = None,
    watch: Watch | None = None,
    **given: Any,
) -> Run:
    """Train on a file, a sample or a table, and keep everything in a new run folder.

    Args:
        data: A path, the name of a sample, or anything that is a table.
        target: Name of the target column, or of several.
        settings: A person's choices.
        output: The run folder; ``runs/MMDD-name`` if not given.
        origins: Where each setting came from, for ``run.json``.
        watch: Looks on, and may stop it.
        given: ``validation`` and ``test`` tables, ``weight`` and ``class_weight``, as
            `madaline.pipeline.run` takes them.

    Raises:
        MadalineError: See `madaline.pipeline.run` and `madaline.store.folder.RunFolder`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     done = start_run("iris", "species", Settings(epochs=3), output=parent + "/first")
    ...     sorted(path.name for path in done.folder.iterdir())
    ['checkpoint.safetensors', 'events.jsonl', 'lock', 'model.madaline', 'run.json']
    """
    settings = settings or Settings()
    table = _read(data)
    names = (target,) if isinstance(target, str) else tuple(target)
    for name in names:
        table[name]  # a wrong name is found before a folder is made
    about = {
        "data": _place(data),
        "target": list(names),
        "settings": asdict(_with_whole_paths(settings)),
        "origins": dict(origins or {}),
        "environment": environment(),
    }
    path = Path(output) if output is not None else new_run_path(stem=_stem(data))
    with RunFolder.create(path, about) as folder:
        folder.event("start", about)
        recorder = _Recorder(folder, watch)
        try:
            return _run(folder, table, names, settings, recorder, None, given)
        except MadalineError:
            if not recorder.trained:  # a refused setting or table leaves nothing behind
                folder.discard()
            raise


def resume_run(
    folder: Path | str, data: Any = None, *, watch: Watch | None = None, **given: Any
) -> Run:
    """Go on with a run that was interrupted; the end is that of the unbroken run, bit for bit.

    Args:
        folder: Its run folder.
        data: The same rows again, if they did not come from a file.
        watch: Looks on, and may stop it.
        given: What `start_run` was given beside settings.

    Raises:
        UsageError: The run is finished, or the data are others.
        FileError: The folder is not a run's, is damaged, or in use.
    """
    with RunFolder.open(folder, lock=True) as opened:
        about = opened.about
        _refuse_incomplete(opened.path, about)
        ended = [event["why"] for event in opened.read_events() if event["kind"] == "end"]
        # Killed between the last event and the model file, a run is not finished.
        if ended and ended[-1] != "interrupted" and (opened.path / MODEL_NAME).exists():
            raise UsageError(
                f"The run {folder} is finished ({ended[-1]}): there is nothing to resume.",
                "Start a new run with other settings.",
            )
        if data is None and about["data"] is None:
            raise UsageError(
                f"The run {folder} did not read a file, so its rows are not at hand.",
                "Give them again: resume_run(folder, data).",
            )
        table = _read(about["data"] if data is None else data)
        settings = _settings(about["settings"])
        saved = opened.load_checkpoint()
        resume, n_events = None, 1
        if saved is not None:
            state = {k[6:]: v for k, v in saved.arrays.items() if k.startswith("state:")}
            curves = {k[8:]: v for k, v in saved.arrays.items() if k.startswith("history:")}
            resume = Resume(state, history_from(curves), saved.cursor["fingerprint"])
            n_events = saved.cursor["n_events"]
            for text in (saved.note, _changes(about["environment"])):
                if text is not None and watch is not None:
                    watch.event("warn", {"text": text})
        if resume is None:
            opened.truncate_events(n_events)
        recorder = _Recorder(opened, watch, resume, n_events)
        return _run(opened, table, tuple(about["target"]), settings, recorder, resume, given)


def environment() -> dict[str, Any]:
    """What the bits of a result depend on, beside seed and data."""
    import jax

    return {
        **versions(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": _processor(),
        "device": jax.default_backend(),
        "threads": str(thread_count()),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
    }


class _Recorder:
    """Writes down what a run tells, and saves where it stands."""

    def __init__(
        self,
        folder: RunFolder,
        watch: Watch | None,
        resume: Resume | None = None,
        n_events: int = 0,
    ) -> None:
        self._folder, self._watch, self._resume = folder, watch, resume
        self._n_events = n_events
        self._fingerprint, self._saved = "", time.monotonic()
        self._trouble: str | None = None
        self.trained = False

    def event(self, kind: str, fields: Mapping[str, Any]) -> None:
        if kind == "network":
            self._fingerprint = fields["fingerprint"]
            if self._resume is not None and self._resume.fingerprint == self._fingerprint:
                # Only now: a resume that is refused leaves the log as it was.
                self._folder.truncate_events(self._n_events)
        if self._resume is None or kind not in ("data", "network"):  # the log has them
            self._folder.event(kind, dict(fields))
        if self._watch is not None:
            self._watch.event(kind, fields)

    def progress(self, progress: Progress) -> str | bool | None:
        self.trained = True
        self._tell_trouble()
        wish = self._watch.progress(progress) if self._watch is not None else None
        if wish or progress.done or time.monotonic() - self._saved > _CHECKPOINT_SECONDS:
            self._save(progress)
        return wish

    def _tell_trouble(self) -> None:
        """Once, when the log cannot be written: training goes on without it."""
        if self._folder.trouble is not None and self._trouble is None and self._watch is not None:
            self._trouble = self._folder.trouble
            self._watch.event("warn", {"text": self._trouble})

    def _save(self, progress: Progress) -> None:
        arrays = {f"state:{k}": v for k, v in state_arrays(progress.state).items()}
        arrays |= {f"history:{k}": v for k, v in progress.history.arrays().items()}
        cursor = {
            "fingerprint": self._fingerprint,
            "epoch": progress.epoch,
            "step": progress.step,
            "environment": environment(),
        }
        self._folder.save_checkpoint(arrays, cursor)
        self._saved = time.monotonic()


def _run(
    folder: RunFolder,
    table: Table,
    target: tuple[str, ...],
    settings: Settings,
    recorder: _Recorder,
    resume: Resume | None,
    given: Mapping[str, Any],
) -> Run:
    own: dict[str, Any] = {
        name: read_table(value)
        for name in ("validation", "test")
        if isinstance(value := getattr(settings, name), str)
    }
    done = run(table, target, settings, watch=recorder, resume=resume, **{**own, **given})
    folder.save_model(done.predictor)
    summary = {**done.summary, "run": str(folder.path)}
    return replace(done, folder=folder.path, summary=summary)


def _read(data: Any) -> Table:
    if isinstance(data, str) and data in SAMPLES and not Path(data).exists():
        return load_sample(data).table
    if isinstance(data, str | Path):
        return read_table(data)
    return as_table(data)


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


def _refuse_incomplete(path: Path, about: Mapping[str, Any]) -> None:
    for name in ("data", "target", "settings", "environment"):
        if name not in about:
            raise FileError(
                f"The run.json of {path} is damaged: it has no {name!r}.",
                "Restore it from a copy, or start a new run.",
            )


def _settings(found: Mapping[str, Any]) -> Settings:
    """Settings of ``run.json``, where tuples have become lists."""
    known = {row.name for row in fields(Settings)}
    values: dict[str, Any] = {name: value for name, value in found.items() if name in known}
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(cast("list[Any]", value))
    return Settings(**values)


def _changes(before: Mapping[str, Any]) -> str | None:
    now = environment()
    changed = [
        f"{name} {before.get(name)} -> {value}"
        for name, value in now.items()
        if str(before.get(name)) != str(value)
    ]
    if not changed:
        return None
    return f"Not bit-identical to the unbroken run: {', '.join(changed)}."


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            found = next((line for line in lines if line.startswith("model name")), "")
    except OSError:
        return platform.processor()
    return found.partition(":")[2].strip()
