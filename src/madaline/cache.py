"""Where compiled programs are kept: in the person's own cache folder, never in a project."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path


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
