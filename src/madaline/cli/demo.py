"""``madaline demo``: a first training, without a table of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from madaline.cli.options import (
    command,
    output_options,
    read_assignments,
    training_options,
)
from madaline.cli.output import Output
from madaline.cli.training import train
from madaline.settings.layers import Choices, Layer, choose

if TYPE_CHECKING:
    from madaline.pipeline.run import Run
    from madaline.pipeline.watch import Watch

ABOUT = "Train on a built-in sample and see what Madaline tells you."
EXAMPLES = (
    "madaline demo",
    "madaline demo diabetes",
    "madaline demo wine --set hidden=none",
)
DETAILS = """
SAMPLE is penguins (when not given), iris, wine, breast_cancer, diabetes or digits. The run folder
is made in the current folder, under runs/.
"""


@command("demo", ABOUT, EXAMPLES, DETAILS)
@click.argument("sample", default="penguins")
@training_options
@output_options
def demo(
    sample: str, output: str | None, assignments: tuple[str, ...], output_mode: Output
) -> None:
    """Train on the sample. Settings of the folder do not count: they are meant for other data."""
    choices = choose([Layer("--set", read_assignments(assignments))])
    train(lambda watch: _start(sample, choices, output, watch, output_mode), output_mode)


def _start(
    name: str, choices: Choices, output: str | None, watch: Watch, output_mode: Output
) -> Run:
    from madaline.data.samples import load_sample
    from madaline.runs.start import start_run

    sample = load_sample(name)
    output_mode.note(sample.about)
    # By its name: then the run can be resumed, which needs the rows again.
    return start_run(
        name,
        choices.target or (sample.target,),
        choices.settings,
        output=output,
        origins=choices.origins,
        watch=watch,
    )
