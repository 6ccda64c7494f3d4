"""Untrained networks of any shape: an export must equal `predict` whatever the weights are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.table import Table
from madaline.encode.encoder import Encoder
from madaline.encode.target import TargetCode
from madaline.nn.architecture import Architecture, Inputs
from madaline.predict.predictor import Predictor

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
            Inputs(
                len(encoder.feature_names),
                encoder.code_sizes,
                tuple(min(size, 3) for size in encoder.code_sizes),
            ),
            hidden=hidden,
            activations=(activation,) * len(hidden),
            n_outputs=code.n_outputs,
            output="exp" if code.counts else OUTPUT[code.task],
        )
        draw = np.random.default_rng(0)
        weights = {
            f"embeddings.{i}": draw.normal(size=(members, *sizes))
            for i, sizes in enumerate(
                zip(shape.inputs.code_sizes, shape.inputs.embedding_sizes, strict=True)
            )
        }
        for i, (fan_in, fan_out) in enumerate(shape.layer_sizes):
            weight = draw.normal(size=(members, fan_out, fan_in)) / np.sqrt(fan_in)
            weights[f"layers.{i}.weight"] = weight
            weights[f"layers.{i}.bias"] = draw.normal(size=(members, fan_out))
        weights = {name: value.astype(dtype) for name, value in weights.items()}
        return Predictor(encoder, code, shape, weights, {"created": "today"})

    return make


@pytest.fixture(scope="session")
def people() -> Callable[..., Table]:
    """Rows with every kind of column and target."""
    return _people


def _people(n: int = 240, seed: int = 0) -> Table:
    draw = np.random.default_rng(seed)
    some = draw.random(n)
    minutes = draw.integers(-60_000_000, 60_000_000, n)
    when = np.datetime64("1970-01-01T00:00", "us") + minutes.astype("timedelta64[m]")
    return as_table(
        {
            "age": np.where(some < 0.1, np.nan, draw.normal(40, 9, n)),
            "account": draw.integers(1, 9_000_000_000, n).astype(float),
            "constant": np.full(n, 7.0),
            "galaxy": draw.normal(size=n) * 1e305,
            "full": draw.normal(size=n),
            "sex": [["f", "m", None][i] for i in draw.integers(0, 3, n)],
            "size": [["s", "m", "l", "xl", None][i] for i in draw.integers(0, 5, n)],
            "city": [f"city {i}" if i else None for i in draw.integers(0, 30, n)],
            "town": [f"town {i}" for i in draw.integers(0, 30, n)],
            "member": [[True, False, None][i] for i in draw.integers(0, 3, n)],
            "since": np.where(some > 0.9, np.datetime64("NaT"), when),
            "born": (when - np.timedelta64(1, "D")).astype("datetime64[D]"),
            "pet": [["cat", "cow", "dog"][i] for i in draw.integers(0, 3, n)],
            "sick": [["no", "yes"][i] for i in draw.integers(0, 2, n)],
            "wage": draw.normal(size=n) * 1e6 + 5e7,
            "rent": draw.normal(size=n) * 1e-3,
            "visits": draw.poisson(3, n).astype(float),
            "tall": (draw.random(n) > 0.5).astype(float),
            "rich": (draw.random(n) > 0.5).astype(float),
        }
    )
