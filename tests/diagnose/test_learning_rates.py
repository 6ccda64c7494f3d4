"""Which learning rate?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.diagnose.learning_rates import compare_learning_rates
from madaline.errors import DataError, UsageError
from madaline.prepare.opening import open_training
from madaline.settings.table import Settings
from madaline.train.chunk import run_chunk

TINY = Settings(preset="classic", hidden=(8,), epochs=15, learning_rate=0.01, precision="float32")


def opened(settings=TINY):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    table = as_table({f"x{i}": x[:, i] for i in range(3)} | {"y": x[:, 0] - x[:, 1] * x[:, 2]})
    return open_training(Dataset(table, ("y",)), settings, strict=False)


def test_a_rate_that_learns_is_better_than_one_that_stands_still_or_breaks():
    found = compare_learning_rates(opened(), [1e-7, 1e-2, 1e12], seeds=2)
    assert found.best == 1e-2
    assert found.losses[2] == (None, None)
    assert found.means[0] > 1.5 * found.means[1]
    assert found.rows == 30
    assert found.epochs == 15


def test_without_rates_a_grid_around_that_of_the_settings_is_tried_as_one_program():
    before = run_chunk._cache_size()
    found = compare_learning_rates(opened(), seeds=1, epochs=3)
    assert run_chunk._cache_size() <= before + 1
    assert len(found.rates) == 13
    assert found.rates[6] == pytest.approx(0.01)
    assert found.rates[-1] == pytest.approx(1.0)
    assert found.epochs == 3


def test_seeds_differ_and_the_same_question_has_the_same_answer():
    first = compare_learning_rates(opened(), [1e-2], seeds=3)
    assert len({*first.losses[0]}) == 3
    assert compare_learning_rates(opened(), [1e-2], seeds=3) == first


def test_questions_without_an_answer_are_refused():
    with pytest.raises(DataError, match="none are held out"):
        compare_learning_rates(opened(replace(TINY, validation=0.0)))
    with pytest.raises(UsageError, match="holds out other rows"):
        compare_learning_rates(opened(replace(TINY, members=2, folds=True)))
    with pytest.raises(UsageError, match="no learning rate"):
        compare_learning_rates(opened(replace(TINY, optimizer="lbfgs", learning_rate=None)))
