from __future__ import annotations

from dataclasses import fields

import pytest

from madaline.errors import UsageError
from madaline.settings.table import Settings
from madaline.study.ranges import NUMBERS, VARIABLE, Range, Values, read_range
from madaline.train.plan import make_hyper


@pytest.mark.parametrize(
    ("name", "text", "axis"),
    [
        ("dropout", "0..0.4", Range(0.0, 0.4)),
        ("learning_rate", "1e-4..1e-2:log", Range(1e-4, 1e-2, log=True)),
        ("learning_rate", " 1e-4..1e-2 : log : 3", Values((1e-4, 1e-3, 1e-2))),
        ("l2", "0..1:3", Values((0.0, 0.5, 1.0))),
        ("batch_size", "32..256:log:4", Values((32, 64, 128, 256))),
        ("pieces", "1..3:9", Values((1, 2, 3))),
    ],
)
def test_a_text_is_read_as_the_range_it_means(name, text, axis):
    assert read_range(name, text) == axis


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("dropout", "0..", "is no range"),
        ("dropout", "a..b", "is no range"),
        ("dropout", "0..1:log:3:4", "is no range"),
        ("dropout", "0..1:ln", "is no range"),
        ("dropout", "0..inf", "is no range"),
        ("dropout", "nan..1", "is no range"),
        ("dropout", "0.4..0.1", "has no width"),
        ("dropout", "0.4..0.4", "has no width"),
        ("weight_decay", "0..1:log", "has no logarithm"),
        ("dropout", "0..1:1", "has 1 values"),
        ("dropout", "0..1:99999", "has 99999 values"),
        ("batch_size", "32..256", "would compile a program for every trial"),
        ("batch_size", "0.5..2:3", "is no range"),
        ("hidden", "64..256", "hidden is no number"),
        ("epochs", "10..20", "cannot vary epochs"),
        ("dropuot", "0..1", "Did you mean 'dropout'"),
    ],
)
def test_what_is_no_range_is_refused_with_the_reason(name, text, words):
    with pytest.raises(UsageError, match=words):
        read_range(name, text)


@pytest.mark.parametrize("log", [False, True])
def test_both_ends_of_a_range_are_met_exactly(log):
    axis = Range(3e-7, 0.7, log)
    assert (axis.at(0.0), axis.at(1.0)) == (3e-7, 0.7)
    inside = [axis.at(i / 10) for i in range(11)]
    assert inside == sorted(set(inside))


def test_equal_ratios_are_equally_likely_on_a_logarithmic_range():
    axis = Range(1.0, 16.0, log=True)
    assert [axis.at(i / 4) for i in range(5)] == pytest.approx([1, 2, 4, 8, 16])


def test_values_have_the_same_part_of_the_way_each():
    axis = Values(("a", "b", "c"))
    assert [axis.at(i / 6) for i in range(7)] == ["a", "a", "b", "b", "c", "c", "c"]


def test_everything_that_varies_is_a_setting_and_numbers_have_one_value_a_member():
    assert set(VARIABLE) <= {row.name for row in fields(Settings)}
    assert set(NUMBERS) <= set(vars(make_hyper(1)))
