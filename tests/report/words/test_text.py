"""The words of a run: those that real runs told, and whole outputs as a person sees them."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.events.alert import Alert
from madaline.events.data import ClassSeen, ColumnSeen, Data, Split, ValuesSeen
from madaline.events.scores import ClassScore, OutputScores, Score, Scored, Scores
from madaline.events.training import Ended, Epoch, Layer, Network
from madaline.events.verdict import Verdict
from madaline.report.words.score_tables import describe_scores
from madaline.report.words.text import (
    alert_line,
    describe_alert,
    describe_data,
    describe_end,
    describe_epoch,
    describe_network,
    describe_verdict,
)

NAN = float("nan")
DATA = Data(
    source="people.csv",
    rows=32561,
    columns=(
        ColumnSeen("age", "number"),
        ColumnSeen("native_country", "category", 583, 41),
        ColumnSeen("hours", "number"),
        ColumnSeen("workclass", "category", 1836, 8),
        ColumnSeen("born", "date"),
        ColumnSeen("occupation", "category", 1843, 14),
    ),
    target=("income",),
    task="binary",
    why="'income' holds 2 different texts.",
    split=Split(22793, 4884, 4884),
    classes=(ClassSeen("<=50K", 24720), ClassSeen(">50K", 7841)),
)
NETWORK = Network(
    layers=(Layer("hidden 1", 105, 256, "relu", 27136), Layer("output", 256, 1, "sigmoid", 257)),
    embeddings=(),
    features=105,
    parameters=27729,
    loss="binary_cross_entropy",
    optimizer="adamw",
    batch_size=128,
    epochs=200,
    learning_rate=0.001,
    initializer="data",
    loss_at_start=0.55241,
    loss_of_constant=0.5519,
    fingerprint="",
    calibrated=True,
    members=8,
)
EPOCH = Epoch(
    epoch=40, epochs=200, step=7120, seconds=2.14, learning_rate=0.001, train=0.3121,
    validation=0.3452, metric=0.9, best_epoch=33, best=0.339, left=6.2,
)  # fmt: skip
VERDICT = Verdict(
    "overfit",
    "The network knows its training rows by heart and does worse on new ones.",
    (
        "The loss is 0.15 on training rows and 0.6 on test rows, a gap of 0.45 "
        "(95 % interval 0.436 to 0.464).",
    ),
    "Raise dropout to 0.2.",
    {"dropout": 0.2},
    remarks=("A linear model is better here: its loss is lower by 0.05.",),
)


def scores_of(n_rows: int = 4884, **values: tuple[float, ...] | float) -> Scores:
    made = [Score(n, *(v if isinstance(v, tuple) else (v,))) for n, v in values.items()]
    return Scores(n_rows, made[0].name, tuple(made))


SCORED = Scored(
    "test",
    replace(
        scores_of(
            accuracy=(0.8563, 0.8461, 0.8659),
            log_loss=(0.3103, 0.2976, 0.3236),
            auc=(0.9137, 0.9042, 0.9228),
        ),
        classes=(
            ClassScore("<=50K", 0.9312, 0.9226, 0.9389, 3708),
            ClassScore(">50K", 0.6201, 0.592, 0.6474, 1176),
        ),
    ),
    linear=scores_of(accuracy=0.8481, log_loss=0.3222, auc=0.9036),
    constant=scores_of(accuracy=0.7592, log_loss=0.5519, auc=0.5),
    train=scores_of(accuracy=0.8673, log_loss=0.2871, auc=NAN),
)


def golden(text: str) -> list[str]:
    return dedent(text).strip("\n").splitlines()


def words(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


# -- what real runs told


def test_embedded_columns_of_a_run_are_told(classified, of_version_1):
    assert "parameters · 1 embedded column · 2 networks trained as one" in words(
        describe_network(classified.first("network"))
    )
    assert "1 embedded column" in words(describe_network(of_version_1.first("network")))


def test_a_run_tells_its_rows_and_what_is_remarkable_about_them(classified):
    text = words(describe_data(classified.first("data")))
    assert "240 rows, 4 columns (3 numbers, 1 category) and the target" in text
    assert "Missing b 40" in text
    alert = classified.first("alert")
    assert words(describe_alert(alert)) == (
        "Note Column 'one' holds one value only: 1. It is left out."
    )


def test_every_event_of_a_run_has_words_that_fit_the_screen(classified, of_version_1):
    describe = {
        "data": describe_data, "alert": describe_alert, "network": describe_network,
        "scores": describe_scores, "verdict": describe_verdict, "end": describe_end,
        "epoch": lambda epoch: [describe_epoch(epoch)],
    }  # fmt: skip
    told = [event for run in (classified, of_version_1) for event in run if event.kind != "start"]
    assert {event.kind for event in told} == set(describe)
    for event in told:
        lines = describe[event.kind](event)
        assert lines
        assert max(map(len, lines)) <= 80


def test_scores_of_a_run_stand_beside_those_of_its_references(classified, of_version_1):
    for run in (classified, of_version_1):
        head = describe_scores(run.first("scores"))[0].split("(95 % interval)")
        assert head[0].split()[-1] == "network"
        assert head[1].split() == ["linear", "constant", "train"]


# -- whole outputs


def test_data_in_words():
    assert describe_data(DATA) == golden("""
        Data      people.csv: 32,561 rows, 6 columns (2 numbers, 3 categories, 1 date)
                  and the target
        Target    income: <=50K 24,720 · >50K 7,841
        Task      binary classification: 'income' holds 2 different texts.
        Missing   occupation 1,843 · workclass 1,836 · native_country 583
        Split     22,793 training · 4,884 validation · 4,884 test rows (shuffled,
                  seed 0)
    """)


def test_data_of_a_regression_shows_the_range_of_the_target():
    data = Data(
        source="flats.csv",
        rows=120,
        columns=(ColumnSeen("size", "number"),),
        target=("price",),
        task="regression",
        why="'price' holds numbers with decimals, such as 1.5.",
        split=Split(120),
        values=ValuesSeen(312345.6, 99876.5, 45000.0, 1250000.0),
        dropped_rows=3,
    )
    assert describe_data(data) == golden("""
        Data      flats.csv: 120 rows, 1 column (1 number) and the target; 3 rows
                  without a target left out
        Target    price: 45,000 to 1,250,000, mean 312,300, standard deviation 99,880
        Task      regression: 'price' holds numbers with decimals, such as 1.5.
        Split     120 training rows (shuffled, seed 0)
    """)


def test_many_classes_and_many_columns_with_gaps_are_cut():
    classes = tuple(ClassSeen(f"class {i}", 10) for i in range(40))
    columns = tuple(ColumnSeen(f"c{i}", "number", missing=i) for i in range(20))
    text = words(describe_data(replace(DATA, classes=classes, columns=columns, task="multiclass")))
    assert "classification into 40 classes" in text
    assert "class 11 10 and 28 more" in text
    assert "and 11 more columns" in text


def test_rows_that_networks_hold_out_in_turn_are_counted_once():
    text = words(describe_data(replace(DATA, split=Split(292, 208, 52), held_in_turn=52)))
    held = "292 training, of which each network holds out 52 others · 52 test rows (shuffled"
    assert held in text


def test_an_alert_says_how_grave_it_is_and_the_options_that_mend_it():
    alert = Alert("error", "x", "It leaks.", action="Leave it out.", settings={"drop": ("id",)})
    assert describe_alert(alert) == ["Error     It leaks. Leave it out. (--drop id)"]
    assert alert_line(alert) == "Error: It leaks. Leave it out. (--drop id)"
    assert alert_line(Alert("note", "x", "So it is.")) == "So it is."


def test_network_in_words():
    assert describe_network(NETWORK) == golden("""
        Network   105 features -> 256 relu -> 1 sigmoid
        Size      27,729 parameters · 8 networks trained as one
        Training  adamw, learning rate 0.001, batches of 128, at most 200 epochs, the
                  best by calibrated validation loss
        Loss      binary cross entropy, 0.552 at the start, 0.552 for the best constant
                  guess
    """)


def test_rates_that_are_one_a_member_are_told_by_their_ends():
    lines = describe_network(replace(NETWORK, members=3, learning_rate=(0.001, 0.004, 0.002)))
    assert "Training  adamw, learning rates 0.001 to 0.004, batches of 128" in "\n".join(lines)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, "train 0.312  validation 0.345  best 0.339 at 33  2.1 s  ~6 s left"),
        ({"validation": None, "best": NAN}, "train 0.312  validation -  2.1 s  ~6 s left"),
        (
            {"left": 754.0, "seconds": 61.0},
            "train 0.312  validation 0.345  best 0.339 at 33  1 min 1 s  ~13 min left",
        ),
        (
            {"left": None, "train": float("inf")},
            "train infinite  validation 0.345  best 0.339 at 33  2.1 s",
        ),
    ],
)
def test_epoch_is_one_line(change, line):
    assert describe_epoch(replace(EPOCH, **change)) == f"epoch  40  {line}"


def test_scores_in_a_table():
    assert describe_scores(SCORED) == golden("""
        Scores on 4,884 test rows  network  (95 % interval)   linear  constant  train
        accuracy                     0.856  (0.846 to 0.866)   0.848     0.759  0.867
        log loss                     0.310  (0.298 to 0.324)   0.322     0.552  0.287
        AUC                          0.914  (0.904 to 0.923)   0.904     0.500      -

        Class, worst first  accuracy  (95 % interval)    rows
        >50K                   0.620  (0.592 to 0.647)  1,176
        <=50K                  0.931  (0.923 to 0.939)  3,708
    """)


def test_more_than_twelve_classes_are_cut_and_those_without_rows_come_last():
    classes = [ClassScore(f"digit {i}", i / 20, i / 21, i / 19, 9) for i in range(15)]
    network = replace(SCORED.network, classes=(ClassScore("none", NAN, NAN, NAN, 0), *classes))
    lines = describe_scores(Scored("validation", network))
    assert lines[0].startswith("Scores on 4,884 validation rows")
    assert lines[-1] == "... and 4 more"
    assert lines[6].startswith("digit 0 ")
    assert not any(line.startswith("none") for line in lines)


def test_outputs_of_a_regression_have_a_table_of_their_own():
    outputs = (
        OutputScores("height", (Score("r2", 0.9, 0.85, 0.93), Score("rmse", 0.0951))),
        OutputScores("weight", (Score("r2", 0.7, 0.61, 0.78), Score("rmse", 51.02))),
    )
    network = replace(scores_of(300, r2=(0.8, 0.7, 0.9)), outputs=outputs)
    assert describe_scores(Scored("test", network)) == golden("""
        Scores on 300 test rows  network  (95 % interval)
        R2                         0.800  (0.700 to 0.900)

        Output, worst first     R2  (95 % interval)     RMSE
        weight               0.700  (0.610 to 0.780)    51.0
        height               0.900  (0.850 to 0.930)  0.0951
    """)


def test_verdict_in_words():
    assert describe_verdict(VERDICT) == golden("""
        Verdict   overfit: the network knows its training rows by heart and does worse
                  on new ones.
                  - The loss is 0.15 on training rows and 0.6 on test rows, a gap of
                    0.45 (95 % interval 0.436 to 0.464).
        Remark    A linear model is better here: its loss is lower by 0.05.
        Next      Raise dropout to 0.2. (--dropout 0.2)
    """)


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ({"hidden": (64, 64)}, "(--hidden 64,64)"),
        ({"hidden": ()}, "(--hidden none)"),
        ({"learning_rate": 1e-5, "epochs": 40}, "(--learning-rate 1e-05 --epochs 40)"),
    ],
)
def test_settings_are_shown_as_options(change, options):
    assert describe_verdict(replace(VERDICT, settings=change))[-1].endswith(options)


def test_end_in_words():
    assert describe_end(Ended("stopped_early", epoch=53, best_epoch=33, seconds=4.2)) == golden("""
        Trained   4.2 s, stopped at epoch 53, since the validation loss got no better;
                  the weights of epoch 33 are kept
    """)


names = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=60)
numbers = st.floats(allow_nan=True) | st.floats(-1e6, 1e6)


@settings(max_examples=60, deadline=None)
@given(names, st.lists(st.tuples(names, numbers), max_size=20), numbers, numbers, numbers)
def test_no_line_is_wider_than_a_terminal(name, classes, value, low, high):
    shown = tuple(ClassScore(text, number, low, high, 10**6) for text, number in classes)
    network = replace(scores_of(10**7, balanced_accuracy=(value, low, high)), classes=shown)
    other = scores_of(balanced_accuracy=low)
    lines = describe_scores(Scored("validation", network, other, other, other))
    counted = tuple(ClassSeen(text, 10) for text, _ in classes)
    lines += describe_data(replace(DATA, source=name, classes=counted, target=(name,)))
    lines += describe_verdict(replace(VERDICT, evidence=(name, f"{value} {low}"), action=name))
    assert max(map(len, lines)) <= 80
