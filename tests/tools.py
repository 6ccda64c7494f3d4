"""What many tests need: somebody who looks on while a run goes its way."""

from __future__ import annotations


class Onlooker:
    """Keeps what it is told, and acts once.

    Args:
        act: What to do at that look; what it returns is the wish: "interrupted" ends the run.
        at: Which look, counted from 1.
    """

    def __init__(self, act=lambda: None, *, at=1):
        self.act, self.left, self.events = act, at, []

    def event(self, event):
        self.events.append(event)

    def progress(self, progress):
        self.left -= 1
        return self.act() if self.left == 0 else None

    def texts(self, kind="alert"):
        return [event.text for event in self.events if event.kind == kind]


def interrupter(at=1):
    """Interrupts a run at a look."""
    return Onlooker(lambda: "interrupted", at=at)
