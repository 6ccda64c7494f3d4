"""Signals sent to the real command: what was learned is saved, and no traceback is shown."""

from __future__ import annotations

import json
import os
import pty
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from madaline.store.bundle import load_model

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

# Some seconds of training, in which there is time to send a signal.
FIT = (
    "fit", "my rows.csv", "-t", "y", "--preset", "classic", "--hidden", "8", "--batch-size", "2",
    "--epochs", "250", "--patience", "0", "--test", "0.1",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _rows():
    x = np.random.default_rng(0).normal(size=(500, 3))
    lines = [f"{a!r},{b!r},{c!r},{a * b + c!r}" for a, b, c in x.tolist()]
    Path("my rows.csv").write_text("\n".join(["a,b,c,y", *lines]))


def begin(*words, **options):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-m", "madaline", *words], **{**pipes, **options})


def finished(*words):
    return subprocess.run(
        [sys.executable, "-m", "madaline", *words], capture_output=True, check=False
    ).returncode


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def log(folder):
    path = Path(folder, "events.jsonl")
    return path.read_text() if path.exists() else ""


def ends(folder):
    lines = map(json.loads, log(folder).splitlines())
    return [event["why"] for event in lines if event["kind"] == "end"]


def weights(folder):
    return {name: value.tobytes() for name, value in load_model(folder).weights.items()}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_printed_command_goes_on_as_typed(number, code):
    folder = "my runs/it's a run"
    child = begin(*FIT, "-o", folder, "--json")
    wait_for(lambda: '"epoch"' in log(folder))
    child.send_signal(number)
    said, errors = child.communicate(timeout=60)
    assert child.returncode == code
    assert "Traceback" not in errors
    document = json.loads(said)
    assert document["schema"] == "madaline.fit/1"
    assert document["error"]["code"] == "interrupted"
    assert document["why"] == "interrupted"
    assert ends(folder) == ["interrupted"]
    assert load_model(folder).about["why"] == "interrupted"
    typed = document["error"]["hint"].removeprefix("Resume with: ")
    assert typed == f"madaline fit --resume {shlex.quote(folder)}"
    shell = f'madaline() {{ {shlex.quote(sys.executable)} -m madaline "$@"; }}; {typed} --quiet'
    subprocess.run(["sh", "-c", shell], check=True, capture_output=True)
    assert ends(folder)[-1] == "done"
    assert finished(*FIT, "-o", "unbroken", "--quiet") == 0
    assert weights(folder) == weights("unbroken")


def test_at_any_moment_ctrl_c_ends_without_a_traceback_and_leaves_a_run_or_nothing():
    moments = random.Random(0)
    for _ in range(6):
        child = begin(*FIT, "-o", "run")
        time.sleep(moments.uniform(0.05, 2.5))
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
        assert "Traceback" not in errors
        assert "Exception ignored" not in errors
        # Ended by the signal itself while Python was still loading its own modules, or too late.
        assert child.returncode in (130, -signal.SIGINT, 0), errors
        if Path("run").exists():
            assert ends("run") == ["done" if child.returncode == 0 else "interrupted"]
            assert load_model("run")
            subprocess.run(["rm", "-r", "run"], check=True)


# The terminal becomes the one that controls the process, as under a shell.
ON_A_TERMINAL = """
import fcntl, runpy, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("madaline", run_name="__main__", alter_sys=True)
"""


def test_a_closed_terminal_saves_the_best_weights():
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, *FIT, "-o", "run"], start_new_session=True,
        stdin=slave, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    wait_for(lambda: '"epoch"' in log("run"))
    os.close(master)
    assert child.wait(timeout=60) == 129
    assert ends("run") == ["interrupted"]
    assert load_model("run").about["why"] == "interrupted"


def test_a_reader_that_goes_away_ends_it_silently_and_the_run_can_go_on():
    child = begin(*FIT, "-o", "run", "--events")
    while '"epoch"' not in child.stdout.readline():
        pass
    child.stdout.close()
    with child.stderr:
        assert child.stderr.read() == ""
    assert child.wait(timeout=60) == 141
    assert Path("run", "run.json").exists()
    assert finished("fit", "--resume", "run", "--quiet") == 0
    assert ends("run") == ["done"]


# Predicts, and gets the signal when the answers lie on the disk, but not yet under their name.
PREDICT = """
import os, signal, sys
from madaline.__main__ import main
sync, number = os.fsync, int(sys.argv.pop())
def fsync(handle):
    sync(handle)
    os.kill(os.getpid(), number)
os.fsync = fsync
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_predictions_are_written_leaves_the_earlier_file(number):
    golden = Path(__file__).parents[1] / "golden" / "v1"
    Path("out.csv").write_text("earlier")
    words = ["predict", golden / "binary.madaline", golden / "new.csv", "-o", "out.csv"]
    child = subprocess.run(
        [sys.executable, "-c", PREDICT, *map(str, words), str(int(number))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == 128 + number
    *notes, last = child.stderr.splitlines()
    assert last == "Interrupted."
    assert all(note.startswith("madaline: note:") for note in notes)
    assert Path("out.csv").read_text() == "earlier"
    assert sorted(os.listdir()) == ["my rows.csv", "out.csv"]
