"""Booleans and categories -> features and codes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.data.table import Column, Table, category
from madaline.encode.encoder import Encoder


def fit_transform(texts, rows=None):
    encoder = Encoder.fit(Table((category("c", texts),)))
    rows = texts if rows is None else rows
    return encoder, encoder.transform(Table((category("c", rows),)))


def test_two_values_share_one_sign():
    encoder, result = fit_transform(["yes", "no", "yes"], ["no", "yes", "perhaps", None])
    assert encoder.feature_names == ("c = yes",)
    assert result.x.ravel().tolist() == [-1, 1, 0, 0]


def test_two_values_and_missing_get_an_indicator():
    encoder, result = fit_transform(["yes", "no", None], ["no", "yes", "perhaps", None])
    assert encoder.feature_names == ("c = yes", "c is missing")
    assert result.x.tolist() == [[-1, 0], [1, 0], [0, 0], [0, 1]]


def test_one_value_gives_zero():
    assert fit_transform(["only", "only"], ["only", "new", None])[1].x.ravel().tolist() == [0, 0, 0]


def test_up_to_eight_values_are_one_hot_in_alphabetical_order():
    encoder, result = fit_transform(list("hgfedcba"), ["a", "h", "z", None])
    assert encoder.feature_names == tuple(f"c = {text}" for text in "abcdefgh")
    assert result.x.tolist() == [[1] + [0] * 7, [0] * 7 + [1], [0] * 8, [0] * 8]
    assert result.codes.shape == (4, 0)


def test_nine_values_are_codes_with_zero_for_never_seen():
    encoder, result = fit_transform(list("ihgfedcba"), ["a", "i", "z", None])
    assert (encoder.code_columns, encoder.code_sizes) == (("c",), (10,))
    assert result.codes.ravel().tolist() == [1, 9, 0, 0]
    assert result.x.shape == (4, 0)


def test_missing_has_its_own_code_if_it_was_seen():
    encoder, result = fit_transform([*"abcdefghi", None], ["a", "z", None])
    assert encoder.code_sizes == (11,)
    assert result.codes.ravel().tolist() == [1, 0, 10]


def test_among_many_values_those_seen_once_share_code_zero():
    often = [f"often {i:04}" for i in range(600)]
    encoder, result = fit_transform([*often, *often, *(f"once {i}" for i in range(500))])
    assert encoder.code_sizes == (601,)
    assert result.codes[:600, 0].tolist() == list(range(1, 601))
    assert set(result.codes[1200:, 0].tolist()) == {0}


def test_a_thousand_values_seen_once_keep_their_codes():
    assert fit_transform([f"{i:04}" for i in range(1000)])[0].code_sizes == (1001,)


def test_levels_without_training_rows_are_not_learned():
    column = category("c", ["a", "b", "c", "d"]).take(np.array([0, 2]))
    assert Encoder.fit(Table((column,))).feature_names == ("c = c",)


def test_booleans_are_signs_with_zero_for_missing():
    train = Table((Column("b", "boolean", np.array([0.0, 1.0, np.nan])),))
    encoder = Encoder.fit(train)
    assert encoder.feature_names == ("b", "b is missing")
    assert encoder.transform(train).x.tolist() == [[-1, 0], [1, 0], [0, 1]]


def test_a_boolean_that_was_always_true_gives_zero():
    encoder = Encoder.fit(Table((Column("b", "boolean", np.ones(3)),)))
    rows = Table((Column("b", "boolean", np.array([0.0, 1.0])),))
    assert encoder.transform(rows).x.ravel().tolist() == [0, 0]


@pytest.mark.parametrize("n_levels", [2, 5, 12])
@settings(deadline=None)
@given(st.randoms())
def test_order_of_training_rows_does_not_matter(n_levels, random):
    texts = [f"v{i}" for i in range(n_levels)] * 2
    mixed = list(texts)
    random.shuffle(mixed)
    a, b = fit_transform(texts)[1], fit_transform(mixed, texts)[1]
    assert (a.x == b.x).all()
    assert (a.codes == b.codes).all()


@settings(deadline=None)
@given(st.lists(st.none() | st.text(max_size=3), min_size=1, max_size=30), st.data())
def test_codes_stay_below_their_sizes(texts, data):
    rows = data.draw(st.lists(st.none() | st.text(max_size=3), min_size=1, max_size=30))
    encoder, result = fit_transform(texts, rows)
    assert np.isfinite(result.x).all()
    for codes, size in zip(result.codes.T, encoder.code_sizes, strict=True):
        assert codes.min() >= 0
        assert codes.max() < size
