"""All rows that a training is given, and what is said of them: one record from end to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madaline.data.table import Table


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows to learn from and to judge by.

    Attributes:
        table: Features and targets.
        target: Names of the target columns.
        validation: Rows of an own validation set; None: some of ``table``.
        test: Rows of an own test set; None: some of ``table``.
        weight: ``(n,)`` row weights of ``table``, instead of a column.
        class_weight: A weight for each class, by its label.
        lenient: Take it as it is: columns and targets of one value, and a training that breaks
            before it learned anything, of which the constant guess is kept.

    >>> from madaline.data.samples import load_sample
    >>> iris = load_sample("iris")
    >>> Dataset(iris.table, (iris.target,)).target
    ('species',)
    """

    table: Table
    target: tuple[str, ...]
    validation: Table | None = None
    test: Table | None = None
    weight: NDArray[np.float64] | None = None
    class_weight: Mapping[object, float] | None = None
    lenient: bool = False

    @property
    def own(self) -> dict[str, Table]:
        """The parts that have a table of their own."""
        parts = {"validation": self.validation, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}
