"""Golden tests: whole outputs, as a person sees them."""

import copy
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madaline.report.words.text import (
    describe_data,
    describe_end,
    describe_epoch,
    describe_network,
    describe_scores,
    describe_verdict,
)


def column(name: str, kind: str = "number", missing: int = 0) -> dict[str, Any]:
    return {"name": name, "kind": kind, "missing": missing}


def score(value: float | None, low: float | None = None, high: float | None = None):
    return {"value": value, "low": low, "high": high}


def beside(**values: float | None):
    return {"scores": {name: score(value) for name, value in values.items()}}


def label(name: str, accuracy: float | None, low: float | None, high: float | None, support: int):
    return {"label": name, "accuracy": accuracy, "low": low, "high": high, "support": support}


DATA = {
    "source": "people.csv",
    "rows": 32561,
    "columns": [
        column("age"),
        column("native_country", "category", 583),
        column("hours"),
        column("workclass", "category", 1836),
        column("born", "date"),
        column("occupation", "category", 1843),
    ],
    "target": ["income"],
    "task": "binary",
    "why": "'income' holds 2 different texts.",
    "classes": [{"label": "<=50K", "rows": 24720}, {"label": ">50K", "rows": 7841}],
    "values": None,
    "split": {"train": 22793, "validation": 4884, "test": 4884},
    "split_how": "shuffled",
    "seed": 0,
    "notices": [
        {
            "code": "identifier",
            "text": "Column 'id' names its rows: 32561 distinct values in 32561 rows.",
            "columns": ["id"],
            "fix": "It is left out, since new rows will have other values.",
        }
    ],
    "dropped_rows": 0,
}
NETWORK = {
    "layers": [
        {"name": "embeddings.0", "fan_in": 42, "fan_out": 8, "activation": None, "parameters": 336},
        {"name": "layers.0", "fan_in": 105, "fan_out": 256, "activation": "relu", "parameters": 0},
        {"name": "layers.1", "fan_in": 256, "fan_out": 1, "activation": "sigmoid", "parameters": 0},
    ],
    "parameters": 27729,
    "loss": "binary_cross_entropy",
    "optimizer": "adamw",
    "batch_size": 128,
    "epochs": 200,
    "calibrated": True,
    "members": 8,
    "learning_rate": 0.001,
    "loss_at_start": 0.55241,
    "loss_of_constant": 0.5519,
}
EPOCH = {
    "epoch": 40, "epochs": 200, "step": 7120, "seconds": 2.14, "learning_rate": 0.001,
    "train": 0.3121, "validation": 0.3452, "best_epoch": 33, "best": 0.339, "left": 6.2,
}  # fmt: skip
SCORES = {
    "part": "test",
    "network": {
        "n_rows": 4884,
        "scores": {
            "accuracy": score(0.8563, 0.8461, 0.8659),
            "log_loss": score(0.3103, 0.2976, 0.3236),
            "auc": score(0.9137, 0.9042, 0.9228),
        },
        "classes": [
            label("<=50K", 0.9312, 0.9226, 0.9389, 3708),
            label(">50K", 0.6201, 0.592, 0.6474, 1176),
        ],
    },
    "linear": beside(accuracy=0.8481, log_loss=0.3222, auc=0.9036),
    "constant": beside(accuracy=0.7592, log_loss=0.5519, auc=0.5),
    "train": beside(accuracy=0.8673, log_loss=0.2871, auc=None),
}
VERDICT = {
    "code": "overfit",
    "text": "The network knows its training rows by heart and does worse on new ones.",
    "evidence": [
        "The loss is 0.15 on training rows and 0.6 on test rows, a gap of 0.45 "
        "(95 % interval 0.436 to 0.464)."
    ],
    "remarks": ["A linear model is better here: its loss is lower by 0.05."],
    "action": "Raise dropout to 0.2.",
    "settings": {"dropout": 0.2},
    "hard_to_tell": False,
}
END = {"why": "stopped_early", "epoch": 53, "best_epoch": 33, "seconds": 4.2}

