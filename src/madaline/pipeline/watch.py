"""Whoever looks on while a run goes its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from madaline.predict.predictor import Predictor
from madaline.train.loop import Progress


@dataclass(frozen=True)
class Look(Progress):
    """Where a training stands, and what it would predict.

    Attributes:
        predictor: Makes a predictor of the newest weights.
    """

    predictor: Callable[[], Predictor]


class Watch(Protocol):
    """Whoever looks on while a run goes its way."""

    def event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Something happened: data, network, epoch, note, warn, scores, verdict, end."""

    def progress(self, progress: Look) -> str | bool | None:
        """After each chunk of epochs; True or a reason such as "interrupted" ends the training."""


class Nobody:
    """No one watches."""

    def event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Told to no one."""

    def progress(self, progress: Look) -> None:
        """Nothing to wish."""
