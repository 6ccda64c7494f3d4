from __future__ import annotations

import pytest

from madaline.data.samples import SAMPLES, load_sample
from madaline.errors import UsageError

SHAPES = {
    "penguins": (344, 8, "category"),
    "iris": (150, 5, "category"),
    "wine": (178, 14, "category"),
    "breast_cancer": (569, 31, "category"),
    "diabetes": (442, 11, "number"),
    "digits": (1797, 65, "category"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_has_its_rows_target_and_source(name):
    sample = load_sample(name)
    n_rows, n_columns, kind = SHAPES[name]
    assert (sample.table.n_rows, len(sample.table.columns)) == (n_rows, n_columns)
    assert sample.table[sample.target].kind == kind
    assert not sample.table[sample.target].missing().any()
    assert sample.about.endswith(("CC0.", "From scikit-learn."))


def test_penguins_have_gaps_where_the_file_says_na():
    table = load_sample("penguins").table
    assert {c.name: int(c.missing().sum()) for c in table if c.missing().any()} == {
        "bill_length_mm": 2,
        "bill_depth_mm": 2,
        "flipper_length_mm": 2,
        "body_mass_g": 2,
        "sex": 11,
    }


def test_an_unknown_sample_suggests_a_known_one():
    with pytest.raises(UsageError, match="Did you mean 'penguins'"):
        load_sample("penguin")
