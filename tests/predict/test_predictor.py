from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.table import Table, category
from madaline.encode.encoder import Encoder
from madaline.encode.target import TargetCode
from madaline.errors import DataError, FileError, UsageError
from madaline.nn.architecture import Architecture, Inputs
from madaline.predict.predictor import Predictor

N = 90


@cache
def a_table():
    rng = np.random.default_rng(0)
    return as_table(
        {
            "age": np.where(rng.random(N) < 0.1, np.nan, rng.normal(40, 9, N)),
            "sex": ["f", "m", None] * (N // 3),
            "place": [f"place {i}" for i in rng.integers(0, 11, N)],
            "member": rng.random(N) > 0.5,
            "since": np.datetime64("2024-01-01") + rng.integers(0, 900, N).astype("timedelta64[D]"),
            "pet": ["cat", "cow", "dog"] * (N // 3),
        }
    )


@cache
def a_predictor(members=2):
    features = a_table().without("pet")
    encoder, target = Encoder.fit(features), TargetCode.fit(a_table().select(["pet"]))
    shape = Architecture(
        Inputs(len(encoder.feature_names), encoder.code_sizes, (2,)), (5,), ("relu",), 3, "softmax"
    )
    rng = np.random.default_rng(1)
    sizes = {f"layers.{i}": pair for i, pair in enumerate(shape.layer_sizes)}
    weights = {"embeddings.0": rng.normal(size=(members, encoder.code_sizes[0], 2))}
    for name, (fan_in, fan_out) in sizes.items():
        weights[f"{name}.weight"] = rng.normal(size=(members, fan_out, fan_in))
        weights[f"{name}.bias"] = rng.normal(size=(members, fan_out))
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    return Predictor(encoder, target, shape, weights, {"created": "today"})


def state():
    document, arrays = a_predictor().state()
    return copy.deepcopy(document), dict(arrays)


def test_a_restored_predictor_answers_bit_for_bit():
    restored = Predictor.from_state(*state())
    assert np.array_equal(restored.predict_proba(a_table()), a_predictor().predict_proba(a_table()))
    assert repr(restored.state()) == repr(a_predictor().state())


def test_the_outputs_of_members_are_averaged():
    proba = a_predictor().predict_proba(a_table())
    alone = []
    for member in (0, 1):
        weights = {k: v[member : member + 1] for k, v in a_predictor().weights.items()}
        one = a_predictor()
        alone.append(
            Predictor(one.encoder, one.target, one.architecture, weights).predict_proba(a_table())
        )
    assert np.allclose(proba, np.mean(alone, axis=0), atol=1e-6)
    assert np.allclose(proba.sum(axis=1), 1, atol=1e-6)


def test_no_rows_give_no_answers():
    nothing = a_table().take(np.arange(0))
    assert a_predictor().predict(nothing).shape == (0,)
    assert a_predictor().predict_proba(nothing).shape == (0, 3)


def test_columns_are_found_by_name():
    turned = Table((category("other", ["x"] * N), *reversed(a_table().columns)), "new.csv")
    turned = turned.without("pet")
    assert np.array_equal(turned_predict := a_predictor().predict(turned),
                          a_predictor().predict(a_table()))  # fmt: skip
    assert set(turned_predict) <= {"cat", "cow", "dog"}


def test_anything_tabular_is_taken():
    row = {"age": [39], "sex": [None], "place": ["place 3"], "member": [True],
           "since": ["2024-05-06"]}  # fmt: skip
    expected = a_predictor().predict_proba(as_table(row))
    records = [{name: values[0] for name, values in row.items()}]
    assert np.array_equal(a_predictor().predict_proba(row), expected)
    assert np.array_equal(a_predictor().predict_proba(records), expected)
    assert a_predictor().predict(row).shape == (1,)


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="place"):
        a_predictor().predict(a_table().without("place"))


def test_categories_never_seen_are_answered_and_all_alike():
    row = a_table().take(np.zeros(2, int)).without("place", "sex")
    strange = Table(
        (*row.columns, category("place", ["Oz", "Nowhere"]), category("sex", ["?", "!"]))
    )
    p = a_predictor().predict_proba(strange)
    assert np.isfinite(p).all()
    assert np.array_equal(p[0], p[1])


def test_a_regression_has_no_probabilities():
    y = as_table({"y": np.arange(N) * 0.5})
    target = TargetCode.fit(y)
    weights = {"layers.0.weight": np.ones((1, 1, 1)), "layers.0.bias": np.zeros((1, 1))}
    encoder = Encoder.fit(a_table().select(["member"]))
    predictor = Predictor(encoder, target, Architecture(Inputs(1), (), (), 1, "linear"), weights)
    assert predictor.predict(a_table()).shape == (N,)
    with pytest.raises(UsageError, match="no probabilities"):
        predictor.predict_proba(a_table())


def test_describe_counts_every_number_of_every_member():
    shown = a_predictor().describe()
    assert shown["parameters"] == sum(v.size for v in a_predictor().weights.values())
    assert [row["activation"] for row in shown["layers"]] == ["relu", "softmax"]
    assert [row["name"] for row in shown["columns"]] == ["age", "sex", "place", "member", "since"]


def _set(*path):
    *way, key, value = path

    def change(document, arrays):
        place = document
        for step in way:
            place = place[step]
        place[key] = value

    return change


def _without(*path):
    def change(document, arrays):
        place = document
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


def _array(name, make):
    def change(document, arrays):
        arrays[name] = make(arrays[name])

    return change


def _nan(value):
    value = value.copy()
    value.flat[0] = np.nan
    return value


TAMPERED = {
    "unknown part": _set("extra", 1),
    "no target": _without("target"),
    "about is a list": _set("about", []),
    "unknown key of the architecture": _set("architecture", "norm", "batch"),
    "no output": _without("architecture", "output"),
    "unknown activation": _set("architecture", "activations", ["os.system"]),
    "activations as text": _set("architecture", "activations", "relu"),
    "activation is a number": _set("architecture", "activations", [1]),
    "two activations for one layer": _set("architecture", "activations", ["relu", "relu"]),
    "unknown output": _set("architecture", "output", "eval"),
    "output of another task": _set("architecture", "output", "linear"),
    "output is a list": _set("architecture", "output", ["softmax"]),
    "negative width": _set("architecture", "hidden", [-5]),
    "no width": _set("architecture", "hidden", [0]),
    "width is a boolean": _set("architecture", "hidden", [True]),
    "width is a fraction": _set("architecture", "hidden", [5.0]),
    "width is huge": _set("architecture", "hidden", [2**80]),
    "other width": _set("architecture", "hidden", [6]),
    "hidden is a number": _set("architecture", "hidden", 5),
    "hidden is a dictionary": _set("architecture", "hidden", {"5": 5}),
    "other number of features": _set("architecture", "n_features", 2),
    "other number of outputs": _set("architecture", "n_outputs", 2),
    "other code sizes": _set("architecture", "code_sizes", [3]),
    "no code sizes": _set("architecture", "code_sizes", []),
    "other embedding": _set("architecture", "embedding_sizes", [3]),
    "architecture is null": _set("architecture", None),
    "encoder is a list": _set("encoder", []),
    "unknown key of the encoder": _set("encoder", "code", "import os"),
    "unknown task": _set("target", "task", "anything"),
    "another task": _set("target", "task", "binary"),
    "a class less": _set("target", "class_values", ["cat", "cow"]),
    "unknown key of the target": _set("target", "call", "eval"),
    "weight transposed": _array("layers.0.weight", lambda v: v.transpose(0, 2, 1).copy()),
    "weight without members": _array("layers.0.weight", lambda v: v[0]),
    "weight is a number": _array("layers.0.bias", lambda v: np.float32(1.0)),
    "fewer members in one": _array("layers.1.bias", lambda v: v[:1]),
    "whole numbers": _array("layers.1.bias", lambda v: v.astype(np.int32)),
    "not a number": _array("layers.1.weight", _nan),
    "infinite": _array("embeddings.0", lambda v: v * np.float32(np.inf)),
    "no members": lambda document, arrays: arrays.update(
        {k: v[:0] for k, v in arrays.items() if not k.startswith(("encoder", "target"))}
    ),
    "unknown array": lambda document, arrays: arrays.update({"layers.9.bias": np.ones((2, 1))}),
    "no bias": lambda document, arrays: arrays.pop("layers.1.bias"),
    "no medians": lambda document, arrays: arrays.pop("encoder.numbers.median"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_document_that_no_predictor_wrote_is_refused(how):
    document, arrays = state()
    TAMPERED[how](document, arrays)
    with pytest.raises(FileError) as caught, np.errstate(invalid="ignore"):
        Predictor.from_state(document, arrays)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "model", 3, {}])
def test_what_is_no_document_is_refused(document):
    with pytest.raises(FileError, match="damaged"):
        Predictor.from_state(document, {})


@pytest.mark.parametrize("extreme", [3e38, -3e38])
def test_weights_whose_answers_overflow_are_refused_when_they_answer(extreme):
    document, arrays = state()
    arrays |= {name: np.full_like(arrays[name], extreme) for name in a_predictor().weights}
    model = Predictor.from_state(document, arrays)
    for method in (model.predict, model.predict_proba):
        with pytest.raises(FileError, match="answers that are not finite"):
            method(a_table())
