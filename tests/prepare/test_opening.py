"""The one door into a training before its first epoch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import madaline
from madaline.data.dataset import Dataset
from madaline.data.samples import SAMPLES, load_sample
from madaline.errors import UsageError
from madaline.pipeline.run import run
from madaline.prepare.opening import open_training
from madaline.settings.table import Settings
from madaline.train.state import state_arrays

TINY = Settings(preset="classic", hidden=(4,), epochs=2)


def rows(name="iris"):
    sample = load_sample(name)
    return Dataset(sample.table, (sample.target,))


def same(a, b):
    a, b = state_arrays(a), state_arrays(b)
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)


def test_nothing_is_left_open():
    opening = open_training(rows(), Settings())
    assert opening.asked == Settings()
    assert None not in (opening.chosen.epochs, opening.chosen.hidden, opening.chosen.members)
    assert opening.problem.n_held == opening.prepared.n_held_out > 0


def test_a_run_keeps_the_opening_that_it_began_from():
    done, opening = run(rows(), TINY), open_training(rows(), TINY)
    assert done.opening.prepared.fingerprint() == opening.prepared.fingerprint()
    assert done.settings == opening.chosen
    assert same(done.opening.first_state(), opening.first_state())


def test_the_first_loss_is_that_of_the_best_constant():
    opening = open_training(rows(), TINY)
    shares = np.bincount(opening.prepared.parts["train"].y) / opening.prepared.parts["train"].n_rows
    entropy = -float(shares @ np.log(shares))
    assert opening.first_loss(opening.first_state()) == pytest.approx(entropy, rel=1e-5)


def test_the_same_rows_with_other_settings_are_what_a_training_of_these_begins_with():
    opening, other = open_training(rows(), TINY), replace(TINY, hidden=(7,), l2=0.1)
    varied, alone = opening.vary(other), open_training(rows(), other)
    assert varied.prepared is opening.prepared
    assert varied.chosen == alone.chosen
    assert varied.problem.architecture == alone.problem.architecture
    assert same(varied.first_state(), alone.first_state())


def test_row_weights_of_an_opening_can_be_others():
    opening = open_training(rows(), TINY)
    n = opening.prepared.parts["train"].n_rows
    half = np.arange(n) % 2.0
    weighed = opening.vary(TINY, weight=half)
    assert np.array_equal(np.asarray(weighed.problem.weight)[:, 0], half)
    assert not np.array_equal(weighed.problem.first_bias, opening.problem.first_bias)


def test_a_choice_that_would_change_nothing_is_refused_unless_told_otherwise():
    idle = replace(TINY, momentum=0.5)
    with pytest.raises(UsageError, match="momentum"):
        open_training(rows(), idle)
    assert open_training(rows(), idle, strict=False).chosen.momentum == 0.5


def test_a_network_to_begin_from_must_have_the_shape_of_the_settings():
    known = run(rows(), TINY).predictor
    begun = open_training(rows(), TINY, start=known).first_state()
    assert np.array_equal(begun.model.layers[0].weight, known.weights["layers.0.weight"])
    with pytest.raises(UsageError, match="other layers or members"):
        open_training(rows(), replace(TINY, hidden=(9,)), start=known).first_state()


@pytest.mark.parametrize("name", list(SAMPLES))
def test_check_and_fit_split_alike(name):
    from madaline.checkup.checkup import check_up

    sample = load_sample(name)
    checked = check_up(sample.table, sample.target).data.as_dict()
    opened = open_training(rows(name), Settings()).prepared.summary.as_dict()
    for told in ("split", "held_in_turn", "split_how", "seed"):
        assert checked[told] == opened[told]


def test_there_is_one_door():
    root = Path(madaline.__file__).parent
    found = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for line in path.read_text().splitlines()
        if "make_problem(" in line and not line.startswith("def ")
    ]
    assert found == ["prepare/opening.py"]
