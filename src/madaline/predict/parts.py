"""What a model file may hold beside what predicting needs: optional parts, each named and checked.

A part that is not there changes no answer. One that this version does not know is refused, like all
else that a model file should not hold.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from madaline.errors import FileError
from madaline.nn.head import Head
from madaline.settings.table import LOSSES

_NAMES = ("head",)


@dataclass(frozen=True)
class Parts:
    """The optional parts of a model.

    Attributes:
        head: The loss that its training lowered; None where that is not known.

    >>> Parts(Head("huber", delta=0.5)).state()
    {'head': {'loss': 'huber', 'level': 0.5, 'delta': 0.5}}
    """

    head: Head | None = None

    def state(self) -> dict[str, Any]:
        """A JSON document of the parts that are there."""
        return {} if self.head is None else {"head": asdict(self.head)}

    @classmethod
    def from_state(cls, document: Any, output: str) -> Parts:
        """The parts that `state` described.

        Args:
            document: From a file; nothing in it is trusted.
            output: Of the network.

        Raises:
            FileError: A part is not known, or has the wrong form.
        """
        if not isinstance(document, dict):
            raise _damaged("its parts are not a dictionary")
        unknown = sorted(str(name) for name in document if name not in _NAMES)
        if unknown:
            raise FileError(
                f"The model has a part {unknown[0][:40]!r} that this Madaline does not know.",
                "Upgrade Madaline and load it again.",
            )
        return cls(head=_read_head(document["head"], output) if "head" in document else None)


def _read_head(document: Any, output: str) -> Head:
    """The head of a network with this output."""
    if not isinstance(document, dict) or set(document) != {row.name for row in fields(Head)}:
        raise _damaged("its head has other keys than a head has")
    loss, numbers = document["loss"], (document["level"], document["delta"])
    if not isinstance(loss, str) or loss not in LOSSES or loss == "auto":
        raise _damaged("its head names no loss")
    if not all(type(n) in (int, float) and 0 < n < math.inf for n in numbers) or numbers[0] >= 1:
        raise _damaged("its head has a level or a delta that none has")
    head = Head(loss, *map(float, numbers))
    if head.output != output:
        raise _damaged("its loss does not fit its output")
    return head


def _damaged(reason: str) -> FileError:
    return FileError(f"The model is damaged: {reason}.", "Use another copy, or train it again.")
