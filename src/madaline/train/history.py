"""The curves of a training: one entry an epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

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
    """Curves, ``(epochs, m)`` each; NaN where a part has no rows.

    Attributes:
        loss: Mean over the updates of the epoch, noise included: what training lowered.
        train_loss, validation_loss: After the epoch, by the same formula, without noise or penalty;
            the first on a sample of the training rows.
        train_metric, validation_metric: Accuracy, or mean squared error.
        learning_rate: Of the epoch's last update.
        score: What epochs are compared by; the lowest is the best.
        seconds: ``(epochs,)`` since the start, shared by the epochs of a chunk.
    """

    loss: Float[np.ndarray, "e m"]
    train_loss: Float[np.ndarray, "e m"]
    validation_loss: Float[np.ndarray, "e m"]
    train_metric: Float[np.ndarray, "e m"]
    validation_metric: Float[np.ndarray, "e m"]
    learning_rate: Float[np.ndarray, "e m"]
    score: Float[np.ndarray, "e m"]
    seconds: Float[np.ndarray, " e"]

    def __len__(self) -> int:
        return len(self.seconds)

    def extended(self, chunk: dict[str, np.ndarray], seconds: float) -> History:
        """With the epochs of one more chunk, which ended ``seconds`` after the start."""
        n = len(chunk["loss"])
        curves = {name: np.concatenate([getattr(self, name), chunk[name]]) for name in CURVES}
        return History(**curves, seconds=np.concatenate([self.seconds, np.full(n, seconds)]))

    def arrays(self) -> dict[str, np.ndarray]:
        """For a checkpoint."""
        return {name: getattr(self, name) for name in (*CURVES, "seconds")}


def empty_history(members: int) -> History:
    """No epoch yet.

    >>> len(empty_history(3))
    0
    """
    nothing = np.zeros((0, members), np.float32)
    return History(**dict.fromkeys(CURVES, nothing), seconds=np.zeros(0))
