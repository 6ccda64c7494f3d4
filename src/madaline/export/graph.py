"""A graph of ONNX operators written as formulas: ``(153 * month + 2) // 5`` becomes four nodes.

Plain data; `madaline.export.onnx_file` alone knows the library that makes a file of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

# The numbers that the format gives the types (enum TensorProto.DataType); texts are objects here.
TENSOR_TYPES = {"float32": 1, "int64": 7, "object": 8, "bool": 9, "float64": 11}

Operand: TypeAlias = "Value | np.ndarray | float | str"
"""What may stand beside a value in a formula."""

STRINGS = 20
"""The first version of the operators that can split and match texts."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operator applied to named values."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    domain: str
    attributes: dict[str, Any]


@dataclass(eq=False)
class Graph:
    """Nodes in the order in which they were made, so that each finds its inputs.

    Attributes:
        reserved: Names of the inputs and outputs, which no value between them may have.
        nodes: The operators.
        constants: The arrays, by name.
        opset: Version of the standard operators that is needed.

    >>> graph = Graph({"x"})
    >>> x = Value(graph, "x", np.dtype(np.float64))
    >>> ((x - 1.0) / 2.0).name
    'v3'
    >>> [node.op for node in graph.nodes], [float(c) for c in graph.constants.values()]
    (['Sub', 'Div'], [1.0, 2.0])
    """

    reserved: Iterable[str]
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    opset: int = 13
    _made: int = 0

    def apply(
        self,
        op: str,
        *inputs: Value | np.ndarray,
        dtype: DTypeLike | None = None,
        domain: str = "",
        n_outputs: int = 1,
        **attributes: Any,
    ) -> Value:
        """The (first) output of an operator; arrays become constants.

        Args:
            op: Name of the operator.
            inputs: What it is applied to.
            dtype: Of the output; that of the first input when not given.
            domain: Where the operator is defined; the standard ones when not given.
            n_outputs: How many outputs the operator has.
            attributes: Its attributes.
        """
        values = [i if isinstance(i, Value) else self.constant(i) for i in inputs]
        names = tuple(self._new_name() for _ in range(n_outputs))
        used = tuple(value.name for value in values)
        self.nodes.append(Node(op, used, names, domain, attributes))
        return Value(self, names[0], values[0].dtype if dtype is None else np.dtype(dtype))

    def constant(self, array: np.ndarray) -> Value:
        """An array that is part of the model."""
        name = self._new_name()
        self.constants[name] = array
        return Value(self, name, array.dtype)

    def name(self, value: Value, name: str) -> Value:
        """The same value under a name that was reserved for it."""
        self.nodes.append(Node("Identity", (value.name,), (name,), "", {}))
        return Value(self, name, value.dtype)

    def _new_name(self) -> str:
        while (name := f"v{self._made}") in self.reserved:
            self._made += 1
        self._made += 1
        return name


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """What stands between two operators, or at an end of the graph.

    Operators of Python make nodes; numbers take the type of the value they stand with.
    """

    graph: Graph
    name: str
    dtype: np.dtype

    def apply(self, op: str, *others: Operand, **options: Any) -> Value:
        """``op`` of this value and others."""
        return self.graph.apply(op, self, *(self._beside(other) for other in others), **options)

    def _beside(self, other: Operand) -> Value | np.ndarray:
        if isinstance(other, Value | np.ndarray):
            return other
        return np.array(other, self.dtype)

    def __add__(self, other: Operand) -> Value:
        """Sums of numbers; texts are joined."""
        return self.apply("StringConcat" if self.dtype == object else "Add", other)

    def __radd__(self, other: Operand) -> Value:
        op = "StringConcat" if self.dtype == object else "Add"
        return self.graph.apply(op, self._beside(other), self)

    def __sub__(self, other: Operand) -> Value:
        return self.apply("Sub", other)

    def __rsub__(self, other: Operand) -> Value:
        return self.graph.apply("Sub", self._beside(other), self)

    def __mul__(self, other: Operand) -> Value:
        return self.apply("Mul", other)

    def __rmul__(self, other: Operand) -> Value:
        return self.apply("Mul", other)

    def __truediv__(self, other: Operand) -> Value:
        return self.apply("Div", other)

    def __floordiv__(self, other: Operand) -> Value:
        """Of whole numbers from 0: the operator rounds towards zero."""
        return self.apply("Div", other)

    def __mod__(self, other: Operand) -> Value:
        return self.apply("Mod", other)

    def __gt__(self, other: Operand) -> Value:
        return self.apply("Greater", other, dtype=bool)

    def __lt__(self, other: Operand) -> Value:
        return self.apply("Less", other, dtype=bool)

    def __and__(self, other: Value) -> Value:
        return self.apply("And", other)

    def __or__(self, other: Value) -> Value:
        return self.apply("Or", other)

    def __invert__(self) -> Value:
        return self.apply("Not")

    def cast(self, dtype: DTypeLike) -> Value:
        """The same numbers in another type; texts become numbers."""
        wanted = np.dtype(dtype)
        if wanted == self.dtype:
            return self
        return self.apply("Cast", dtype=wanted, to=TENSOR_TYPES[wanted.name])

    def reshape(self, *shape: int) -> Value:
        """The same numbers in another shape; -1 is what is left."""
        return self.apply("Reshape", np.array(shape, np.int64))

    def where(self, condition: Value, other: Operand) -> Value:
        """This value where the condition holds, and the other one elsewhere."""
        return self.graph.apply("Where", condition, self, self._beside(other), dtype=self.dtype)

    def rows_of(self, table: np.ndarray, axis: int = 0) -> Value:
        """The entries of a table at these positions."""
        return self.graph.apply("Gather", table, self, dtype=table.dtype, axis=axis)


def concatenate(values: list[Value], axis: int) -> Value:
    """Values side by side along an axis; one alone stays as it is."""
    first, *others = values
    return first.apply("Concat", *others, axis=axis) if others else first
