"""How good learning rates are, as a record."""

from __future__ import annotations

import math
from dataclasses import dataclass

from madaline.events.record import Record


@dataclass(frozen=True, slots=True)
class LearningRates(Record):
    """Validation losses of one network at several learning rates.

    Attributes:
        rates: Learning rates, ascending.
        losses: For each rate one loss a seed; None where training broke.
        epochs: That each was trained, at most.
        rows: Validation rows that judged.

    >>> found = LearningRates((0.01, 0.1), ((0.5, 0.7), (0.4, None)), epochs=10, rows=99)
    >>> found.means, found.best
    ((0.6, inf), 0.01)
    """

    rates: tuple[float, ...]
    losses: tuple[tuple[float | None, ...], ...]
    epochs: int
    rows: int

    @property
    def means(self) -> tuple[float, ...]:
        """The mean loss of each rate; infinite where any of its trainings broke."""
        return tuple(
            math.inf if None in own else math.fsum(loss or 0.0 for loss in own) / len(own)
            for own in self.losses
        )

    @property
    def best(self) -> float:
        """The rate of the lowest mean loss."""
        return self.rates[self.means.index(min(self.means))]
