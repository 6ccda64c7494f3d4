"""``madaline export``: a trained network for programs without Madaline. Runs without JAX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from madaline.cli.info import size_on_disk, size_text
from madaline.cli.model import read_model
from madaline.cli.options import command, output_options
from madaline.cli.output import Output
from madaline.errors import UsageError

if TYPE_CHECKING:
    from madaline.predict.predictor import Predictor

ABOUT = "Write a trained network for use without Madaline."
EXAMPLES = (
    "madaline export runs/1123-flats --to onnx",
    "madaline export runs/1123-flats --to numpy -o flats-predictor",
    "madaline export model.madaline --to onnx -o model.onnx --json",
)
DETAILS = """
RUN is a run folder or a *.madaline file. Both formats take raw columns (texts, missing values,
dates, categories never seen) and give the answers of "madaline predict".

onnx: one file for ONNX Runtime, and so for C++, C#, Java, JavaScript and others. Needs the extra:
pip install "madaline[onnx]".

numpy: a folder whose predict.py needs Python and NumPy alone: python predict.py rows.csv

Without -o, the file RUN.onnx or the folder RUN-numpy is written beside RUN. An earlier export is
replaced as a whole or not at all.
"""


@command("export", ABOUT, EXAMPLES, DETAILS)
@click.argument("run")
@click.option(
    "--to",
    "form",
    required=True,
    type=click.Choice(["onnx", "numpy"]),
    help="The format.",
)
@click.option("-o", "--output", metavar="PATH", help="File (onnx) or folder (numpy) to write.")
@output_options
def export(run: str, form: str, output: str | None, output_mode: Output) -> None:
    """Read the model and write it."""
    path = default_path(run, form) if output is None else output
    check_name(path, form)
    write(read_model(run), form, path)
    n_bytes = size_on_disk(Path(path))
    output_mode.result([f"Saved     {path} ({size_text(n_bytes)})"])
    output_mode.document("export", {"run": run, "to": form, "output": path, "bytes": n_bytes})


def default_path(run: str, form: str) -> str:
    """A name beside the run folder or model file.

    >>> default_path("runs/1123-flats/", "numpy"), default_path("a/model.madaline", "onnx")
    ('runs/1123-flats-numpy', 'a/model.onnx')
    """
    path = Path(run)
    if path.name in ("", ".."):  # a folder named by its place, such as "."
        path = path.resolve()
    name = path.name.removesuffix(".madaline")
    return str(path.with_name(f"{name}.onnx" if form == "onnx" else f"{name}-numpy"))


def check_name(path: str, form: str) -> None:
    """Refuse a name that would replace another kind of file, before any work is done."""
    if form == "onnx" and Path(path).suffix.lower() != ".onnx":
        raise UsageError(f"{path!r} does not end in .onnx.", "Give the name of the file to write.")
    if not path:
        raise UsageError("-o names nothing.", "Give the name of the folder to write.")


def write(model: Predictor, form: str, path: str) -> None:
    """Write the model in this format."""
    if form == "onnx":
        from madaline.export.onnx_file import export_onnx

        export_onnx(model, path)
    else:
        from madaline.export.numpy_folder import export_numpy

        export_numpy(model, path)
