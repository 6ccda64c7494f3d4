"""The shape of a network: which layers, how wide, with which activations. No JAX."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from madaline.errors import UsageError
from madaline.settings.table import Activation

Output = Literal["linear", "exp", "sigmoid", "softmax"]
OUTPUTS: tuple[Output, ...] = get_args(Output)


@dataclass(frozen=True)
class Inputs:
    """What the first layer sees of a row: numeric features, their pieces, embeddings of codes.

    Attributes:
        n_features: Number of numeric features ``d``.
        code_sizes: Number of codes of each embedded column, code 0 ("never seen") included.
        embedding_sizes: Length of the vector that stands for a code, for each embedded column.
        n_numbers: How many of the features, the first ones, are also seen piece by piece.
        pieces: Pieces of each of them; 0 is none.
        scaled: A learned scale for each number that the first layer sees.

    Raises:
        UsageError: There are none, or lists are of unequal length.

    >>> Inputs(3, n_numbers=2, pieces=4, code_sizes=(5,), embedding_sizes=(8,)).n_inputs
    19
    """

    n_features: int
    code_sizes: tuple[int, ...] = ()
    embedding_sizes: tuple[int, ...] = ()
    n_numbers: int = 0
    pieces: int = 0
    scaled: bool = False

    def __post_init__(self) -> None:
        if not self.n_inputs:
            raise UsageError("A network without inputs cannot learn.", "Give at least one feature.")
        if len(self.code_sizes) != len(self.embedding_sizes):
            raise UsageError("code_sizes and embedding_sizes must have equal length.")
        if not 0 <= self.n_numbers <= self.n_features or self.pieces < 0:
            raise UsageError(
                f"{self.n_numbers} of {self.n_features} features in {self.pieces} pieces make no "
                "network.",
                "Give at most as many numbers as features.",
            )

    @property
    def n_inputs(self) -> int:
        """Length of the first layer's input: features, their pieces, embeddings."""
        return self.n_features + self.n_numbers * self.pieces + sum(self.embedding_sizes)

    @property
    def n_parameters(self) -> int:
        """Numbers that training changes, of one member."""
        tables = zip(self.code_sizes, self.embedding_sizes, strict=True)
        return sum(codes * size for codes, size in tables) + self.n_inputs * self.scaled


@dataclass(frozen=True)
class Architecture:
    """A multilayer perceptron: what it sees of a row, and the layers after that.

    Attributes:
        inputs: What the first layer sees.
        hidden: Widths of the hidden layers; empty is a linear model.
        activations: One name a hidden layer.
        n_outputs: Number of outputs ``k``.
        output: What makes predictions of the last layer's numbers: linear, exp, sigmoid, softmax.
        parametric: Each hidden unit learns how much of its activation it uses.

    Raises:
        UsageError: Widths below 1, or lists of unequal length.

    >>> Architecture(Inputs(4), (8, 8), ("relu", "tanh"), 3, "softmax").n_parameters
    139
    """

    inputs: Inputs
    hidden: tuple[int, ...]
    activations: tuple[Activation, ...]
    n_outputs: int
    output: Output
    parametric: bool = False

    def __post_init__(self) -> None:
        if any(width < 1 for width in (*self.hidden, self.n_outputs)):
            raise UsageError(
                f"Layer widths {self.hidden} with {self.n_outputs} outputs are not a network.",
                "Every width must be at least 1.",
            )
        if len(self.activations) != len(self.hidden):
            raise UsageError(
                f"{len(self.activations)} activations for {len(self.hidden)} hidden layers.",
                "Give one for all, or one a layer.",
            )

    @property
    def layer_sizes(self) -> tuple[tuple[int, int], ...]:
        """``(fan_in, fan_out)`` of each dense layer, the output layer last."""
        return tuple(pairwise((self.inputs.n_inputs, *self.hidden, self.n_outputs)))

    @property
    def n_parameters(self) -> int:
        """Numbers that training changes, of one member."""
        layers = sum(fan_in * fan_out + fan_out for fan_in, fan_out in self.layer_sizes)
        return self.inputs.n_parameters + layers + sum(self.hidden) * self.parametric


def one_per_layer(activation: tuple[Activation, ...], n_layers: int) -> tuple[Activation, ...]:
    """One activation for all layers, or the given one a layer.

    >>> one_per_layer(("relu",), 3)
    ('relu', 'relu', 'relu')
    """
    return activation * n_layers if len(activation) == 1 else activation
