"""Ctrl-C and SIGTERM while training: the first one asks to stop, the second one leaves."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SHOW_CURSOR = "\x1b[?25h"


def _no_message(text: str) -> None:
    """Say nothing."""


@dataclass(slots=True)
class Stop:
    """What the person asked for.

    Attributes:
        wanted: Stop after the epochs in flight.
        signal: The first signal; 0 while there was none.
        training: Whether there is something to save. Before, a signal ends the command at once.
        say: Told, in a sentence, when the first signal is taken.
    """

    wanted: bool = False
    signal: int = 0
    training: bool = False
    say: Callable[[str], None] = field(default=_no_message)

    @property
    def exit_code(self) -> int:
        """128 + number of the signal, as shells count: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.signal or signal.SIGINT)

    def take(self, number: int) -> None:
        """Count one signal; the second one ends the process here and now."""
        if self.wanted:
            leave_at_once(self.exit_code)
        self.wanted, self.signal = True, number
        if self.training:
            self.say(
                "Stopping after these epochs and saving the best weights; again leaves at once."
            )


@contextmanager
def listening(stop: Stop) -> Generator[None]:
    """Send SIGINT and SIGTERM to ``stop`` while the block runs.

    Python runs signal handlers between two instructions of the main thread, which may sit in a
    compiled program for seconds. So a small thread counts the signals, from the socket that the
    interpreter writes each of them to at once, and can leave in the middle of a program.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    thread = threading.Thread(target=_count, args=(reader, stop), daemon=True)
    before: dict[int, Any] = {number: signal.signal(number, _handler(stop)) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        writer.close()
        thread.join(timeout=1)
        reader.close()


def leave_at_once(exit_code: int) -> None:
    """End the process without cleaning up; files are written aside and renamed, so none is torn."""
    if sys.stderr.isatty():
        os.write(2, SHOW_CURSOR.encode() + b"\n")
    os._exit(exit_code)


def _handler(stop: Stop) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        if not stop.training:
            # Nothing is learned yet: unwind, so that files are closed and locks are freed.
            stop.signal = stop.signal or number
            raise KeyboardInterrupt

    return handle


def _count(reader: socket.socket, stop: Stop) -> None:
    """Each byte is the number of a signal."""
    while numbers := reader.recv(16):
        for number in numbers:
            if number in SIGNALS:
                stop.take(number)
