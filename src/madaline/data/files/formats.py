"""What a file is and what its bytes are: unpacked, and recognised by content, then by name."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Literal

from madaline.data.files.jsonlines import looks_like_json
from madaline.errors import DataError, FileError, nearest

Format = Literal["text", "parquet", "json", "arrow", "stream"]

# A few megabytes of gzip can hold gigabytes of zeros; a table shrinks to a hundredth at most.
MOST_UNPACKED_BYTES = 16 * 2**30
MOST_SHRUNK = 100
ALWAYS_UNPACKED_BYTES = 2**30

_PART = 1 << 20

# What Python's readers raise on bytes that are not what they should be.
_DAMAGE = (OSError, EOFError, ValueError, LookupError, struct.error, zlib.error, lzma.LZMAError)

_TEXT = (".csv", ".tsv", ".tab", ".txt", ".psv", ".data", ".dat")
_BLANK = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"  # white space and byte order marks
_JSON = (".jsonl", ".ndjson", ".json")
_PARQUET = (".parquet", ".pq")
_ARROW = (".arrow", ".feather", ".ipc")
READABLE = "Expected CSV, TSV, Parquet, JSON lines or Arrow, as they are or in gzip or zip."

# These begin and end with the same bytes.
_FRAMED: tuple[tuple[bytes, Format, str], ...] = (
    (b"PAR1", "parquet", "Parquet"),
    (b"ARROW1", "arrow", "Arrow"),
)
_FOREIGN = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"BZh", "packed by bzip2"),
    (b"\xfd7zXZ", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x80\x04", "a pickle"),
    (b"\x1f\x8b", "packed twice"),
    (b"PK\x03\x04", "packed twice"),
    (b"version https://git-lfs", "a pointer to a file in Git LFS, not the file"),
    (b"FEA1", "Feather of version 1"),
)


def read_bytes(path: Path) -> tuple[bytes, str]:
    """The content of a file, unpacked if it is gzip or zip, and the name inside the package.

    Raises:
        FileError: There is no such file, it cannot be read, it is damaged, or it is a zip of
            several files.
    """
    data = _content(path)
    name = path.name
    if data.startswith(b"\x1f\x8b"):
        return _gunzip(data, path.name), name.removesuffix(".gz").removesuffix(".GZ")
    if data.startswith(b"PK\x03\x04") or data.startswith(b"PK\x05\x06"):
        return _unzip(data, path.name)
    if path.suffix.lower() in (".gz", ".zip") and data:
        raise FileError(f"{path.name} is not a {path.suffix[1:].lower()} file, or it is damaged.")
    return data, name


def recognise(data: bytes, name: str, shown: str) -> Format:
    """The format of a file's content.

    Args:
        data: The unpacked content.
        name: The name of the unpacked file.
        shown: What messages call the file.

    Raises:
        DataError: The file is empty.
        FileError: The format is not known, or the content is not what the name says.

    >>> recognise(b"a,b", "x.csv", "x.csv")
    'text'
    """
    if not data[:1000].strip(_BLANK) and not data.strip(_BLANK):
        raise DataError(f"{shown} is empty.", READABLE)
    suffix = Path(name).suffix.lower()
    for magic, found, words in _FRAMED:
        if data.startswith(magic):
            if len(data) < 2 * len(magic) or not data.endswith(magic):
                raise FileError(f"{shown} is cut short: the end of the {words} file is missing.")
            return found
    if data.startswith(b"\xff\xff\xff\xff"):
        return "stream"
    if suffix in (*_PARQUET, *_ARROW):
        raise FileError(f"{shown} is not a {suffix[1:]} file, or it is damaged.", READABLE)
    for magic, words in _FOREIGN:
        if data.startswith(magic):
            raise FileError(f"{shown} is {words}, which cannot be read.", READABLE)
    start = data[:1000].lstrip()
    if start.lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise FileError(f"{shown} is a web page or XML, which cannot be read.", READABLE)
    if suffix in _JSON or looks_like_json(data) or (suffix not in _TEXT and start[:1] == b"{"):
        return "json"
    return "text"


def _content(path: Path) -> bytes:
    if str(path).startswith(("http:/", "https:/", "s3:/", "gs:/")):
        raise FileError(f"{path} is a web address.", "Download the file first.")
    try:
        mode = path.stat().st_mode
        if (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and str(path) != os.devnull:
            raise FileError(f"{path} is a device, whose content may never end.", "Name a file.")
        return path.read_bytes()
    except FileNotFoundError:
        raise FileError(f"There is no file {path}.", _neighbour(path)) from None
    except IsADirectoryError:
        raise FileError(f"{path} is a folder.", "Name a file in it.") from None
    except FileError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FileError(f"{path} cannot be read: {reason}.") from None


def _neighbour(path: Path) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    except OSError:
        return f"There is no folder {path.parent} either."
    hint = nearest(path.name, names)
    return hint if hint.startswith("Did") else ""


def _gunzip(data: bytes, shown: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return _unpacked(stream, len(data), shown)
    except FileError:
        raise
    except _DAMAGE:
        raise FileError(
            f"{shown} is damaged or cut short: gzip cannot unpack it.", "Copy it again."
        ) from None


def _unzip(data: bytes, shown: str) -> tuple[bytes, str]:
    if Path(shown).suffix.lower() in (".xlsx", ".xlsm", ".ods"):
        raise FileError(f"{shown} is a spreadsheet.", "Save the sheet as CSV.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = [
                member
                for member in package.infolist()
                if not member.is_dir() and not member.filename.startswith("__MACOSX/")
            ]
            if len(members) != 1:
                names = ", ".join(repr(member.filename) for member in members[:5])
                raise FileError(
                    f"{shown} holds {len(members)} files{': ' * bool(names)}{names}.",
                    "A zip must hold exactly one table.",
                )
            if members[0].flag_bits & 1:
                raise FileError(f"{shown} is locked by a password.", "Unpack it first.")
            with package.open(members[0]) as stream:
                return _unpacked(stream, len(data), shown), members[0].filename
    except FileError:
        raise
    except (*_DAMAGE, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise FileError(
            f"{shown} is damaged or cut short: zip cannot unpack it.", "Copy it again."
        ) from None


def _unpacked(stream: gzip.GzipFile | IO[bytes], packed: int, shown: str) -> bytes:
    """The whole content, if it is not a bomb: memory stays below the limit, whatever is said."""
    most = min(MOST_UNPACKED_BYTES, max(ALWAYS_UNPACKED_BYTES, MOST_SHRUNK * packed))
    content = io.BytesIO()
    while part := stream.read(_PART):
        if content.tell() + len(part) > most:
            raise FileError(
                f"{shown} unpacks from {packed / 1e6:.1f} MB to more than {most / 2**30:.3g} GB.",
                "Unpack it first, if you know what it holds.",
            )
        content.write(part)
    return content.getvalue()