EVENTS = {
    describe_data: DATA,
    describe_network: NETWORK,
    describe_epoch: EPOCH,
    describe_scores: SCORES,
    describe_verdict: VERDICT,
    describe_end: END,
}


def golden(text: str) -> list[str]:
    return dedent(text).strip("\n").splitlines()


def test_data_in_words():
    assert describe_data(DATA) == golden("""
        Data      people.csv: 32,561 rows, 6 columns (2 numbers, 3 categories, 1 date)
                  and the target
        Target    income: <=50K 24,720 · >50K 7,841
        Task      binary classification: 'income' holds 2 different texts.
        Missing   occupation 1,843 · workclass 1,836 · native_country 583
        Split     22,793 training · 4,884 validation · 4,884 test rows (shuffled,
                  seed 0)
        Note      Column 'id' names its rows: 32561 distinct values in 32561 rows. It is
                  left out, since new rows will have other values.
    """)


def test_data_of_a_regression_shows_the_range_of_the_target():
    event = {
        "source": "flats.csv",
        "rows": 120,
        "columns": [column("size"), column("price")],
        "target": ["price"],
        "task": "regression",
        "why": "'price' holds numbers with decimals, such as 1.5.",
        "values": {"mean": 312345.6, "std": 99876.5, "min": 45000.0, "max": 1250000.0},
        "split": {"train": 120, "validation": 0, "test": 0},
        "dropped_rows": 3,
    }
    assert describe_data(event) == golden("""
        Data      flats.csv: 120 rows, 1 column (1 number) and the target; 3 rows
                  without a target left out
        Target    price: 45,000 to 1,250,000, mean 312,300, standard deviation 99,880
        Task      regression: 'price' holds numbers with decimals, such as 1.5.
        Split     120 training rows
    """)


def test_many_classes_and_many_columns_with_gaps_are_cut():
    classes = [{"label": f"class {i}", "rows": 10} for i in range(40)]
    columns = [column(f"c{i}", missing=i) for i in range(20)]
    lines = " ".join(
        describe_data(DATA | {"classes": classes, "columns": columns, "task": "multiclass"})
    )
    assert "classification into 40 classes" in lines
    assert "class 11 10 and 28 more" in " ".join(lines.split())
    assert "and 11 more columns" in " ".join(lines.split())


def test_network_in_words():
    assert describe_network(NETWORK) == golden("""
        Network   105 features -> 256 relu -> 1 sigmoid
        Size      27,729 parameters · 1 embedded column · 8 networks trained as one
        Training  adamw, learning rate 0.001, batches of 128, at most 200 epochs, the
                  best by calibrated validation loss
        Loss      binary cross entropy, 0.552 at the start, 0.552 for the best constant
                  guess
    """)


def test_rates_that_are_one_a_member_are_told_by_their_ends():
    lines = describe_network(NETWORK | {"members": 3, "learning_rate": [0.001, 0.004, 0.002]})
    assert "Training  adamw, learning rates 0.001 to 0.004, batches of 128" in "\n".join(lines)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, "train 0.312  validation 0.345  best 0.339 at 33  2.1 s  ~6 s left"),
        ({"validation": None, "best": None}, "train 0.312  validation -  2.1 s  ~6 s left"),
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
def test_epoch_is_one_line(change: dict[str, Any], line: str):
    assert describe_epoch(EPOCH | change) == f"epoch  40  {line}"


def test_scores_in_a_table():
    assert describe_scores(SCORES) == golden("""
        Scores on 4,884 test rows  network  (95 % interval)   linear  constant  train
        accuracy                     0.856  (0.846 to 0.866)   0.848     0.759  0.867
        log loss                     0.310  (0.298 to 0.324)   0.322     0.552  0.287
        AUC                          0.914  (0.904 to 0.923)   0.904     0.500      -

        Class, worst first  accuracy  (95 % interval)    rows
        >50K                   0.620  (0.592 to 0.647)  1,176
        <=50K                  0.931  (0.923 to 0.939)  3,708
    """)


