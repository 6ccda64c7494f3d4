from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from madaline.cli import interrupt
from madaline.cli.interrupt import Stop, Terminated, listening, unwinding

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

# A compiled call that holds the main thread for minutes without looking at signals.
IN_A_COMPILED_CALL = """
import hashlib, sys
from madaline.cli.interrupt import Stop, listening
stop = Stop(training=True, say=lambda text: print("FIRST", flush=True))
with listening(stop):
    print("READY", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"x", b"x", 10**9)
"""


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_the_first_signal_asks_and_does_not_raise() -> None:
    told: list[str] = []
    stop = Stop(training=True, say=told.append)
    with listening(stop):
        os.kill(os.getpid(), signal.SIGINT)
        wait_for(lambda: stop.wanted)
    assert (stop.signal, stop.exit_code) == (signal.SIGINT, 130)
    assert len(told) == 1


def test_sigterm_has_its_own_exit_code() -> None:
    stop = Stop(training=True)
    with listening(stop):
        os.kill(os.getpid(), signal.SIGTERM)
        wait_for(lambda: stop.wanted)
    assert stop.exit_code == 143


def test_before_training_the_first_signal_unwinds_at_once() -> None:
    stop = Stop()

    def read_rows() -> None:
        with listening(stop):
            os.kill(os.getpid(), signal.SIGTERM)
            wait_for(lambda: False)

    with pytest.raises(KeyboardInterrupt):
        read_rows()
    assert stop.exit_code == 143


def test_afterwards_signals_are_handled_as_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with listening(Stop()):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_the_second_signal_leaves_in_the_middle_of_a_compiled_call() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_COMPILED_CALL], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "READY\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "FIRST\n"
        time.sleep(0.15)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
    finally:
        process.kill()
        process.communicate()


def test_a_signal_sent_twice_at_once_is_one_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(interrupt, "leave_at_once", left.append)
    stop = Stop(training=True)
    stop.take(signal.SIGTERM)
    stop.take(signal.SIGTERM)
    assert left == []
    time.sleep(0.15)
    stop.take(signal.SIGHUP)  # a hangup is told by the kernel and by the shell
    assert left == []
    stop.take(signal.SIGTERM)
    assert left == [143]


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with listening(Stop()), unwinding():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_every_command_unwinds_on_a_signal(number: int, code: int) -> None:
    def work() -> None:
        with unwinding():
            os.kill(os.getpid(), number)
            wait_for(lambda: False)

    before = signal.getsignal(number)
    with pytest.raises(Terminated) as caught:
        work()
    assert caught.value.exit_code == code
    assert signal.getsignal(number) == before


def test_nobody_to_read_does_not_keep_the_first_signal_from_counting() -> None:
    def broken(text: str) -> None:
        raise OSError(5, "Input/output error")

    stop = Stop(training=True, say=broken)
    stop.take(signal.SIGHUP)
    assert (stop.wanted, stop.exit_code) == (True, 129)
