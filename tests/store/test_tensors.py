"""The safetensors format: ours equals the library's, and lies are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.numpy
from numpy.testing import assert_array_equal

from madaline.errors import FileError
from madaline.store.tensors import (
    ALL_TYPES,
    LARGEST_HEADER,
    file_of,
    pack_arrays,
    unpack_arrays,
)

EVERY_TYPE = ["?", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8"]


def every_kind_of_array():
    rng = np.random.default_rng(0)
    arrays = {}
    for code in EVERY_TYPE:
        bits = rng.integers(0, 2 if code == "?" else 256, (3, 4, np.dtype(code).itemsize))
        # Random bits: among the floats are NaNs with payloads, subnormals and infinities.
        arrays[f"{code}.many"] = bits.astype(np.uint8).view(code)[..., 0]
        arrays[f"{code}.one"] = np.array(arrays[f"{code}.many"][0, 0])
        arrays[f"{code}.none"] = np.zeros((0, 5), code)
    arrays["nan"] = np.array([0x7FC00001, 0xFFC12345, 0x7F800001], np.uint32).view(np.float32)
    return arrays


def bits(array):
    return array.dtype, array.shape, array.tobytes()


def same(left, right):
    return left.keys() == right.keys() and all(bits(left[k]) == bits(right[k]) for k in left)


def joined(arrays, notes):
    header, body = pack_arrays(arrays, notes)
    return b"".join([header, *body])


def file(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_every_type_and_shape_comes_back_bit_for_bit():
    arrays = every_kind_of_array()
    back, notes = unpack_arrays(joined(arrays, {"b": "1", "a": "2"}), ALL_TYPES)
    assert same(back, arrays)
    assert list(notes.items()) == [("b", "1"), ("a", "2")]


def test_the_library_reads_what_we_write_and_we_what_it_writes():
    arrays = every_kind_of_array()
    assert same(safetensors.numpy.load(joined(arrays, {"note": "x"})), arrays)
    assert same(unpack_arrays(safetensors.numpy.save(arrays), ALL_TYPES)[0], arrays)


def test_layout_in_memory_does_not_matter():
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    want = file_of({"a": array})
    assert file_of({"a": np.asfortranarray(array)}) == want
    assert file_of({"a": array.astype(">f4")}) == want
    assert file_of({"a": np.repeat(array, 2, axis=1)[:, ::2]}) == want


def test_arrays_are_writable_and_aligned():
    arrays = {"a": np.ones(3, np.uint8), "b": np.ones(3), "c": np.ones(3, np.float16)}
    for array in unpack_arrays(file_of(arrays), ALL_TYPES)[0].values():
        array += 1
        assert array.flags.aligned
        assert array.flags.owndata or array.base.flags.owndata


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.ones(2, complex)])
def test_other_types_are_not_written(array):
    with pytest.raises(FileError, match=r"'a' of type .* cannot be saved"):
        file_of({"a": array})


ENTRY = b'"a":' + json.dumps(entry()).encode()
LIES = {
    "no bytes": b"",
    "seven bytes": b"\0" * 7,
    "longer than the file": (100).to_bytes(8, "little") + b"{}",
    "an exabyte of header": (2**63).to_bytes(8, "little") + b"{}",
    "header above the cap": file(b" " * (LARGEST_HEADER + 1)),
    "not JSON": file(b"{'a'}"),
    "not UTF-8": file(b'{"\xff": 1}'),
    "a list": file([]),
    "deep": file(b"[" * 200_000),
    "huge integer": file(b'{"a":[' + b"9" * 5000 + b"]}"),
    "bytes without owner": file({}, b"1234"),
    "name twice": file(b"{%b,%b}" % (ENTRY, ENTRY), bytes(8)),
    "entry is no dictionary": file({"a": [1]}, bytes(8)),
    "entry says too little": file({"a": {"dtype": "F32", "shape": [2]}}, bytes(8)),
    "entry says too much": file({"a": {**entry(), "path": "/etc/passwd"}}, bytes(8)),
    "unknown type": file({"a": entry("O8")}, bytes(8)),
    "type is a list": file({"a": entry(["F32"])}, bytes(8)),
    "negative shape": file({"a": entry(shape=(-2, -1))}, bytes(8)),
    "shape of floats": file({"a": entry(shape=(2.0,))}, bytes(8)),
    "shape of booleans": file({"a": entry(shape=(True, 2))}, bytes(8)),
    "256 TiB": file({"a": entry(shape=(2**46,), offsets=(0, 2**48))}, bytes(8)),
    "product wraps to 8 bytes": file({"a": entry(shape=(2**62 + 2,), offsets=(0, 8))}, bytes(8)),
    "empty, absurd shape": file({"a": entry(shape=(0, 2**62, 2**62), offsets=(0, 0))}),
    "40 dimensions": file({"a": entry(shape=(1,) * 39 + (2,))}, bytes(8)),
    "three offsets": file({"a": entry(offsets=(0, 8, 8))}, bytes(8)),
    "backwards": file({"a": entry(offsets=(8, 0))}, bytes(8)),
    "overlap": file({"a": entry(), "b": entry()}, bytes(8)),
    "half overlap": file({"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12)),
    "gap": file({"a": entry(), "b": entry(offsets=(12, 20))}, bytes(20)),
    "gap before": file({"a": entry(offsets=(4, 12))}, bytes(12)),
    "rest": file({"a": entry()}, bytes(9)),
    "too short": file({"a": entry()}, bytes(7)),
    "boolean of 2": file({"a": entry("BOOL", (1,), (0, 1))}, b"\2"),
    "notes are a list": file({"__metadata__": [1]}),
    "notes are numbers": file({"__metadata__": {"a": 1}}),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused_before_anything_is_made_of_it(lie):
    with pytest.raises(ValueError, match=r"\w") as caught:
        unpack_arrays(LIES[lie], ALL_TYPES)
    assert len(str(caught.value)) < 300


def test_types_that_are_not_allowed_are_refused():
    data = file_of({"a": np.ones(2, np.float16)})
    assert_array_equal(unpack_arrays(data, frozenset({"F16"}))[0]["a"], [1, 1])
    with pytest.raises(ValueError, match="has the type 'F16'"):
        unpack_arrays(data, frozenset({"F32"}))
