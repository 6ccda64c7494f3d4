"""``madaline check``: what is wrong with a table, before anything is trained. Runs without JAX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from madaline.cli.model import read_data
from madaline.cli.options import (
    command,
    data_options,
    given_options,
    output_options,
    read_choices,
    target_option,
)
from madaline.cli.output import Output, Reported, error_document
from madaline.errors import ThresholdMissed, UsageError

if TYPE_CHECKING:
    from madaline.checkup.checkup import Checkup
    from madaline.data.table import Table
    from madaline.settings.table import Settings

ABOUT = "Look for what is wrong with a table before training on it."
EXAMPLES = (
    "madaline check flats.csv --target price",
    "madaline check people.csv -t income --test people-2024.csv",
    "madaline check visits.parquet -t sick --group patient --fail-on error --json",
)
DETAILS = """
Rows are read and split as madaline fit would do it with the same settings. Looks for leaks of the
target, columns that say nothing, repeated rows (also across the split), wrong answers, rare
classes, missing values, and test rows that are not like the training rows. Findings name their
rows, counted from 1 without the header, and what to do; --json has all rows.

Findings are no failure: the exit code is 0, unless --fail-on demands 5.
"""


@command("check", ABOUT, EXAMPLES, DETAILS)
@click.argument("data")
@target_option
@data_options
@click.option(
    "--fail-on",
    type=click.Choice(["warn", "error"]),
    help="End with code 5 where there is a finding this grave.",
)
@click.option("-c", "--config", metavar="FILE", help="TOML file of settings.")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="object setting by its name."
)
@output_options
def check(
    data: str,
    target: tuple[str, ...],
    fail_on: str | None,
    config: str | None,
    assignments: tuple[str, ...],
    output_mode: Output,
    **options: Any,
) -> None:
    """Look, print, and compare with what is demanded."""
    from madaline.report.words.findings import describe_checkup

    choices = read_choices(given_options(options), target, assignments, config)
    if not choices.target:
        raise UsageError("There is no target.", f"Write madaline check {data} --target COLUMN.")
    found = look(data, choices.target, choices.settings)
    document = found.as_dict()
    error = failure(found, fail_on)
    if error is not None:
        document["error"] = error_document(error)
    output_mode.document("check", document)
    output_mode.result(describe_checkup(found))
    if error is not None:
        raise Reported(error)


def look(data: str, target: tuple[str, ...], settings: Settings) -> Checkup:
    """Read the rows that a fit would read, and check them."""
    from madaline.checkup.checkup import check_up
    from madaline.prepare.dataset import read_parts

    table = table_of(data)
    return check_up(table, target, settings, **read_parts(table, settings))


def table_of(data: str) -> Table:
    """The rows of a file, of stdin, or of a sample that comes with Madaline."""
    from madaline.data.samples import SAMPLES, load_sample

    if data in SAMPLES and not Path(data).exists():
        return load_sample(data).table
    return read_data(data)


def failure(found: Checkup, fail_on: str | None) -> ThresholdMissed | None:
    """What ``--fail-on`` makes of the findings; None if it is content."""
    grave = {"error": ("error",), "warn": ("error", "warn")}.get(fail_on or "", ())
    codes = [finding.code for finding in found.findings if finding.level in grave]
    if not codes:
        return None
    shown = ", ".join(dict.fromkeys(codes))
    return ThresholdMissed(
        f"The check found what --fail-on {fail_on} forbids: {shown}.", "Mend the table."
    )
