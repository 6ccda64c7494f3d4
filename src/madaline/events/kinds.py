"""All kinds of events, and how a line of a run's log becomes one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from madaline.events.alert import Alert
from madaline.events.data import Data
from madaline.events.record import JSON
from madaline.events.scores import Scored
from madaline.events.search import Rung, Runoff
from madaline.events.training import Ended, Epoch, Network, Started
from madaline.events.verdict import Verdict
from madaline.events.version_1 import modern

Event: TypeAlias = (
    Started | Data | Network | Epoch | Alert | Scored | Verdict | Ended | Rung | Runoff
)
KINDS: dict[str, type[Event]] = {
    kind.kind: kind
    for kind in (Started, Data, Network, Epoch, Alert, Scored, Verdict, Ended, Rung, Runoff)
}
VERSION = 2
"""Of the events; `madaline.events.version_1` tells what was otherwise before."""

HEAD = ("v", "n", "t", "kind")
"""What a line of a log has beside the fields of its event: version, number, time, kind."""


def events_of(line: Mapping[str, JSON]) -> Iterator[Event]:
    """The events that a line of a log tells: one, or none where its kind is not known.

    A line of version 1 may also tell alerts that today have lines of their own.

    Raises:
        DataError: Its fields are not those of its kind.

    >>> line = {"v": 1, "n": 3, "t": 0.5, "kind": "warn", "text": "The disk is full."}
    >>> [(alert.level, alert.text) for alert in events_of(line)]
    [('warn', 'The disk is full.')]
    """
    fields = {name: value for name, value in line.items() if name not in (*HEAD, "cut")}
    told = [(str(line["kind"]), fields)]
    if line["v"] == 1:
        told = [*modern(*told[0])]
    for kind, given in told:
        if kind in KINDS:
            yield KINDS[kind].from_dict(given)
