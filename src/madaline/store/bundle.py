"""The model file: what training leaves behind and predicting needs, in one file.

``model.json`` says what the network is, ``weights.safetensors`` holds its numbers. Loading executes
nothing: there are numbers and a closed vocabulary, and no fallback for other formats.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from madaline.errors import FileError, MadalineError
from madaline.events.record import JSON
from madaline.store.archive import VERSION, newer, read_archive, write_archive
from madaline.store.plain import document_text, printable, read_document
from madaline.store.tensors import Arrays, file_of, unpack_arrays

if TYPE_CHECKING:
    from madaline.predict.predictor import Predictor

FORMAT = "madaline.model"
MODEL_NAME = "model.madaline"
"""The name of the model file inside a run folder."""

ALLOWED = frozenset({"F32", "F64", "I32", "I64", "U8"})
"""Types of numbers in a model file."""

_AGAIN = "Save the model again or copy the file anew from where it came."


def save_model(path: Path | str, predictor: Predictor) -> None:
    """Write a model file; the same model gives the same bytes.

    Raises:
        FileError: It cannot be written; an earlier file is untouched.
    """
    document, arrays = predictor.state()
    save_state(path, document, arrays)


def load_model(path: Path | str) -> Predictor:
    """Read a model file.

    Args:
        path: A ``*.madaline`` file, or a run folder that holds ``model.madaline``.

    Raises:
        FileError: It is missing, damaged, from a newer version, or no model at all.
    """
    from madaline.predict.predictor import Predictor

    document, arrays = load_state(path)
    try:
        return Predictor.from_state(document, arrays)
    except (
        MadalineError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        # A file whose checksums are right but whose content no Madaline has written.
        why = error.what if isinstance(error, MadalineError) else f"{type(error).__name__}: {error}"
        raise FileError(f"{path} is refused. {printable(why).rstrip('.')}.", _AGAIN) from error


def save_state(path: Path | str, document: Mapping[str, JSON], arrays: Arrays) -> None:
    """Write a model file from a JSON document and named arrays.

    Raises:
        FileError: It cannot be written, or an array has a type that model files do not have.

    >>> import tempfile, numpy as np
    >>> folder = tempfile.TemporaryDirectory()
    >>> save_state(folder.name + "/a.madaline", {"task": "binary"}, {"bias": np.ones(2)})
    >>> load_state(folder.name + "/a.madaline")
    ({'task': 'binary'}, {'bias': array([1., 1.])})
    >>> folder.cleanup()
    """
    weights = file_of(arrays, ALLOWED)
    text = document_text(
        {
            "format": FORMAT,
            "version": VERSION,
            "weights_sha256": hashlib.sha256(weights).hexdigest(),
            "model": document,
        }
    )
    write_archive(path, text, weights)


def load_state(path: Path | str) -> tuple[dict[str, JSON], Arrays]:
    """Read the document and the arrays of a model file or run folder.

    Raises:
        FileError: It is missing, damaged, from a newer version, or no model at all.
    """
    path = _model_path(Path(path))
    text, weights, version = read_archive(path)
    try:
        checksum = hashlib.sha256(weights).hexdigest()
        document = _model(path, read_document(text), version, checksum)
        arrays, _ = unpack_arrays(weights, ALLOWED)
    except FileError:
        raise
    except ValueError as error:
        raise FileError(f"{path} is refused: {printable(str(error))}.", _AGAIN) from error
    return document, arrays


def _model_path(path: Path) -> Path:
    if not os.path.isdir(path):
        return path
    inside = path / MODEL_NAME
    if not os.path.isfile(inside):
        raise FileError(
            f"The folder {path} holds no {MODEL_NAME}.",
            "Give a *.madaline file, or resume the run, which writes it.",
        )
    return inside


def _model(path: Path, outer: JSON, archive: int, weights_sha256: str) -> dict[str, JSON]:
    """The document inside model.json, when all around it is right."""
    if not isinstance(outer, dict):
        raise ValueError("model.json is not a dictionary")
    version = outer.get("version")
    if type(version) is int and version > VERSION:
        raise newer(path, version)
    if outer.get("format") != FORMAT or type(version) is not int or version != archive:
        raise ValueError(f"model.json does not say {FORMAT!r}, version {archive}")
    if outer.get("weights_sha256") != weights_sha256:
        raise ValueError("its weights are not those that model.json belongs to")
    if set(outer) != {"format", "version", "weights_sha256", "model"}:
        raise ValueError("model.json has other keys than a model has")
    model = outer["model"]
    if not isinstance(model, dict):
        raise ValueError("model.json describes no model")
    return model
