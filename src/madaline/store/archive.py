"""Two named parts in one zip file of which every byte is known in advance.

Any zip program can open what is written here, but reading does without one: the frame around the
two parts (names, sizes, checksums, directory) follows from the parts alone, so the reader builds it
anew and compares. Compressed, encrypted, doubled, renamed, hidden or additional members, wrong
sizes and flipped bits all fail the same comparison, and there is no zip parser to deceive.

Source of the layout: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from pathlib import Path

from madaline.errors import FileError
from madaline.store.files import file_trouble, open_regular, write_bytes
from madaline.store.plain import printable

VERSION = 2
"""Of what is written. Version 1 had no optional parts; it is still read."""
_OLDEST = 1
LARGEST_ARCHIVE = 2_000_000_000
"""Bytes of the largest model file; below 2**31, so no zip64 is needed."""
LARGEST_DOCUMENT = 64_000_000
"""Bytes of the largest ``model.json``."""

NAMES = (b"model.json", b"weights.safetensors")
_MARK = b"madaline.model "
_OLDEST_DATE = 0x21  # 1980-01-01, the first day of zip: the same model gives the same bytes
_DIRECTORY = sum(46 + len(name) for name in NAMES)
_HEADS = sum(30 + len(name) for name in NAMES)
_TAIL = _DIRECTORY + 22 + len(_MARK) + len(f"{VERSION} ") + 64

_AGAIN = "Save the model again or copy the file anew from where it came."
_GIVE = "Give a *.madaline file or a run folder."


def write_archive(path: Path | str, document: bytes, weights: bytes) -> None:
    """Write both parts as one file, atomically.

    Raises:
        FileError: It cannot be written or is too large to be read back.
    """
    heads, tail = _frame(document, weights, VERSION)
    size = _HEADS + len(document) + len(weights) + len(tail)
    if size > LARGEST_ARCHIVE or len(document) > LARGEST_DOCUMENT:
        raise FileError(
            f"{path} cannot be written: the model needs {size:,} bytes"
            f" ({len(document):,} of them model.json), more than a model file may have.",
            "Use fewer members, smaller layers or columns with fewer categories.",
        )
    write_bytes(path, heads[0], document, heads[1], weights, tail)


def read_archive(path: Path | str) -> tuple[bytes, memoryview, int]:
    """Both parts of a file that `write_archive` wrote, and its version.

    Raises:
        FileError: The file is something else, damaged, or from a newer version.
    """
    stream, size = open_regular(path, LARGEST_ARCHIVE)
    try:
        with stream:
            start = stream.read(min(size, 64))
            stream.seek(max(0, size - _TAIL))
            tail = stream.read(_TAIL)
            version = _version(path, start, tail)
            n_document, n_weights = _sizes(path, tail, size)
            stream.seek(0)
            view = memoryview(stream.read(size))
    except FileError:
        raise
    except OSError as error:
        raise file_trouble(path, error, "read") from error
    first = 30 + len(NAMES[0])
    second = first + n_document + 30 + len(NAMES[1])
    document = bytes(view[first : first + n_document])
    weights = view[second : second + n_weights]
    heads, tail = _frame(document, weights, version)
    between = view[first + n_document : second]
    if (view[:first], between, view[second + n_weights :]) != (heads[0], heads[1], tail):
        raise FileError(f"{path} is damaged: its checksums or names are not right.", _AGAIN)
    return document, weights, version


def _frame(
    document: bytes, weights: bytes | memoryview, version: int
) -> tuple[tuple[bytes, bytes], bytes]:
    """What stands before each part, and after both."""
    heads: list[bytes] = []
    directory = b""
    place = 0
    for name, part in zip(NAMES, (document, weights), strict=True):
        # Version 2.0, no flags, stored, date, CRC-32, size twice, length of name, no extra field.
        common = struct.pack(
            "<5H3I2H",
            20,
            0,
            0,
            0,
            _OLDEST_DATE,
            zlib.crc32(part),
            len(part),
            len(part),
            len(name),
            0,
        )
        heads.append(b"PK\x03\x04" + common + name)
        # Made on Unix; no comment, disk 0, no attributes but "a file, rw-r--r--".
        directory += b"PK\x01\x02" + struct.pack("<H", 3 << 8 | 20) + common
        directory += struct.pack("<3H2I", 0, 0, 0, 0o100644 << 16, place) + name
        place += 30 + len(name) + len(part)
    comment = _MARK + f"{version} {hashlib.sha256(document).hexdigest()}".encode()
    end = struct.pack("<4H2IH", 0, 0, 2, 2, len(directory), place, len(comment))
    return (heads[0], heads[1]), directory + b"PK\x05\x06" + end + comment


def _sizes(path: Path | str, tail: bytes, size: int) -> tuple[int, int]:
    """The sizes that the directory names, when they fill the file exactly."""
    at = len(tail) - _TAIL + 20  # where the first entry of the directory says its size
    if at < 20:
        raise FileError(f"{path} is damaged: it has only {size} bytes.", _AGAIN)
    n_document = int.from_bytes(tail[at : at + 4], "little")
    at += 46 + len(NAMES[0])
    n_weights = int.from_bytes(tail[at : at + 4], "little")
    says = _HEADS + n_document + n_weights + _TAIL
    if says != size:
        raise FileError(f"{path} is damaged: it says {says:,} bytes and has {size:,}.", _AGAIN)
    if n_document > LARGEST_DOCUMENT:
        raise FileError(f"{path} is refused: its model.json is larger than any real one.", _AGAIN)
    return n_document, n_weights


def _version(path: Path | str, start: bytes, tail: bytes) -> int:
    """The version of a model file; says what a file is that is not one of a version it knows."""
    if not start:
        raise FileError(f"{path} is not a model file: it is empty.", _GIVE)
    mark = re.search(re.escape(_MARK) + rb"([1-9]\d{0,8}) [^\n]*\Z", tail)
    if start.startswith(b"PK\x03\x04") and mark and _OLDEST <= int(mark[1]) <= VERSION:
        return int(mark[1])
    if start.startswith(b"PK\x03\x04") and mark and int(mark[1]) > VERSION:
        raise newer(path, int(mark[1]))
    if start.startswith(b"PK\x03\x04" + struct.pack("<5H", 20, 0, 0, 0, _OLDEST_DATE)):
        raise FileError(f"{path} is damaged: its end is missing or changed.", _AGAIN)
    if start.startswith(b"PK"):
        what = "it is a zip archive that Madaline did not write, or one that was changed"
    elif re.match(rb"\x80[\x01-\x05]", start):
        what = "it looks like a Python pickle, which could run any program and is never loaded"
    elif re.fullmatch(rb"[\t\r\n\x20-\x7e\x80-\xff]+", start):
        what = "it looks like a text file"
    else:
        what = "it does not start like one"
    raise FileError(f"{path} is not a model file: {what}.", _GIVE)


def newer(path: Path | str, version: int) -> FileError:
    """The refusal of a version that this Madaline does not know."""
    shown = printable(str(version), 12)
    return FileError(
        f"{path} has format version {shown}: this model was written by a newer Madaline.",
        "Upgrade Madaline and load it again.",
    )
