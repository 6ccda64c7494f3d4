"""Held-out predictions of every row from one quick fit: a forest, each tree asked about rows that
it did not see.

Source: Geurts, Ernst and Wehenkel (2006), extremely randomised trees; Breiman (1996), out-of-bag
estimation. Scikit-learn's implementation; imported when first needed.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

TREES = 100
# A tree learns from at most so many rows: its time then hardly grows with the table.
_ROWS_A_TREE = 10_000
# Of a regression: a leaf of fewer rows believes wrong values, one of more blurs right ones; and
# splits look at no more features, for time.
_LEAF, _FEATURES = 3, 20


def held_out_classes(x: NDArray[np.float32], labels: NDArray[np.intp], seed: int) -> np.ndarray:
    """``(n, k)`` probabilities of the classes ``0 .. k-1``, none learned from the row itself.

    >>> x = np.arange(40, dtype=np.float32)[:, None]
    >>> held_out_classes(x, (x[:, 0] >= 20).astype(int), seed=0).argmax(axis=1)[[0, 39]].tolist()
    [0, 1]
    """
    from sklearn.ensemble import ExtraTreesClassifier

    forest = ExtraTreesClassifier(TREES, **_choices(len(x), seed))
    _fit(forest, x, labels)
    found = np.zeros((len(x), int(labels.max()) + 1))
    found[:, forest.classes_] = np.nan_to_num(forest.oob_decision_function_)
    return found


def held_out_values(x: NDArray[np.float32], values: NDArray[np.float64], seed: int) -> np.ndarray:
    """``(n,)`` predicted values, none learned from the row itself."""
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(
        TREES,
        min_samples_leaf=_LEAF,
        max_features=min(_FEATURES, x.shape[1]),
        **_choices(len(x), seed),
    )
    _fit(forest, x, values)
    return np.asarray(forest.oob_prediction_)


class _Choices(TypedDict):
    bootstrap: bool
    oob_score: bool
    max_samples: int | None
    n_jobs: int
    random_state: int


def _choices(n_rows: int, seed: int) -> _Choices:
    return {
        "bootstrap": True,
        "oob_score": True,
        "max_samples": _ROWS_A_TREE if n_rows > _ROWS_A_TREE else None,
        "n_jobs": -1 if n_rows > _ROWS_A_TREE else 1,  # handing out small trees takes longer
        "random_state": seed,
    }


def _fit(
    forest: ExtraTreesClassifier | ExtraTreesRegressor, x: NDArray[np.float32], answers: np.ndarray
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a row that every tree saw, in tables of a few rows
        forest.fit(x, answers)
