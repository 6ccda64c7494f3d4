"""Arms side by side: all train a little, the better half goes on, and so forth.

Source: successive halving (Jamieson and Talwalkar, Non-stochastic Best Arm Identification, 2016).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from madaline.events.search import Rung
from madaline.settings.recipes import Recipe
from madaline.study.arms import GROUP, Trained, go_on, groups
from madaline.train.optimizers import CYCLE_ENDS


@dataclass(frozen=True, eq=False)
class Entrant:
    """A trial in the race.

    Attributes:
        number: Of the trial; 0 is the settings as they are.
        trained: Where it stands.
        scores: Its score at each rung that it reached.
    """

    number: int
    trained: Trained
    scores: tuple[float, ...] = ()

    @property
    def settings(self) -> Recipe:
        """Complete, of one network."""
        return self.trained.settings

    @property
    def score(self) -> float:
        """The last of the scores; infinite where it is no number."""
        found = self.scores[-1] if self.scores else np.inf
        return found if np.isfinite(found) else np.inf


def race(
    entrants: Sequence[Entrant],
    *,
    tell: Callable[[Rung], None] | None = None,
    seconds: float | None = None,
) -> tuple[Entrant, ...]:
    """Train ever fewer ever longer; trial 0 stays to the end.

    Args:
        entrants: Before their first epoch.
        tell: Hears of each rung.
        seconds: After these no further group of trials is trained.

    Returns:
        All of them, those that went furthest first, and of those the best first.
    """
    started = time.perf_counter()
    stops = rungs(entrants[0].settings.epochs)
    racing, standing = list(entrants), {entrant.number: entrant for entrant in entrants}
    for number, stop in enumerate(stops, 1):
        moved: list[Entrant] = []
        late = False
        for group in _train(racing, stop):
            moved += group
            passed = time.perf_counter() - started
            late = seconds is not None and passed > seconds
            if late:
                break
        standing |= {entrant.number: entrant for entrant in moved}
        racing = survivors(moved)
        if tell is not None:
            best, preset = min(e.score for e in moved), standing[0].score
            passed = time.perf_counter() - started
            tell(Rung(stop, number, len(stops), len(moved), best, preset, passed))
        if late or not any(entrant.trained.is_active for entrant in racing):
            break
    return tuple(sorted(standing.values(), key=lambda e: (-len(e.scores), e.score, e.number)))


def rungs(epochs: int) -> tuple[int, ...]:
    """The epochs after which trials are compared: at rate 0, as if their training were over.

    >>> rungs(128), rungs(2)
    ((9, 26, 60, 128), (1, 2))
    """
    return tuple(dict.fromkeys(max(1, round(share * epochs)) for share in CYCLE_ENDS))


def survivors(entrants: Sequence[Entrant]) -> list[Entrant]:
    """The better half and trial 0, which comes first; no fewer than fill a group."""
    others = sorted((e for e in entrants if e.number), key=lambda e: (e.score, e.number))
    n = max(GROUP, (len(entrants) + 1) // 2)
    return [*(e for e in entrants if not e.number), *others[: n - 1]]


def _train(racing: Sequence[Entrant], stop: int) -> Iterator[list[Entrant]]:
    """All of them until epoch ``stop``, group by group."""
    number = {entrant.trained: entrant for entrant in racing}
    for group in groups([entrant.trained for entrant in racing]):
        moved = zip(group, go_on(group, stop), strict=True)
        yield [
            replace(number[before], trained=after, scores=(*number[before].scores, after.score))
            for before, after in moved
        ]
