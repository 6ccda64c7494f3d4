"""Dates -> features."""

from datetime import datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.data.table import Column, Table
from madaline.encode.encoder import Encoder


def dates(*texts):
    return Table((Column("t", "date", np.array(texts, "datetime64[us]")),))


def test_parts_that_do_not_vary_give_no_feature():
    assert Encoder.fit(dates("2024-05-06", "2024-05-06")).feature_names == ("t",)
    names = Encoder.fit(dates("2024-05-06T01:00", "2024-05-06T02:00")).feature_names
    assert names == ("t", "t hour sine", "t hour cosine")


def test_a_year_apart_only_the_year_and_the_weekday_move():
    names = Encoder.fit(dates("2022-05-06", "2023-05-06")).feature_names
    assert names == ("t", "t year", "t weekday sine", "t weekday cosine")


def test_seconds_and_year_are_robust_scaled():
    encoder = Encoder.fit(dates("2020-01-01", "2021-01-01", "2022-01-01"))
    x = encoder.transform(dates("2021-01-01", "2022-01-01", "9999-01-01")).x
    np.testing.assert_allclose(x[:, 1], [0, 0.4931970, 3], atol=1e-4)
    assert 0 == x[0, 0] < x[1, 0] < x[2, 0] <= 3


def test_december_is_next_to_january():
    encoder = Encoder.fit(dates("2023-01-15", "2023-06-15", "2023-12-15"))
    place = encoder.feature_names.index("t month sine")
    january, june, december = encoder.transform(dates("2023-01-15", "2023-06-15", "2023-12-15")).x[
        :, place : place + 2
    ]
    assert np.linalg.norm(january - december) < np.linalg.norm(january - june) / 3


def test_monday_starts_the_week_at_angle_zero():
    encoder = Encoder.fit(dates("2024-01-01", "2024-01-02"))  # a Monday, a Tuesday
    place = encoder.feature_names.index("t weekday sine")
    x = encoder.transform(dates("2024-01-08", "1969-12-29")).x[:, place : place + 2]
    np.testing.assert_allclose(x, [[0, 1], [0, 1]], atol=1e-6)


def test_missing_is_zeros_and_the_indicator():
    encoder = Encoder.fit(dates("2020-01-01", "2021-02-03T04:05", "NaT"))
    x = encoder.transform(dates("NaT", "2020-01-01")).x
    assert encoder.feature_names[-1] == "t is missing"
    assert x[0].tolist() == [0] * (x.shape[1] - 1) + [1]
    assert x[1, -1] == 0


def test_only_missing_dates_give_zeros():
    table = dates("NaT", "NaT")
    assert Encoder.fit(table).transform(table).x.tolist() == [[0, 1], [0, 1]]


@settings(deadline=None)
@given(st.lists(st.none() | st.datetimes(), min_size=1, max_size=20), st.lists(st.datetimes()))
def test_any_dates_give_finite_features_within_three(train, rows):
    def table(values: list[datetime | None]) -> Table:
        return Table((Column("t", "date", np.array(values, "datetime64[us]")),))

    x = Encoder.fit(table(train)).transform(table([*train, *rows])).x
    assert np.isfinite(x).all()
    assert (np.abs(x) <= 3).all()
