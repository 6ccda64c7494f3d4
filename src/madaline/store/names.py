"""Names of run folders."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from madaline.errors import FileError
from madaline.store.files import file_trouble


def new_run_path(parent: Path | str = "runs", stem: str = "run") -> Path:
    """Make an empty folder with a new name: month, day, what the run is about.

    Two processes at once get two names: making a folder is atomic.

    Args:
        parent: Folder of runs; made if needed.
        stem: What the run is about, such as the name of the data file without its ending.

    Raises:
        FileError: The folder cannot be made.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     [new_run_path(parent, "my people").name[4:] for _ in range(2)]
    ['-my-people', '-my-people-2']
    """
    word = re.sub(r"[^\w.-]+", "-", stem)[:40].strip("-.") or "run"
    name = f"{time.strftime('%m%d')}-{word}"
    number = 1
    while True:
        path = Path(parent) / (name if number == 1 else f"{name}-{number}")
        try:
            Path(parent).mkdir(parents=True, exist_ok=True)
            path.mkdir()
            return path
        except FileExistsError as error:
            if not os.path.isdir(parent):
                raise FileError(f"{parent} is a file.", "Choose another folder.") from error
            number += 1
        except OSError as error:
            raise file_trouble(path, error, "made") from error
