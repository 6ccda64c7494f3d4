from __future__ import annotations

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.errors import DataError
from madaline.prepare.parts import encode_parts, prepare
from madaline.prepare.split_table import split_table
from madaline.settings.table import Settings

N = 60


def a_table(y=None):
    rng = np.random.default_rng(0)
    return as_table({"a": np.arange(N) * 1.5, "y": rng.normal(size=N) if y is None else y})


def test_the_parts_hold_every_row_with_a_target_once():
    y = np.random.default_rng(1).normal(size=N)
    y[[4, 9]] = np.nan
    split = split_table(Dataset(a_table(y), ("y",)), Settings(folds=False))
    places = np.concatenate([split.part(n).row_numbers for n in ("train", "validation", "test")])
    assert sorted(places.tolist()) == [i for i in range(N) if i not in (4, 9)]
    assert split.labelled.n_dropped == 2
    test = split.part("test")
    assert test.table["a"].values.tolist() == (1.5 * test.row_numbers).tolist()


def test_a_table_of_its_own_is_the_whole_part():
    own = a_table().take(np.arange(7))
    split = split_table(Dataset(a_table(), ("y",), test=own), Settings())
    assert split.part("test").table.n_rows == 7
    assert len(split.rows["test"]) == 0


def test_columns_with_a_role_are_no_features():
    table = as_table({n: np.arange(N) + 0.5 for n in ("a", "b", "w", "t", "y")})
    split = split_table(Dataset(table, ("y",)), Settings(time="t", weight="w", drop=("b",)))
    assert split.features.names == ("a",)


def test_prepare_encodes_what_was_dealt():
    settings = Settings(seed=3)
    apart = encode_parts(split_table(Dataset(a_table(), ("y",)), settings), settings)
    assert apart.fingerprint() == prepare(Dataset(a_table(), ("y",)), settings).fingerprint()


def test_an_unknown_role_is_refused():
    with pytest.raises(DataError, match="'tme'"):
        split_table(Dataset(a_table(), ("y",)), Settings(time="tme"))
