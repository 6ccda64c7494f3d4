"""Files that somebody made on purpose: refused with one line, in bounded memory, never executed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from madaline.data.files.read import read_table
from madaline.errors import FileError
from madaline.store.archive import read_archive, write_archive
from madaline.store.bundle import load_model, load_state, save_state
from madaline.store.checkpoint import load_checkpoint, save_checkpoint
from madaline.store.tensors import file_of

GOLDEN = Path(__file__).parents[1] / "golden" / "v2"
BINARY = GOLDEN / "binary.madaline"

# Loads a file in a process of its own and says how much memory that took at most.
MEASURED = """
import sys
from madaline.errors import FileError
from madaline.store.bundle import load_model, load_state
from madaline.store.checkpoint import load_checkpoint
def most():
    # Not ru_maxrss, which remembers the process that started this one.
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before = most()
try:
    {"model": load_state, "run": load_checkpoint}[sys.argv[1]](sys.argv[2])
    end = "good"
except FileError as error:
    end = str(error)
print(most() - before)
print(end)
"""


class Canary:
    """A pickle of it would write a file."""

    def __reduce__(self):
        return (open, ("canary", "w"))


@pytest.fixture(autouse=True)
def _nothing_is_executed(tmp_path):
    yield
    assert not (tmp_path / "canary").exists()


def refused(path):
    started = time.monotonic()
    with pytest.raises(FileError) as caught:
        load_model(path)
    assert time.monotonic() - started < 5
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 700
    return message


def zipped(members, compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as found:
        for name, content in members.items():
            found.writestr(name, content)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


FOREIGN = {
    **{f"pickle {n}": pickle.dumps(Canary(), protocol=n) for n in range(6)},
    "PyTorch": zipped({"model/data.pkl": pickle.dumps(Canary()), "model/version": b"3"}),
    "PyTorch before 1.6": pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
    + pickle.dumps(Canary(), protocol=2),
    "Keras 3": zipped({"config.json": b'{"module": "os"}', "model.weights.h5": b"\x89HDF"}),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(500),
    "NumPy": npz(a=np.ones(3)),
    "NumPy of objects": npz(a=np.array([Canary()], object)),
    "npy of objects": b"\x93NUMPY\x01\x00" + pickle.dumps(Canary()),
    "joblib": gzip.compress(pickle.dumps(Canary())),
    "ONNX": b"\x08\x08\x12\x07pytorch\x1a\x051.0.0" + bytes(100),
    "safetensors": file_of({"a": np.ones(3)}),
    "a bomb": zipped({"model.json": bytes(50_000_000)}, zipfile.ZIP_DEFLATED),
    "a zip in a zip": zipped({"model.json": zipped({"model.json": b"{}"})}),
    "a way out": zipped({"../../canary": b"x", "/etc/cron.d/x": b"x", "..\\canary": b"x"}),
    "a script": b"#!/bin/sh\ntouch canary\n",
    "a model with more behind": BINARY.read_bytes() + b"\0",
    "a model in a model": BINARY.read_bytes() * 2,
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_another_program_wrote_is_refused(tmp_path, name):
    path = tmp_path / "model.madaline"
    path.write_bytes(FOREIGN[name])
    refused(path)
    refused(tmp_path)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "run").mkdir()
    for name in ("pipe", "loop", "nowhere", "zero", "run"):
        assert name in refused(tmp_path / name)
    for device in ("/dev/null", "/dev/zero", "/dev/random", "/proc/self/mem"):
        assert device in refused(device)


def test_a_link_to_a_model_is_the_model(tmp_path):
    (tmp_path / "link").symlink_to(BINARY)
    assert load_model(tmp_path / "link").target.task == "binary"


def test_flipped_bytes_and_truncations_of_a_real_model_are_refused(tmp_path):
    whole = BINARY.read_bytes()
    path = tmp_path / "a.madaline"
    for place in range(0, len(whole), 17):  # test_bundle tries every byte of a smaller one
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        refused(path)
        path.write_bytes(whole[:place])
        refused(path)


def put(*keys):
    """Put the last of the keys at the place that the others name, in document or arrays."""
    *way, last, value = keys

    def change(document, arrays):
        place = {"arrays": arrays, **document}
        for key in way:
            place = place[key]
        place[last] = value(place[last]) if callable(value) else value

    return change


def without(*way):
    def change(document, arrays):
        place = {"arrays": arrays, **document}
        for key in way[:-1]:
            place = place[key]
        del place[way[-1]]

    return change


WEIGHT = "layers.0.weight"
CRAFTED = {
    "an activation by path": put("architecture", "activations", 0, "os.system"),
    "an output that is unknown": put("architecture", "output", "eval"),
    "a negative width": put("architecture", "hidden", 0, -4),
    "a width that overflows": put("architecture", "hidden", 0, 2**62),
    "a width with 4,000 digits": put("architecture", "hidden", 0, 10**3999),
    "a width that is true": put("architecture", "hidden", 0, True),
    "a width that is a float": put("architecture", "hidden", 0, 4.0),
    "no feature": put("architecture", "n_features", 0),
    "a key more": put("architecture", "module", "os"),
    "codes that overflow": put("architecture", "code_sizes", [2**31]),
    "another task": put("target", "task", "regression"),
    "a class less": put("target", "class_values", ["no"]),
    "a class twice": put("target", "class_values", ["no", "no"]),
    "a class that is a list": put("target", "class_values", ["no", ["yes"]]),
    "a kind that is unknown": put("encoder", "columns", 0, "kind", "pickle"),
    "a code that is another kind's": put("encoder", "columns", 0, "code", "one_hot"),
    "a column twice": put("encoder", "columns", lambda columns: columns + columns[:1]),
    "a level less": put("encoder", "columns", 3, "levels", lambda levels: levels[1:]),
    "levels that are no texts": put("encoder", "columns", 3, "levels", [1, 2, 3]),
    "weights that are NaN": put("arrays", WEIGHT, lambda a: np.full_like(a, np.nan)),
    "one weight that is infinite": put(
        "arrays", WEIGHT, lambda a: np.where(a == a.max(), np.inf, a)
    ),
    "weights that are integers": put("arrays", WEIGHT, lambda a: a.astype(np.int32)),
    "weights turned": put("arrays", WEIGHT, lambda a: np.swapaxes(a, 1, 2)),
    "weights of fewer members": put("arrays", WEIGHT, lambda a: a[:1]),
    "no member": put("arrays", WEIGHT, lambda a: a[:0]),
    "weights of no shape": put("arrays", WEIGHT, np.float32(1)),
    "an array less": without("arrays", WEIGHT),
    "an array more": put("arrays", "layers.9.weight", np.ones(3, np.float32)),
    "a scale that is negative": put("arrays", "encoder.numbers.width", lambda a: -1 - a),
    "a unit that is 0": put("arrays", "encoder.numbers.unit", lambda a: a * 0),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_model_with_right_checksums_is_refused(tmp_path, name):
    document, arrays = load_state(BINARY)
    CRAFTED[name](document, arrays)
    save_state(tmp_path / "a.madaline", document, arrays)
    refused(tmp_path / "a.madaline")


def test_the_weights_of_another_model_are_refused_or_fit_in_every_number(tmp_path):
    path = tmp_path / "a.madaline"
    models = sorted(GOLDEN.glob("*.madaline"))
    for one in models:
        for other in models:
            if one == other:
                continue
            text, weights = read_archive(one)[0], read_archive(other)[1]
            write_archive(path, text, bytes(weights))
            assert "weights are not those" in refused(path)
    document, _ = load_state(BINARY)
    for other in models:
        save_state(path, document, load_state(other)[1])  # now with right checksums
        if other.stem.startswith("binary"):
            assert np.isfinite(load_model(path).predict_proba(read_table(GOLDEN / "new.csv"))).all()
        else:
            refused(path)


def model_text(change):
    """model.json of a golden file, changed as a text, with its weights."""
    text, weights, _ = read_archive(BINARY)
    return change(text.decode()).encode(), bytes(weights)


def about(more):
    return lambda text: text.replace('"about":{', '"about":{"x":' + more + ",", 1)


TEXTS = {
    "nested a hundred thousand deep": about("[" * 100_000 + "]" * 100_000),
    "nested a hundred deep": about("[" * 99 + "]" * 99),
    "two million lists": about("[" + "[]," * 2_000_000 + "1]"),
    "a number of 5,000 digits": about("1" * 5000),
    "a key twice": lambda t: t.replace('"task":', '"task":"binary","task":', 1),
    "a width of 4,000 digits": lambda t: t.replace('_features":', '_features":' + 4000 * "1", 1),
    "a newer version": lambda t: t.replace('"version":2', '"version":3', 1),
    "a far newer version": lambda t: t.replace('"version":2', '"version":2' + "0" * 4000, 1),
    "an older version": lambda t: t.replace('"version":2', '"version":0', 1),
    "a version that is a text": lambda t: t.replace('"version":2', '"version":"1"', 1),
    "no JSON": lambda t: t[:-1],
    "two documents": lambda t: t + t,
    "a surrogate as activation": lambda t: t.replace('s":["mish"', 's":["\\ud800\\n\\u001b[2J"', 1),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_crafted_text_with_right_checksums_is_refused(tmp_path, name):
    text, weights = model_text(TEXTS[name])
    write_archive(tmp_path / "a.madaline", text, weights)
    message = refused(tmp_path / "a.madaline")
    assert ("Upgrade" in message) == ("newer" in name)


def header(**entries):
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


HEADERS = {
    "a length of 2**63": (2**63).to_bytes(8, "little") + b"{}",
    "a length of 2**64 - 1": b"\xff" * 8 + b"{}",
    "a length of more than is there": (100).to_bytes(8, "little") + b"{}",
    "a shape that wraps to 8 bytes": header(a=entry(shape=[2**62, 2])) + bytes(8),
    "a shape that wraps to 0": header(a=entry(shape=[2**32, 2**32], offsets=(0, 0))),
    "256 TiB": header(a=entry("F64", [2**45], (0, 2**48))) + bytes(8),
    "a negative shape": header(a=entry(shape=[-1, -2])) + bytes(8),
    "a shape of floats": header(a=entry(shape=[2.0])) + bytes(8),
    "many dimensions": header(a=entry(shape=[1] * 40 + [2])) + bytes(8),
    "an empty array of an absurd shape": header(a=entry(shape=[0, 2**63], offsets=(0, 0))),
    "places that overlap": header(a=entry(), b=entry()) + bytes(8),
    "places with a gap": header(a=entry(offsets=(8, 16))) + bytes(16),
    "places that go back": header(a=entry(offsets=(8, 0))) + bytes(8),
    "a type that is unknown": header(a=entry("O")) + bytes(8),
    "a type that is a list": header(a=entry(["F32"])) + bytes(8),
    "bytes behind": header(a=entry()) + bytes(9),
    "a list": (2).to_bytes(8, "little") + b"[]",
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_crafted_header_with_right_checksums_is_refused(tmp_path, name):
    outer = json.loads(read_archive(BINARY)[0])
    outer["weights_sha256"] = hashlib.sha256(HEADERS[name]).hexdigest()
    write_archive(tmp_path / "a.madaline", json.dumps(outer).encode(), HEADERS[name])
    refused(tmp_path / "a.madaline")


def test_deep_or_odd_documents_that_are_loaded_can_be_shown(tmp_path):
    document, arrays = load_state(BINARY)
    deep = {"x": 1}
    for _ in range(50):
        deep = {"x": deep}
    document["about"] = {"verdict": deep, "scores": 5, "created": "\ud800\x1b[2J"}
    document["target"]["why"] = "\ud800"
    save_state(tmp_path / "a.madaline", document, arrays)
    for words in (["info"], ["info", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "madaline", *words, str(tmp_path / "a.madaline")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""


def memory(kind, path):
    """Kilobytes at most, and how it ended."""
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells the memory of a process")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, kind, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    taken, end = done.stdout.splitlines()
    return int(taken), end


LARGE = {"layers.0.weight": np.ones((1, 1000, 4000), np.float32)}  # 16 MB


def test_refusing_a_model_takes_no_more_memory_than_loading_one(tmp_path):
    path = tmp_path / "a.madaline"
    save_state(path, {}, LARGE)
    good, end = memory("model", path)
    assert end == "good"
    assert good > 16_000
    whole = path.read_bytes()
    outer = b'{"x":[' + b"[]," * 290_000 + b"1]}"
    for name, content in {
        "flipped": whole[:-200] + b"\xff" + whole[-199:],
        "cut": whole[:-1],
        "a bomb": FOREIGN["a bomb"],
        "huge": None,
    }.items():
        if content is None:
            with path.open("r+b") as stream:
                stream.truncate(1_999_999_999)  # a hole: nothing is on the disk
        else:
            path.write_bytes(content)
        taken, end = memory("model", path)
        assert end != "good"
        assert taken < 2 * good, name
    for weights in (HEADERS["256 TiB"], HEADERS["a length of 2**63"]):
        write_archive(path, outer, weights)
        taken, end = memory("model", path)
        assert end != "good"
        assert taken < 2 * good


def test_refusing_a_checkpoint_takes_no_more_memory_than_loading_one(tmp_path):
    save_checkpoint(tmp_path, LARGE, {"epoch": 1})
    path = tmp_path / "checkpoint.safetensors"
    good, end = memory("run", tmp_path)
    assert end == "good"
    assert good > 16_000
    whole = path.read_bytes()
    for name, content in {
        "flipped": whole[:-1] + b"\xff",
        "cut": whole[:-1],
        "a length of 2**63": HEADERS["a length of 2**63"],
        "no seal": HEADERS["256 TiB"],
    }.items():
        path.write_bytes(content)
        taken, end = memory("run", tmp_path)
        assert end != "good"
        assert taken < good, name
    path.write_bytes(whole)
    with path.open("r+b") as stream:
        stream.truncate(500_000_000)
    taken, end = memory("run", tmp_path)
    assert "checksum" in end
    assert taken < good


def test_a_checkpoint_that_is_a_pipe_or_a_pickle_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "checkpoint.safetensors")
    with pytest.raises(FileError, match="not a regular file"):
        load_checkpoint(tmp_path / "a")
    for content in FOREIGN.values():
        (tmp_path / "checkpoint.safetensors").write_bytes(content)
        with pytest.raises(FileError, match="damaged"):
            load_checkpoint(tmp_path)
