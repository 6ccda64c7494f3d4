"""``madaline info``: what a run or model file is and holds. Runs without JAX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from madaline.cli.model import read_model
from madaline.cli.options import command, output_options
from madaline.cli.output import Output
from madaline.events.scores import Scored
from madaline.events.summary import About
from madaline.report.words.layout import LABEL_WIDTH, entry, table
from madaline.report.words.score_tables import describe_scores
from madaline.report.words.text import TASKS, describe_verdict

if TYPE_CHECKING:
    from madaline.predict.predictor import Predictor

ABOUT = "Show what a run or model file is and holds."
EXAMPLES = (
    "madaline info runs/1123-flats",
    "madaline info model.madaline",
    "madaline info runs/1123-flats --json",
)
DETAILS = """
RUN is a run folder or a *.madaline file. Shows target and task, columns and their kinds, layers,
scores, verdict, the versions it was made with, and its size on disk.
"""


@command("info", ABOUT, EXAMPLES, DETAILS)
@click.argument("run")
@output_options
def info(run: str, output_mode: Output) -> None:
    """Read the model and describe it."""
    model = read_model(run)
    n_bytes = size_on_disk(Path(run))
    about = {"run": run, "bytes": n_bytes, **model.describe(), "about": model.about}
    output_mode.document("info", about)
    if output_mode.mode == "text":
        output_mode.result(info_lines(run, n_bytes, model))


def info_lines(run: str, n_bytes: int, model: Predictor) -> list[str]:
    """What the model is, for people.

    Args:
        run: As the person named it.
        n_bytes: Its size on disk.
        model: The trained network.
    """
    about, shape = About.read(model.about), model.architecture
    versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
    made = f"{about.created or 'at an unknown time'}, by {versions or 'unknown versions'}"
    members = f", {model.n_members} networks averaged" if model.n_members > 1 else ""
    classes = [str(label) for label in model.target.classes]
    shown = f": {', '.join(classes[:12])}{' ...' if len(classes) > 12 else ''}" if classes else ""
    layers = zip(shape.layer_sizes, (*shape.activations, shape.output), strict=True)
    return [
        # Not wrapped: a path is there to be copied.
        f"{'Model':<{LABEL_WIDTH}}{run} ({size_text(n_bytes)})",
        *entry("Made", made),
        *entry("Target", f"{', '.join(model.target.names)}{shown}"),
        *entry("Task", TASKS[model.target.task]),
        *under("Columns", [(column.name, column.kind) for column in model.encoder.column_codes]),
        *under("Layers", [(f"{fan_in} -> {fan_out}", name) for (fan_in, fan_out), name in layers]),
        *entry("Size", f"{shape.n_parameters * model.n_members:,} parameters{members}"),
        *judgement_lines(about),
    ]


def under(label: str, rows: list[tuple[str, str]]) -> list[str]:
    r"""A label, and beside it lines of two columns.

    >>> print("\n".join(under("Columns", [("age", "number"), ("island", "category")])))
    Columns   age     number
              island  category
    """
    lines = table(rows, "<<")
    return [f"{'' if i else label:<{LABEL_WIDTH}}{line}" for i, line in enumerate(lines)]


def judgement_lines(about: About) -> list[str]:
    """Scores and verdict, as far as the model file has them."""
    beside, lines = about.baselines, list[str]()
    if beside is not None and beside.part in about.scores:
        scored = Scored(beside.part, about.scores[beside.part], beside.constant, beside.linear)
        lines += ["", *describe_scores(scored)]
    if about.verdict is not None:
        lines += ["", *describe_verdict(about.verdict)]
    return lines


def size_on_disk(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def size_text(n_bytes: int) -> str:
    """A size as a person would say it.

    >>> size_text(812), size_text(48_300), size_text(2_500_000)
    ('812 bytes', '48 kB', '2.5 MB')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            value = n_bytes / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{n_bytes} bytes"
