"""A trained network's temperature."""

from types import SimpleNamespace

import numpy as np
import pytest

from madaline.encode.features import Features
from madaline.nn.architecture import Architecture, Inputs
from madaline.nn.head import Head
from madaline.prepare.parts import Part
from madaline.score.calibrate import calibrated

SHAPE = Architecture(Inputs(1), (), (), 1, "sigmoid")
HEAD = Head("binary_cross_entropy")


def held_out(n, members=1, sureness=1.0, seed=0):
    """Rows whose only feature is the logit of their label, and networks that answer it."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 2, n).astype(np.float32)
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(np.float32)[:, None]
    held = np.arange(n)[:, None] % members == np.arange(members)
    features = Features(z[:, None], np.zeros((n, 0), np.int32))
    part = Part(features, y, np.zeros((n, 0)), np.ones(n), held)
    weight = np.full((members, 1, 1), sureness, np.float32)
    weights = {"layers.0.weight": weight, "layers.0.bias": np.zeros((members, 1), np.float32)}
    return weights, part


def opening(part, head=HEAD):
    """Of a training whose validation part this is."""
    problem = SimpleNamespace(architecture=SHAPE, head=head)
    prepared = SimpleNamespace(parts={"validation": part})
    return SimpleNamespace(problem=problem, prepared=prepared, class_weight=None)


@pytest.mark.parametrize("sureness", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("members", [1, 3])
def test_a_network_becomes_as_sure_as_it_is_right(sureness, members):
    weights, part = held_out(6000, members, sureness)
    found = calibrated(opening(part), weights)
    assert found["layers.0.weight"].dtype == np.float32
    np.testing.assert_allclose(found["layers.0.weight"], 1, rtol=0.06)


def test_few_rows_change_little():
    changes = []
    for n in (10, 6000):
        weights, part = held_out(n, sureness=3.0)
        found = calibrated(opening(part), weights)
        changes.append(abs(np.log(found["layers.0.weight"] / 3.0)).item())
    assert changes[0] < changes[1]


def test_without_classes_or_rows_the_weights_stay():
    weights, part = held_out(100, sureness=3.0)
    assert calibrated(opening(part, Head("squared")), weights) is weights
    weights, part = held_out(0)
    assert calibrated(opening(part), weights) is weights
