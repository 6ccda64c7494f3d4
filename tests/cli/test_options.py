from __future__ import annotations

import click
import pytest

from madaline.cli.fit import fit
from madaline.cli.options import FOREIGN_NAMES, default_text, make_output, read_assignments
from madaline.errors import UsageError
from madaline.report.words.options import option_name
from madaline.settings.table import GROUPS, ROWS, SETTING_NAMES

OPTIONS = {param.name: param for param in fit.params if isinstance(param, click.Option)}


def test_every_setting_is_an_option_of_fit_and_unset_unless_given() -> None:
    for name in SETTING_NAMES:
        option = OPTIONS[name]
        assert option.opts == [option_name(name)]
        assert option.get_default(click.Context(fit)) in (None, ())


def test_every_option_has_a_help_text_with_its_choices_and_default() -> None:
    for name, row in ROWS.items():
        text = OPTIONS[name].help or ""
        assert row.help in text
        assert all(choice in text for choice in row.choices)
        assert (f"[default: {default_text(name)}]" in text) == bool(default_text(name))


def test_options_stand_in_the_groups_of_the_settings_table() -> None:
    panels = {panel.name: panel.options for panel in fit.panels}
    assert list(panels) == [*GROUPS, "Output"]
    for name, row in ROWS.items():
        assert option_name(name) in panels[row.group]
    shown = [name for names in panels.values() for name in names]
    assert len(shown) == len(set(shown)) == len(OPTIONS) + 1


def test_a_foreign_name_never_hides_an_option_of_ours() -> None:
    ours = {name for option in OPTIONS.values() for name in option.opts}
    assert not ours & set(FOREIGN_NAMES)
    assert set(FOREIGN_NAMES.values()) <= ours


def test_set_without_equals_is_refused() -> None:
    with pytest.raises(UsageError, match="key=value"):
        read_assignments(["epochs"])


def test_two_ways_to_speak_are_refused() -> None:
    with pytest.raises(UsageError, match="--json and --quiet"):
        make_output(as_json=True, events=False, quiet=True, verbose=False)
