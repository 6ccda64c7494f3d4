"""The multilayer perceptron: dense layers and activations between them, after a first stage.

Written for one row; many rows and many members are nested `vmap`s.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from madaline.arrays import Array, pytree
from madaline.nn.activations import ACTIVATIONS
from madaline.nn.architecture import Architecture
from madaline.nn.bits import Key, fold_in, happens
from madaline.nn.initializers import Draws, init_weight
from madaline.nn.inputs import apply_inputs, init_tables, pieces_from, plain_first_weight
from madaline.nn.pieces import Pieces
from madaline.settings.table import Activation, Initializer


@pytree
class Dense:
    """A linear map and a shift: ``weight @ x + bias``. A unit's weights are a row of ``weight``."""

    weight: Float[Array, "*m fan_out fan_in"]
    bias: Float[Array, "*m fan_out"]


@pytree
class MLP:
    """Parameters of a network, or anything of their shape: a gradient, a moment, an update.

    Attributes:
        embeddings: A vector for each code, for each embedded column.
        layers: Hidden layers and the output layer.
        mixes: How much of its activation each unit uses, for each hidden layer; empty: all of it.
        scale: What each input of the first layer is multiplied by; None: nothing.
        pieces: How numbers are cut; None: not at all.
    """

    embeddings: tuple[Float[Array, "*m _ _"], ...]
    layers: tuple[Dense, ...]
    mixes: tuple[Float[Array, "*m _"], ...] = ()
    scale: Float[Array, "*m inputs"] | None = None
    pieces: Pieces | None = None


def init_mlp(
    architecture: Architecture,
    first_bias: np.ndarray,
    *,
    seed: int,
    initializer: Initializer = "auto",
    member: int = 0,
    dtype: type[np.floating] = np.float32,
) -> MLP:
    """First parameters of one member.

    Hidden weights sized by the activation before them, hidden biases 0. The output layer has
    weights 0 and the bias of the best constant: the network starts as the best constant and cannot
    start worse, whatever the loss.

    Where numbers are seen in pieces, these are to be put beside: rows decide them.

    Args:
        architecture: The shape.
        first_bias: ``(k,)`` from `madaline.nn.heads.first_bias`.
        seed: From a person.
        initializer: "auto", or one for all hidden layers.
        member: Index of the member; each has its own weights.
        dtype: Of the arrays.

    >>> from madaline.nn.architecture import Inputs
    >>> shape = Architecture(Inputs(2), (3,), ("relu",), 1, "linear")
    >>> model = init_mlp(shape, np.array([5.0]), seed=0)
    >>> float(apply_mlp(shape, model, jnp.array([1.0, 2.0]), jnp.zeros(0, jnp.int32))[0])
    5.0
    """
    draws = Draws(seed, member)
    layers: list[Dense] = []
    made_by: tuple[Activation, ...] = ("identity", *architecture.activations)
    for (fan_in, fan_out), before in zip(architecture.layer_sizes[:-1], made_by, strict=False):
        weight = init_weight(draws, fan_out, fan_in, before=before, initializer=initializer)
        layers.append(Dense(weight.astype(dtype), np.zeros(fan_out, dtype)))
    fan_in, fan_out = architecture.layer_sizes[-1]
    layers.append(Dense(np.zeros((fan_out, fan_in), dtype), first_bias.astype(dtype)))
    inputs = architecture.inputs
    return MLP(
        init_tables(inputs, draws, dtype),
        tuple(layers),
        mixes=_ones(architecture.hidden, dtype) if architecture.parametric else (),
        scale=np.ones(inputs.n_inputs, dtype) if inputs.scaled else None,
    )


def _ones(sizes: tuple[int, ...], dtype: type[np.floating]) -> tuple[Array, ...]:
    return tuple(np.ones(size, dtype) for size in sizes)


def apply_mlp(
    architecture: Architecture,
    model: MLP,
    x: Float[Array, " d"],
    codes: Int[Array, " c"],
    *,
    dropout: Float[Array, ""] | None = None,
    key: Key | None = None,
) -> Float[Array, " k"]:
    """The last layer's numbers for one row.

    Args:
        architecture: The shape.
        model: Its parameters, of one member.
        x: Numeric features.
        codes: Category codes, one for each embedding.
        dropout: Share of hidden units switched off, the others scaled up to make good (Srivastava
            et al. 2014); None leaves the code out.
        key: This row's randomness, where ``dropout`` is given.
    """
    h = apply_inputs(architecture.inputs, model.embeddings, model.pieces, x, codes)
    layers = model.layers
    if model.scale is not None:  # of the weights, not of the inputs: once for all rows
        scaled = Dense(layers[0].weight * model.scale[None], layers[0].bias)
        layers = (scaled, *layers[1:])
    for index, (layer, name) in enumerate(zip(layers[:-1], architecture.activations, strict=True)):
        z = jnp.inner(h, layer.weight) + layer.bias
        h = ACTIVATIONS[name](z)
        if model.mixes:
            h = z + model.mixes[index] * (h - z)
        if dropout is not None and key is not None:
            lost = happens(dropout, fold_in(key, index), h.shape[0])
            h = jnp.where(lost, 0, h * (1 / (1 - dropout)).astype(h.dtype))
    last = layers[-1]
    return jnp.inner(h, last.weight) + last.bias


def model_arrays(model: MLP) -> dict[str, np.ndarray]:
    """Parameters by name, as a predictor needs them.

    ``embeddings.I``, ``layers.I.weight``, ``layers.I.bias``, ``mixes.I``, ``pieces.low`` and
    ``pieces.slope``. Input scales and the height of pieces are part of the first weights there.

    >>> dense = Dense(np.zeros((1, 2)), np.zeros(1))
    >>> sorted(model_arrays(MLP((), (dense,))))
    ['layers.0.bias', 'layers.0.weight']
    """
    arrays = {f"embeddings.{i}": np.asarray(table) for i, table in enumerate(model.embeddings)}
    for index, layer in enumerate(model.layers):
        arrays[f"layers.{index}.weight"] = np.asarray(layer.weight)
        arrays[f"layers.{index}.bias"] = np.asarray(layer.bias)
    for index, mix in enumerate(model.mixes):
        arrays[f"mixes.{index}"] = np.asarray(mix)
    if model.pieces is not None:
        arrays["pieces.low"] = np.asarray(model.pieces.low)
        arrays["pieces.slope"] = np.asarray(model.pieces.slope)
    arrays["layers.0.weight"] = plain_first_weight(
        arrays["layers.0.weight"], model.embeddings, model.scale, model.pieces
    )
    return arrays


def model_from(
    architecture: Architecture, arrays: Mapping[str, np.ndarray], dtype: type[np.floating]
) -> MLP:
    """The model that `model_arrays` named, in another precision if asked for."""
    inputs = architecture.inputs
    layers = [
        Dense(arrays[f"layers.{i}.weight"].astype(dtype), arrays[f"layers.{i}.bias"].astype(dtype))
        for i in range(len(architecture.layer_sizes))
    ]
    members = len(layers[0].bias)
    mixes = range(len(architecture.hidden)) if architecture.parametric else ()
    return MLP(
        tuple(arrays[f"embeddings.{i}"].astype(dtype) for i in range(len(inputs.code_sizes))),
        tuple(layers),
        tuple(arrays[f"mixes.{i}"].astype(dtype) for i in mixes),
        np.ones((members, inputs.n_inputs), dtype) if inputs.scaled else None,
        pieces_from(arrays, members, dtype) if inputs.pieces else None,
    )


def stack_members(models: list[MLP]) -> MLP:
    """Members as one model with a leading member axis on every leaf."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *models)
