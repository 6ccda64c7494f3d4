"""Recipes: what a person leaves open is filled in, and what they chose is kept."""

from __future__ import annotations

from dataclasses import fields

import pytest

from madaline.settings import table as settings
from madaline.settings.recipes import PRESETS, affordable, auto_batch_size, complete, with_folds
from madaline.settings.table import Settings


def test_every_preset_is_valid_and_leaves_nothing_open():
    assert {"auto", *PRESETS} == set(settings.PRESETS)
    optional = {"task", "group", "time", "weight", "scale_from_batch", "time_budget",
                "class_weight"}  # fmt: skip
    for name in PRESETS:
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


def test_a_time_budget_chooses_the_preset_and_nobody_is_overruled():
    def chosen(rows, **given):
        return affordable(Settings(**given), rows, 20).preset

    assert chosen(1_000) == "balanced"
    assert chosen(1_000, time_budget=5) == "fast"
    assert chosen(1_000, time_budget=3_600) == "best"
    assert chosen(10_000_000, time_budget=3_600) == "fast"
    assert chosen(1_000, time_budget=3_600, preset="plain") == "plain"


def test_many_rows_get_fewer_epochs_and_yet_more_updates():
    rows = [1_000, 8_000, 9_000, 40_000, 200_000, 10**7]
    done = [complete(Settings(), n) for n in rows]
    assert [s.epochs for s in done] == [128, 128, 64, 32, 16, 8]
    assert complete(Settings(epochs=128), 10**7).epochs == 128
    assert complete(Settings(preset="classic"), 10**7).epochs == 200


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


def test_numbers_and_classes_have_rates_of_their_own():
    balanced = Settings(preset="balanced")
    rates = [complete(balanced, 500, task).learning_rate for task in ("binary", "regression")]
    assert rates[0] < rates[1]


def test_who_chooses_an_optimizer_gets_one_network_at_an_even_rate():
    done = complete(Settings(preset="balanced", optimizer="adam"), 500)
    assert (done.members, done.layer_rates, done.schedule, done.pieces) == (
        1,
        "equal",
        "constant",
        0,
    )


def test_rows_that_come_in_batches_meet_no_schedule_with_an_end():
    done = complete(Settings(preset="balanced"), 500, stream=True)
    assert (done.schedule, done.members, done.fade) == ("constant", 1, False)


@pytest.mark.parametrize(
    ("chosen", "own", "folds"),
    [
        ({}, (), 4),
        ({"members": 3}, (), 3),
        ({"members": 1}, (), 0),
        ({"folds": False}, (), 0),
        ({"group": "house"}, (), 0),
        ({"time": "day"}, (), 0),
        ({"validation": 0.0}, (), 0),
        ({"validation": "more.csv"}, (), 0),
        ({}, ("validation",), 0),
        ({}, ("test",), 4),
        ({"optimizer": "adam", "members": 4}, (), 0),
        ({"optimizer": "adam", "members": 4, "folds": True}, (), 4),
    ],
)
def test_members_hold_out_other_rows_where_rows_are_free(chosen, own, folds):
    assert with_folds(Settings(preset="balanced", **chosen), own) == folds
