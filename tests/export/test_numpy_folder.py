from __future__ import annotations

import json
import os

import numpy as np
import pytest

from madaline.errors import FileError
from madaline.export.numpy_folder import FILES, export_numpy
from madaline.export.standalone import load


@pytest.fixture
def predictor(make_predictor, people):
    return make_predictor(people().select(["age", "city", "pet"]), "pet")


def test_the_folder_holds_the_program_the_model_and_its_numbers(predictor, tmp_path):
    export_numpy(predictor, tmp_path / "a")
    assert sorted(os.listdir(tmp_path)) == ["a"]
    assert tuple(sorted(os.listdir(tmp_path / "a"))) == FILES
    with np.load(tmp_path / "a" / "weights.npz", allow_pickle=False) as arrays:
        assert sum(arrays[n].size for n in arrays.files if n.startswith(("l", "emb"))) == (
            predictor.architecture.n_parameters
        )


def test_an_earlier_export_is_replaced(predictor, make_predictor, people, tmp_path):
    export_numpy(predictor, tmp_path / "a")
    load(tmp_path / "a")
    (tmp_path / "a" / "__pycache__").mkdir()
    export_numpy(make_predictor(people().select(["age", "sick"]), "sick"), tmp_path / "a")
    assert load(tmp_path / "a").classes == ["no", "yes"]
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_or_file_of_someone_else_is_left_as_it_is(predictor, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine")
    for name in ("empty", "file"):
        with pytest.raises(FileError, match=name):
            export_numpy(predictor, tmp_path / name)
    export_numpy(predictor, tmp_path / "a")
    (tmp_path / "a" / "notes.txt").write_text("mine")
    with pytest.raises(FileError, match=r"notes\.txt"):
        export_numpy(predictor, tmp_path / "a")
    assert (tmp_path / "a" / "notes.txt").read_text() == "mine"
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "model.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(FileError, match="no earlier export"):
        export_numpy(predictor, tmp_path / "b")


def test_a_failure_leaves_the_earlier_export_and_nothing_else(predictor, tmp_path, monkeypatch):
    export_numpy(predictor, tmp_path / "a")
    before = (tmp_path / "a" / "weights.npz").read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(FileError, match="the disk is full"):
        export_numpy(predictor, tmp_path / "a")
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a" / "weights.npz").read_bytes() == before


def test_a_place_that_does_not_exist_is_one_line(predictor, tmp_path):
    with pytest.raises(FileError, match="cannot be written"):
        export_numpy(predictor, tmp_path / "no" / "a")
