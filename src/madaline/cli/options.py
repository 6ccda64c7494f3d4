"""Options that several commands share, and those of ``fit`` made from the table of settings."""

from __future__ import annotations

import functools
import os
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from madaline.cli.output import Mode, Output
from madaline.errors import UsageError
from madaline.report.words.options import option_name
from madaline.settings.layers import Choices, Layer, choose, read_layers
from madaline.settings.recipes import DECIDED
from madaline.settings.table import GROUPS, ROWS, SETTING_NAMES, Settings, accepted
from madaline.settings.values import is_list, value_text, words
from madaline.study.ranges import RANGED, VARIABLE

Function = TypeVar("Function", bound=Callable[..., Any])

# What people type who come from other libraries.
FOREIGN_NAMES = {
    "--lr": "--learning-rate",
    "--wd": "--weight-decay",
    "--bs": "--batch-size",
    "--batch": "--batch-size",
    "--val": "--validation",
    "--layers": "--hidden",
    "--hidden-layers": "--hidden",
    "--hidden-layer-sizes": "--hidden",
    "--max-iter": "--epochs",
    "--random-state": "--seed",
    "--alpha": "--l2",
    "--y": "--target",
    "--label": "--target",
}

EXIT_CODES = (
    "Exit codes: 0 done, 1 a bug in Madaline, 2 wrong usage, 3 wrong data, 4 training diverged, "
    "5 a score below --fail-under or a finding of --fail-on, 6 a file cannot be read or written, "
    "130 interrupted (143 by SIGTERM), 141 the reader of stdout went away."
)

# One look for all commands: no frames, so that examples and options can be copied.
HELP_SETTINGS: dict[str, Any] = {
    "help_option_names": ["-h", "--help"],
    "rich_help_config": {
        "theme": "default-slim",
        "text_markup": None,
        "style_helptext": "",
        "padding_helptext_first_line": (0, 0, 1, 0),
        "padding_helptext": (0, 0, 1, 0),
        "style_options_panel_padding": (0, 0, 0, 2),
        "style_commands_panel_padding": (0, 0, 0, 2),
        # Help is coloured like everything else: rich-click would also colour it on some servers.
        "force_terminal": None,
    },
}

PANELS = (*GROUPS, "Output")
# Options that are no settings, by the panel of the help in which they stand.
EXTRA_PANELS = {
    "target": "Data",
    "output": "Run",
    "resume": "Run",
    "config": "Run",
    "assignments": "Run",
    "proba": "Run",
    "fail_under": "Run",
    "form": "Run",
    "trials": "Run",
    "fail_on": "Run",
}


class Command(click.RichCommand):
    """A command whose help shows its options in the groups of the settings table."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        group_of = {name: row.group for name, row in ROWS.items()} | EXTRA_PANELS
        named: dict[str, list[str]] = {panel: [] for panel in PANELS}
        for param in self.params:
            if isinstance(param, click.Option) and param.name:
                named[group_of.get(param.name, "Output")].append(param.opts[-1])
        named["Output"].append("--help")
        self.panels = [
            click.RichOptionPanel(panel, options=names) for panel, names in named.items() if names
        ]


def command(
    name: str, about: str, examples: tuple[str, ...], details: str
) -> Callable[[Callable[..., Any]], Command]:
    """Decorator: a command with Madaline's help layout."""
    return click.command(
        name,
        cls=Command,
        help=help_text(about, examples, details),
        short_help=about,
        epilog=EXIT_CODES,
        context_settings=HELP_SETTINGS,
    )


def help_text(about: str, examples: tuple[str, ...], details: str = "") -> str:
    """One sentence, examples to copy, then the rest, in the form that click reads.

    A line with a lone space parts paragraphs: click would add a second blank line to an empty one.
    """
    lines = ["Examples:", *(f"  {example}" for example in examples)]
    for paragraph in filter(None, details.strip().split("\n\n")):
        lines += [" ", *textwrap.wrap(" ".join(paragraph.split()), 79)]
    # \b keeps the line breaks.
    return "\n".join([about, "", "\b", *lines])


def output_options(function: Function) -> Function:
    """Decorator: ``--json -q --debug``, handed on as one `Output` named ``output_mode``."""

    @functools.wraps(function)
    def call(*args: Any, as_json: bool, quiet: bool, debug: bool, **kwargs: Any) -> Any:
        # --debug is looked up where errors are reported: they may happen before parsing ends.
        del debug
        events, verbose = bool(kwargs.pop("events", False)), bool(kwargs.pop("verbose", False))
        return function(*args, output_mode=make_output(as_json, events, quiet, verbose), **kwargs)

    options = (
        click.option(
            "--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."
        ),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
        click.option("--debug", is_flag=True, help="Show the traceback of an error."),
    )
    return _decorate(call, options)


def make_output(as_json: bool, events: bool, quiet: bool, verbose: bool) -> Output:
    """One way to speak; two at once are refused.

    >>> make_output(as_json=True, events=False, quiet=False, verbose=False).mode
    'json'
    """
    modes: dict[Mode, bool] = {"json": as_json, "events": events, "quiet": quiet}
    chosen: list[Mode] = [mode for mode, wanted in modes.items() if wanted]
    if len(chosen) > 1:
        raise UsageError(
            f"--{chosen[0]} and --{chosen[1]} do not go together.", "Give one of them."
        )
    return Output(chosen[0] if chosen else "text", verbose)


