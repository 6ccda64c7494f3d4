"""Values <-> JSON, strictly or without loss."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from madaline.errors import FileError
from madaline.store.plain import document_text, plain, read_document


def test_what_is_plain_is_strict_json():
    value = {
        "nan": [float("nan"), float("inf"), np.float32("nan"), np.array([1.0, -np.inf])],
        "numbers": (np.int64(3), np.float32(0.5), np.bool_(True), np.float64(2)),
        3: Path("a"),
        "when": np.datetime64("2024-05-01"),
    }
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == {
        "nan": [None, None, None, [1.0, None]],
        "numbers": [3, 0.5, True, 2.0],
        "3": "a",
        "when": "2024-05-01",
    }


def test_a_document_comes_back_without_loss():
    document = {"best": math.inf, "curve": [0.1 + 0.2, -0.0, 5e-324], "text": "ä\ud800\x00"}
    back = read_document(document_text(document))
    assert back == document
    assert math.copysign(1, back["curve"][1]) == -1
    assert math.isnan(read_document(document_text({"x": np.float32("nan")}))["x"])


def test_a_document_with_an_object_is_refused():
    with pytest.raises(FileError, match=r"PosixPath is not a JSON value|WindowsPath"):
        document_text({"path": Path("a")})
