"""The first stage of a network: from a row's features and codes to what the first layer sees.

Everything after it is the trunk, which knows nothing of columns: `madaline.nn.mlp`.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from madaline.arrays import Array
from madaline.nn.architecture import Inputs
from madaline.nn.initializers import Draws
from madaline.nn.pieces import Pieces, apply_pieces

# A vector for each code, for each embedded column.
Tables = tuple[Float[Array, "*m _ _"], ...]


def init_tables(inputs: Inputs, draws: Draws, dtype: type[np.floating]) -> Tables:
    """First vectors of all codes; unit variance would shout over the numeric features.

    >>> tables = init_tables(Inputs(0, (3,), (2,)), Draws(0, 0), np.float32)
    >>> tables[0].shape, bool((tables[0][0] == 0).all())  # code 0 is the origin
    ((3, 2), True)
    """
    return tuple(
        (0.5 * draws.normal((codes, size)) * (np.arange(codes) > 0)[:, None]).astype(dtype)
        for codes, size in zip(inputs.code_sizes, inputs.embedding_sizes, strict=True)
    )


def apply_inputs(
    inputs: Inputs,
    tables: Tables,
    pieces: Pieces | None,
    x: Float[Array, " d"],
    codes: Int[Array, " c"],
) -> Float[Array, " inputs"]:
    """What the first layer sees of a row: features, their pieces, embeddings."""
    parts = [x]
    if pieces is not None:
        parts.append(apply_pieces(pieces, x[: inputs.n_numbers]))
    parts += [table[code] for table, code in zip(tables, codes, strict=True)]
    return jnp.concatenate(parts) if len(parts) > 1 else x


def plain_first_weight(
    weight: np.ndarray, tables: Tables, scale: Array | None, pieces: Pieces | None
) -> np.ndarray:
    """The first layer's weights for inputs that are neither scaled nor lowered.

    Args:
        weight: ``(m, fan_out, inputs)`` as they are trained.
        tables: Vectors of the codes, which come last among the inputs.
        scale: What each input is multiplied by; None: nothing.
        pieces: How numbers are cut, and what the pieces rise to; None: not at all.
    """
    if scale is not None:
        weight = weight * np.asarray(scale)[..., None, :]
    if pieces is None:
        return weight
    weight = np.array(weight)
    n_numbers, count = np.shape(pieces.low)[-2:]
    stop = weight.shape[-1] - sum(table.shape[-1] for table in tables)
    weight[..., stop - n_numbers * count : stop] *= np.asarray(pieces.height)[..., None, None]
    return weight


def pieces_from(arrays: Mapping[str, np.ndarray], members: int, dtype: type[np.floating]) -> Pieces:
    """The pieces that `madaline.nn.mlp.model_arrays` named."""
    low, slope = (arrays[f"pieces.{name}"].astype(dtype) for name in ("low", "slope"))
    return Pieces(low, slope, np.ones(members, dtype))
