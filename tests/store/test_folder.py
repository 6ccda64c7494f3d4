"""Run folders: one writer, no mixing, nothing foreign touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from madaline.errors import FileError, UsageError
from madaline.events.alert import Alert
from madaline.events.search import Runoff
from madaline.store import lock
from madaline.store.bundle import load_state
from madaline.store.folder import RunFolder

HOLDER = """
import sys
from madaline.store.folder import RunFolder
with RunFolder.open(sys.argv[1], lock=True) as folder:
    print("open", flush=True)
    sys.stdin.read()
"""


class Stand:
    """What `save_model` needs of a predictor."""

    def state(self):
        return {"task": "binary"}, {"bias": np.ones(2, np.float32)}


def test_a_run_is_made_filled_and_read_back(tmp_path):
    path = tmp_path / "runs" / "deep" / "a"
    with RunFolder.create(path, {"seed": 3, "rate": np.float32(0.5), "hidden": (4, 4)}) as folder:
        folder.event(Alert("note", "told", "one"))
        folder.save_checkpoint({"w": np.ones(3)}, {"epoch": 1})
        folder.event(Alert("note", "told", "two"))
        assert folder.n_events == 2
        folder.update_about(versions={"numpy": "2"})
        assert folder.save_model(Stand()) == path / "model.madaline"
        assert folder.trouble is None
    found = RunFolder.open(path, lock=False)
    assert found.about == {
        "seed": 3, "rate": 0.5, "hidden": [4, 4], "versions": {"numpy": "2"},
    }  # fmt: skip
    assert [event.text for event in found.read_events()] == ["one", "two"]
    checkpoint = found.load_checkpoint()
    assert checkpoint.cursor == {"epoch": 1, "n_events": 1}
    assert load_state(path)[0] == {"task": "binary"}
    assert json.loads((path / "run.json").read_text())["format"] == "madaline.run"


def test_a_run_goes_on_from_its_checkpoint(tmp_path):
    with RunFolder.create(tmp_path / "a", {}) as folder:
        folder.event(Runoff(1))
        folder.save_checkpoint({}, {"epoch": 1})
        folder.event(Runoff(2))
    with RunFolder.open(tmp_path / "a", lock=True) as folder:
        folder.truncate_events(folder.load_checkpoint().cursor["n_events"])
        folder.event(Runoff(2))
        assert [event.trial for event in folder.read_events()] == [1, 2]


def test_a_checkpoint_reaches_the_disk_after_the_events_before_it(tmp_path, monkeypatch):
    with RunFolder.create(tmp_path / "a", {}) as folder:
        folder.event(Runoff(0))
        synced = []
        monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
        folder.save_checkpoint({}, {})
    assert synced[0] == (tmp_path / "a" / "events.jsonl").stat().st_ino


def test_a_run_that_came_between_the_look_and_the_lock_is_not_overwritten(tmp_path, monkeypatch):
    take = lock.FolderLock

    def late(path):
        monkeypatch.undo()
        RunFolder.create(path, {"seed": 1}).close()
        return take(path)

    monkeypatch.setattr(lock, "FolderLock", late)
    with pytest.raises(FileError, match="is not empty"):
        RunFolder.create(tmp_path / "a", {"seed": 2})
    with RunFolder.open(tmp_path / "a", lock=True) as folder:
        assert folder.about == {"seed": 1}


def test_a_full_folder_is_refused_and_untouched(tmp_path):
    (tmp_path / "thesis.txt").write_text("three years of work")
    with pytest.raises(FileError, match=r"holds thesis.txt. Choose another folder, or resume"):
        RunFolder.create(tmp_path, {})
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_run_is_not_started_over_another(tmp_path):
    RunFolder.create(tmp_path / "a", {"seed": 1}).close()
    with pytest.raises(FileError, match="is not empty"):
        RunFolder.create(tmp_path / "a", {"seed": 2})
    assert RunFolder.open(tmp_path / "a", lock=False).about == {"seed": 1}


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="is a file, not a folder"):
        RunFolder.create(tmp_path / "file", {})
    with pytest.raises(FileError, match="a part of the path is a file"):
        RunFolder.create(tmp_path / "file" / "run", {})


def test_a_second_process_is_told_who_has_the_folder(tmp_path):
    path = tmp_path / "a"
    RunFolder.create(path, {}).close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as holder:  # fmt: skip
        assert holder.stdout
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(FileError, match=f"is in use by process {holder.pid}. Wait"):
            RunFolder.open(path, lock=True)
        RunFolder.open(path, lock=False).close()  # looking is allowed
        holder.kill()
    RunFolder.open(path, lock=True).close()  # a killed process holds nothing


def test_two_threads_cannot_have_one_run(tmp_path):
    first = RunFolder.create(tmp_path / "a", {})
    with pytest.raises(FileError, match=f"in use by process {os.getpid()}"):
        RunFolder.open(tmp_path / "a", lock=True)
    first.close()
    RunFolder.open(tmp_path / "a", lock=True).close()


def test_only_one_of_many_creates_the_same_run(tmp_path):
    def create(number):
        try:
            return RunFolder.create(tmp_path / "a", {"number": number})
        except FileError:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [folder for folder in pool.map(create, range(8)) if folder]
    assert len(made) == 1
    made[0].close()


def test_a_folder_for_reading_does_not_write(tmp_path):
    with RunFolder.create(tmp_path / "a", {}) as folder:
        pass
    before = sorted(item.name for item in (tmp_path / "a").iterdir())
    reader = RunFolder.open(tmp_path / "a", lock=False)
    for closed in (reader, folder):
        with pytest.raises(UsageError, match="reading only"):
            closed.event(Runoff(0))
        with pytest.raises(UsageError, match="reading only"):
            closed.save_checkpoint({}, {})
    assert sorted(item.name for item in (tmp_path / "a").iterdir()) == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "is not a run folder: it has no run.json"),
        ("{", "is damaged: it is not JSON"),
        ("[]", "not a dictionary"),
        ("{}", "says format 'None'"),
        ('{"format": "madaline.run", "version": 2}', "version '2'.*Upgrade"),
    ],
)
def test_what_is_no_run_folder_is_refused_and_not_kept_locked(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    for locked in (True, False):
        with pytest.raises(FileError, match=reason):
            RunFolder.open(tmp_path, lock=locked)
    (tmp_path / "run.json").write_text('{"format": "madaline.run", "version": 1}')
    RunFolder.open(tmp_path, lock=True).close()


def test_leftovers_of_a_kill_are_swept_and_foreign_files_stay(tmp_path):
    RunFolder.create(tmp_path / "a", {}).close()
    for name in (".madaline-0123456789abcdef.tmp", "notes.tmp", ".hidden", "checkpoint.copy"):
        (tmp_path / "a" / name).write_bytes(b"x")
    RunFolder.open(tmp_path / "a", lock=False).close()
    assert len(list((tmp_path / "a").glob(".madaline*"))) == 1
    RunFolder.open(tmp_path / "a", lock=True).close()
    left = {item.name for item in (tmp_path / "a").iterdir()}
    assert left == {"run.json", "events.jsonl", "lock", "notes.tmp", ".hidden", "checkpoint.copy"}


def test_a_failed_start_gives_the_lock_back(tmp_path, monkeypatch):
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "")))
    with pytest.raises(FileError, match="the disk is full"):
        RunFolder.create(tmp_path / "a", {})
    monkeypatch.undo()
    RunFolder.create(tmp_path / "a", {}).close()


def test_a_discarded_run_leaves_nothing_behind(tmp_path):
    folder = RunFolder.create(tmp_path / "run", {})
    folder.event(Runoff(0))
    folder.discard()
    assert not (tmp_path / "run").exists()


def test_a_discarded_run_leaves_the_files_of_others(tmp_path):
    folder = RunFolder.create(tmp_path / "run", {})
    (tmp_path / "run" / "notes.txt").write_text("mine")
    folder.discard()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["notes.txt"]


def test_a_failed_start_leaves_no_folder_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "")))
    with pytest.raises(FileError, match="the disk is full"):
        RunFolder.create(tmp_path / "a", {})
    assert list(tmp_path.iterdir()) == []


def test_what_was_killed_before_its_run_began_is_no_obstacle(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("lock", ".madaline-0123456789abcdef.tmp"):
        (tmp_path / "a" / name).write_bytes(b"x")
    with RunFolder.create(tmp_path / "a", {"seed": 1}):
        pass
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "events.jsonl", "lock", "run.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["run.json", "events.jsonl", "checkpoint.safetensors", "model.madaline"]
)
def test_a_run_whose_file_is_a_link_is_not_gone_on_with(tmp_path, name):
    with RunFolder.create(tmp_path / "a", {}) as folder:
        folder.save_checkpoint({}, {})
        folder.save_model(Stand())
    (tmp_path / "a" / name).rename(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()
    (tmp_path / "a" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError, match=f"{name} is a symbolic link"):
        RunFolder.open(tmp_path / "a", lock=True)
    assert (tmp_path / "elsewhere").read_bytes() == before


def test_a_linked_folder_is_the_folder(tmp_path):
    RunFolder.create(tmp_path / "a", {"seed": 1}).close()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with RunFolder.open(tmp_path / "b", lock=True) as folder:
        folder.event(Runoff(0))
        with pytest.raises(FileError, match="in use"):
            RunFolder.open(tmp_path / "a", lock=True)
    assert folder.about == {"seed": 1}
