"""The words of a search: its events in, plain lines of at most 80 columns out."""

from __future__ import annotations

from madaline.events.record import JSON
from madaline.events.search import Rung, Runoff, Searched, Trial
from madaline.report.words.layout import alike, count, duration, entry, shortened, table
from madaline.stats.digits import significant

# More would not fit on a screen; the run folder has all of them.
MOST_TRIALS = 12
_LONGEST_VALUE = 16
_WHY = {
    "done": "",
    "stopped_early": "",
    "behind": "behind",
    "diverged": "diverged",
    "time": "time is up",
}


def describe_rung(rung: Rung) -> str:
    """How far the trials are.

    >>> describe_rung(Rung(9, 2, 4, trials=16, best=0.5, preset=0.625, seconds=3.2))
    'Epoch 9: 16 trials, validation loss at best 0.5, without changes 0.625 (3.2 s)'
    """
    best, preset = significant(rung.best, 4), significant(rung.preset, 4)
    return (
        f"Epoch {rung.epoch}: {count(rung.trials, 'trial')}, validation loss at best {best}, "
        f"without changes {preset} ({duration(rung.seconds)})"
    )


def describe_runoff(runoff: Runoff) -> str:
    """What is trained to compare.

    >>> describe_runoff(Runoff(3))
    'Training whole networks, without changes and as trial 3 ...'
    """
    return f"Training whole networks, without changes and as trial {runoff.trial} ..."


def describe_search(search: Searched) -> list[str]:
    r"""The trials, best first, and whether the search paid.

    >>> from madaline.events.search import Comparison
    >>> trials = (Trial(1, {"dropout": 0.25}, 0.5, (0.5,), epochs=9, why="done"),
    ...           Trial(0, {}, 0.625, (0.625,), epochs=9, why="done"))
    >>> print("\n".join(describe_search(Searched(trials, {"dropout": 0.1}, best=1, taken=(1,),
    ...     changed=("dropout",), comparison=Comparison(0.125, 0.01, 1.5, 99), programs=1,
    ...     seconds=2.0))))
    Trials    2 trials in 1 program, 2.0 s
    <BLANKLINE>
    trial  validation loss  epochs  dropout
        1            0.500       9     0.25
        0            0.625       9      0.1
    <BLANKLINE>
    Search    trial 1 is better: its loss on 99 validation rows is lower by 0.12
              (standard error 0.01). Its settings are taken.
    """
    trials, shown = search.trials, _shown(search.trials)
    number, n_programs = count(len(trials), "trial"), count(search.programs, "program")
    lines = entry("Trials", f"{number} in {n_programs}, {duration(search.seconds)}")
    rows = [["trial", "validation loss", "epochs", *search.varied, ""]]
    for trial, score in zip(shown, alike([trial.score for trial in shown]), strict=True):
        values = (trial.choices.get(name, value) for name, value in search.varied.items())
        cells = [shortened(_text(value), _LONGEST_VALUE) for value in values]
        rows.append([str(trial.number), score, str(trial.epochs), *cells, _WHY[trial.why]])
    lines += ["", *table(rows, ">>>" + ">" * len(search.varied) + "<")]
    if len(trials) > len(shown):
        lines.append(f"... and {len(trials) - len(shown)} more")
    return [*lines, "", *entry("Search", _outcome(search))]


def _shown(trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
    """The first, and always the settings as they are."""
    first = trials[:MOST_TRIALS]
    if any(trial.number == 0 for trial in first):
        return first
    return (*first[:-1], *(trial for trial in trials if trial.number == 0))


def _outcome(search: Searched) -> str:
    best, found = search.best, search.comparison
    if not best:
        return "the settings as they were are the best of all trials: kept."
    gain, noise = significant(found.gain, 2), significant(found.noise, 2)
    rows = f"{count(found.rows)} validation rows"
    better = (
        f"trial {best} is better: its loss on {rows} is lower by {gain} (standard error {noise})."
    )
    if "members" in search.changed:
        numbers = " and ".join(str(number) for number in search.taken)
        those = f"those of trial{'s' * (len(search.taken) > 1)} {numbers}"
        return f"{better} Half of the networks keep the settings, the others take {those}."
    if search.taken:
        return f"{better} Its settings are taken."
    if found.gain <= 0:
        return f"the settings as they were are as good on {rows}: kept."
    return (
        f"the settings as they were are as good: the best trial's loss on {rows} is lower by "
        f"{gain} (standard error {noise}), which may be chance. Kept."
    )


def _text(value: JSON) -> str:
    if isinstance(value, list | tuple):
        return ",".join(_text(item) for item in value) or "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return significant(value, 3) if isinstance(value, float) else str(value)
