"""Checkpoints: at every moment at least one is whole, and a damaged one is never used."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from madaline.errors import FileError
from madaline.store import checkpoint
from madaline.store.checkpoint import NAME, PREVIOUS, load_checkpoint, save_checkpoint

STATE = """
import numpy as np
def state(number):
    rng = np.random.default_rng(number)
    return {"w": rng.normal(size=(40, 50)).astype("f4"), "step": np.array(number)}
"""
exec(STATE)

KILLED = (
    STATE
    + """
import itertools, sys
from madaline.store.checkpoint import save_checkpoint
folder, first = sys.argv[1], int(sys.argv[2])
for number in itertools.count(first):
    save_checkpoint(folder, state(number), {"number": number})
    print(number, flush=True)
"""
)

# Leaves, as by kill -9, at the k-th call of any function that changes the folder.
LEAVES = (
    STATE
    + """
import os, pathlib, sys
from madaline.store.checkpoint import save_checkpoint

def leave_at(call):
    count = 0
    def counted(function):
        def wrapped(*arguments, **options):
            nonlocal count
            count += 1
            if count == call:
                os._exit(9)
            return function(*arguments, **options)
        return wrapped
    for name in ("fsync", "replace", "link", "unlink"):
        setattr(os, name, counted(getattr(os, name)))
    pathlib.Path.open = counted(pathlib.Path.open)

for call in range(1, 30):
    folder = os.path.join(sys.argv[1], str(call))
    os.mkdir(folder)
    for number in range(1, int(sys.argv[2]) + 1):
        save_checkpoint(folder, state(number), {"number": number})
    if len(sys.argv) > 3:
        with open(os.path.join(folder, "checkpoint.safetensors"), "r+b") as stream:
            stream.truncate(100)
    child = os.fork()
    if child == 0:
        leave_at(call)
        save_checkpoint(folder, state(number + 1), {"number": number + 1})
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        print(call)
        break
"""
)

LIMITED = (
    STATE
    + """
import resource, sys
from madaline.errors import FileError
from madaline.store.checkpoint import save_checkpoint
resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000))
large = state(3) | {"more": np.ones(4000)}
try:
    save_checkpoint(sys.argv[1], large, {"number": 3})
except FileError as error:
    print(error)
