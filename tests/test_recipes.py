"""Recipes: what a person leaves open is filled in, and what they chose is kept."""

from __future__ import annotations

from dataclasses import fields

import pytest

from madaline import settings
from madaline.recipes import PRESETS, auto_batch_size, complete
from madaline.settings import Settings


def test_every_preset_is_valid_and_leaves_nothing_open():
    assert set(PRESETS) == set(settings.PRESETS)
    optional = {"task", "group", "time", "weight", "scale_from_batch", "time_budget",
                "class_weight"}  # fmt: skip
    for name, preset in PRESETS.items():
        assert Settings(**preset)
        done = complete(Settings(preset=name), 500)
        still_open = {row.name for row in fields(done) if getattr(done, row.name) is None}
        assert still_open <= optional


@pytest.mark.parametrize("preset", settings.PRESETS)
def test_a_persons_choices_are_kept(preset):
    chosen = {
        "hidden": (7,), "activation": ("mish",), "epochs": 3, "batch_size": 5, "optimizer": "sgd",
        "learning_rate": 0.7, "schedule": "cosine", "patience": 2, "members": 4,
        "weight_decay": 0.5, "dropout": 0.1, "label_smoothing": 0.2, "initializer": "he",
        "loss": "huber",
    }  # fmt: skip
    done = complete(Settings(preset=preset, **chosen), 500)
    assert {name: getattr(done, name) for name in chosen} == chosen


@pytest.mark.parametrize("optimizer", [name for name in settings.OPTIMIZERS if name != "adamw"])
def test_the_presets_decay_goes_with_the_presets_optimizer(optimizer):
    assert complete(Settings(optimizer=optimizer), 500).weight_decay == 0
    assert complete(Settings(optimizer=optimizer, weight_decay=0.1), 500).weight_decay == 0.1
    assert complete(Settings(), 500).weight_decay > 0


@pytest.mark.parametrize("preset", settings.PRESETS)
def test_lbfgs_gets_what_its_line_search_needs(preset):
    done = complete(Settings(optimizer="lbfgs", preset=preset), 500)
    assert done.batch_size == "full"
    assert (done.weight_decay, done.dropout, done.schedule) == (0, 0, "constant")
    assert complete(Settings(optimizer="lbfgs", batch_size=32), 500).batch_size == 32


def test_completing_twice_changes_nothing():
    once = complete(Settings(optimizer="adam"), 5000)
    assert complete(once, 5000) == once


def test_batch_size_grows_with_the_rows():
    sizes = [auto_batch_size(n) for n in range(1, 200_000, 97)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (32, 1024)
    assert complete(Settings(batch_size="auto"), 50_000).batch_size == 512


def test_without_validation_rows_only_a_persons_patience_stops_early():
    assert complete(Settings(), 500, held_out=False).patience == 0
    assert complete(Settings(patience=3), 500, held_out=False).patience == 3
    assert complete(Settings(), 500).patience > 0
