"""The loss curve: round ticks inside the frame, the best epoch ringed, nothing for nothing."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from madaline.report.draw.svg import loss_curve

EPOCHS = np.arange(1, 2001)
CURVES = {
    "usual": ([1.0, 0.5, 0.45], [1.1, 0.6, 0.7]),
    "long": (10 * EPOCHS**-1.5, 10 * EPOCHS**-1.5 + 1e-3),
    "decades": ([1e12, 1e3, 1e-9],),
    "zero": ([1.0, 0.5, 0.0],),
    "negative": ([-1.0, -2.0, -2.5],),
    "flat": ([3.0, 3.0],),
    "flat at zero": ([0.0, 0.0],),
    "one epoch": ([0.7],),
    "nearly flat": ([2.3, 2.301, 2.299],),
    "holes": ([5.0, np.nan, 4.0, np.inf],),
    "tiny": ([4e-7, 1e-7],),
    "large": ([123456.0, 123400.0],),
}


def _texts(svg):
    return [
        (node.text, float(node.get("x")), float(node.get("y")))
        for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


@pytest.mark.parametrize("name", CURVES)
def test_every_mark_lies_inside_the_picture_and_ticks_are_round(name):
    svg = loss_curve(*CURVES[name])
    places = re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(re.findall('points="(.*?)"', svg)))
    assert places
    assert all(52 <= float(x) <= 440 and 26 <= float(y) <= 166 for x, y in places)
    ticks = [text for text, x, _ in _texts(svg) if x == 46 and not text.startswith("loss")]
    assert 2 <= len(ticks) <= 6
    assert len(set(ticks)) == len(ticks)
    assert all(len(tick) <= 7 for tick in ticks), "as long as the margin is wide"
    assert all(26 <= y - 4 <= 166 for _, x, y in _texts(svg) if x == 46 and y > 20)


def test_ticks_of_many_decades_are_powers_of_ten():
    texts = {text for text, x, _ in _texts(loss_curve(*CURVES["long"])) if x == 46}
    assert texts == {"loss (logarithmic)", "1", "0.01", "0.0001"}


def test_the_best_epoch_is_ringed_and_named():
    svg = loss_curve(*CURVES["usual"])
    assert svg.count("<circle") == 1
    assert "best 0.6 at epoch 2" in [text for text, _, _ in _texts(svg)]
    ring = re.search('cx="(.*?)" cy="(.*?)"', svg).groups()
    assert f"{ring[0]},{ring[1]}" in svg.split("stroke-dasharray")[0], "on the validation line"


def test_a_long_curve_keeps_its_last_epoch_and_stays_light():
    svg = loss_curve(np.linspace(2, 1, 9999))
    assert "440.0," in svg
    assert len(svg) < 12_000


def test_without_a_finite_loss_there_is_no_picture():
    assert loss_curve([]) == ""
    assert loss_curve([np.nan, np.inf], [np.nan]) == ""
