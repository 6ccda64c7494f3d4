"""One training in front of a person: report, progress, interruption, exit code."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from madaline.cache import cache_folder, healing
from madaline.cli.interrupt import Stop, listening
from madaline.cli.output import Output, Reported, error_document
from madaline.cli.progress import Display, make_display
from madaline.errors import DivergedError, Interrupted, MadalineError

if TYPE_CHECKING:
    from madaline.pipeline.run import Run
    from madaline.pipeline.watch import Watch


def train(start: Callable[[Watch], Run], output: Output, schema: str = "fit") -> Run:
    """Run a training to its end and print how it went.

    Args:
        start: Begins it.
        output: How to speak.
        schema: Of the JSON document: the command's name.

    Raises:
        Interrupted: A signal came; the message names the command that goes on.
        DivergedError: Training diverged, even if earlier weights were kept.
    """
    stop = Stop()
    display = make_display(output)
    stop.say = display.say
    try:
        with listening(stop), healing(cache_folder(os.environ)):
            run = start(_onlooker(stop, output, display))
    except KeyboardInterrupt:
        raise interrupted(stop, "Interrupted before training began.") from None
    finally:
        display.close()
    error = _failure(run, stop)
    document = run.summary.as_dict()
    if error is not None:
        document["error"] = error_document(error)
    output.document(schema, document)
    _say_what_next(run, output)
    if error is not None:
        raise Reported(error)
    return run


def _onlooker(stop: Stop, output: Output, display: Display) -> Watch:
    """Brings the person's wish to the run, and what the run tells to the screen."""
    from madaline.cli.screen import Control, Screen
    from madaline.pipeline.watch import together  # brings JAX, which takes a second: listen first

    return together(Control(stop), Screen(output, stop, display))


def interrupted(stop: Stop, what: str, fix: str = "") -> Interrupted:
    """The error that carries the exit code of the signal that came."""
    error = Interrupted(what, fix)
    error.exit_code = stop.exit_code
    return error


def _failure(run: Run, stop: Stop) -> MadalineError | None:
    from madaline.report.words.text import describe_kept

    summary = run.summary
    kept = describe_kept(summary.best_epoch, summary.best_epochs)
    if run.why == "interrupted":
        return interrupted(
            stop,
            f"Interrupted after epoch {summary.epochs}; {kept}.",
            f"Resume with: madaline fit --resume {shlex.quote(str(run.folder))}",
        )
    if run.why == "diverged":
        return DivergedError(
            f"Training diverged at epoch {summary.epochs}; {kept}.",
            "Give a smaller --learning-rate.",
        )
    return None


def _say_what_next(run: Run, output: Output) -> None:
    if run.folder is not None and run.why != "interrupted":
        folder = shlex.quote(str(run.folder))
        output.result(
            [
                "",
                f"Saved     {run.folder}",
                f"          madaline info {folder}",
                f"          madaline predict {folder} NEW_ROWS.csv",
            ]
        )
