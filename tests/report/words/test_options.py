from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from madaline.report.words.options import as_options
from madaline.settings.values import read_value

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1)


@given(st.lists(NAMES, min_size=1))
def test_options_survive_a_shell_and_name_the_same_columns(names):
    option, value = shlex.split(as_options({"drop": tuple(names)}))
    assert option == "--drop"
    assert read_value("drop", value) == tuple(names)
