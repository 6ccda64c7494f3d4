"""The rows of the table, and what other rooms derive from them."""

from __future__ import annotations

from dataclasses import fields

import pytest

from madaline.settings.recipes import CLASSIC, DECIDED, complete
from madaline.settings.table import GROUPS, MEMBERWISE, NUMBERS, ROWS, Settings, accepted
from madaline.train.plan import EXTRAS, Hyper, make_hyper


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_whole(name: str) -> None:
    row = ROWS[name]
    assert row.group in GROUPS
    assert row.help.endswith(".")
    if row.needs is not None:
        other, fitting = row.needs
        known = ROWS[other].choices if other in ROWS else ()
        assert set(fitting) <= set(known)


def test_every_number_of_the_table_is_one_of_the_engine_without_being_listed() -> None:
    engine = {field.name for field in fields(Hyper)}
    assert set(NUMBERS) == engine - {"member", "held_from", "total_steps", "n_inputs"}
    assert engine & set(ROWS) == set(NUMBERS)


def test_a_number_that_nobody_gives_has_the_default_of_its_setting() -> None:
    hyper = make_hyper()
    for name in NUMBERS:
        default = getattr(Settings, name)
        if default is not None:
            assert getattr(hyper, name)[0] == pytest.approx(default)
    assert set(EXTRAS) <= set(NUMBERS)
    assert all(getattr(hyper, name)[0] == ROWS[name].low == 0 for name in EXTRAS)


def test_numbers_may_be_one_a_member_where_their_type_says_so() -> None:
    assert set(MEMBERWISE) <= set(NUMBERS)
    assert tuple(n for n in ROWS if tuple[float, ...] in accepted(n)) == MEMBERWISE


def test_a_recipe_decides_what_its_type_says_is_decided() -> None:
    assert set(DECIDED) == {*CLASSIC, "precision"}
    recipe = complete(Settings(), 1000)
    assert all(getattr(recipe, name) is not None for name in DECIDED)
