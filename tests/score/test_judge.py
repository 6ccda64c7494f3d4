from __future__ import annotations

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.nn.head import make_head
from madaline.predict.losses import losses_of_outputs, row_losses
from madaline.prepare.parts import prepare
from madaline.score.judge import score
from madaline.settings.table import Settings

Z = np.array([[-2.0, 0.5, 1.0], [0.0, 3.0, -1.0]])
Y = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 3.0]])


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize(
    ("head", "made", "y"),
    [
        (make_head("regression"), Z, Y),
        (make_head("regression", "huber", delta=0.5), Z, Y),
        (make_head("regression", "quantile", level=0.9), Z, Y),
        (make_head("regression", "poisson"), np.exp(Z), Y),
        (make_head("multilabel"), _sigmoid(Z), (Y > 0) * 1.0),
        (make_head("multiclass"), np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True), Y[:, 2] - 1),
    ],
    ids=lambda head: getattr(head, "loss", ""),
)
def test_losses_of_outputs_are_those_of_the_last_layer(head, made, y):
    found = losses_of_outputs(head, made, y)
    assert np.allclose(found, row_losses(head, Z, y))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_certain_wrong_answer_costs_much_and_not_infinitely(task):
    made = np.array([[1.0]]) if task == "binary" else np.array([[1.0, 0.0]])
    y = np.array([[0.0]]) if task == "binary" else np.array([1])
    (loss,) = losses_of_outputs(make_head(task), made, y)
    assert 15 < loss < 20


def test_scores_are_in_the_units_of_the_target_and_weighted():
    y = np.arange(60.0) * 100 + 0.5
    weight = np.where(np.arange(60) % 2, 1.0, 3.0)
    table = as_table({"x": np.sin(y), "y": y})
    found = prepare(Dataset(table, ("y",), weight=weight), Settings(test=0.0, validation=0.0))
    part = found.parts["train"]
    off = np.where(np.arange(60) % 2, 0.0, 40.0)[:, None] / found.target.scale
    scores = score(found.target, part, part.y + off)
    assert scores.score("mae").value == pytest.approx(30, rel=1e-4)
