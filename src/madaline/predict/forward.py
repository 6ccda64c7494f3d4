"""The forward pass in NumPy: predicting needs no JAX and compiles nothing.

The twin of `madaline.nn` for rows in bulk; the tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from madaline.nn.architecture import Architecture, Inputs
from madaline.predict.blas import threads_for
from madaline.settings.table import Activation

Floats = NDArray[np.floating]
Weights = dict[str, NDArray[np.floating]]

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
# Rows at once: bounds the memory of wide layers. Narrow ones take more rows, up to 8 MB of numbers
# a layer: BLAS threads meet once a product, and on busy cores each meeting can cost milliseconds.
_FEWEST_ROWS, _CELLS = 4096, 1 << 21


def sigmoid(x: Floats) -> Floats:
    """``1 / (1 + exp(-x))`` without overflow.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    tail = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, tail) / (1 + tail)


def softplus(x: Floats) -> Floats:
    """``log(1 + exp(x))`` without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _elu(x: Floats) -> Floats:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _gelu(x: Floats) -> Floats:
    return 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


ACTIVATIONS: dict[Activation, Callable[[Floats], Floats]] = {
    "identity": lambda x: x,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x >= 0, x, 0.01 * x),
    "elu": _elu,
    "selu": lambda x: _SELU_SCALE * np.where(x > 0, x, _SELU_ALPHA * np.expm1(np.minimum(x, 0))),
    "gelu": _gelu,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softplus": softplus,
}


def logits(
    architecture: Architecture, weights: Weights, x: Floats, codes: NDArray[np.integer]
) -> Floats:
    """``(n, m, k)``: the last layer's numbers of each member for each row.

    Args:
        architecture: The network's shape.
        weights: ``embeddings.I (m, codes, size)``, ``layers.I.weight (m, fan_out, fan_in)``,
            ``layers.I.bias (m, fan_out)``; where the network has them ``mixes.I (m, fan_out)``,
            ``pieces.low`` and ``pieces.slope (m, numbers, pieces)``.
        x: ``(n, d)`` numeric features.
        codes: ``(n, c)`` category codes.
    """
    n, members = len(x), len(weights["layers.0.bias"])
    out = np.empty((n, members, architecture.n_outputs), weights["layers.0.bias"].dtype)
    n_rows = max(_FEWEST_ROWS, _CELLS // max(fan_out for _, fan_out in architecture.layer_sizes))
    largest = max(fan_in * fan_out for fan_in, fan_out in architecture.layer_sizes)
    with threads_for(min(n, n_rows) * largest):
        for start in range(0, n, n_rows):
            block = slice(start, start + n_rows)
            for member in range(members):
                out[block, member] = _member(architecture, weights, member, x[block], codes[block])
    return out


def first_inputs(
    inputs: Inputs,
    weights: Weights,
    member: int,
    x: Floats,
    codes: NDArray[np.integer],
) -> Floats:
    """``(n, inputs)`` of the first layer: features, their pieces, embeddings."""
    tables = [
        weights[f"embeddings.{i}"][member][codes[:, i]] for i in range(len(inputs.code_sizes))
    ]
    parts = [x, *tables]
    if inputs.pieces:
        low, slope = weights["pieces.low"][member], weights["pieces.slope"][member]
        risen = (x[:, : inputs.n_numbers, None] - low) * slope
        parts.insert(1, np.clip(risen, 0, 1, out=risen).reshape(len(x), -1))
    return np.concatenate(parts, axis=1) if len(parts) > 1 else x


def _member(
    architecture: Architecture,
    weights: Weights,
    member: int,
    x: Floats,
    codes: NDArray[np.integer],
) -> Floats:
    h = first_inputs(architecture.inputs, weights, member, x, codes)
    names: tuple[Activation, ...] = (*architecture.activations, "identity")
    for index, name in enumerate(names):
        weight, bias = weights[f"layers.{index}.weight"], weights[f"layers.{index}.bias"]
        z = h @ weight[member].T
        z += bias[member]
        h = ACTIVATIONS[name](z)
        if f"mixes.{index}" in weights:
            h = z + weights[f"mixes.{index}"][member] * (h - z)
    return h


def outputs(architecture: Architecture, z: Floats) -> Floats:
    """Predictions from the last layer's numbers: values, rates or probabilities; same shape."""
    match architecture.output:
        case "softmax":
            raised = np.exp(z - z.max(axis=-1, keepdims=True))
            return raised / raised.sum(axis=-1, keepdims=True)
        case "sigmoid":
            return sigmoid(z)
        case "exp":
            return np.exp(np.minimum(z, 80))  # e^80 is a count that no table holds
        case "linear":
            return z
        case _:
            assert_never(architecture.output)
