from __future__ import annotations

import contextlib
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madaline.errors import UsageError
from madaline.settings.table import Settings
from madaline.settings.values import SETTING_NAMES, expected, read_value, value_text


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("hidden", "256,64", (256, 64)),
        ("hidden", " 256 , 64 ", (256, 64)),
        ("hidden", "none", ()),
        ("hidden", [256, 64], (256, 64)),
        ("hidden", [], ()),
        ("hidden", 32, (32,)),
        ("activation", "relu", ("relu",)),
        ("batch_size", "64", 64),
        ("batch_size", "FULL", "full"),
        ("batch_size", "auto", "auto"),
        ("learning_rate", "1e-3, 0.002", (0.001, 0.002)),
        ("l2", [0.1, 0.2], (0.1, 0.2)),
        ("epochs", "1e3", 1000),
        ("epochs", 12, 12),
        ("seed", 2**31 - 1, 2**31 - 1),
        ("learning_rate", "1e-3", 1e-3),
        ("learning_rate", 1, 1.0),
        ("validation", "0.2", 0.2),
        ("validation", "held-out.csv", "held-out.csv"),
        ("drop", 'age,"height, cm"', ("age", "height, cm")),
        ("drop", "none", ("none",)),
        ("group", "none", "none"),
    ],
)
def test_each_way_of_writing_a_value_is_read(name: str, raw: Any, value: Any) -> None:
    read = read_value(name, raw)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("hidden", "256;64"),
        ("hidden", "256,,64"),
        ("hidden", [True]),
        ("hidden", [[1]]),
        ("epochs", "ten"),
        ("epochs", "1.5"),
        ("epochs", True),
        ("epochs", {"a": 1}),
        ("batch_size", "half"),
        ("learning_rate", "nan"),
        ("learning_rate", "inf"),
        ("learning_rate", ""),
        ("group", 5),
        ("drop", "a,,b"),
        ("learning_rate", "1e-3,"),
        ("dropout", "0.1\r0.2"),
        ("validation", ""),
    ],
)
def test_what_cannot_be_read_is_refused_and_the_message_says_what_is_expected(
    name: str, raw: Any
) -> None:
    with pytest.raises(UsageError) as caught:
        read_value(name, raw)
    assert name in str(caught.value)
    assert expected(name) in str(caught.value)


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="learning_rate"):
        read_value("learning_rat", "1")


@pytest.mark.parametrize("row", fields(Settings), ids=lambda row: row.name)
def test_every_default_survives_being_written_and_read(row: Any) -> None:
    if row.default not in (None, ()):
        assert read_value(row.name, value_text(row.default)) == row.default


@given(st.sampled_from(SETTING_NAMES), st.text())
def test_no_text_raises_anything_but_a_usage_error(name: str, text: str) -> None:
    with contextlib.suppress(UsageError):
        read_value(name, text)


@given(st.integers(min_value=1, max_value=2**62))
def test_whole_numbers_are_read_exactly(number: int) -> None:
    assert read_value("epochs", str(number)) == number
    assert read_value("epochs", number) == number
