"""``madaline fit``: a table becomes a trained network in a run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from madaline.cli.options import (
    command,
    given_options,
    output_options,
    read_choices,
    setting_options,
    target_option,
    training_options,
)
from madaline.cli.output import Output
from madaline.cli.training import train
from madaline.errors import UsageError
from madaline.settings.layers import Choices

if TYPE_CHECKING:
    from madaline.pipeline.run import Run
    from madaline.pipeline.watch import Watch

ABOUT = "Train a network on a table."
EXAMPLES = (
    "madaline fit flats.csv --target price",
    "madaline fit people.parquet -t income --drop id --members 8 -o runs/income",
    "madaline fit --resume runs/income",
)
DETAILS = """
DATA is a CSV, TSV, Parquet, JSON lines or Arrow file, also gzipped or zipped. The report goes to
stdout, progress to stderr; weights, settings and every event go to the run folder.

A setting is taken from the first of: its option, --set, the environment (MADALINE_EPOCHS), the
file of --config, madaline.toml, [tool.madaline] of pyproject.toml, the preset, its default.
"""


@command("fit", ABOUT, EXAMPLES, DETAILS)
@click.argument("data", required=False)
@target_option
@setting_options
@training_options
@click.option(
    "--resume", metavar="RUN", help="Continue an interrupted run; it keeps its data and settings."
)
@click.option("-c", "--config", metavar="FILE", help="TOML file of settings.")
@output_options
def fit(
    data: str | None,
    target: tuple[str, ...],
    output: str | None,
    resume: str | None,
    config: str | None,
    assignments: tuple[str, ...],
    output_mode: Output,
    **options: Any,
) -> None:
    """Train, or go on with ``--resume``."""
    options = given_options(options)
    if resume is not None:
        refuse_with_resume(data, target, output, config, assignments, options)
        train(lambda watch: _resume(resume, watch), output_mode)
        return
    choices = read_choices(options, target, assignments, config)
    if data is None:
        raise UsageError("There is no DATA to fit.", "Write madaline fit FILE --target COLUMN.")
    if not choices.target:
        raise UsageError("There is no target.", f"Write madaline fit {data} --target COLUMN.")
    if output_mode.verbose:
        output_mode.note(origins_text(choices))
    train(lambda watch: _start(data, choices, output, watch), output_mode)


def refuse_with_resume(
    data: str | None,
    target: tuple[str, ...],
    output: str | None,
    config: str | None,
    assignments: tuple[str, ...],
    options: dict[str, object],
) -> None:
    """A resumed run continues bit for bit, so nothing about it may be changed."""
    others = {
        "DATA": data,
        "--target": target,
        "--output": output,
        "--config": config,
        "--set": assignments,
    }
    given = [name for name, value in others.items() if value]
    given += ["--" + name.replace("_", "-") for name in options]
    if given:
        raise UsageError(
            f"--resume keeps the run's data and settings; {', '.join(given)} would change them.",
            "Write madaline fit --resume RUN alone, or start a new run.",
        )


def origins_text(choices: Choices) -> str:
    """A line for each setting that somebody chose, with the place.

    >>> from madaline.settings.layers import Layer, choose
    >>> print(origins_text(choose([Layer("--set", {"epochs": "5", "target": "age"})])))
    target = ('age',)  (--set)
    epochs = 5  (--set)
    """
    values = {"target": choices.target, **vars(choices.settings)}
    return "\n".join(
        f"{name} = {value!r}  ({choices.origins[name]})"
        for name, value in values.items()
        if choices.origins.get(name, "default") not in ("default", "preset")
    )


def _start(data: str, choices: Choices, output: str | None, watch: Watch) -> Run:
    from madaline.runs.start import start_run

    return start_run(
        data, choices.target, choices.settings, output=output, origins=choices.origins, watch=watch
    )


def _resume(folder: str, watch: Watch) -> Run:
    from madaline.runs.resume import resume_run

    return resume_run(folder, watch=watch)
