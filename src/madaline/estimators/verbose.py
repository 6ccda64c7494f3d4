"""``verbose=True``: a line an epoch, as scikit-learn prints it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from madaline.events.kinds import Event
from madaline.pipeline.watch import Look


class Printer:
    """Prints the epochs of a `fit` as they pass."""

    def __init__(self) -> None:
        self._told = 0

    def event(self, event: Event) -> None:
        """Prints nothing: the curves tell it all."""

    def progress(self, look: Look) -> None:
        """Prints the epochs since the last look; never stops."""
        curves = look.history.arrays()
        for index in range(self._told, look.epoch):
            print_epoch(index + 1, curves, index)
        self._told = look.epoch


def print_epoch(epoch: int, curves: Mapping[str, NDArray[np.floating]], index: int) -> None:
    """The lines of one epoch, mean over members: its losses, as `loss_curve_` has them."""
    print(f"Iteration {epoch}, loss = {curves['loss'][index].mean():.8f}")
    held_out = curves["validation_loss"][index].mean()
    if not np.isnan(held_out):
        print(f"Validation loss: {held_out:.6f}")
