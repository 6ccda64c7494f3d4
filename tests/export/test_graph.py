from __future__ import annotations

import numpy as np

from madaline.export.graph import Graph, Value, concatenate


def x_of(graph, dtype=np.float64):
    return Value(graph, "x", np.dtype(dtype))


def test_numbers_take_the_type_of_the_value_they_stand_with():
    for dtype in (np.float32, np.float64, np.int64):
        graph = Graph({"x"})
        assert (2 + x_of(graph, dtype) * 3).dtype == dtype
        assert {array.dtype for array in graph.constants.values()} == {np.dtype(dtype)}


def test_no_value_has_the_name_of_an_input():
    graph = Graph({"x", "v0", "v2"})
    value = x_of(graph)
    for _ in range(4):
        value = value + value
    made = [name for node in graph.nodes for name in node.outputs]
    assert made == ["v1", "v3", "v4", "v5"]


def test_texts_are_joined_in_their_order():
    graph = Graph({"x"})
    ("0" + x_of(graph, object))
    (node,) = graph.nodes
    assert node.op == "StringConcat"
    assert node.inputs[1] == "x"


def test_a_cast_to_its_own_type_costs_nothing():
    graph = Graph({"x"})
    assert x_of(graph).cast(np.float64).name == "x"
    assert concatenate([x_of(graph)], axis=1).name == "x"
    assert not graph.nodes
