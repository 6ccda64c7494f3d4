from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from madaline.checkup.seen import percent


@given(st.floats(0, 1))
def test_a_share_is_never_rounded_to_all_or_nothing(share):
    number = float(percent(share).removesuffix(" %"))
    assert 0 <= number <= 100
    if 1e-9 < share < 1 - 1e-9:
        assert 0 < number < 100
        assert abs(number - 100 * share) <= 0.06 * 100 * min(share, 1 - share)
