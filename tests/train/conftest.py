"""A small training to hold the engine against: one shape, so that few programs are compiled."""

from __future__ import annotations

from types import SimpleNamespace

import jax
import numpy as np
import pytest

from madaline.nn.architecture import Architecture, Inputs
from madaline.nn.head import Head, first_bias
from madaline.train.batches import Check, Rows
from madaline.train.loop import init_state, train_epochs
from madaline.train.plan import Plan, make_hyper, with_extras
from madaline.train.state import Problem


def _rows(x, y, dtype=np.float32):
    y = np.asarray(y) if np.asarray(y).dtype.kind == "i" else np.asarray(y, dtype)
    return Rows(np.asarray(x, dtype), np.zeros((len(x), 0), np.int32), y)


def _check(x, y, members=1, dtype=np.float32):
    """The same number of training and validation rows, one after the other."""
    part = (np.arange(len(x)) >= len(x) // 2).astype(int)
    weight = np.repeat(np.eye(2)[part][:, :, None], members, 2).astype(dtype)
    return Check(_rows(x, y, dtype), weight)


def _weight(weight, n, members, dtype):
    weight = np.ones(n) if weight is None else np.asarray(weight)
    return np.broadcast_to(weight.reshape(n, -1), (n, members)).astype(dtype)


def _data(n=50, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return x, np.sin(2 * x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:] + 0.3 * rng.normal(size=(n, 1))


def _problem(
    x, y, *, head=None, hidden=(5,), activation="tanh", check=None, weight=None, members=1,
    dtype=np.float32, seed=0, plan=None, patience=0, extras=(), outputs=1, **numbers,
):  # fmt: skip
    head = head or Head("squared")
    hyper = make_hyper(members, dtype=dtype, patience=patience, **numbers)
    plan = with_extras(plan or Plan(batch_size=16), hyper)
    if extras:
        from dataclasses import replace

        plan = replace(plan, extras=tuple(extras))
    rows, weight = _rows(x, y, dtype), _weight(weight, len(x), members, dtype)
    return Problem(
        architecture=Architecture(
            Inputs(x.shape[1]), hidden, (activation,) * len(hidden), outputs, head.output
        ),
        head=head,
        plan=plan,
        hyper=hyper,
        train=rows,
        weight=weight,
        check=None if check is None else _check(*check, members, dtype),
        first_bias=first_bias(head, np.asarray(rows.y), weight[:, 0], outputs),
        seed=seed,
    )


def _train(problem, epochs, *, chunk=256, state=None, history=None):
    progress = None
    state = state or init_state(problem)
    for progress in train_epochs(problem, state, epochs, history=history, chunk=chunk):
        pass
    return progress


def _same(a, b):
    """Bit for bit, NaN included."""
    leaves = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(np.asarray(p).tobytes() == np.asarray(q).tobytes() for p, q in leaves)


def _flat(tree):
    return np.concatenate([np.asarray(leaf, np.float64).ravel() for leaf in jax.tree.leaves(tree)])


@pytest.fixture(scope="session")
def engine():
    return SimpleNamespace(
        rows=_rows, check=_check, data=_data, problem=_problem, start=init_state, train=_train,
        same=_same, flat=_flat,
    )  # fmt: skip