def test_more_than_twelve_classes_are_cut_and_those_without_rows_come_last():
    classes = [label(f"digit {i}", i / 20, i / 21, i / 19, 9) for i in range(15)]
    network = SCORES["network"] | {"classes": [label("none", None, None, None, 0), *classes]}
    lines = describe_scores({"part": "validation", "network": network})
    assert lines[0].startswith("Scores on 4,884 validation rows")
    assert lines[-1] == "... and 4 more"
    assert lines[6].startswith("digit 0 ")
    assert not any(line.startswith("none") for line in lines)


def test_outputs_of_a_regression_have_a_table_of_their_own():
    outputs = [
        {"name": "height", "scores": {"r2": score(0.9, 0.85, 0.93), "rmse": score(0.0951)}},
        {"name": "weight", "scores": {"r2": score(0.7, 0.61, 0.78), "rmse": score(51.02)}},
    ]
    network = {"n_rows": 300, "scores": {"r2": score(0.8, 0.7, 0.9)}, "outputs": outputs}
    assert describe_scores({"part": "test", "network": network}) == golden("""
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
        ({"hidden": [64, 64]}, "(--hidden 64,64)"),
        ({"hidden": ()}, "(--hidden none)"),
        ({"learning_rate": 1e-5, "epochs": 40}, "(--learning-rate 1e-05 --epochs 40)"),
    ],
)
def test_settings_are_shown_as_options(change: dict[str, Any], options: str):
    assert describe_verdict(VERDICT | {"settings": change})[-1].endswith(options)


def test_end_in_words():
    assert describe_end(END) == golden("""
        Trained   4.2 s, stopped at epoch 53, since the validation loss got no better;
                  the weights of epoch 33 are kept
    """)


@pytest.mark.parametrize("describe", EVENTS, ids=lambda f: f.__name__)
def test_an_empty_event_does_not_raise(describe):
    describe({})


def leaves(value: Any, path: tuple = ()):
    """Paths to all values inside an event."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        if not isinstance(inner, dict) or isinstance(value, dict):
            yield (*path, key)
        yield from leaves(inner, (*path, key))


@pytest.mark.parametrize("describe", EVENTS, ids=lambda f: f.__name__)
def test_no_null_field_makes_it_raise(describe):
    for path in leaves(EVENTS[describe]):
        if isinstance(path[-1], int):
            continue  # items of lists are never null
        event = copy.deepcopy(EVENTS[describe])
        inner = event
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = None
        describe(event)


names = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=60)
numbers = st.none() | st.floats(allow_nan=True) | st.floats(-1e6, 1e6)


@settings(max_examples=60, deadline=None)
@given(names, st.lists(st.tuples(names, numbers), max_size=20), numbers, numbers, numbers)
def test_no_line_is_wider_than_a_terminal(name: str, classes: list, value, low, high):
    shown = [label(text, number, low, high, 10**6) for text, number in classes]
    network = {
        "n_rows": 10**7,
        "scores": {"balanced_accuracy": score(value, low, high)},
        "classes": shown,
    }
    other = {"scores": {"balanced_accuracy": score(low)}}
    event = {
        "part": "validation",
        "network": network,
        "linear": other,
        "constant": other,
        "train": other,
    }
    lines = describe_scores(event)
    counted = [{"label": text, "rows": 10} for text, _ in classes]
    lines += describe_data(DATA | {"source": name, "classes": counted, "target": [name]})
    lines += describe_verdict(VERDICT | {"evidence": [name, f"{value} {low}"], "action": name})
    assert max(map(len, lines)) <= 80


def test_rows_that_networks_hold_out_in_turn_are_counted_once():
    split = {"train": 292, "validation": 208, "test": 52}
    lines = describe_data(DATA | {"split": split, "held_in_turn": 52, "seed": 0})
    text = " ".join(" ".join(lines).split())
    held = "292 training, of which each network holds out 52 others · 52 test rows (shuffled"
    assert held in text