"""
)


def numbers(found):
    return {name: array.tobytes() for name, array in found.items()}


def is_state(found, number):
    return found.cursor == {"number": number} and numbers(found.arrays) == numbers(state(number))


def save(folder, number):
    save_checkpoint(folder, state(number), {"number": number})


def test_no_checkpoint_is_none(tmp_path):
    assert load_checkpoint(tmp_path) is None


def test_arrays_and_cursor_come_back_exactly(tmp_path):
    arrays = {
        "f4": np.array([0x7FC00001, 0x7F800001, 1], np.uint32).view(np.float32),
        "f8": np.array([np.pi, -0.0, 5e-324]),
        "zero dimensions": np.array(3, np.int64),
        "flag": np.array([True, False]),
        "u4": np.array([[2**32 - 1]], np.uint32),
        "empty": np.zeros((0, 3), np.float32),
    }
    cursor = {"best": math.inf, "loss": [0.1 + 0.2, None], "why": "ä"}
    save_checkpoint(tmp_path, arrays, cursor)
    found = load_checkpoint(tmp_path)
    assert found.cursor == cursor
    assert found.note is None
    assert numbers(found.arrays) == numbers(arrays)
    assert {n: (a.dtype, a.shape) for n, a in found.arrays.items()} == {
        n: (a.dtype, a.shape) for n, a in arrays.items()
    }


def test_the_one_before_is_kept_and_a_copy_works(tmp_path):
    for number in (1, 2, 3):
        save(tmp_path, number)
    assert sorted(item.name for item in tmp_path.iterdir()) == [PREVIOUS, NAME]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / NAME).write_bytes((tmp_path / PREVIOUS).read_bytes())
    assert is_state(load_checkpoint(tmp_path), 3)
    assert is_state(load_checkpoint(tmp_path / "elsewhere"), 2)


def test_a_damaged_newest_one_falls_back_and_says_so(tmp_path):
    save(tmp_path, 1)
    save(tmp_path, 2)
    whole = (tmp_path / NAME).read_bytes()
    rng = random.Random(0)
    places = [*range(0, 500, 7), *rng.sample(range(len(whole)), 200)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.randrange(8)
        (tmp_path / NAME).write_bytes(damaged)
        found = load_checkpoint(tmp_path)
        assert is_state(found, 1)
        assert f"{NAME} is damaged" in found.note
        assert "goes on from the checkpoint before it" in found.note


def test_every_flipped_byte_of_a_small_checkpoint_is_refused(tmp_path):
    save_checkpoint(tmp_path, {"a": np.ones(2, np.float32)}, {"epoch": 1})
    whole = (tmp_path / NAME).read_bytes()
    for place in range(len(whole)):
        for pattern in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= pattern
            (tmp_path / NAME).write_bytes(damaged)
            with pytest.raises(FileError, match=f"{NAME} (is damaged|says)"):
                load_checkpoint(tmp_path)


def test_every_truncation_is_refused(tmp_path):
    save_checkpoint(tmp_path, {"a": np.ones(2, np.float32)}, {"epoch": 1})
    whole = (tmp_path / NAME).read_bytes()
    for length in range(len(whole)):
        (tmp_path / NAME).write_bytes(whole[:length])
        with pytest.raises(FileError, match="is damaged"):
            load_checkpoint(tmp_path)


def test_two_damaged_ones_are_refused(tmp_path):
    save(tmp_path, 1)
    save(tmp_path, 2)
    (tmp_path / NAME).write_bytes(b"")
    (tmp_path / PREVIOUS).write_bytes(b"x" * 500)
    with pytest.raises(FileError, match=r"No checkpoint in .* is whole: .* Start a new run"):
        load_checkpoint(tmp_path)


def test_a_missing_newest_one_falls_back(tmp_path):
    save(tmp_path, 1)
    save(tmp_path, 2)
    (tmp_path / NAME).unlink()
    assert is_state(load_checkpoint(tmp_path), 1)


def test_another_version_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "_FORMAT", "madaline.checkpoint 2")
    save(tmp_path, 1)
    monkeypatch.undo()
    with pytest.raises(FileError, match="another version of Madaline"):
        load_checkpoint(tmp_path)


def test_without_hard_links_the_one_before_is_copied(tmp_path, monkeypatch):
    def fail(*_):
        raise PermissionError(1, "no links here")

    monkeypatch.setattr("os.link", fail)
    save(tmp_path, 1)
    save(tmp_path, 2)
    (tmp_path / NAME).unlink()
    assert is_state(load_checkpoint(tmp_path), 1)


def test_a_vanished_folder_is_an_error(tmp_path):
    with pytest.raises(FileError, match="cannot be written"):
        save(tmp_path / "gone", 1)


def test_killed_at_random_moments_a_written_state_is_found(tmp_path):
    rng = random.Random(time.time_ns())
    first = 1
    for _ in range(15):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path), str(first)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout
        child.stdout.readline()
        time.sleep(rng.uniform(0, 0.03))
        child.kill()
        told = [first, *map(int, child.stdout.read().split("\n")[:-1])]
        child.stdout.close()
        child.wait()
        found = load_checkpoint(tmp_path)
        number = found.cursor["number"]
        # What was reported as saved is not lost; at most the one in the making is ahead of it.
        assert told[-1] <= number <= told[-1] + 1
        assert is_state(found, number)
        assert found.note is None
        first = number + 1
    assert first > 15


@pytest.mark.parametrize("before", [1, 2])
def test_killed_before_each_system_call_the_newest_or_the_one_before_is_found(tmp_path, before):
    result = subprocess.run(
        [sys.executable, "-c", LEAVES, str(tmp_path), str(before)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    calls = int(result.stdout)
    assert calls >= 6
    for call in range(1, calls):
        found = load_checkpoint(tmp_path / str(call))
        assert any(is_state(found, number) for number in (before, before + 1))
        assert found.note is None
    assert is_state(load_checkpoint(tmp_path / str(calls)), before + 1)


def test_killed_while_replacing_a_damaged_one_the_one_before_is_not_lost(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", LEAVES, str(tmp_path), "2", "damage the newest"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for call in range(1, int(result.stdout)):
        found = load_checkpoint(tmp_path / str(call))
        assert any(is_state(found, number) for number in (1, 3))


def test_a_full_disk_leaves_both_checkpoints(tmp_path):
    save(tmp_path, 1)
    save(tmp_path, 2)
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "cannot be written: the file would grow over a size limit" in result.stdout
    assert sorted(item.name for item in tmp_path.iterdir()) == [PREVIOUS, NAME]
    assert is_state(load_checkpoint(tmp_path), 2)
    (tmp_path / NAME).unlink()
    assert is_state(load_checkpoint(tmp_path), 1)


def test_two_megabytes_cost_little(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda handle: None)
    arrays = {f"layers.{i}.weight": np.ones((1, 256, 256), np.float32) for i in range(8)}
    history = {"history": [[0.123456789] * 3] * 500}

    def seconds():
        start = time.process_time()
        save_checkpoint(tmp_path, arrays, history)
        return time.process_time() - start

    # 2 ms on one core; the bound leaves room for a slow machine without SHA instructions.
    assert min(seconds() for _ in range(5)) < 0.05
