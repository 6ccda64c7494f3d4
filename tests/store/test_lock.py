"""The lock of a folder: one holder, whatever becomes of the file."""

from __future__ import annotations

import os

import pytest

from madaline.errors import FileError
from madaline.store import lock
from madaline.store.lock import FolderLock


def test_a_lock_taken_while_its_holder_removed_the_file_is_taken_anew(tmp_path, monkeypatch):
    first = FolderLock(tmp_path)
    open_file = lock._open

    def late(path):
        handle = open_file(path)
        monkeypatch.undo()
        first.remove()  # between the opening and the locking of the second one
        return handle

    monkeypatch.setattr(lock, "_open", late)
    second = FolderLock(tmp_path)
    with pytest.raises(FileError, match=f"in use by process {os.getpid()}"):
        FolderLock(tmp_path)
    second.release()


def test_a_removed_lock_leaves_no_file(tmp_path):
    FolderLock(tmp_path).remove()
    assert list(tmp_path.iterdir()) == []
    held = FolderLock(tmp_path)
    held.release()
    held.release()
    assert [path.name for path in tmp_path.iterdir()] == [lock.NAME]


def test_a_link_in_place_of_the_lock_is_refused_and_its_file_is_untouched(tmp_path):
    (tmp_path / "diary").write_text("three years")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / lock.NAME).symlink_to(tmp_path / "diary")
    with pytest.raises(FileError, match="symbolic link"):
        FolderLock(tmp_path / "run")
    assert (tmp_path / "diary").read_text() == "three years"


def test_a_vanished_folder_is_an_error(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        FolderLock(tmp_path / "gone")
