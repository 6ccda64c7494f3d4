"""Features -> outputs, in ONNX operators; the twin of `madaline.predict.forward`.

All members at once: weights keep their leading member axis, and the outputs are averaged over it.
Activations are put together from exact operators: what runtimes call Softplus or Gelu differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from madaline.encode.column import ColumnCode
from madaline.export.graph import Value, concatenate
from madaline.export.onnx_columns import position_codes
from madaline.nn.architecture import Architecture

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_MOST_EXPONENT = 80.0


def apply_network(
    architecture: Architecture,
    weights: Mapping[str, NDArray[np.floating]],
    x: Value | None,
    positions: Sequence[Value],
    codes: Sequence[ColumnCode],
) -> Value:
    """``(n, k)`` probabilities or (standardised) values, averaged over members.

    Args:
        architecture: The network's shape.
        weights: As `madaline.predict.forward.logits` takes them.
        x: ``(n, d)`` numeric features; None if there are none.
        positions: ``(n,)`` positions of each embedded column.
        codes: The embedded columns.
    """
    dtype = np.result_type(*weights.values())
    n_members = len(weights["layers.0.bias"])
    tables = [
        position.rows_of(weights[f"embeddings.{i}"][:, position_codes(code)].astype(dtype), axis=1)
        for i, (position, code) in enumerate(zip(positions, codes, strict=True))
    ]
    parts = [] if x is None else [_with_pieces(architecture, weights, x.cast(dtype))]
    if parts and tables:
        # To stand beside embeddings, which differ between members, features get a member axis.
        alike = [parts[0].apply("Unsqueeze", np.array([0], np.int64))] * n_members
        parts = [concatenate(alike, axis=0)]
    h = concatenate([*parts, *tables], axis=2)
    for index, name in enumerate((*architecture.activations, "identity")):
        weight, bias = weights[f"layers.{index}.weight"], weights[f"layers.{index}.bias"]
        h = h.apply("MatMul", np.ascontiguousarray(weight.transpose(0, 2, 1), dtype))
        z = h + bias[:, None, :].astype(dtype)
        h = ACTIVATIONS[name](z)
        if f"mixes.{index}" in weights:
            h = z + (h - z) * weights[f"mixes.{index}"][:, None, :].astype(dtype)
    total = _outputs(architecture.output, h).apply("ReduceSum", np.array([0], np.int64), keepdims=0)
    return total / n_members


def _with_pieces(
    architecture: Architecture, weights: Mapping[str, NDArray[np.floating]], x: Value
) -> Value:
    """Features and the pieces of the numbers among them, which are the same for all members."""
    if not architecture.inputs.pieces:
        return x
    low, slope = (weights[f"pieces.{name}"][0].astype(x.dtype) for name in ("low", "slope"))
    first, last = np.array([0], np.int64), np.array([architecture.inputs.n_numbers], np.int64)
    numbers = x.apply("Slice", first, last, np.array([1], np.int64))
    risen = (numbers.reshape(-1, architecture.inputs.n_numbers, 1) - low) * slope
    pieces = risen.apply("Max", 0).apply("Min", 1)
    return concatenate([x, pieces.reshape(-1, low.size)], axis=1)


def _outputs(output: str, z: Value) -> Value:
    match output:
        case "softmax":
            return z.apply("Softmax", axis=-1)
        case "sigmoid":
            return z.apply("Sigmoid")
        case "exp":
            return z.apply("Min", _MOST_EXPONENT).apply("Exp")
        case _:
            return z


def _below(x: Value) -> Value:
    """``exp(x) - 1`` below 0, and 0 above."""
    return x.apply("Min", 0).apply("Exp") - 1


def _softplus(x: Value) -> Value:
    return x.apply("Max", 0) + ((0 - x.apply("Abs")).apply("Exp") + 1).apply("Log")


def _silu(x: Value) -> Value:
    # ONNX Runtime up to 1.17 fuses x Sigmoid(x) into an operator that it lacks in float64.
    return x * (0.5 * (0.5 * x).apply("Tanh") + 0.5)


def _gelu(x: Value) -> Value:
    return 0.5 * x * (1 + (0.7978845608028654 * (x + 0.044715 * x * x * x)).apply("Tanh"))


ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "identity": lambda x: x,
    "sigmoid": lambda x: x.apply("Sigmoid"),
    "tanh": lambda x: x.apply("Tanh"),
    "relu": lambda x: x.apply("Max", 0),
    "leaky_relu": lambda x: x.apply("Max", 0) + 0.01 * x.apply("Min", 0),
    "elu": lambda x: x.apply("Max", 0) + _below(x),
    "selu": lambda x: _SELU_SCALE * (x.apply("Max", 0) + _SELU_ALPHA * _below(x)),
    "gelu": _gelu,
    "silu": _silu,
    "mish": lambda x: x * _softplus(x).apply("Tanh"),
    "softplus": _softplus,
}
