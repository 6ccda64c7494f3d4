from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from madaline.__main__ import prepare_environment, usable_cores
from madaline.cache import cache_folder

Start = Callable[..., subprocess.CompletedProcess[str]]


def test_python_m_madaline_is_the_command(start: Start) -> None:
    result = start("-m", "madaline", "--help")
    assert result.returncode == 0
    assert result.stdout.startswith("Usage: madaline ")
    assert result.stderr == ""


def test_the_number_of_threads_is_that_of_the_usable_cores(tmp_path: Path) -> None:
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    prepare_environment(environment)
    assert environment["NPROC"] == str(usable_cores())
    if hasattr(os, "sched_getaffinity"):
        assert usable_cores() == len(os.sched_getaffinity(0))


def test_compiled_programs_are_kept_in_the_cache_of_this_person_alone(tmp_path: Path) -> None:
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    prepare_environment(environment)
    folder = Path(environment["JAX_COMPILATION_CACHE_DIR"])
    assert folder == tmp_path / "cache" / "madaline" / "xla"
    assert environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] == "0"
    assert environment["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] == "-1"
    assert "JAX_PLATFORMS" not in environment
    if sys.platform != "win32":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_the_person_set_stays() -> None:
    chosen = {
        "NPROC": "7",
        "JAX_COMPILATION_CACHE_DIR": "",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "5",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "9",
    }
    environment = dict(chosen)
    prepare_environment(environment)
    assert environment == chosen


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_cache_that_others_may_write_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "madaline" / "xla"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    prepare_environment(environment)
    assert "JAX_COMPILATION_CACHE_DIR" not in environment


def test_a_cache_that_cannot_be_made_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "madaline").write_text("a file in the way")
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    prepare_environment(environment)
    assert "JAX_COMPILATION_CACHE_DIR" not in environment


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_a_relative_cache_folder_is_ignored_since_it_lies_in_the_project(platform: str) -> None:
    assert cache_folder({"XDG_CACHE_HOME": "cache"}, platform).is_absolute()


def test_signals_are_listened_to_before_jax_is_imported(tmp_path: Path) -> None:
    """Its import takes a second, and an interrupt that falls into its callbacks would be lost."""
    code = (
        "import sys\n"
        "from madaline.cli import training\n"
        "from madaline.cli.main import madaline\n"
        "def listening(stop):\n"
        "    print('jax' in sys.modules)\n"
        "    raise SystemExit\n"
        "training.listening = listening\n"
        "madaline.main(['fit', 'iris', '-t', 'species', '-o', 'run'])\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False"], done.stderr
