"""The schema is that of the records, and of what runs write."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

import madaline.events
from madaline.events.kinds import KINDS
from madaline.events.schema import ANSWERS, schema

FILE = Path(madaline.events.__file__).with_name("events.schema.json")


def test_the_file_is_what_scripts_write_schema_writes():
    assert json.loads(FILE.read_text()) == schema()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_told_by_its_name_and_all_its_fields(kind):
    shown = schema()["$defs"][KINDS[kind].__name__]
    assert shown["properties"]["kind"] == {"const": kind}
    names = {field.name for field in fields(KINDS[kind])}
    assert set(shown["required"]) == names | {"v", "n", "t", "kind"}
    assert set(shown["properties"]) == {*shown["required"], "cut"}


def test_what_is_no_event_is_defined_too():
    shown = schema()
    assert {record.__name__ for record in ANSWERS} <= set(shown["$defs"])
    assert len(shown["oneOf"]) == len(KINDS)


def test_nothing_is_referred_to_that_is_not_defined():
    text = json.dumps(schema())
    names = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert names <= set(schema()["$defs"])
