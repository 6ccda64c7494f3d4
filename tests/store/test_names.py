"""Names of run folders: new, harmless, one for each run."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from madaline.errors import FileError
from madaline.store.names import new_run_path

NAMER = """
import sys
from madaline.store.names import new_run_path
for _ in range(20):
    print(new_run_path(sys.argv[1], "people").name)
"""


def test_processes_at_once_get_different_names(tmp_path):
    children = [
        subprocess.Popen([sys.executable, "-c", NAMER, str(tmp_path)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    names = b"".join(child.communicate()[0] for child in children).decode().split()
    assert len(set(names)) == len(names) == 40
    assert sorted(names) == sorted(item.name for item in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("stem", "word"),
    [
        ("people", "people"),
        ("../../etc/passwd", "etc-passwd"),
        ("a b\n\x1b[31m", "a-b-31m"),
        ("", "run"),
        ("...", "run"),
        ("größe", "größe"),
        ("x" * 300, "x" * 40),
    ],
)
def test_a_name_is_one_harmless_word(tmp_path, stem, word):
    path = new_run_path(tmp_path, stem)
    assert path.parent == tmp_path
    assert path.is_dir()
    assert re.fullmatch(r"\d{4}-" + re.escape(word), path.name)
    assert new_run_path(tmp_path, stem).name == path.name + "-2"


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match=r"file is a file\. Choose another folder"):
        new_run_path(tmp_path / "file")
