"""The command ``madaline``: commands that load when used, and errors as one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

import rich_click as click
from click.exceptions import Exit

from madaline.cli.interrupt import Terminated, unwinding
from madaline.cli.options import EXIT_CODES, FOREIGN_NAMES, HELP_SETTINGS, help_text
from madaline.cli.output import Reported, error_document, print_document, print_error
from madaline.errors import DataError, FileError, Interrupted, MadalineError, UsageError, nearest
from madaline.report.words.options import as_options
from madaline.version import __version__

COMMANDS = {
    "demo": "Train on a built-in sample and see what Madaline tells you.",
    "check": "Look for what is wrong with a table before training on it.",
    "fit": "Train a network on a table.",
    "sweep": "Look for settings that suit a table better, and train with them.",
    "predict": "Predict the rows of a table.",
    "evaluate": "Score a trained network on a table.",
    "info": "Show what a run or model file is and holds.",
    "export": "Write a trained network for use without Madaline.",
}

ABOUT = "Train, understand and ship multilayer perceptrons on your own tables."
EXAMPLES = (
    "madaline demo",
    "madaline fit flats.csv --target price",
    "madaline predict runs/1123-flats new-flats.csv -o prices.csv",
)
DETAILS = "madaline COMMAND --help shows examples and options of a command."


class Commands(click.RichGroup):
    """A group whose commands are imported when they are used, so that help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which a person meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of this name; it holds the command of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"madaline.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the one that was probably meant."""
        word = args[0]
        if word not in COMMANDS and not word.startswith("-"):
            raise UsageError(
                f"There is no command {word!r}.", nearest(word, COMMANDS).replace("'", "")
            )
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> NoReturn:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run and leave; replaces click's own way to report errors."""
        arguments = list(sys.argv[1:] if args is None else args)
        self._main_shell_completion({}, "madaline")
        sys.exit(run_guarded(lambda: self._run(arguments), arguments))

    def _run(self, arguments: list[str]) -> int:
        try:
            with self.make_context("madaline", arguments) as context:
                self.invoke(context)
        except Exit as leave:
            return leave.exit_code
        return 0


@click.group(
    cls=Commands,
    help=help_text(ABOUT, EXAMPLES, DETAILS),
    epilog=EXIT_CODES,
    context_settings=HELP_SETTINGS,
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    help="Show the version.",
    callback=lambda context, param, wanted: _show_version(context, wanted),
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
def madaline() -> None:
    """The command line; its help is ``ABOUT``."""


def _show_version(context: click.Context, wanted: bool) -> None:
    if wanted:
        print(f"madaline {__version__}")
        context.exit()


def installed_version(package: str) -> str | None:
    """The version of an installed package; None if it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def run_guarded(call: Callable[[], int], arguments: Sequence[str]) -> int:
    """Run ``call`` and turn every way it can end into an exit code and at most one line.

    Args:
        call: What to run; returns an exit code.
        arguments: The command line, to know whether JSON or a traceback is wanted even when it
            could not be parsed.
    """
    flags = arguments[: arguments.index("--")] if "--" in arguments else arguments
    try:
        with unwinding():
            code = call()
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        return _reader_went_away()
    except Reported as told:
        report(told.error, as_json=False)
        return told.error.exit_code
    except Exception as failure:
        if "--debug" in flags:
            import traceback

            traceback.print_exc()
        error = as_error(failure)
    except KeyboardInterrupt as signalled:
        error = Interrupted("Interrupted.")
        if isinstance(signalled, Terminated):
            error.exit_code = signalled.exit_code
    try:
        report(error, as_json="--json" in flags)
    except BrokenPipeError:
        _reader_went_away()
    return error.exit_code


def report(error: MadalineError, *, as_json: bool) -> None:
    """Print the error on stderr, and as a document on stdout if that is wanted."""
    if as_json:
        print_document("error", {"error": error_document(error)})
    if isinstance(error, Interrupted):
        # Two lines, so that the command that goes on can be copied.
        print("\n".join(filter(None, (error.what, error.fix))), file=sys.stderr, flush=True)
    else:
        error.spell = as_options
        print_error(str(error))


def as_error(failure: Exception) -> MadalineError:
    """Any failure as one of Madaline's errors; what nobody foresaw is a bug of ours."""
    if isinstance(failure, MadalineError):
        return failure
    if isinstance(failure, click.ClickException):
        return _as_usage_error(failure)
    if isinstance(failure, click.Abort):
        return Interrupted("Interrupted.")
    if isinstance(failure, MemoryError):
        return DataError("The memory is full.", "Give fewer rows, columns or members.")
    if isinstance(failure, OSError) and failure.strerror:
        name = f"{failure.filename}: " if failure.filename else ""
        return FileError(
            f"{name}{failure.strerror}.",
            "Check the path, its permissions and the space on the disk.",
        )
    return _as_bug(failure)


def _as_usage_error(failure: click.ClickException) -> MadalineError:
    message = " ".join(failure.format_message().split())
    wanted = getattr(failure, "option_name", None)
    if wanted in FOREIGN_NAMES:
        return UsageError(
            f"No such option {wanted!r}.", f"Here it is called {FOREIGN_NAMES[wanted]}."
        )
    context = getattr(failure, "ctx", None)
    if context is None or "Did you mean" in message:
        return UsageError(message)
    return UsageError(message, f"See {context.command_path} --help.")


def _as_bug(failure: Exception) -> MadalineError:
    path = write_traceback(failure)
    kind = type(failure).__name__
    return MadalineError(
        f"This is a bug in Madaline ({kind}: {str(failure)[:200]}).",
        f"Please open an issue and attach {path}.",
    )


def write_traceback(failure: Exception) -> str:
    """Write the traceback and the versions to a new file of the temporary folder; its path."""
    import platform
    import tempfile
    import traceback

    lines = [
        f"madaline {__version__}",
        f"Python {platform.python_version()} on {platform.platform()}",
    ]
    packages = ("jax", "numpy", "polars", "scikit-learn")
    lines += [f"{name} {installed_version(name) or 'is not installed'}" for name in packages]
    lines += ["", *traceback.format_exception(failure)]
    with tempfile.NamedTemporaryFile(
        "w", prefix="madaline-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write("\n".join(lines))
    return file.name


def _reader_went_away() -> int:
    """``madaline ... | head``: end without a word, also when Python flushes at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return 141
