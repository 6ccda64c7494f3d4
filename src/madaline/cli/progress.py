"""Progress of a training, on stderr: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Protocol

from madaline.cli.output import Output, live_wanted
from madaline.events.training import Epoch

REDRAW_SECONDS = 0.1  # 10 Hz: faster is not seen and costs training time
PLAIN_SECONDS = 30.0
PLAIN_SHARE = 0.1
# With these, losses and best epoch fit on 80 columns, and the spark line too on 100.
BAR_WIDTH = 10
SPARK_WIDTH = 12
BARS = "▁▂▃▄▅▆▇█"


class Display(Protocol):
    """Something that shows how a training goes."""

    def start(self, text: str) -> None:
        """Training is about to begin."""
        ...

    def epoch(self, epoch: Epoch) -> None:
        """A chunk of epochs is done."""
        ...

    def say(self, text: str) -> None:
        """A remark that stays."""
        ...

    def close(self) -> None:
        """Training is over; may be called twice."""
        ...


def make_display(output: Output) -> Display:
    """The display that fits the output mode and the terminal."""
    if output.mode != "text":
        return Silent()
    return LiveLine() if live_wanted(sys.stderr, os.environ) else PlainLines()


class Silent:
    """Shows nothing."""

    def start(self, text: str) -> None:
        """Nothing."""

    def epoch(self, epoch: Epoch) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


@dataclass
class PlainLines:
    """A line for every tenth of the epochs or every 30 seconds, whichever comes first."""

    clock: Callable[[], float] = time.monotonic
    last_epoch: int = 0
    last_time: float = field(default=-1.0)

    def start(self, text: str) -> None:
        """Say that training begins."""
        self.last_time = self.clock()
        self.say(text)

    def epoch(self, epoch: Epoch) -> None:
        """Print a line if it is time for one; the first epochs always get one."""
        due = (
            self.last_epoch == 0
            or epoch.epoch == epoch.epochs
            or epoch.epoch - self.last_epoch >= PLAIN_SHARE * epoch.epochs
            or self.clock() - self.last_time >= PLAIN_SECONDS
        )
        if due:
            from madaline.report.words.text import describe_epoch

            self.last_epoch, self.last_time = epoch.epoch, self.clock()
            self.say(describe_epoch(epoch))

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing is left to do."""


class LiveLine:
    """One line of a terminal, drawn again at most ten times a second."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self.console = Console(stderr=True, highlight=False, soft_wrap=False)
        # Our own clock redraws: rich's refresh thread would take time from the training.
        self.live = Live(console=self.console, auto_refresh=False, transient=True)
        self.losses: list[float] = []
        self.drawn = 0.0

    def start(self, text: str) -> None:
        """Show that the first programs are being compiled."""
        self._draw(text)

    def epoch(self, epoch: Epoch) -> None:
        """Draw the line again, unless it was drawn a moment ago."""
        self.losses.append(epoch.train if epoch.validation is None else epoch.validation)
        now = time.monotonic()
        if now - self.drawn >= REDRAW_SECONDS:
            self.drawn = now
            self._draw(progress_line(epoch, self.losses, self.console.width))

    def say(self, text: str) -> None:
        """Print above the live line."""
        self.console.print(text, markup=False)

    def close(self) -> None:
        """Take the line away and show the cursor again."""
        self.live.stop()

    def _draw(self, text: str) -> None:
        from rich.text import Text

        self.live.start()  # does nothing the second time
        self.live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)


def progress_line(epoch: Epoch, losses: list[float], width: int) -> str:
    """One line that says all, shorter on narrow terminals.

    >>> epoch = Epoch(50, 200, 50, 9.0, 0.001, train=0.25, validation=0.5, metric=None,
    ...               best_epoch=40, best=0.4375, left=75.0)
    >>> print(progress_line(epoch, [2.0, 1.0, 0.5], 100))
    ██░░░░░░░░   50/200  train 0.2500  validation 0.5000  █▃▁  best 0.4375 @ 40  1:15 left
    >>> print(progress_line(epoch, [2.0, 1.0, 0.5], 60))
    ██░░░░░░░░   50/200  validation 0.5000  1:15 left
    """
    number, epochs = epoch.epoch, epoch.epochs
    full = round(BAR_WIDTH * number / max(epochs, 1))
    judged = "" if epoch.validation is None else f"validation {epoch.validation:.4f}"
    best = f"best {epoch.best:.4f} @ {epoch.best_epoch}" if isfinite(epoch.best) else ""
    # Each part with its rank: what is dropped last when the line is narrow.
    parts = [
        (0, "█" * full + "░" * (BAR_WIDTH - full)),
        (0, f"{number:>{len(str(epochs))}}/{epochs}"),
        (3, f"train {epoch.train:.4f}"),
        (1, judged),
        (5, spark_line(losses, SPARK_WIDTH)),
        (4, best),
        (2, "" if epoch.left is None else f"{clock_text(epoch.left)} left"),
    ]
    for rank in range(5, -1, -1):
        line = "  ".join(text for part_rank, text in parts if text and part_rank <= rank)
        if len(line) < width:
            return line
    return f"{number}/{epochs}"


def spark_line(values: list[float], width: int) -> str:
    """The values as small bars, thinned to ``width``; not drawn below two values.

    >>> spark_line([3.0, 2.0, 1.0, 1.0], 16)
    '█▅▁▁'
    """
    finite = [value for value in values if abs(value) < float("inf")]
    if len(finite) < 2:
        return ""
    if len(finite) > width:
        finite = [finite[(i + 1) * len(finite) // width - 1] for i in range(width)]
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in finite)


def clock_text(seconds: float) -> str:
    """Minutes and seconds, with hours where there are some.

    >>> clock_text(75), clock_text(3675)
    ('1:15', '1:01:15')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
