from __future__ import annotations

import pytest

from madaline.data.files.encodings import as_utf8
from madaline.errors import FileError

TEXT = "größe,name\n1,Zoë\n"


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
)
def test_unicode_in_any_form_is_read_without_a_word(encoding):
    assert as_utf8(TEXT.encode(encoding), "x.csv") == (TEXT.encode(), ())


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_what_is_no_unicode_is_read_as_windows_1252_and_said(encoding):
    text, notes = as_utf8(TEXT.encode(encoding), "x.csv")
    assert text == TEXT.encode()
    assert notes == ("x.csv is not UTF-8; it was read as Windows-1252 (Latin-1).",)


def test_one_broken_byte_does_not_spoil_the_other_letters():
    text, notes = as_utf8("Zoë\nÅsa\nÉmile\n".encode() + b"\xff,1\n", "x.csv")
    assert text.decode().split("\n")[:3] == ["Zoë", "Åsa", "Émile"]
    assert notes == ("1 character of x.csv is damaged and read as '\ufffd' in line 4.",)


def test_half_a_pair_of_utf_16_is_said_with_its_line():
    data = b"\xff\xfe" + "a\nb".encode("utf-16-le") + b"\x00\xd8" + "c\n".encode("utf-16-le")
    text, notes = as_utf8(data, "x.csv")
    assert text.decode() == "a\nb\ufffdc\n"
    assert "in line 2" in notes[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_file_that_ends_within_a_character_is_cut_short(encoding):
    with pytest.raises(FileError, match=r"x\.csv is cut short: it ends within a character of UTF-"):
        as_utf8(TEXT.encode(encoding)[:-1], "x.csv")


def test_marks_of_byte_order_are_no_part_of_a_name():
    assert as_utf8(b"\xef\xbb\xbf\xef\xbb\xbfa\n", "x.csv")[0] == b"a\n"


def test_a_zero_byte_is_named_with_its_line():
    with pytest.raises(FileError, match="not a text file: line 3 holds the byte 0x00"):
        as_utf8(b"a,b\n1,2\n3,\x00\n", "x.csv")
    with pytest.raises(FileError, match="line 20001 holds the byte 0x00"):
        as_utf8(b"a,b,c\n" * 20_000 + b"\x00\n", "x.csv")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_a_line_feed_afterwards(end):
    assert as_utf8(f"a{end}b".encode(), "x.csv") == (b"a\nb\n", ())
