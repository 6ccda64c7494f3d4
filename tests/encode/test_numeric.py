"""Numbers -> features."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.data.table import Column, Table
from madaline.encode.encoder import Encoder
from madaline.encode.numeric import fit_numbers, smooth_clip, write_numbers

anything = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30)


def features(train, rows=None):
    train = np.asarray(train, np.float64)
    rows = train if rows is None else np.asarray(rows, np.float64)
    out = np.empty((len(rows), 1), np.float32)
    write_numbers(fit_numbers([train]), [rows], out)
    return out[:, 0]


def test_a_feature_is_the_clipped_distance_from_the_median_in_quartile_widths():
    z = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    expected = z / np.sqrt(1 + (z / 3) ** 2)
    np.testing.assert_allclose(features([1, 2, 3, 4, 5]), expected, rtol=1e-6)


def test_quartiles_agree_with_numpy():
    for n in range(1, 40):
        x = np.random.default_rng(n).normal(size=n)
        scale = fit_numbers([x])
        q25, q50, q75 = np.quantile(x, (0.25, 0.5, 0.75), method="averaged_inverted_cdf")
        np.testing.assert_allclose(scale.median, q50, rtol=1e-12)
        np.testing.assert_allclose(scale.width, q75 - q25, rtol=1e-12)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(1, 4)), min_size=1, max_size=25))
def test_a_weight_is_the_row_as_often(rows):
    values, weight = np.array(rows, np.float64).T
    weighed = fit_numbers([values], weight)
    repeated = fit_numbers([np.repeat(values, weight.astype(int))])
    assert weighed.median == repeated.median
    assert weighed.width == repeated.width


def test_half_the_range_is_the_width_when_quartiles_coincide():
    z = np.array([0, 0, 0, 0, 0, 2.0])
    np.testing.assert_allclose(features([0, 0, 0, 0, 0, 10]), z / np.sqrt(1 + (z / 3) ** 2))


def test_a_constant_column_stays_zero_whatever_comes_later():
    assert features([7, 7, 7], [7, 8, -1e308, np.inf, np.nan]).tolist() == [0] * 5


def test_a_column_without_values_gives_zeros():
    assert features([np.nan, np.nan], [np.nan, 5, np.inf]).tolist() == [0, 0, 0]


def test_missing_is_the_median_and_infinity_the_end_of_the_clip():
    result = features([1, 2, 3, 4, 5, np.inf, np.nan], [np.nan, np.inf, -np.inf, 3])
    assert result.tolist() == [0, 3, -3, 0]


def test_infinite_values_do_not_move_the_statistics():
    rows = [0, 1, 2, 3, 10]
    assert (features([0, 1, 2, 3, np.inf, -np.inf], rows) == features([0, 1, 2, 3], rows)).all()


@pytest.mark.parametrize("size", [1e308, 1.7976931348623157e308, 1e-300, 1e-307])
def test_numbers_at_the_ends_of_float64_get_the_same_features(size):
    x = np.array([-1, -0.5, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(features(x * size), features(x), rtol=1e-5)


@settings(deadline=None)
@given(anything, anything)
def test_features_are_finite_and_within_three(train, rows):
    for result in (features(train), features(train, rows)):
        assert np.isfinite(result).all()
        assert (np.abs(result) <= 3).all()


@settings(deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=30), st.randoms())
def test_order_of_training_rows_does_not_matter(train, random):
    mixed = list(train)
    random.shuffle(mixed)
    assert (features(mixed, train) == features(train)).all()


@settings(deadline=None)
@given(
    st.lists(st.integers(-1000, 1000), min_size=2, max_size=30),
    st.floats(1e-3, 1e6),
    st.integers(-1000, 1000),
)
def test_units_and_origin_of_a_column_do_not_matter(train, a, b):
    x = np.array(train, np.float64)
    np.testing.assert_allclose(features(a * (x + b)), features(x), atol=1e-5)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_larger_numbers_never_get_smaller_features(train):
    assert (np.diff(features(np.sort(train))) >= 0).all()


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 3), st.integers(120, 140))
def test_encoding_in_blocks_equals_each_column_alone(n_rows, n_columns):
    x = np.random.default_rng(0).normal(size=(n_rows * 1000, n_columns))
    columns = list(x.T)
    scale = fit_numbers(columns)
    out = np.empty(x.shape, np.float32)
    write_numbers(scale, columns, out)
    for place in (0, n_columns // 2, n_columns - 1):
        assert (out[:, place] == features(columns[place])).all()


def test_one_row_alone_gets_the_bits_it_gets_among_many():
    x = np.random.default_rng(0).normal(size=(5000, 3))
    table = Table(tuple(Column(name, "number", x[:, i]) for i, name in enumerate("abc")))
    encoder = Encoder.fit(table)
    alone = encoder.transform(table.take(slice(4000, 4001))).x
    assert (alone[0] == encoder.transform(table).x[4000]).all()


def test_smooth_clip_has_slope_one_at_zero_and_ends_at_three():
    z = np.array([1e-6, 1e5, -1e300])
    np.testing.assert_allclose(smooth_clip(z), [1e-6, 3, -3], rtol=1e-8)
