"""Where compiled programs are kept: in the person's own cache folder, never in a project."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from collections.abc import Generator, MutableMapping
from pathlib import Path
from typing import Any

_TROUBLE = re.compile(r"Error (reading|writing) persistent compilation cache entry for '(\w+)'")


def private_cache_folder(environment: MutableMapping[str, str]) -> Path | None:
    """The folder, made for this person alone; None if that is not possible."""
    folder = cache_folder(environment)
    return folder if _is_private(folder) else None


def cache_folder(environment: MutableMapping[str, str], platform: str = sys.platform) -> Path:
    """Where compiled programs are kept: in the person's cache folder, never in a project.

    >>> cache_folder({"XDG_CACHE_HOME": "/home/ada/.cache"}, "linux").as_posix()
    '/home/ada/.cache/madaline/xla'
    """
    home = Path.home()
    base = {
        "win32": Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local"),
        "darwin": home / "Library" / "Caches",
    }.get(platform, home / ".cache")
    chosen = Path(environment.get("XDG_CACHE_HOME", ""))
    # The XDG rule: a path that is not absolute is ignored. It would lie in the project.
    return (chosen if chosen.is_absolute() else base) / "madaline" / "xla"


def _is_private(folder: Path) -> bool:
    """Make the folder for this person alone; False if that is not possible.

    JAX runs what it finds there, so nobody else may write to it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except (OSError, RuntimeError):
        return False
    if not hasattr(os, "getuid"):
        return True
    return state.st_uid == os.getuid() and not state.st_mode & 0o022


@contextlib.contextmanager
def healing(folder: Path) -> Generator[None]:
    """While JAX compiles in the block, replace entries of the cache that are torn, silently.

    JAX writes an entry in place and never again. One that a kill or a full disk has torn would be
    complained of and compiled anew in every later process.
    """
    show: Any = warnings.showwarning

    def heal(message: Warning | str, *rest: Any, **named: Any) -> None:
        found = _TROUBLE.match(str(message))
        if found is None:
            show(message, *rest, **named)
        elif found[1] == "reading":
            for entry in folder.glob(f"{found[2]}-*"):
                with contextlib.suppress(OSError):
                    entry.unlink()  # before the program is compiled, and written anew

    with warnings.catch_warnings():
        warnings.filterwarnings("always", _TROUBLE.pattern)
        warnings.showwarning = heal
        yield
