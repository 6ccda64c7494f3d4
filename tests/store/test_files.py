"""Files are whole or not there, whatever goes wrong."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from madaline.errors import FileError
from madaline.store.files import file_trouble, read_json, write_atomically, write_bytes, write_json

LIMITED = """
import resource, sys
from madaline.errors import FileError
from madaline.store.files import write_bytes
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_bytes(sys.argv[1], b"n" * 20_000)
except FileError as error:
    print(error)
"""


def listed(folder):
    return sorted(item.name for item in folder.iterdir())


def test_a_failing_writer_leaves_the_earlier_file_and_nothing_else(tmp_path):
    path = tmp_path / "a"
    write_bytes(path, b"old")

    def write(stream):
        stream.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, write)
    assert path.read_bytes() == b"old"
    assert listed(tmp_path) == ["a"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failing_system_call_leaves_the_earlier_file(tmp_path, monkeypatch, call):
    path = tmp_path / "a"
    write_bytes(path, b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(FileError, match=r"a cannot be written: the disk is full. Free some space"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert listed(tmp_path) == ["a"]


def test_a_full_disk_leaves_the_earlier_file_and_says_so(tmp_path):
    path = tmp_path / "a"
    write_bytes(path, b"old")
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True
    )
    assert "a cannot be written: the file would grow over a size limit" in result.stdout
    assert path.read_bytes() == b"old"
    assert listed(tmp_path) == ["a"]


def test_each_impossible_place_is_named_with_its_reason(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for path, reason in [
        (tmp_path / "file" / "a", "is a file, not a folder"),
        (tmp_path / "gone" / "a", "does not exist"),
        (tmp_path / "folder", "it is a folder"),
        (tmp_path / ("x" * 300), "the name is too long"),
    ]:
        with pytest.raises(FileError, match=reason) as caught:
            write_bytes(path, b"new")
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert listed(tmp_path) == ["file", "folder"]


def test_content_reaches_the_disk_before_the_name_and_the_name_before_the_return(
    tmp_path, monkeypatch
):
    calls = []
    fsync, replace = os.fsync, os.replace

    def synced(handle):
        calls.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def replaced(old, new):
        calls.append("name")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    write_bytes(tmp_path / "a", b"new")
    assert calls == ["file", "name", "folder"]


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


def test_json_comes_back(tmp_path):
    write_json(tmp_path / "a.json", {"ä": [1, None, "x"]})
    assert read_json(tmp_path / "a.json") == {"ä": [1, None, "x"]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": 1', "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b'{"a": 1, "a": 2}', "there twice"),
        (b"[" * 100_000, "too deeply"),
        (b" " * 200_001, "at most 200,000 are read"),
    ],
)
def test_bad_json_is_refused(tmp_path, content, reason):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(FileError, match=reason):
        read_json(tmp_path / "a.json", largest=200_000)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="not a regular file"):
        read_json(tmp_path / "pipe")


def test_the_number_of_an_error_is_also_read_from_its_text():
    told = file_trouble("a.csv", OSError("No space left on device (os error 28)"), "written")
    assert str(told).startswith("a.csv cannot be written: the disk is full.")
