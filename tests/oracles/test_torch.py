"""Trajectories against torch.optim itself, gradients against torch.autograd."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from madaline.nn.architecture import Architecture  # noqa: E402
from madaline.nn.head import Head  # noqa: E402
from madaline.nn.mlp import MLP, Dense  # noqa: E402
from madaline.train.batches import Rows  # noqa: E402
from madaline.train.loop import init_state, train_epochs  # noqa: E402
from madaline.train.plan import Plan, make_hyper, with_extras  # noqa: E402
from madaline.train.state import Problem  # noqa: E402

pytestmark = pytest.mark.oracle
STEPS, N = 100, 32
SIZES = ((5, 4), (6, 5), (2, 6))  # fan_out, fan_in
RATES = {"sgd": 0.05, "momentum": 0.02, "nesterov": 0.02, "adam": 0.01, "adamw": 0.01}
DECAY, BETAS = 0.1, (0.9, 0.99)
ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "gelu": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    "selu": torch.selu,
    "mish": torch.nn.functional.mish,
}


def _data(dtype):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 4)).astype(np.float32).astype(dtype)
    y = rng.normal(size=(N, 2)).astype(np.float32).astype(dtype)
    weights = []
    for fan_out, fan_in in SIZES:
        weights.append(rng.normal(size=(fan_out, fan_in)) / np.sqrt(fan_in))
        weights.append(0.3 * rng.normal(size=fan_out))
    return x, y, [w.astype(np.float32).astype(dtype) for w in weights]


def _in_torch(optimizer, activation, dtype):
    x, y, begin = _data(dtype)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    parameters = [torch.nn.Parameter(torch.from_numpy(w.copy())) for w in begin]
    rate = RATES[optimizer]
    match optimizer:
        case "sgd":
            moves = torch.optim.SGD(parameters, rate)
        case "momentum":
            moves = torch.optim.SGD(parameters, rate, momentum=0.9)
        case "nesterov":
            moves = torch.optim.SGD(parameters, rate, momentum=0.9, nesterov=True)
        case "adam":
            moves = torch.optim.Adam(parameters, rate, BETAS)
        case _:
            groups = [
                {"params": parameters[::2], "weight_decay": DECAY},
                {"params": parameters[1::2], "weight_decay": 0.0},
            ]
            moves = torch.optim.AdamW(groups, rate, BETAS)
    path = []
    for _ in range(STEPS):
        moves.zero_grad()
        h = x
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            h = ACTIVATIONS[activation](h @ weight.T + bias)
        loss = torch.nn.functional.mse_loss(h @ parameters[-2].T + parameters[-1], y)
        loss.backward()
        moves.step()
        path.append(torch.cat([p.detach().ravel() for p in parameters]).numpy().copy())
    return np.stack(path)


def _in_madaline(optimizer, activation, dtype):
    x, y, begin = _data(dtype)
    hyper = make_hyper(
        1, dtype=dtype, learning_rate=RATES[optimizer], momentum=0.9, beta_1=BETAS[0],
        beta_2=BETAS[1], weight_decay=DECAY if optimizer == "adamw" else 0.0,
    )  # fmt: skip
    problem = Problem(
        architecture=Architecture(Inputs(4), (5, 6), (activation,) * 2, 2, "linear"),
        head=Head("squared"),
        plan=with_extras(Plan(optimizer, batch_size=0), hyper),
        hyper=hyper,
        train=Rows(x, np.zeros((N, 0), np.int32), y),
        weight=np.ones((N, 1), dtype),
        check=None,
        first_bias=np.zeros(2),
        seed=0,
    )
    layers = tuple(Dense(w[None], b[None]) for w, b in zip(begin[::2], begin[1::2], strict=True))
    state = replace(init_state(problem), model=MLP((), layers))
    path = []
    for progress in train_epochs(problem, state, STEPS, chunk=1):
        layers = progress.state.model.layers
        path.append(np.concatenate([np.ravel(w) for p in layers for w in (p.weight, p.bias)]))
    return np.stack(path)


CASES = [(name, "tanh") for name in RATES] + [("adam", name) for name in ACTIVATIONS][1:]


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 1e-6), (np.float64, 1e-8)])
@pytest.mark.parametrize(("optimizer", "activation"), CASES)
def test_each_of_a_hundred_steps_equals_torchs(
    optimizer, activation, dtype, limit, record_property
):
    found, expected = (run(optimizer, activation, dtype) for run in (_in_madaline, _in_torch))
    difference = np.abs(found - expected).max() / max(1, np.abs(expected).max())
    record_property("largest_difference", float(difference))
    print(f"{optimizer} {activation} {dtype.__name__}: {difference:.1e}")
    assert np.abs(expected[-1] - expected[0]).max() > 0.01
    assert difference <= limit
