"""Model files: come back whole, or are refused with a reason."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import re
import zipfile
import zlib

import numpy as np
import pytest

from madaline.data.table import Column, Table
from madaline.encode.encoder import Encoder
from madaline.encode.target import TargetCode
from madaline.errors import FileError
from madaline.nn.architecture import Architecture, Inputs
from madaline.predict.predictor import Predictor
from madaline.store import archive
from madaline.store.archive import NAMES, read_archive, write_archive
from madaline.store.bundle import ALLOWED, load_model, load_state, save_model, save_state
from madaline.store.tensors import file_of

DOCUMENT = {"task": "binary", "hidden": [2], "columns": [{"name": "age", "median": 38.5}]}
ARRAYS = {
    "layers.0.weight": np.arange(8, dtype=np.float32).reshape(1, 2, 4),
    "layers.0.bias": np.array([[0.5, -np.inf]], np.float32),
    "medians": np.array([1.5]),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.madaline"
    save_state(path, DOCUMENT, ARRAYS)
    return path


def is_same(found):
    document, arrays = found
    return (
        document == DOCUMENT
        and arrays.keys() == ARRAYS.keys()
        and all(arrays[name].tobytes() == ARRAYS[name].tobytes() for name in arrays)
        and all(arrays[name].shape == ARRAYS[name].shape for name in arrays)
    )


def outer(weights, **changes):
    """model.json around a document, with changes."""
    fields = {
        "format": "madaline.model",
        "version": archive.VERSION,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "model": DOCUMENT,
    }
    return json.dumps({**fields, **changes}).encode()


def zipped(members, comment=b"", compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as found:
        for name, content in members:
            found.writestr(name, content)
        found.comment = comment
    return stream.getvalue()


def test_a_model_comes_back(path):
    assert is_same(load_state(path))


def test_the_same_model_gives_the_same_bytes(path, tmp_path):
    reversed_order = dict(reversed(ARRAYS.items()))
    save_state(tmp_path / "b.madaline", DOCUMENT, reversed_order)
    assert (tmp_path / "b.madaline").read_bytes() == path.read_bytes()


def test_a_run_folder_stands_for_its_model(path):
    path.rename(path.with_name("model.madaline"))
    assert is_same(load_state(path.parent))


def test_a_folder_without_a_model_says_how_to_get_one(tmp_path):
    with pytest.raises(FileError, match=r"holds no model.madaline. .* resume"):
        load_state(tmp_path)


def test_any_zip_program_can_open_it(path):
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        assert found.namelist() == ["model.json", "weights.safetensors"]
        assert json.loads(found.read("model.json"))["model"] == DOCUMENT
        assert {item.compress_type for item in found.infolist()} == {zipfile.ZIP_STORED}


def test_every_flipped_byte_is_refused(path):
    whole = path.read_bytes()
    flips = 0
    for place in range(len(whole)):
        for pattern in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= pattern
            path.write_bytes(damaged)
            flips += 1
            with pytest.raises(FileError) as caught:
                load_state(path)
            message = str(caught.value)
            assert message.startswith(str(path))
            assert message.endswith(".")
            assert "\n" not in message
    assert flips == 3 * len(whole) > 2000


def test_every_truncation_is_refused(path):
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FileError, match=r"damaged|not a model"):
            load_state(path)


def test_bytes_before_after_or_between_are_refused(path):
    whole = path.read_bytes()
    for place in (0, 1, 40, len(whole) // 2, len(whole) - 1, len(whole)):
        for more in (b"\0", b"PK\x03\x04", b"#!/bin/sh\n", whole):
            path.write_bytes(whole[:place] + more + whole[place:])
            with pytest.raises(FileError, match=r"damaged|not a model"):
                load_state(path)


WEIGHTS = file_of(ARRAYS)
PAIR = [("model.json", outer(WEIGHTS)), ("weights.safetensors", WEIGHTS)]
MARK = b"madaline.model 1 " + hashlib.sha256(outer(WEIGHTS)).hexdigest().encode()
FOREIGN_ZIPS = {
    "written by another program": zipped(PAIR, MARK),
    "deflated": zipped(PAIR, MARK, zipfile.ZIP_DEFLATED),
    "a bomb": zipped([("model.json", b" " * 50_000_000), PAIR[1]], MARK, zipfile.ZIP_DEFLATED),
    "members swapped": zipped(PAIR[::-1], MARK),
    "path traversal": zipped([("../model.json", PAIR[0][1]), PAIR[1]], MARK),
    "absolute path": zipped([("/etc/cron.d/x", PAIR[0][1]), PAIR[1]], MARK),
    "one more member": zipped([*PAIR, ("x.py", b"import os")], MARK),
    "one member less": zipped(PAIR[:1], MARK),
    "empty archive": zipped([], MARK),
    "like a torch file": zipped([("archive/data.pkl", b"\x80\x02.")]),
}


@pytest.mark.parametrize("case", FOREIGN_ZIPS)
def test_foreign_zips_are_refused(path, case):
    path.write_bytes(FOREIGN_ZIPS[case])
    with pytest.raises(FileError, match=r"damaged|not a model file"):
        load_state(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_is_refused(path):
    path.write_bytes(zipped([PAIR[0], *PAIR], MARK))
    with pytest.raises(FileError, match=r"damaged|not a model file"):
        load_state(path)


def test_other_names_of_equal_length_are_refused(path):
    whole = path.read_bytes()
    for name in NAMES:
        path.write_bytes(whole.replace(name, b"../" + name[3:]))
        with pytest.raises(FileError, match="checksums or names"):
            load_state(path)


def test_a_member_declared_encrypted_or_compressed_is_refused(path):
    whole = path.read_bytes()
    first = whole.index(b"PK\x01\x02")
    for place, value in [(6, 1), (8, 8), (first + 8, 1), (first + 10, 8), (first + 10, 14)]:
        path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
        with pytest.raises(FileError):
            load_state(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"age,income,city\n39,77516,Rome\n", "looks like a text file"),
        ("größe,日本\n1,2\n".encode(), "looks like a text file"),
        (pickle.dumps({"a": 1}), "Python pickle, which could run any program"),
        (pickle.dumps([1] * 100, protocol=2), "Python pickle"),
        (b"\x89PNG\r\n\x1a\n\0\0", "does not start like one"),
        (FOREIGN_ZIPS["like a torch file"], "zip archive that Madaline did not write"),
    ],
)
def test_what_is_no_model_is_named(path, content, reason):
    path.write_bytes(content)
    with pytest.raises(FileError, match=f"is not a model file: .*{reason}.* Give a"):
        load_state(path)


def test_a_pickle_is_never_run(path):
    class Bomb:
        def __reduce__(self):
            return (exec, ("raise SystemExit('it ran')",))

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        bomb = pickle.dumps(Bomb(), protocol=protocol)
        for content in (bomb, zipped([("model.json", bomb), PAIR[1]], MARK)):
            path.write_bytes(content)
            with pytest.raises(FileError):
                load_state(path)
        write_archive(path, bomb, WEIGHTS)
        with pytest.raises(FileError, match="is refused"):
            load_state(path)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileError, match=r"none.madaline cannot be read: it or its folder does not"):
        load_state(tmp_path / "none.madaline")
    with pytest.raises(FileError, match="the name is too long"):
        load_state(tmp_path / ("x" * 300))


def small_predictor():
    table = Table((Column("age", "number", np.arange(8.0)),), "X")
    target = Table((Column("sick", "boolean", np.array([0.0, 1.0] * 4)),), "y")
    encoder, code = Encoder.fit(table), TargetCode.fit(target)
    shape = Architecture(
        Inputs(len(encoder.feature_names), tuple(encoder.code_sizes)), hidden=(3,),
        activations=("relu",), n_outputs=1, output="sigmoid",
    )  # fmt: skip
    rng = np.random.default_rng(0)
    weights = {}
    for index, (fan_in, fan_out) in enumerate(shape.layer_sizes):
        weights[f"layers.{index}.weight"] = rng.normal(size=(2, fan_out, fan_in)).astype("f4")
        weights[f"layers.{index}.bias"] = rng.normal(size=(2, fan_out)).astype("f4")
    return Predictor(encoder, code, shape, weights, {"seed": 1, "auc": float("nan")}), table


def test_a_loaded_predictor_gives_the_same_bits_and_is_saved_as_the_same_bytes(tmp_path):
    predictor, table = small_predictor()
    save_model(tmp_path / "a.madaline", predictor)
    loaded = load_model(tmp_path / "a.madaline")
    assert loaded.predict_proba(table).tobytes() == predictor.predict_proba(table).tobytes()
    save_model(tmp_path / "b.madaline", loaded)
    assert (tmp_path / "a.madaline").read_bytes() == (tmp_path / "b.madaline").read_bytes()


VALUES = [None, [], 7, "os.system", {}, {"class": "os.system"}]
PARTS = [(part, value) for part in ("architecture", "encoder", "target") for value in VALUES]


@pytest.mark.parametrize(("part", "value"), [*PARTS, ("about", None), ("about", [])])
def test_a_crafted_predictor_is_refused_with_the_name_of_its_file(tmp_path, part, value):
    document, arrays = small_predictor()[0].state()
    save_state(tmp_path / "a.madaline", {**document, part: value}, arrays)
    with pytest.raises(FileError, match=r"a\.madaline is refused"):
        load_model(tmp_path / "a.madaline")


def test_a_predictor_without_one_of_its_arrays_is_refused(tmp_path):
    document, arrays = small_predictor()[0].state()
    for name in arrays:
        fewer = {key: value for key, value in arrays.items() if key != name}
        save_state(tmp_path / "a.madaline", document, fewer)
        with pytest.raises(FileError, match=r"a\.madaline is refused"):
            load_model(tmp_path / "a.madaline")


# From here on the checksums are right: somebody has made the file on purpose.


def test_a_newer_version_says_to_upgrade(path, monkeypatch):
    write_archive(path, outer(WEIGHTS, version=archive.VERSION + 1), WEIGHTS)
    with pytest.raises(FileError, match=r"written by a newer Madaline. Upgrade"):
        load_state(path)
    monkeypatch.setattr(archive, "VERSION", 7)
    write_archive(path, outer(WEIGHTS), WEIGHTS)
    monkeypatch.undo()
    with pytest.raises(FileError, match="version 7: this model was written by a newer Madaline"):
        load_state(path)


@pytest.mark.parametrize(
    ("document", "weights", "reason"),
    [
        (b"[]", WEIGHTS, "not a dictionary"),
        (b"{", WEIGHTS, "Expecting"),
        (b"\xff", WEIGHTS, "utf-8"),
        (b"[" * 300_000, WEIGHTS, "too deeply"),
        (outer(WEIGHTS, format="keras"), WEIGHTS, "does not say"),
        (outer(WEIGHTS, version=0), WEIGHTS, "does not say"),
        (outer(WEIGHTS, version=True), WEIGHTS, "does not say"),
        (outer(WEIGHTS, version=1), WEIGHTS, "does not say"),
        (outer(WEIGHTS, version="2"), WEIGHTS, "does not say"),
        (outer(WEIGHTS, model=[]), WEIGHTS, "describes no model"),
        (outer(WEIGHTS, loader="os.system"), WEIGHTS, "other keys"),
        (outer(b"other"), WEIGHTS, "weights are not those"),
        (outer(WEIGHTS)[:-1] + b',"version":1}', WEIGHTS, "'version' is there twice"),
        (outer(b""), b"", "too few for a header"),
        (outer(b"\xff" * 8), b"\xff" * 8, "header says"),
    ],
)
def test_a_crafted_part_is_refused(path, document, weights, reason):
    write_archive(path, document, weights)
    with pytest.raises(FileError, match=f"a.madaline .*{reason}"):
        load_state(path)


def test_types_that_models_do_not_have_are_refused_both_ways(path):
    weights = file_of({"a": np.ones(2, np.float16)})
    write_archive(path, outer(weights), weights)
    with pytest.raises(FileError, match="has the type 'F16'"):
        load_state(path)
    assert "F16" not in ALLOWED
    with pytest.raises(FileError, match="'a' of type float16 cannot be saved"):
        save_state(path, DOCUMENT, {"a": np.ones(2, np.float16)})


def test_too_large_files_are_refused_unread(path, monkeypatch):
    size = path.stat().st_size
    monkeypatch.setattr(archive, "LARGEST_ARCHIVE", size - 1)
    with pytest.raises(FileError, match=f"has {size:,} bytes; at most {size - 1:,}"):
        load_state(path)
    with pytest.raises(FileError, match="more than a model file may have"):
        save_state(path, DOCUMENT, ARRAYS)
    monkeypatch.undo()
    monkeypatch.setattr(archive, "LARGEST_DOCUMENT", 100)
    with pytest.raises(FileError, match=r"model.json is larger"):
        load_state(path)


def test_a_sparse_giant_is_refused_without_reading_it(path):
    with path.open("r+b") as stream:
        stream.truncate(1_900_000_000)
    with pytest.raises(FileError, match="damaged"):
        load_state(path)


def test_the_checksum_of_the_document_stands_in_the_comment(path):
    document, *_ = read_archive(path)
    comment = re.search(rb"madaline.model 2 ([0-9a-f]{64})\Z", path.read_bytes())
    assert comment
    assert comment[1].decode() == hashlib.sha256(document).hexdigest()
    assert zlib.crc32(document).to_bytes(4, "little") in path.read_bytes()
