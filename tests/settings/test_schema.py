"""The schema takes what the settings take, and nothing else."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madaline.errors import UsageError
from madaline.settings.schema import settings_schema
from madaline.settings.table import GROUPS, SETTING_NAMES, Settings
from madaline.settings.values import take_value

PROPERTIES = settings_schema()["properties"]
WORDS = ["auto", "full", "relu", "adam", "none", "", "rows.csv"]
NUMBERS = st.integers(-2, 2**33) | st.floats(-1, 2, width=16) | st.sampled_from([0.95, 0.9, 1.0])
VALUES = st.none() | st.booleans() | NUMBERS | st.sampled_from(WORDS)


def _is_of(value: Any, kind: str) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case _:
            return isinstance(value, list)


def _is_valid(value: Any, shape: dict[str, Any]) -> bool:
    """The few words of JSON Schema that the schema uses."""
    if "anyOf" in shape:
        return any(_is_valid(value, one) for one in shape["anyOf"])
    if "enum" in shape and value not in shape["enum"]:
        return False
    if "type" in shape and not _is_of(value, shape["type"]):
        return False
    if isinstance(value, list):
        return all(_is_valid(item, shape["items"]) for item in value)
    if isinstance(value, str):
        return len(value) >= shape.get("minLength", 0)
    return not isinstance(value, int | float) or (
        shape.get("minimum", -math.inf) <= value <= shape.get("maximum", math.inf)
        and value > shape.get("exclusiveMinimum", -math.inf)
    )


@given(st.sampled_from(SETTING_NAMES), VALUES | st.lists(VALUES, max_size=2))
def test_the_schema_takes_what_the_settings_take(name: str, value: Any) -> None:
    taken = False
    with contextlib.suppress(UsageError):
        Settings(**{name: take_value(name, value)})
        taken = True
    assert _is_valid(value, PROPERTIES[name]) == taken


@pytest.mark.parametrize("name", SETTING_NAMES)
def test_a_form_finds_a_help_text_a_group_and_a_valid_default(name: str) -> None:
    asked = PROPERTIES[name]
    assert asked["description"]
    assert asked["group"] in GROUPS
    assert _is_valid(asked["default"], asked)
    assert take_value(name, asked["default"]) == getattr(Settings, name)


def test_the_schema_is_plain_json() -> None:
    assert json.loads(json.dumps(settings_schema())) == settings_schema()
