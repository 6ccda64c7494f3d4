"""What a fitted estimator remembers: one record, which every fit replaces as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madaline.estimators.parameters import Shape
from madaline.events.verdict import Verdict
from madaline.pipeline.run import Run
from madaline.predict.predictor import Predictor
from madaline.runs.incremental import Continued
from madaline.study.search import Trial

Curves = dict[str, NDArray[np.floating]]
# The engine's metric of each epoch, and the variance of the validation targets, as scores.
AsScores = Callable[[NDArray[np.float64], float], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Memory:
    """What is left of all calls of `fit` and `partial_fit`. What is not known is None.

    Attributes:
        predictor: What answers.
        kind: The type of the answers' numbers: that of the rows.
        verdict: Of the last `fit`, or of a loaded model; a `partial_fit` changes what was judged.
        run: Everything about the last `fit`, if no `partial_fit` came after it.
        trials: Of the search before it.
        shape: Of the first rows.
        state: Where training stands.
        history: Curves by name, one value an epoch.
        scores: ``(e,)`` of the held-out rows.
        held_out: Whether the last rows were judged by held-out ones.
        n_epochs: Of the last `fit`, and of every `partial_fit` after it.
        n_rows_seen: In all.
    """

    predictor: Predictor
    kind: type[np.floating[Any]] = np.float64
    verdict: Verdict | None = None
    run: Run | None = None
    trials: tuple[Trial, ...] | None = None
    shape: Shape | None = None
    state: Continued | None = None
    history: Curves | None = None
    scores: NDArray[np.float64] | None = None
    held_out: bool | None = None
    n_epochs: int | None = None
    n_rows_seen: int | None = None


def after_fit(
    done: Run,
    shape: Shape,
    kind: type[np.floating[Any]],
    as_scores: AsScores,
    *,
    earlier: Memory | None,
    trials: tuple[Trial, ...] | None,
) -> Memory:
    """What is remembered of a `fit`.

    Args:
        done: The training.
        shape: Of its rows.
        kind: Of its rows' numbers.
        as_scores: See `AsScores`.
        earlier: Of the network that it went on from; None began anew.
        trials: Of the search before it.
    """
    now = Continued(
        done.settings,
        done.predictor,
        done.state,
        done.history,
        done.opening.prepared.parts["validation"].spread,
        done.summary.rows.train,
    )
    return replace(
        _after(now, shape, kind, as_scores, earlier),
        verdict=done.verdict,
        run=done,
        trials=trials,
        n_epochs=len(done.history),
    )


def after_epoch(
    now: Continued,
    shape: Shape,
    kind: type[np.floating[Any]],
    as_scores: AsScores,
    *,
    earlier: Memory | None,
) -> Memory:
    """What is remembered of a `partial_fit`; arguments as for `after_fit`."""
    n_epochs = (earlier.n_epochs or 0 if earlier else 0) + 1
    return replace(_after(now, shape, kind, as_scores, earlier), n_epochs=n_epochs)


def _after(
    now: Continued,
    shape: Shape,
    kind: type[np.floating[Any]],
    as_scores: AsScores,
    earlier: Memory | None,
) -> Memory:
    """The curves go on where they ended."""
    curves = {
        name: curve.mean(axis=1) if curve.ndim == 2 else curve
        for name, curve in (now.history.arrays() if now.history else {}).items()
    }
    scores = as_scores(np.asarray(curves["validation_metric"], np.float64), now.validation_spread)
    n_rows_seen = len(scores) * now.n_train
    if earlier is not None:
        n_rows_seen += earlier.n_rows_seen or 0
    if earlier is not None and earlier.history is not None and earlier.scores is not None:
        before = earlier.history
        curves = {name: np.concatenate([before[name], curve]) for name, curve in curves.items()}
        scores = np.concatenate([earlier.scores, scores])
    return Memory(
        now.predictor,
        kind,
        shape=shape,
        state=now,
        history=curves,
        scores=scores,
        held_out=not np.isnan(now.validation_spread),
        n_rows_seen=n_rows_seen,
    )
