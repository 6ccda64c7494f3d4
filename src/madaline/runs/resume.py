"""An interrupted run goes on, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from madaline.errors import UsageError
from madaline.events.alert import Alert
from madaline.events.training import Ended, Started
from madaline.pipeline.run import Run
from madaline.pipeline.watch import Watch, together
from madaline.runs.recorder import Recorder, environment
from madaline.runs.request import read_request
from madaline.runs.saved import asked_of, rows_again, standing
from madaline.runs.start import recorded
from madaline.store.bundle import MODEL_NAME
from madaline.store.folder import RunFolder


def resume_run(
    folder: Path | str, data: object = None, *, watch: Watch | None = None, **rows: Any
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
    watch = together(watch)
    with RunFolder.open(folder, lock=True) as opened:
        request = read_request(opened.path, opened.about)
        ended = [event.why for event in opened.read_events() if isinstance(event, Ended)]
        # Killed between the last event and the model file, a run is not finished.
        if ended and ended[-1] != "interrupted" and (opened.path / MODEL_NAME).exists():
            raise UsageError(
                f"The run {folder} is finished ({ended[-1]}): there is nothing to resume.",
                "Start a new run with other settings.",
            )
        given = rows_again(opened.path, request, data, **rows)
        asked = asked_of(opened.about, given)
        resume, n_events = None, 1
        if (saved := opened.load_checkpoint()) is not None:
            resume, cursor = standing(opened.path, saved, asked)
            n_events = cursor.n_events
            for text in (saved.note, _changes(request.environment, cursor.environment)):
                if text is not None:
                    watch.event(Alert("warn", "resumed_elsewhere", text))
        else:
            opened.truncate_events(n_events)
            if not opened.n_events:  # killed before its first event
                opened.event(Started.from_dict(opened.about))
        recorder = Recorder(opened, asked, resume, n_events, watch.event)
        return recorded(opened, given, request.settings, recorder, watch, resume=resume)


def _changes(*before: Mapping[str, str]) -> str | None:
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
