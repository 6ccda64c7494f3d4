"""What a check before training looks at, and how it words what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

from madaline.data.table import RowIndex, Table
from madaline.prepare.parts import Prepared
from madaline.prepare.split_table import SplitTable
from madaline.settings.table import Settings


@dataclass(frozen=True, eq=False)
class Seen:
    """What the checks look at: the rows as they would be split and encoded for training.

    Attributes:
        split: Rows and their parts.
        prepared: The same, encoded.
        settings: A person's choices.
    """

    split: SplitTable
    prepared: Prepared
    settings: Settings

    @property
    def task(self) -> str:
        """What is to be predicted."""
        return self.split.code.task

    @property
    def table(self) -> Table:
        """The rows that were split, all columns."""
        return self.split.labelled.table

    @property
    def fresh_part(self) -> str:
        """The part that no network learns from: test, else validation; "" where all are learned."""
        if self.prepared.parts["test"].n_rows:
            return "test"
        return "" if self.prepared.n_held_out else "validation"

    @property
    def describing(self) -> tuple[str, ...]:
        """Columns that describe a row: those learned from, without what merely numbers the rows."""
        alerts = self.prepared.alerts
        names = {name for a in alerts if a.code == "identifier" for name in a.columns}
        return tuple(name for name in self.prepared.encoder.columns if name not in names)

    def row_numbers(self, rows: RowIndex) -> tuple[int, ...]:
        """Rows of ``table`` as numbers in the file, from 1."""
        return numbers_from_1(self.split.labelled.row_numbers[rows])


def numbers_from_1(rows: RowIndex) -> tuple[int, ...]:
    """Row numbers as a person counts them."""
    return tuple((rows + 1).tolist())


def listed(names: tuple[str, ...] | list[str], most: int = 3) -> str:
    """The first few names, quoted.

    >>> listed(["a", "b", "c", "d"], 2)
    "'a', 'b' and 2 more"
    """
    shown = ", ".join(repr(name) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def percent(share: float) -> str:
    """A share in percent: two significant digits of what is there or of what is lacking.

    >>> percent(0.0344), percent(0.9996), percent(1.0), percent(0.00001), percent(0.5)
    ('3.4 %', '99.96 %', '100 %', '0.001 %', '50 %')
    """
    near = 100 * min(share, 1 - share)
    if near <= 0:
        return f"{100 * share:.0f} %"
    text = f"{100 * share:.{max(0, 1 - floor(log10(near)))}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"
