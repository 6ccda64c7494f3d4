"""What the network must beat: the best constant guess, and a linear model of the same features.

Scikit-learn's linear models; imported when first needed, for that takes most of a second.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from sklearn.linear_model import LogisticRegression

    from madaline.encode.features import Features
    from madaline.nn.head import Head

# More rows hardly move a linear model of a table, and nobody should have to wait for it.
_MOST_ROWS = 20_000
_MOST_LABELS = 20

Matrix: TypeAlias = "np.ndarray | csr_array"
Outputs = NDArray[np.float64]


def linear_outputs(
    head: Head,
    features: Features,
    y: np.ndarray,
    weight: NDArray[np.float64],
    n_outputs: int,
    others: dict[str, Features],
) -> dict[str, Outputs] | None:
    """Outputs ``(n, k)`` of a regularised linear model for each of ``others``.

    Args:
        head: Decides the model: ridge, Poisson or logistic regression.
        features: Of the training rows; embedded codes are one-hot here.
        y: Their encoded targets.
        weight: Their weights.
        n_outputs: ``k`` of the network.
        others: The parts to predict.

    Returns:
        None where there is no fair linear model: a quantile, or very many labels.
    """
    if head.loss == "quantile" or (head.output == "sigmoid" and n_outputs > _MOST_LABELS):
        return None
    used = _sample(len(y))
    used = used[weight[used] > 0]
    widths = tuple((features.codes.max(axis=0, initial=0) + 1).tolist())
    x, target, w = _matrix(features, widths)[used], y[used], weight[used]
    # scikit-learn's models refuse to answer for no rows.
    rows = {name: _matrix(part, widths) for name, part in others.items() if len(part.x)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged is good enough for a reference
        if head.output == "linear":
            made = _ridge(x, target, w, rows)
        elif head.output == "exp":
            made = _poisson(x, target, w, rows)
        elif head.output == "softmax":
            made = _softmax(x, target, w, n_outputs, rows)
        else:
            made = _labels(x, target, w, rows)
    return None if made is None else dict.fromkeys(others, np.zeros((0, n_outputs))) | made


def _sample(n: int) -> NDArray[np.intp]:
    """All rows, or an even spread of them."""
    return np.arange(n) if n <= _MOST_ROWS else np.linspace(0, n - 1, _MOST_ROWS).astype(np.intp)


def _matrix(features: Features, widths: tuple[int, ...]) -> Matrix:
    """Numbers and one-hot codes; a code that no training row has (beyond its width) is all 0."""
    x = np.asarray(features.x, np.float64)
    if not features.codes.shape[1]:
        return x
    from scipy import sparse

    blocks = [sparse.csr_array(x)]
    for column, width in zip(features.codes.T, widths, strict=True):
        (rows,) = np.nonzero(column < width)
        ones, shape = np.ones(len(rows)), (len(column), width)
        blocks.append(sparse.csr_array((ones, (rows, column[rows])), shape=shape))
    return sparse.csr_array(sparse.hstack(blocks))


def _ridge(x: Matrix, y: np.ndarray, w: np.ndarray, rows: dict[str, Matrix]) -> dict[str, Outputs]:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=1.0, solver="auto" if isinstance(x, np.ndarray) else "sparse_cg")
    model.fit(x, y, sample_weight=w)
    made = {name: np.asarray(model.predict(part)) for name, part in rows.items()}
    return {name: found.reshape(len(found), -1) for name, found in made.items()}


def _poisson(
    x: Matrix, y: np.ndarray, w: np.ndarray, rows: dict[str, Matrix]
) -> dict[str, Outputs]:
    from sklearn.linear_model import PoissonRegressor

    models = [
        PoissonRegressor(alpha=1e-3, max_iter=200).fit(x, column, sample_weight=w) for column in y.T
    ]
    return {
        name: np.stack([m.predict(part) for m in models], axis=1) for name, part in rows.items()
    }


def _softmax(
    x: Matrix, y: np.ndarray, w: np.ndarray, n_outputs: int, rows: dict[str, Matrix]
) -> dict[str, Outputs] | None:
    present = np.unique(y)
    if len(present) < 2:
        return None
    model = _logistic().fit(x, y, sample_weight=w)
    found: dict[str, Outputs] = {}
    for name, part in rows.items():
        p = model.predict_proba(part)
        found[name] = np.zeros((len(p), n_outputs))
        found[name][:, present] = p
    return found


def _labels(
    x: Matrix, y: np.ndarray, w: np.ndarray, rows: dict[str, Matrix]
) -> dict[str, Outputs] | None:
    if any(len(np.unique(column)) < 2 for column in y.T):
        return None
    models = [_logistic().fit(x, column, sample_weight=w) for column in y.T]
    return {
        name: np.stack([m.predict_proba(part)[:, 1] for m in models], axis=1)
        for name, part in rows.items()
    }


def _logistic() -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=200)
