"""A search written down: one JSON line a trial, beside the run that its settings went to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO

from madaline.store.files import write_atomically
from madaline.study.search import Search

NAME = "trials.jsonl"


def write_trials(folder: Path, search: Search) -> Path:
    """Write ``trials.jsonl``; returns its path.

    Args:
        folder: Of a run.
        search: The trials go in their order: best first.

    Raises:
        FileError: It cannot be written; an earlier one is untouched.
    """
    path = folder / NAME

    def write(stream: BinaryIO) -> None:
        for trial in search.trials:
            line = json.dumps(trial.as_dict(), allow_nan=False)
            stream.write(f"{line}\n".encode())

    write_atomically(path, write)
    return path
