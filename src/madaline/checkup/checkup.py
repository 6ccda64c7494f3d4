"""THE WHOLE CHECK ON ONE PAGE: a table comes in, findings go out, and nothing is trained.

Rows are read, split and encoded as a fit with the same settings would do it. Runs without JAX.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from madaline.checkup.columns import find_columns
from madaline.checkup.copies import find_copies
from madaline.checkup.drift import find_drift
from madaline.checkup.seen import Seen
from madaline.checkup.suspects import find_suspects
from madaline.checkup.target import find_target
from madaline.data.dataset import Dataset
from madaline.data.table import Table
from madaline.events.alert import LEVELS, Alert, Level
from madaline.events.data import Data
from madaline.events.record import JSON, as_json
from madaline.prepare.parts import encode_parts
from madaline.prepare.split_table import split_table
from madaline.settings.table import Settings


@dataclass(frozen=True, slots=True)
class Checkup:
    """What a check found.

    Attributes:
        data: What was read and how it was split.
        findings: The gravest first.
        remarks: One sentence for each thing that was looked for and not found, or not looked for.
    """

    data: Data
    findings: tuple[Alert, ...]
    remarks: tuple[str, ...]

    def count(self, level: Level) -> int:
        """How many findings are of this level."""
        return Counter(finding.level for finding in self.findings)[level]

    def as_dict(self) -> dict[str, JSON]:
        """All of it as plain values."""
        return {
            **self.data.as_dict(),
            "counts": {level: self.count(level) for level in LEVELS},
            "findings": as_json(self.findings),
            "remarks": as_json(self.remarks),
        }


def check_up(
    table: Table,
    target: str | tuple[str, ...],
    settings: Settings | None = None,
    *,
    validation: Table | None = None,
    test: Table | None = None,
) -> Checkup:
    """Look for what would spoil a training or its scores.

    Args:
        table: Features and targets.
        target: Name of the target column, or of several.
        settings: Split, task and columns with a role, as for a fit.
        validation: Rows of an own validation set.
        test: Rows of an own test set.

    Raises:
        DataError: The table cannot be used at all; a fit would end with the same error.
        UsageError: Settings do not go together.

    >>> import numpy as np
    >>> from madaline.data.columns.frames import as_table
    >>> x = np.random.default_rng(0).normal(size=(300, 2))
    >>> table = as_table({"a": x[:, 0], "b": x[:, 1], "same": np.ones(300), "y": x[:, 0] + x[:, 1]})
    >>> [found.text for found in check_up(table, "y").findings if found.code == "constant"]
    ["Column 'same' holds one value only: 1."]
    """
    settings = settings or Settings()
    names = (target,) if isinstance(target, str) else target
    split = split_table(Dataset(table, names, validation, test), settings)
    seen = Seen(split, encode_parts(split, settings), settings)
    remarks: list[str] = []
    findings = [
        *find_columns(seen),
        *find_copies(seen),
        *find_drift(seen, remarks),
        *find_suspects(seen, remarks),
        *find_target(seen),
    ]
    findings.sort(key=lambda finding: LEVELS.index(finding.level))
    return Checkup(seen.prepared.summary, tuple(findings), tuple(remarks))
