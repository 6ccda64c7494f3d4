"""Events that real runs told, out of their logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.events.kinds import Event, events_of
from madaline.runs.start import start_run
from madaline.settings.table import Settings
from madaline.store.folder import RunFolder

GOLDEN = Path(__file__).parents[2] / "golden" / "v1" / "run" / "events.jsonl"


class Told(list[Event]):
    """The events of a run, in their order."""

    def first(self, kind: str) -> Event:
        return next(event for event in self if event.kind == kind)


@pytest.fixture(scope="session")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Two classes, a column with gaps, one with many texts, one of one value, two networks."""
    rng = np.random.default_rng(0)
    x, town = rng.normal(size=(240, 2)), rng.integers(0, 12, 240)
    x[::6, 1] = np.nan
    columns = {"a": x[:, 0], "b": x[:, 1], "town": [f"town {t}" for t in town], "one": np.ones(240)}
    table = as_table(columns | {"y": np.where(x[:, 0] + town / 6 > 1, "yes", "no")})
    settings = Settings(preset="classic", hidden=(8,), epochs=4, members=2, patience=9)
    folder = tmp_path_factory.mktemp("told") / "run"
    start_run(table, "y", settings, output=folder)
    return Told(RunFolder.open(folder, lock=False).read_events())


@pytest.fixture(scope="session")
def of_version_1() -> Told:
    """A regression that Madaline 0.1.0 wrote down, interrupted after its first epoch."""

    def events() -> Iterator[Event]:
        for line in GOLDEN.read_text().splitlines():
            yield from events_of(json.loads(line))

    return Told(events())
