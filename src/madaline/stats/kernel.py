"""The RBF kernel ``exp(-gamma |x - y|^2)``, by differences.

The usual expansion ``|x|^2 + |y|^2 - 2 x.y`` is a matrix product, and wrong: near 1e8 its terms are
1e16, so a distance of 1 drowns in their rounding. Differences are exact where points are close.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]


def squared_distances(x: ArrayLike, y: ArrayLike) -> Matrix:
    """``(n, m)`` squared distances of the rows of ``x (n, d)`` and ``y (m, d)``, by differences.

    >>> squared_distances([[1e8, 0.0]], [[1e8 + 1, 1.0]]).tolist()
    [[2.0]]
    """
    from scipy.spatial.distance import cdist

    found = cdist(np.asarray(x, np.float64), np.asarray(y, np.float64), "sqeuclidean")
    return np.asarray(found, np.float64)


def rbf_kernel(x: ArrayLike, y: ArrayLike, gamma: float) -> Matrix:
    """``(n, m)`` similarities ``exp(-gamma |x_i - y_j|^2)``, each between 0 and 1.

    Args:
        x: ``(n, d)`` points.
        y: ``(m, d)`` points.
        gamma: Above 0, in units of one over a squared distance; 1 / (2 sigma^2).

    >>> rbf_kernel([[0.0], [1e8]], [[0.0], [1e8 + 1]], gamma=1.0).round(3).tolist()
    [[1.0, 0.0], [0.0, 0.368]]
    """
    return similarities(squared_distances(x, y), gamma)


def similarities(distances: Matrix, gamma: float) -> Matrix:
    """``exp(-gamma d)`` of squared distances, written over them."""
    distances *= -gamma
    return np.exp(distances, out=distances)


def median_gamma(distances: Matrix) -> float:
    """Gamma of the median heuristic: 1 / (2 sigma^2), sigma the median distance of two points.

    Args:
        distances: ``(n, n)`` squared distances of all pairs; the diagonal does not count.

    Source: Gretton et al. (2012), "A kernel two-sample test", section 8.

    >>> median_gamma(squared_distances([[0.0], [2.0], [4.0]], [[0.0], [2.0], [4.0]]))
    0.125
    """
    pairs = distances[np.triu_indices(len(distances), 1)]
    apart = pairs[pairs > 0]  # rows that are equal say nothing about how far apart rows are
    return 1 / (2 * float(np.median(apart))) if len(apart) else 1.0
