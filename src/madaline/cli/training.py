"""One training in front of a person: report, progress, interruption, exit code."""

from __future__ import annotations

import errno
import os
import shlex
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from madaline.cache import cache_folder, healing
from madaline.cli.interrupt import Stop, listening
from madaline.cli.output import Output, Reported, error_document
from madaline.cli.progress import Display, make_display
from madaline.errors import DivergedError, Interrupted, MadalineError

if TYPE_CHECKING:
    from madaline.pipeline.run import Run


def _is_stopping(stop: Stop, error: OSError) -> bool:
    """Whether a signal asked for the end; that of a closed terminal may follow a failed write."""
    if error.errno == errno.EIO:
        until = time.monotonic() + 1
        while not stop.wanted and time.monotonic() < until:
            time.sleep(0.01)
    return stop.wanted


class Watch:
    """Brings what the run tells to the screen, and the person's wish to stop to the run."""

    def __init__(self, output: Output, stop: Stop, display: Display) -> None:
        self.output = output
        self.stop = stop
        self.display = display
        self.n_events = 0
        # Scores and verdict come before the end, but are read after how it ended.
        self.judgement: list[str] = []

    def event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Show one event of the run."""
        if kind in ("network", "epoch"):
            self.stop.training = True
        try:
            if self.output.mode == "events":
                self._print_line(kind, fields)
            elif self.output.mode == "text":
                self._show(kind, fields)
        except OSError as error:
            # A terminal that was closed: what was learned is saved without telling it.
            if not _is_stopping(self.stop, error):
                raise

    def progress(self, progress: object) -> str | None:
        """The reason to stop now, if there is one."""
        return "interrupted" if self.stop.wanted else None

    def _print_line(self, kind: str, fields: Mapping[str, Any]) -> None:
        """The line that also goes to the run's log."""
        from madaline.store.events import VERSION, event_line
        from madaline.store.plain import plain

        self.n_events += 1
        head = {"v": VERSION, "n": self.n_events, "t": round(time.time(), 3), "kind": kind}
        print(event_line(head, plain(fields)).decode("ascii"), end="", flush=True)

    def _show(self, kind: str, fields: Mapping[str, Any]) -> None:
        from madaline.report.words import text

        match kind:
            case "data":
                self.output.result(text.describe_data(fields))
            case "network":
                self.output.result(text.describe_network(fields))
                self.display.start("Compiling ...")
            case "epoch":
                self.display.epoch(fields)
            case "note":
                self.display.say(fields["text"])
            case "warn":
                self.display.say(f"Warning: {fields['text']}")
            case "scores":
                self.judgement += ["", *text.describe_scores(fields)]
            case "verdict":
                self.judgement += ["", *text.describe_verdict(fields)]
            case "end":
                self.display.close()
                self.output.result([*text.describe_end(fields), *self.judgement])
            case _:
                pass


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
            run = start(Watch(output, stop, display))
    except KeyboardInterrupt:
        raise interrupted(stop, "Interrupted before training began.") from None
    finally:
        display.close()
    error = _failure(run, stop)
    document: dict[str, Any] = dict(run.summary)
    if error is not None:
        document["error"] = error_document(error)
    output.document(schema, document)
    _say_what_next(run, output)
    if error is not None:
        raise Reported(error)
    return run


def interrupted(stop: Stop, what: str, fix: str = "") -> Interrupted:
    """The error that carries the exit code of the signal that came."""
    error = Interrupted(what, fix)
    error.exit_code = stop.exit_code
    return error


def _failure(run: Run, stop: Stop) -> MadalineError | None:
    from madaline.report.words.text import describe_kept

    summary = run.summary
    if run.why == "interrupted":
        return interrupted(
            stop,
            f"Interrupted after epoch {summary['epochs']}; {describe_kept(summary)}.",
            f"Resume with: madaline fit --resume {shlex.quote(str(run.folder))}",
        )
    if run.why == "diverged":
        return DivergedError(
            f"Training diverged at epoch {summary['epochs']}; {describe_kept(summary)}.",
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
