from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from madaline.diagnose.kernel import kernel_blocks, median_gamma, rbf_kernel, squared_distances


@pytest.mark.parametrize("place", [0.0, 1e4, 1e6, 1e8])
def test_the_kernel_is_right_far_from_the_origin(place):
    near = np.random.default_rng(0).normal(size=(40, 3))
    # Differences of the shifted numbers as they are stored are exact.
    stored = near + place
    gaps = (stored[:, None, :] - stored[None, :, :]) ** 2
    formula = np.exp(-0.5 * gaps.sum(axis=2))
    assert np.abs(rbf_kernel(stored, stored, 0.5) - formula).max() < 1e-12
    assert np.abs(rbf_kernel(stored, stored, 0.5) - rbf_kernel(near, near, 0.5)).max() < 1e-3


def test_the_expansion_into_products_would_be_wrong_there():
    from sklearn.metrics.pairwise import rbf_kernel as by_expansion

    points = np.random.default_rng(0).normal(size=(40, 3)) + 1e8
    assert np.abs(by_expansion(points, gamma=0.5) - rbf_kernel(points, points, 0.5)).max() > 0.1


def test_blocks_together_are_the_kernel():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(23, 4)), rng.normal(size=(7, 4))
    found = np.zeros((23, 7))
    for rows, part in kernel_blocks(x, y, 0.3, block=20):
        assert part.size <= 20
        found[rows] = part
    assert np.array_equal(found, rbf_kernel(x, y, 0.3))


def test_a_kernel_larger_than_its_block_takes_the_memory_of_a_block():
    points = np.random.default_rng(0).normal(size=(6000, 2))
    block = 2**18
    tracemalloc.start()
    total = sum(float(part.sum()) for _, part in kernel_blocks(points, points, 1.0, block=block))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 6000
    assert peak < 4 * 8 * block < 8 * 6000**2 / 30


def test_the_bandwidth_is_the_median_distance_of_different_rows():
    points = np.array([[0.0], [0.0], [1.0], [3.0]])
    distances = [1, 3, 1, 3, 2]  # of all pairs that are apart
    gamma = median_gamma(squared_distances(points, points))
    assert gamma == 1 / (2 * np.median(np.square(distances)))


def test_equal_rows_have_a_bandwidth_too():
    assert median_gamma(np.zeros((3, 3))) == 1.0
