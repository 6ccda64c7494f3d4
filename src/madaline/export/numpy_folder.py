"""A folder that predicts with NumPy alone: ``predict.py``, ``model.json``, ``weights.npz``."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from madaline.errors import FileError
from madaline.export.standalone import FORMAT, VERSION
from madaline.predict.predictor import Predictor
from madaline.store.files import file_trouble, read_json, sync_folder, temporary_path

FILES = ("model.json", "predict.py", "weights.npz")


def export_numpy(predictor: Predictor, path: Path | str) -> None:
    """Write a predictor as a folder, whole or not at all.

    An earlier export of that name is replaced; any other file or folder is refused.

    Raises:
        FileError: The folder cannot be written, or holds something else.

    >>> import tempfile
    >>> from madaline.data.columns.frames import as_table
    >>> from madaline.encode.encoder import Encoder
    >>> from madaline.encode.target import TargetCode
    >>> from madaline.nn.architecture import Architecture, Inputs
    >>> x, y = as_table({"x": [1.0, 2.0]}), as_table({"y": [0.5, 2.5]})
    >>> weights = {"layers.0.weight": np.ones((1, 1, 1)), "layers.0.bias": np.zeros((1, 1))}
    >>> line = Architecture(Inputs(1), (), (), 1, "linear")
    >>> predictor = Predictor(Encoder.fit(x), TargetCode.fit(y), line, weights)
    >>> with tempfile.TemporaryDirectory() as place:
    ...     export_numpy(predictor, Path(place) / "line")
    ...     sorted(path.name for path in Path(place, "line").iterdir())
    ['model.json', 'predict.py', 'weights.npz']
    """
    folder = Path(os.path.realpath(path))
    fresh, old = temporary_path(folder.parent), temporary_path(folder.parent)
    try:
        refuse_foreign(folder, path)
        _write(predictor, fresh)
        # No system call of Python swaps folders: after a kill between these two, the earlier one
        # still lies beside, under its hidden name.
        if folder.exists():
            os.rename(folder, old)
        os.rename(fresh, folder)
        sync_folder(folder.parent)
    except BaseException as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if old.exists() and not folder.exists():
            os.rename(old, folder)
        if isinstance(error, OSError) and not isinstance(error, FileError):
            raise file_trouble(path, error, "written") from error
        raise
    shutil.rmtree(old, ignore_errors=True)


def refuse_foreign(folder: Path, shown: Path | str) -> None:
    """Raise `FileError` where something lies that is no earlier export."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise FileError(f"{shown} is a file.", "Give the name of a new folder.")
    strange = sorted({entry.name for entry in folder.iterdir()} - {*FILES, "__pycache__"})
    if not strange and _is_export(folder / FILES[0]):
        return
    holds = f"holds {strange[0]!r}" if strange else "is no earlier export"
    raise FileError(
        f"The folder {shown} exists and {holds}; it is left as it is.",
        "Give the name of a new folder with -o.",
    )


def _is_export(path: Path) -> bool:
    try:
        document: object = read_json(path)
    except FileError:
        return False
    return isinstance(document, dict) and document.get("format") == FORMAT


def _write(predictor: Predictor, folder: Path) -> None:
    document, arrays = predictor.state()
    del document["parts"]  # no answer needs them
    text = json.dumps({"format": FORMAT, "version": VERSION, **document}, indent=1)
    folder.mkdir()
    program = (Path(__file__).parent / "standalone.py").read_bytes()
    for name, content in zip(FILES, (text.encode(), program, arrays), strict=True):
        with open(folder / name, "xb") as stream:
            _write_content(stream, content)
            stream.flush()
            os.fsync(stream.fileno())
    sync_folder(folder)


def _write_content(stream: IO[bytes], content: bytes | dict[str, np.ndarray]) -> None:
    if isinstance(content, bytes):
        stream.write(content)
    else:
        np.savez(stream, **cast("dict[str, Any]", content))  # numbers only, so nothing is pickled
