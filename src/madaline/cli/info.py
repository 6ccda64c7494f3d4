"""``madaline info``: what a run or model file is and holds. Runs without JAX."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import rich_click as click

from madaline.cli.model import read_model
from madaline.cli.options import command, output_options
from madaline.cli.output import Output
from madaline.report.words.layout import LABEL_WIDTH, entry, table
from madaline.report.words.text import TASKS, describe_scores, describe_verdict

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
    document: dict[str, Any] = {"run": run, "bytes": size_on_disk(Path(run))}
    document |= {**model.describe(), "about": model.about}
    output_mode.document("info", document)
    if output_mode.mode == "text":
        output_mode.result(info_lines(run, document))


def info_lines(run: str, document: Mapping[str, Any]) -> list[str]:
    """What the model is, for people.

    Args:
        run: As the person named it.
        document: ``Predictor.describe()`` with ``bytes`` and ``about``.
    """
    about = _mapping(document["about"])
    versions = _mapping(about.get("versions"))
    made = f"{about.get('created', 'at an unknown time')}, by " + (
        ", ".join(f"{name} {version}" for name, version in versions.items()) or "unknown versions"
    )
    members = f", {document['members']} networks averaged" if document["members"] > 1 else ""
    classes: list[str] = document["classes"]
    shown = f": {', '.join(classes[:12])}{' ...' if len(classes) > 12 else ''}" if classes else ""
    return [
        # Not wrapped: a path is there to be copied.
        f"{'Model':<{LABEL_WIDTH}}{run} ({size_text(document['bytes'])})",
        *entry("Made", made),
        *entry("Target", f"{', '.join(document['target'])}{shown}"),
        *entry("Task", str(TASKS.get(document["task"], document["task"]))),
        *under("Columns", [(c["name"], c["kind"]) for c in document["columns"]]),
        *under(
            "Layers",
            [(f"{d['fan_in']} -> {d['fan_out']}", d["activation"]) for d in document["layers"]],
        ),
        *entry("Size", f"{document['parameters']:,} parameters{members}"),
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


def judgement_lines(about: Mapping[str, Any]) -> list[str]:
    """Scores and verdict, as far as the model file has them."""
    baselines = _mapping(about.get("baselines"))
    try:
        part = baselines["part"]
        scores = describe_scores({**baselines, "network": _mapping(about["scores"])[part]})
        return ["", *scores, "", *describe_verdict(_mapping(about.get("verdict")))]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []  # notes about a model may be lost or of another version; it predicts without


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


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
