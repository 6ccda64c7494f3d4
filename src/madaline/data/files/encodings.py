"""Bytes of text in whatever encoding become UTF-8; what could not be read as it stands is said."""

from __future__ import annotations

import re

from madaline.errors import FileError

_MARK = "\ufeff".encode()
_UNREADABLE = "\ufffd"
# No text holds these; a form feed, an escape and Ctrl-Z are found in some.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_SEARCHED_BYTES = 65536


def as_utf8(data: bytes, source: str) -> tuple[bytes, tuple[str, ...]]:
    r"""UTF-8 without byte order mark whose lines end in a line feed, and what was changed.

    Args:
        data: Text in UTF-8, UTF-16 or UTF-32; what is none of them is taken as Windows-1252.
        source: What messages call it.

    Returns:
        The text, and one sentence for what was guessed or is damaged.

    Raises:
        FileError: It is no text, or ends within a character.

    >>> as_utf8("é\r\n".encode("utf-16"), "x.csv")
    (b'\xc3\xa9\n', ())
    >>> as_utf8(b"\xe9", "x.csv")
    (b'\xc3\xa9\n', ('x.csv is not UTF-8; it was read as Windows-1252 (Latin-1).',))
    """
    notes: tuple[str, ...] = ()
    wide = _wide_encoding(data)
    if wide is not None:
        data, notes = _from_wide(data, wide, source)
    elif not _is(data, "utf-8"):
        data, notes = _repaired(data, source)
    while data.startswith(_MARK):
        data = data.removeprefix(_MARK)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    _refuse_binary(data, source)
    return data if data.endswith(b"\n") else data + b"\n", notes


def _wide_encoding(data: bytes) -> str | None:
    """UTF-32 or UTF-16 by its mark, or by the zeros in every other byte of plain letters."""
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = data[:4096]
    if head[::2].count(0) > len(head) // 4:
        return "utf-16-be"
    return "utf-16-le" if head[1::2].count(0) > len(head) // 4 else None


def _from_wide(data: bytes, encoding: str, source: str) -> tuple[bytes, tuple[str, ...]]:
    if len(data) % (4 if encoding == "utf-32" else 2):
        raise FileError(
            f"{source} is cut short: it ends within a character of {encoding[:6].upper()}.",
            "Copy it again.",
        )
    text = data.decode(encoding, "replace")
    if _is(data, encoding):
        return text.encode(), ()
    return text.encode(), _damage(text, text.count(_UNREADABLE), source)


def _repaired(data: bytes, source: str) -> tuple[bytes, tuple[str, ...]]:
    """UTF-8 with a few broken bytes stays UTF-8; with no other special characters it is none."""
    text = data.decode("utf-8", "replace")
    broken = text.count(_UNREADABLE) - data.count(_UNREADABLE.encode())
    special = len(text) - len(text.encode("ascii", "ignore"))
    if special > 2 * broken:
        return text.encode(), _damage(text, broken, source)
    encoding = "cp1252" if _is(data, "cp1252") else "latin-1"
    note = f"{source} is not UTF-8; it was read as Windows-1252 (Latin-1)."
    return data.decode(encoding).encode(), (note,)


def _damage(text: str, n_broken: int, source: str) -> tuple[str, ...]:
    line = text.count("\n", 0, text.index(_UNREADABLE)) + 1
    one = n_broken == 1
    return (
        f"{n_broken} character{'' if one else 's'} of {source} {'is' if one else 'are'} damaged "
        f"and read as {_UNREADABLE!r}{'' if one else ', the first'} in line {line}.",
    )


def _is(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_binary(data: bytes, source: str) -> None:
    found = _BINARY.search(data, 0, _SEARCHED_BYTES)
    place = found.start() if found else data.find(b"\x00")
    if place >= 0:
        raise FileError(
            f"{source} is not a text file: line {data.count(10, 0, place) + 1} holds the byte "
            f"0x{data[place]:02x}.",
            "Expected rows of cells, such as CSV, or Parquet.",
        )
