"""Untrained networks of any shape: an export must equal `predict` whatever the weights are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from madaline.data.table import Table
from madaline.encode.encoder import Encoder
from madaline.encode.target import TargetCode
from madaline.nn.architecture import Architecture
from madaline.predictor import Predictor

OUTPUT = {
    "binary": "sigmoid",
    "multilabel": "sigmoid",
    "multiclass": "softmax",
    "regression": "linear",
}


@pytest.fixture(scope="session")
def make_predictor() -> Callable[..., Predictor]:
    """A network with drawn weights for the columns and targets of a table."""

    def make(
        table: Table,
        *target: str,
        activation: str = "relu",
        hidden: tuple[int, ...] = (16, 8),
        members: int = 1,
        dtype: type = np.float32,
        loss: str | None = None,
    ) -> Predictor:
        encoder = Encoder.fit(table.without(*target))
        code = TargetCode.fit(table.select(target), None, loss)
        shape = Architecture(
            n_features=len(encoder.feature_names),
            hidden=hidden,
            activations=(activation,) * len(hidden),
            n_outputs=code.n_outputs,
            output="exp" if code.counts else OUTPUT[code.task],
            code_sizes=encoder.code_sizes,
            embedding_sizes=tuple(min(size, 3) for size in encoder.code_sizes),
        )
        draw = np.random.default_rng(0)
        weights = {
            f"embeddings.{i}": draw.normal(size=(members, *sizes))
            for i, sizes in enumerate(zip(shape.code_sizes, shape.embedding_sizes, strict=True))
        }
        for i, (fan_in, fan_out) in enumerate(shape.layer_sizes):
            weight = draw.normal(size=(members, fan_out, fan_in)) / np.sqrt(fan_in)
            weights[f"layers.{i}.weight"] = weight
            weights[f"layers.{i}.bias"] = draw.normal(size=(members, fan_out))
        weights = {name: value.astype(dtype) for name, value in weights.items()}
        return Predictor(encoder, code, shape, weights, {"created": "today"})

    return make
