"""First weights that fit the rows: every hidden unit begins where the data are.

Layer by layer, each unit's weights are rescaled until its sum has variance 1 over the rows, and its
bias is chosen so that the plane where it bends passes through a random point among them. The output
layer stays as it is: the network still begins as the best constant.

Source: RealMLP's "he+5" (Holzmueller, Grinsztajn and Steinwart 2024, appendix A), after the
data-dependent initialisation of Kraehenbuehl et al. (2016).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from madaline.nn.architecture import Architecture
from madaline.nn.initializers import Draws
from madaline.nn.mlp import MLP, Dense, model_arrays
from madaline.predict.blas import threads_for
from madaline.predict.forward import ACTIVATIONS, first_inputs

# Rows that decide: enough for a standard deviation of two digits.
_MOST_ROWS = 1000
# Rows whose random mixture a unit's plane passes through.
_POINTS = 5
# Draws of the weights themselves come before these.
_STREAM = 1 << 32

Floats = NDArray[np.floating]


def fit_first_weights(
    architecture: Architecture, model: MLP, x: Floats, codes: NDArray[np.integer], seed: int
) -> MLP:
    """The model with hidden layers that fit the rows.

    Args:
        architecture: The network's shape.
        model: First weights of all members.
        x: ``(n, d)`` features of the training rows.
        codes: ``(n, c)`` their category codes.
        seed: From a person.
    """
    rows = np.unique(np.linspace(0, len(x) - 1, _MOST_ROWS).astype(np.intp))
    weights = model_arrays(model)
    layers = [Dense(np.array(layer.weight), np.array(layer.bias)) for layer in model.layers]
    largest = max(fan_in * fan_out for fan_in, fan_out in architecture.layer_sizes)
    with threads_for(len(rows) * largest):
        for member in range(len(layers[0].bias)):
            draws = Draws(seed, _STREAM + member)
            h = first_inputs(architecture.inputs, weights, member, x[rows], codes[rows])
            seen = weights["layers.0.weight"][member]
            for layer, name in zip(layers, architecture.activations, strict=False):
                weight, bias = np.asarray(layer.weight)[member], np.asarray(layer.bias)[member]
                z = _fit_layer(draws, weight, bias, weight if seen is None else seen, h)
                h, seen = ACTIVATIONS[name](z), None
    return replace(model, layers=tuple(layers))


def _fit_layer(draws: Draws, weight: Floats, bias: Floats, seen: Floats, h: Floats) -> Floats:
    """Rescale ``weight`` and set ``bias`` in place; returns ``(n, fan_out)`` sums of the rows.

    ``seen`` is the weight that the rows meet: in the first layer its pieces are lower.
    """
    z = h @ seen.T
    spread = np.maximum(z.std(axis=0), 1e-6)
    weight /= spread[:, None]
    z /= spread
    rows = (draws.uniform((_POINTS, len(bias))) * len(z)).astype(np.intp)
    share = -np.log1p(-draws.uniform((_POINTS, len(bias))))
    share /= share.sum(axis=0)
    bias[:] = -(share * z[rows, np.arange(len(bias))]).sum(axis=0)
    return z + bias
