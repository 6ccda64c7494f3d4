"""The curves of a training: one entry an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Curve = Float[np.ndarray, "e m ..."]

# The curves of every training; one that is measured besides may have further axes.
CURVES = (
    "loss",
    "train_loss",
    "validation_loss",
    "train_metric",
    "validation_metric",
    "learning_rate",
    "score",
)


@dataclass(frozen=True)
class History:
    """Curves by name.

    Attributes:
        curves: ``(epochs, m)`` each, or with further axes; NaN where a part has no rows.
        seconds: ``(epochs,)`` since the start, shared by the epochs of a chunk.
    """

    curves: Mapping[str, Curve]
    seconds: Float[np.ndarray, " e"]

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def loss(self) -> Curve:
        """Mean over the updates of the epoch, noise included: what training lowered."""
        return self.curves["loss"]

    @property
    def train_loss(self) -> Curve:
        """After the epoch, without noise or penalty, on a sample of the training rows."""
        return self.curves["train_loss"]

    @property
    def validation_loss(self) -> Curve:
        """The same on the validation rows."""
        return self.curves["validation_loss"]

    @property
    def train_metric(self) -> Curve:
        """Accuracy, or mean squared error, on the sample of the training rows."""
        return self.curves["train_metric"]

    @property
    def validation_metric(self) -> Curve:
        """The same on the validation rows."""
        return self.curves["validation_metric"]

    @property
    def learning_rate(self) -> Curve:
        """Of the epoch's last update."""
        return self.curves["learning_rate"]

    @property
    def score(self) -> Curve:
        """What epochs are compared by; the lowest is the best."""
        return self.curves["score"]

    def extended(self, chunk: Mapping[str, Curve], seconds: float) -> History:
        """With the epochs of one more chunk, which ended ``seconds`` after the start."""
        n = len(chunk["loss"])
        curves = {
            name: np.concatenate([self.curves[name], curve]) if len(self) else curve
            for name, curve in chunk.items()
        }
        return History(curves, np.concatenate([self.seconds, np.full(n, seconds)]))

    def arrays(self) -> dict[str, np.ndarray]:
        """For a checkpoint."""
        return {**self.curves, "seconds": self.seconds}


def empty_history(members: int) -> History:
    """No epoch yet.

    >>> len(empty_history(3))
    0
    """
    nothing = np.zeros((0, members), np.float32)
    return History(dict.fromkeys(CURVES, nothing), np.zeros(0))


def history_from(arrays: Mapping[str, np.ndarray]) -> History:
    """The curves of a checkpoint."""
    return History({k: v for k, v in arrays.items() if k != "seconds"}, arrays["seconds"])