def training_options(function: Function) -> Function:
    """Decorator: ``-o --set --events -v``; belongs above `output_options`."""
    options = (
        click.option(
            "-o",
            "--output",
            metavar="DIR",
            help="New folder for the run. [default: runs/MMDD-NAME]",
        ),
        click.option(
            "--set",
            "assignments",
            multiple=True,
            metavar="KEY=VALUE",
            help="Any setting by its name.",
        ),
        click.option("--events", is_flag=True, help="Print the events of the run as JSON lines."),
        click.option(
            "-v", "--verbose", is_flag=True, help="Say also where the settings come from."
        ),
    )
    return _decorate(function, options)


def setting_options(function: Function) -> Function:
    """Decorator: one option for each row of the table of settings; None where not given."""
    return _decorate(function, [setting_option(name) for name in SETTING_NAMES])


def data_options(function: Function) -> Function:
    """Decorator: only the settings that decide which rows and columns are learned from."""
    names = [name for name, row in ROWS.items() if row.group == "Data"]
    return _decorate(function, [setting_option(name) for name in (*names, "seed")])


def target_option(function: Function) -> Function:
    """Decorator: the columns to predict."""
    option = click.option(
        "-t",
        "--target",
        multiple=True,
        metavar="COLUMN",
        help="Column to predict; repeat it for several.",
    )
    return _decorate(function, [option])


def range_options(function: Function) -> Function:
    """Decorator: as `setting_options`, but what a search can vary is a tuple of texts."""
    return _decorate(function, [setting_option(name, varies=True) for name in SETTING_NAMES])


def setting_option(name: str, *, varies: bool = False) -> Callable[[Any], Any]:
    """The option of one setting. Its value stays text; `choose` reads options and files alike."""
    if varies and name in VARIABLE:
        return click.option(
            option_name(name),
            name,
            metavar=f"{metavar(name)}{'|A..B' if name in RANGED else ''}",
            help=option_help(name),
            multiple=True,
        )
    repeatable = is_list(name)
    return click.option(
        option_name(name),
        name,
        default=None,
        metavar=metavar(name),
        help=option_help(name),
        multiple=repeatable,
        callback=_join if repeatable else None,
    )


def option_help(name: str) -> str:
    """The help text, with the choices where they are fixed, and the default."""
    row, default = ROWS[name], default_text(name)
    text = row.help
    if len(row.choices) > 1:
        text += f" One of: {', '.join(row.choices)}."
    return f"{text} [default: {default}]" if default else text


def default_text(name: str) -> str:
    """The default in words; empty where leaving it out means "none".

    >>> default_text("momentum"), default_text("epochs"), default_text("group")
    ('0.9', 'by preset', '')
    """
    default = getattr(Settings, name)
    if default is None:
        return "by preset" if name in DECIDED else ""
    return "" if default == () else value_text(default)


def metavar(name: str) -> str:
    """What stands for the value in help and in the docs.

    >>> metavar("batch_size"), metavar("hidden"), metavar("validation"), metavar("seed")
    ('INT|auto|full', 'INT,INT,...', 'SHARE|FILE', 'INT')
    """
    if name in ("validation", "test"):
        return "SHARE|FILE"
    if name in ("group", "time", "weight"):
        return "COLUMN"
    if bool in accepted(name):
        return "true|false"
    if is_list(name):
        return {"hidden": "INT,INT,...", "drop": "COLUMN,..."}.get(name, "NAME,...")
    kinds = {int: "INT", float: "NUMBER", str: "NAME"}
    return "|".join([kinds[k] for k in accepted(name) if k in kinds] + list(words(name)))


def read_choices(
    options: Mapping[str, Any],
    target: tuple[str, ...],
    assignments: Sequence[str],
    config: str | None,
) -> Choices:
    """The choices of a command: its options, ``--set``, the environment and files.

    Args:
        options: Options given on the command line, by setting.
        target: Values of ``--target``.
        assignments: Values of ``--set``, such as ``epochs=5``.
        config: Value of ``--config``.
    """
    named = {"target": target} if target else {}
    given = (
        Layer("option", {**options, **named}),
        Layer("--set", read_assignments(assignments)),
    )
    return choose(read_layers(given, os.environ, config, Path()))


def read_assignments(assignments: Sequence[str]) -> dict[str, str]:
    """Values of ``--set key=value``; the last one of a key counts.

    >>> read_assignments(["epochs=5", "learning-rate=0.1"])
    {'epochs': '5', 'learning_rate': '0.1'}
    """
    values: dict[str, str] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {assignment!r} has no '='.", "Write --set key=value.")
        values[key.strip().replace("-", "_")] = value
    return values


def given_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Only the options that the person gave."""
    return {name: value for name, value in options.items() if value is not None}


def _join(context: click.Context, param: click.Parameter, values: tuple[str, ...]) -> str | None:
    """``--drop a --drop b`` is ``--drop a,b``."""
    return ",".join(values) if values else None


def _decorate(function: Any, options: Any) -> Any:
    for option in reversed(options):
        function = option(function)
    return function
