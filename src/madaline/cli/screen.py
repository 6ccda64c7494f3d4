"""What a run tells, on a person's screen or as lines for a program."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from madaline.cli.interrupt import Stop
from madaline.cli.output import Output
from madaline.cli.progress import Display
from madaline.events.alert import Alert
from madaline.events.data import Data
from madaline.events.kinds import VERSION, Event
from madaline.events.scores import Scored
from madaline.events.search import Rung, Runoff
from madaline.events.training import Ended, Ending, Epoch, Network, Started
from madaline.events.verdict import Verdict
from madaline.report.words import text
from madaline.report.words.score_tables import describe_scores
from madaline.report.words.trials import describe_rung, describe_runoff
from madaline.store.events import event_line

if TYPE_CHECKING:
    from madaline.pipeline.watch import Look


@dataclass
class Control:
    """Brings the person's wish to stop to the run."""

    stop: Stop

    def event(self, event: Event) -> None:
        """From the network on there is something to save."""
        if isinstance(event, Network | Epoch):
            self.stop.training = True

    def progress(self, look: Look) -> Ending | None:
        """The reason to stop now, if there is one."""
        return "interrupted" if self.stop.wanted else None


@dataclass
class Screen:
    """Brings what the run tells to the screen.

    Attributes:
        output: How to speak.
        stop: Of the person who looks at it.
        display: Where progress is shown.
        n_lines: Events printed as lines.
        judgement: Scores and verdict: they come before the end, but are read after how it ended.
    """

    output: Output
    stop: Stop
    display: Display
    n_lines: int = 0
    judgement: list[str] = field(default_factory=list[str])

    def event(self, event: Event) -> None:
        """Show one event of the run."""
        try:
            if self.output.mode == "events":
                self._print_line(event)
            elif self.output.mode == "text":
                self._show(event)
        except OSError as error:
            # A terminal that was closed: what was learned is saved without telling it.
            if not _is_stopping(self.stop, error):
                raise

    def progress(self, look: Look) -> None:
        """The events tell it all."""

    def _print_line(self, event: Event) -> None:
        """The line that also goes to the run's log."""
        self.n_lines += 1
        head = {"v": VERSION, "n": self.n_lines, "t": round(time.time(), 3), "kind": event.kind}
        print(event_line(head, event.as_dict()).decode("ascii"), end="", flush=True)

    def _show(self, event: Event) -> None:
        match event:
            case Started():
                pass
            case Data():
                self.output.result(text.describe_data(event))
            case Alert():
                self._warn(event)
            case Network():
                self.output.result(text.describe_network(event))
                self.display.start("Compiling ...")
            case Epoch():
                self.display.epoch(event)
            case Rung():
                self.display.say(describe_rung(event))
            case Runoff():
                self.display.say(describe_runoff(event))
            case Scored():
                self.judgement += ["", *describe_scores(event)]
            case Verdict():
                self.judgement += ["", *text.describe_verdict(event)]
            case Ended():
                self.display.close()
                self.output.result([*text.describe_end(event), *self.judgement])

    def _warn(self, alert: Alert) -> None:
        """Before training, a part of the report; then a line beside the progress."""
        if self.stop.training:
            self.display.say(text.alert_line(alert))
        else:
            self.output.result(text.describe_alert(alert))


def _is_stopping(stop: Stop, error: OSError) -> bool:
    """Whether a signal asked for the end; that of a closed terminal may follow a failed write."""
    if error.errno == errno.EIO:
        until = time.monotonic() + 1
        while not stop.wanted and time.monotonic() < until:
            time.sleep(0.01)
    return stop.wanted
