"""A disk that is full or read-only, a folder in the way, two runs of one name, a run that moved."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from madaline.cli.main import madaline
from madaline.errors import FileError
from madaline.runs import recorder
from madaline.runs.resume import resume_run
from madaline.runs.start import start_run
from madaline.settings.table import Settings
from madaline.store import files
from madaline.store.bundle import load_model
from tools import Onlooker, interrupter

pytestmark = pytest.mark.usefixtures("quick_compilation")

SETTINGS = Settings(preset="classic", hidden=(4,), epochs=4, batch_size=16, patience=0, test=0.0)
GOLDEN = Path(__file__).parents[1] / "golden" / "v2"


class Full:
    """A disk that has no space for the k-th write and those after it, or for that one alone."""

    def __init__(self, patch, at, *, again):
        self.writes, self.at, self.again = 0, at, again
        real_write, real_open = os.write, Path.open

        def write(handle, content):
            if self._refuses():
                raise OSError(errno.ENOSPC, "No space left on device")
            return real_write(handle, content)

        def open_(path, mode="r", *rest, **named):
            if mode == "xb" and self._refuses():
                real_open(path, mode).close()  # a name still fits, the content does not
                raise OSError(errno.ENOSPC, "No space left on device")
            return real_open(path, mode, *rest, **named)

        patch.setattr(os, "write", write)
        patch.setattr(Path, "open", open_)

    def _refuses(self):
        self.writes += 1
        return self.writes == self.at or (self.writes > self.at and not self.again)


@pytest.fixture(autouse=True)
def _rows(monkeypatch):
    x = np.random.default_rng(0).normal(size=(80, 2))
    lines = [f"{a!r},{b!r},{a * b + a!r}" for a, b in x.tolist()]
    Path("rows.csv").write_text("\n".join(["a,b,y", *lines]))
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.0)


def started(folder, watch=None):
    return start_run("rows.csv", "y", SETTINGS, output=folder, watch=watch)


def weights(folder):
    return {name: value.tobytes() for name, value in load_model(folder).weights.items()}


@pytest.mark.parametrize("again", [False, True], ids=["for good", "for a moment"])
def test_a_disk_that_fills_at_any_write_costs_no_bit_and_never_passes_for_success(
    monkeypatch, again
):
    started("unbroken")
    refused = warned = 0
    for at in range(1, 200):
        folder, watch = f"run{at}", Onlooker()
        with monkeypatch.context() as patch:
            disk = Full(patch, at, again=again)
            try:
                started(folder, watch)
            except FileError as error:
                refused += "the disk is full" in str(error)
                assert not Path(folder, "model.madaline").exists()
            else:
                assert Path(folder, "model.madaline").exists()
            warned += bool(watch.texts())
            whole = disk.writes < at
        # Space is free again.
        if not Path(folder).exists():
            started(folder)
        elif not Path(folder, "model.madaline").exists():
            resume_run(folder)
        assert weights(folder) == weights("unbroken")
        assert not list(Path(folder).glob(".*"))
        if whole:
            break
    assert whole
    assert refused >= 2  # where the run begins and where its model is written
    assert warned > 2


def is_mountable():
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"):
        return False
    probe = Path("probe")
    probe.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(probe)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        return False
    subprocess.run(["umount", str(probe)], check=True)
    return True


@pytest.fixture
def small_disk():
    """A real disk of 60 kB; only where the tests may mount one."""
    if not is_mountable():
        pytest.skip("needs the right to mount")
    disk = Path("disk")
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", str(disk)]
    subprocess.run(words, check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def call(*words):
    return CliRunner().invoke(madaline, list(map(str, words)))


def test_a_real_disk_that_is_full_is_told_and_freed_it_holds_the_same_run(small_disk):
    started("unbroken")
    filler = small_disk / "filler"
    for size in range(60_000, 0, -4096):
        filler.write_bytes(bytes(size))
        done = call("fit", "rows.csv", "-t", "y", "--preset", "classic", "--hidden", "4",
                    "--epochs", "4", "--batch-size", "16", "--patience", "0", "--test", "0",
                    "-o", small_disk / "run")  # fmt: skip
        filler.unlink()
        if done.exit_code == 0:
            break
        assert done.exit_code == 6, done.output
        assert len(done.stderr.strip().splitlines()[-1:]) == 1
        assert "Traceback" not in done.stderr
        if (small_disk / "run").exists():
            assert call("fit", "--resume", small_disk / "run").exit_code == 0
            assert weights(small_disk / "run") == weights("unbroken")
            shutil.rmtree(small_disk / "run")
    assert size < 50_000
    assert weights(small_disk / "run") == weights("unbroken")
    (small_disk / "out.csv").write_text("earlier")
    free = shutil.disk_usage(small_disk).free
    (small_disk / "filler").write_bytes(bytes(free - 4096 if free > 4096 else 0))
    rows = "\n".join(["a,b", *(f"{i},{i}" for i in range(5000))])
    Path("new.csv").write_text(rows)
    done = call("predict", small_disk / "run", "new.csv", "-o", small_disk / "out.csv")
    assert (done.exit_code, (small_disk / "out.csv").read_text()) == (6, "earlier")
    assert "the disk is full" in done.stderr
    assert not list(small_disk.glob(".*"))


def test_a_read_only_disk_is_told_before_training_and_its_models_still_answer(small_disk):
    started("begun", interrupter())
    shutil.copytree("begun", small_disk / "run")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for words in (
        ["fit", "rows.csv", "-t", "y", "-o", small_disk / "new"],
        ["fit", "--resume", small_disk / "run"],
        ["predict", small_disk / "run", "rows.csv", "-o", small_disk / "out.csv"],
    ):
        done = call(*words)
        assert done.exit_code == 6
        assert "read-only" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert call("predict", small_disk / "run", "rows.csv").exit_code == 0
    assert call("info", small_disk / "run").exit_code == 0


def test_a_disk_that_turns_read_only_in_mid_run_ends_it_with_one_line(small_disk):
    class Remount(Onlooker):
        def progress(self, progress):
            if progress.epoch == 1:
                words = ["mount", "-o", "remount,ro", str(small_disk)]
                # An open log keeps the disk writable: what a failing disk does is stood in for.
                if subprocess.run(words, capture_output=True, check=False).returncode:
                    raise FileError("It cannot be written: the file system is read-only.")

    with pytest.raises(FileError, match="read-only"):
        started(small_disk / "run", Remount())
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    started("unbroken")
    resume_run(small_disk / "run")
    assert weights(small_disk / "run") == weights("unbroken")


@pytest.mark.parametrize("place", ["file", "file/run", "rows.csv"])
def test_a_file_in_the_way_is_told(place):
    Path("file").write_text("mine")
    done = call("fit", "rows.csv", "-t", "y", "-o", place)
    assert done.exit_code == 6
    assert len(done.stderr.splitlines()) == 1
    assert Path("file").read_text() == "mine"


def test_two_runs_at_once_with_one_name_are_one_run_and_a_refusal():
    words = ["fit", "rows.csv", "-t", "y", "--hidden", "4", "--epochs", "3", "-o", "run", "-q"]
    children = [
        subprocess.Popen([sys.executable, "-m", "madaline", *words], stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [child.communicate()[1].decode() for child in children]
    assert sorted(child.returncode for child in children) == [0, 6]
    (line,) = "".join(said).splitlines()
    assert "in use by process" in line or "is not empty" in line
    assert load_model("run")
    log = [json.loads(line)["n"] for line in Path("run/events.jsonl").read_text().splitlines()]
    assert log == list(range(1, len(log) + 1))


def test_two_runs_at_once_without_a_name_get_two():
    done = []
    threads = [
        threading.Thread(target=lambda: done.append(start_run("rows.csv", "y", SETTINGS).folder))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(done)) == 2
    assert weights(done[0]) == weights(done[1])


def test_a_run_that_was_copied_moved_or_linked_goes_on():
    started("unbroken")
    started("begun", interrupter())
    shutil.copytree("begun", "elsewhere/copy of begun")
    Path("link").symlink_to("elsewhere/copy of begun")
    resume_run("link")
    shutil.move("begun", "moved")
    resume_run("moved")
    for folder in ("link", "moved"):
        assert weights(folder) == weights("unbroken")


def test_predictions_that_cannot_be_written_leave_the_earlier_file(monkeypatch):
    Path("out.csv").write_text("earlier")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    done = call("predict", GOLDEN / "binary.madaline", GOLDEN / "new.csv", "-o", "out.csv")
    assert done.exit_code == 6
    assert "out.csv cannot be written: the disk is full" in done.stderr
    assert sorted(os.listdir()) == ["out.csv", "rows.csv"]
    assert Path("out.csv").read_bytes() == b"earlier"
