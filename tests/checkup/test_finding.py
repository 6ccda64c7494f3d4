from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from madaline.checkup.finding import drop_option, percent


@given(st.floats(0, 1))
def test_a_share_is_never_rounded_to_all_or_nothing(share):
    number = float(percent(share).removesuffix(" %"))
    assert 0 <= number <= 100
    if 1e-9 < share < 1 - 1e-9:
        assert 0 < number < 100
        assert abs(number - 100 * share) <= 0.06 * 100 * min(share, 1 - share)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_the_option_survives_a_shell(name):
    assert shlex.split(drop_option(name)) == ["--drop", name]
