from __future__ import annotations

import numpy as np
import pytest

from madaline.stats.kernel import median_gamma, rbf_kernel, squared_distances


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


def test_the_bandwidth_is_the_median_distance_of_different_rows():
    points = np.array([[0.0], [0.0], [1.0], [3.0]])
    distances = [1, 3, 1, 3, 2]  # of all pairs that are apart
    gamma = median_gamma(squared_distances(points, points))
    assert gamma == 1 / (2 * np.median(np.square(distances)))


def test_equal_rows_have_a_bandwidth_too():
    assert median_gamma(np.zeros((3, 3))) == 1.0
