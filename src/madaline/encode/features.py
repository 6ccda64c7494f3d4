"""What an encoder hands to the engine: numbers, and codes of embedded columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import RowIndex


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The encoded rows of a table.

    Attributes:
        x: ``(n, d)`` float32, finite.
        codes: ``(n, c)`` int32; column ``j`` holds 0 .. ``code_sizes[j] - 1``, 0 = never seen.

    >>> features = Features(np.zeros((3, 2), np.float32), np.zeros((3, 0), np.int32))
    >>> features.n_rows, features.take(slice(0, 2)).x.shape
    (3, (2, 2))
    """

    x: NDArray[np.float32]
    codes: NDArray[np.int32]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.x)

    def take(self, rows: RowIndex | slice) -> Features:
        """Only these rows."""
        return Features(self.x[rows], self.codes[rows])
