"""``madaline sweep``: settings that suit a table better become a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from madaline.cli.fit import origins_text
from madaline.cli.options import (
    command,
    given_options,
    output_options,
    range_options,
    read_choices,
    target_option,
    training_options,
)
from madaline.cli.output import Output
from madaline.cli.training import train
from madaline.errors import UsageError
from madaline.settings.layers import Choices
from madaline.settings.table import Settings
from madaline.settings.values import read_value
from madaline.study.ranges import VARIABLE, Axis, Values, is_range, read_range

if TYPE_CHECKING:
    from madaline.pipeline.run import Run
    from madaline.pipeline.watch import Watch

ABOUT = "Look for settings that suit a table better, and train with them."
EXAMPLES = (
    "madaline sweep flats.csv --target price",
    "madaline sweep a.csv -t income --learning-rate 1e-3..1e-2:log --dropout 0..0.4",
    "madaline sweep a.csv -t income --hidden 64,64 --hidden 256,256 --trials 8",
)
DETAILS = """
Each trial is one network with settings of its own, judged on the same validation rows; of all
trials ever fewer train ever longer. Then a run is trained as madaline fit does it: half of its
networks keep the settings as they are, the others take those of the best two trials. With one
network, or where hidden, activation and the like vary, the best trial's settings are taken if they
are better by more than chance. Test rows decide nothing.

A range is a..b, a..b:log, or a..b:log:5 for five values; several values are the option several
times. Without any, learning rate, weight decay and dropout vary around the preset's. Ctrl-C before
the last training leaves nothing behind.
"""


@command("sweep", ABOUT, EXAMPLES, DETAILS)
@click.argument("data")
@target_option
@click.option(
    "--trials",
    type=int,
    default=16,
    metavar="INT",
    help="Most trials; the settings as they are are one of them. [default: 16]",
)
@range_options
@training_options
@click.option("-c", "--config", metavar="FILE", help="TOML file of settings.")
@output_options
def sweep(
    data: str,
    target: tuple[str, ...],
    trials: int,
    output: str | None,
    config: str | None,
    assignments: tuple[str, ...],
    output_mode: Output,
    **options: Any,
) -> None:
    """Search, then train."""
    space, fixed = read_space(options)
    choices = read_choices(fixed, target, assignments, config)
    if not choices.target:
        raise UsageError("There is no target.", f"Write madaline sweep {data} --target COLUMN.")
    if output_mode.verbose:
        output_mode.note(origins_text(choices))
    train(
        lambda watch: _search_and_run(data, choices, space, trials, output, watch, output_mode),
        output_mode,
        "sweep",
    )


def read_space(options: Mapping[str, Any]) -> tuple[dict[str, Axis], dict[str, Any]]:
    """What varies, and the options that are one value, still as written.

    Raises:
        UsageError: A range or one of several values cannot be read.

    >>> read_space({"dropout": ("0..0.4",), "l2": ("1e-3", "1e-2"), "hidden": ("64,64",)})[0]
    {'l2': Values(values=(0.001, 0.01)), 'dropout': Range(low=0.0, high=0.4, log=False)}
    """
    space: dict[str, Axis] = {}
    fixed = given_options({k: v for k, v in options.items() if k not in VARIABLE})
    for name in VARIABLE:
        texts: list[str] = [*(options.get(name) or ())]
        if any(is_range(text) for text in texts):
            if len(texts) > 1:
                raise UsageError(
                    f"{name} has a range and another value: {' and '.join(texts)}.",
                    "Give one range, or several values.",
                )
            space[name] = read_range(name, texts[0])
        elif len(texts) > 1:
            values = [read_value(name, text) for text in texts]
            space[name] = Values(tuple(dict.fromkeys(values)))
        elif texts:
            fixed[name] = texts[0]
        if name in space:
            for end in _ends(space[name]):
                Settings(**{name: end})  # out of its range: told before anything is read
    return space, fixed


def _ends(axis: Axis) -> tuple[Any, ...]:
    return axis.values if isinstance(axis, Values) else (axis.low, axis.high)


def _search_and_run(
    data: str,
    choices: Choices,
    space: Mapping[str, Axis],
    n_trials: int,
    output: str | None,
    watch: Watch,
    output_mode: Output,
) -> Run:
    from madaline.prepare.dataset import read_dataset
    from madaline.report.words.trials import describe_search
    from madaline.runs.start import record_run
    from madaline.store.folder import refuse_full
    from madaline.study.record import write_trials
    from madaline.study.search import search

    if output is not None and Path(output).is_dir():
        refuse_full(Path(output))  # before a search that would be in vain
    rows = read_dataset(data, choices.target, choices.settings)
    found = search(
        rows,
        choices.settings,
        space=space or None,
        n_trials=n_trials,
        tell=watch.event,
    )
    output_mode.result([*describe_search(found), ""])
    origins = choices.origins | dict.fromkeys(found.changed, "sweep")
    done = record_run(
        rows, found.settings, source=data, output=output, origins=origins, watch=watch
    )
    if done.folder is not None:
        write_trials(done.folder, found)
    return replace(done, summary=replace(done.summary, search=found.as_dict()))
