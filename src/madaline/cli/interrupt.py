"""Ctrl-C, SIGTERM, SIGHUP. While training the first one asks to stop, the second one leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from socket import socket

# SIGHUP: the terminal was closed. Windows has none.
_HANGUP = getattr(signal, "SIGHUP", None)
SIGNALS = tuple(s for s in (signal.SIGINT, signal.SIGTERM, _HANGUP) if s is not None)
# Shells, timeout and service managers send a signal twice at once; no person types so fast.
_ONE_WISH_SECONDS = 0.1
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
        terminals: Which of stdout and stderr are a terminal, which a hangup takes away.
    """

    wanted: bool = False
    signal: int = 0
    training: bool = False
    say: Callable[[str], None] = field(default=_no_message)
    terminals: tuple[int, ...] = ()
    _since: float = 0.0

    @property
    def exit_code(self) -> int:
        """128 + number of the signal, as shells count: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.signal or signal.SIGINT)

    def take(self, number: int) -> None:
        """Count one signal; the second one ends the process here and now."""
        if self.wanted:
            if number != _HANGUP and time.monotonic() - self._since > _ONE_WISH_SECONDS:
                leave_at_once(self.exit_code)
            return
        self.wanted, self.signal, self._since = True, number, time.monotonic()
        if number == _HANGUP:
            _speak_to_nobody(self.terminals)
        if self.training:
            with contextlib.suppress(OSError):  # nobody may be there to read it
                self.say(
                    "Stopping after these epochs and saving the best weights; again leaves at once."
                )


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, unwinding the command as Ctrl-C does."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


@contextmanager
def unwinding() -> Generator[None]:
    """Let SIGTERM and SIGHUP unwind the block, so that half-written files are removed."""

    def handle(number: int, frame: FrameType | None) -> None:
        if number == _HANGUP:
            _speak_to_nobody(_terminals())
        raise Terminated(number)

    with _handled({number: handle for number in SIGNALS if number != signal.SIGINT}):
        yield


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
    from socket import socketpair

    stop.terminals = _terminals()
    reader, writer = socketpair()
    writer.setblocking(False)
    thread = threading.Thread(target=_count, args=(reader, stop), daemon=True)
    with _handled(dict.fromkeys(SIGNALS, _handler(stop))):
        wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        thread.start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            writer.close()
            thread.join(timeout=1)
            reader.close()


@contextmanager
def _handled(handlers: Mapping[int, Callable[[int, FrameType | None], None]]) -> Generator[None]:
    """These handlers while the block runs; a signal that is ignored (nohup) stays ignored."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {
            number: signal.signal(number, handler)
            for number, handler in handlers.items()
            if signal.getsignal(number) != signal.SIG_IGN
        }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_at_once(exit_code: int) -> None:
    """End the process without cleaning up; files are written aside and renamed, so none is torn."""
    if sys.stderr.isatty():
        os.write(2, SHOW_CURSOR.encode() + b"\n")
    os._exit(exit_code)


def _terminals() -> tuple[int, ...]:
    return tuple(handle for handle in (1, 2) if os.isatty(handle))


def _speak_to_nobody(handles: tuple[int, ...]) -> None:
    """Send what is still written to a terminal that is gone to nowhere, instead of failing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for handle in handles:
        os.dup2(nowhere, handle)
    os.close(nowhere)


def _handler(stop: Stop) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        if not stop.training and not _is_collecting(frame):
            # Nothing is learned yet: unwind, so that files are closed and locks are freed.
            stop.signal = stop.signal or number
            raise KeyboardInterrupt

    return handle


def _is_collecting(frame: FrameType | None) -> bool:
    """Whether Python was calling JAX back from its garbage collection.

    It would print an exception raised there and go on. The wish is counted already, and the first
    look at the training grants it.
    """
    while frame is not None:
        if frame.f_code.co_name == "_xla_gc_callback":
            return True
        frame = frame.f_back
    return False


def _count(reader: socket, stop: Stop) -> None:
    """Each byte is the number of a signal."""
    while numbers := reader.recv(16):
        for number in numbers:
            if number in SIGNALS:
                stop.take(number)
