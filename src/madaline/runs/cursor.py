"""Where a run stands, as a checkpoint says it beside its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from madaline.events.record import JSON, Record


@dataclass(frozen=True, slots=True)
class Asked(Record):
    """What decides the training beside the rows.

    Attributes:
        settings: A person's choices, by name.
        class_weight: As it was given beside them.
    """

    settings: Mapping[str, JSON]
    class_weight: JSON = None

    def changes(self, now: Asked) -> list[str]:
        """What is asked otherwise now, each as ``name before -> now``."""
        old, new = (
            {**asked.settings, "class_weight given": asked.class_weight} for asked in (self, now)
        )
        return [
            f"{name} {old.get(name)} -> {new.get(name)}"
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        ]


@dataclass(frozen=True, slots=True)
class Cursor(Record):
    """Where a run stands.

    Attributes:
        fingerprint: Of its rows.
        epoch: Epochs that it has trained.
        step: Updates.
        environment: What the bits depend on beside seed and data.
        asked: What it was asked for.
        n_events: Lines of its log.
    """

    fingerprint: str
    epoch: int
    step: int
    environment: Mapping[str, str]
    asked: Asked
    n_events: int
