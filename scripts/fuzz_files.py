#!/usr/bin/env python3
"""Mutate real tables and see that each is read, or refused in one line.

    scripts/fuzz_files.py FOLDER --rounds 1000 --seed 0
    scripts/fuzz_files.py a.csv b.parquet --seconds-per-file 20 --keep failures
    scripts/fuzz_files.py FOLDER --seed 0 --only 417        # one round again

A round takes a file, mutates it, and reads it in a child process with a time limit; some rounds
also train a tiny network on it, and some predict its rows with a network trained on the file as it
was. What ends in anything but success or one line is saved, with the command that repeats it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from file_mutations import mutated

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".json", ".arrow")
JOBS = ("read", "fit", "predict")
ENOUGH_ROWS = 400
LONGEST_LINE = 1000


@dataclass(frozen=True)
class Outcome:
    """How one round ended.

    Attributes:
        kind: ``success``, ``refused``, or a failure: ``traceback``, ``noise`` (on stderr),
            ``hang``, ``signal``.
        code: Exit code of a refusal, number of a signal.
        text: The line that a person would see, or the traceback.
    """

    kind: str
    code: int = 0
    text: str = ""

    @property
    def failed(self) -> bool:
        """Whether it is neither success nor one line."""
        return self.kind not in ("success", "refused")


class Child:
    """A process that works on one file after another, and is replaced when it hangs or dies."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.recv()  # imports are done

    def work(self, job: str, path: Path, original: Path, target: int) -> Outcome:
        """The outcome of a job, whatever happens to the process."""
        self._pipe.send((job, str(path), str(original), target))
        try:
            if self._pipe.poll(self._seconds):
                return Outcome(*self._pipe.recv())
            outcome = Outcome("hang", text=f"more than {self._seconds:g} s")
        except EOFError:
            self._process.join()
            outcome = Outcome("signal", -(self._process.exitcode or 0), "the process died")
        self._process.kill()
        self._process.join()
        self._start()
        return outcome

    def peak_megabytes(self) -> float:
        """The most memory that the process in use has held."""
        self._pipe.send(None)
        return float(self._pipe.recv())


def serve(pipe: Connection) -> None:
    """The child: takes jobs, tells outcomes; whatever is printed on stderr counts as a failure."""
    from madaline.cache import private_cache_folder

    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(private_cache_folder(os.environ) or ""))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    from madaline.pipeline.run import run  # noqa: F401  (so that importing does not count)

    warnings.simplefilter("error", RuntimeWarning)
    noise = tempfile.TemporaryFile()  # noqa: SIM115  (as long as the process)
    os.dup2(noise.fileno(), 2)
    pipe.send("ready")
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        if job is None:
            pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            continue
        kind, code, text = attempt(*job)
        noise.seek(0)
        said = noise.read().decode(errors="replace")
        noise.seek(0)
        noise.truncate()
        pipe.send(("noise", code, said) if said and kind != "traceback" else (kind, code, text))


def attempt(job: str, path: str, original: str, target: int) -> tuple[str, int, str]:
    """Do one job; a refusal must be one line of moderate length."""
    import traceback

    from madaline.errors import MadalineError

    try:
        {"read": read, "fit": fit, "predict": predict}[job](Path(path), Path(original), target)
    except MadalineError as error:
        text = str(error)
        if error.exit_code == 1 or "\n" in text or not text or len(text) > LONGEST_LINE:
            return "traceback", error.exit_code, f"not one clear line: {text!r}"
        return "refused", error.exit_code, text
    except BaseException:
        return "traceback", 1, traceback.format_exc()
    return "success", 0, ""


def read(path: Path, original: Path, target: int) -> None:
    """Read, and use every cell and every note as a report would."""
    from madaline.data.files.read import read_table

    table = read_table(path, empty=True)
    for column in table:
        if len(column.texts()) != table.n_rows:
            raise AssertionError("columns differ in length")
    "\n".join((*table.names, *table.changes)).encode()


def fit(path: Path, original: Path, target: int) -> None:
    """Train a tiny network on some column, and predict."""
    from madaline.data.files.read import read_table
    from madaline.pipeline.run import run
    from madaline.settings.table import Settings

    table = read_table(path)
    table = table.take(slice(0, ENOUGH_ROWS))
    name = table.names[target % len(table.names)]
    settings = Settings(hidden=(4,), epochs=2, patience=0)
    done = run(table, (name,), settings)
    answers = done.predictor.predict(table)
    if len(answers) != table.n_rows:
        raise AssertionError("an answer is missing")


MODELS: dict[tuple[str, int], Any] = {}


def predict(path: Path, original: Path, target: int) -> None:
    """Predict with a network that was trained on the file as it was, by the real command."""
    from contextlib import redirect_stdout
    from io import StringIO

    from madaline.cli.model import read_rows, remarks
    from madaline.cli.predict import frame, predicted_columns
    from madaline.data.files.read import read_table
    from madaline.errors import MadalineError
    from madaline.pipeline.run import run
    from madaline.settings.table import Settings

    key = (str(original), target)
    if key not in MODELS:
        table = read_table(original)
        table = table.take(slice(0, ENOUGH_ROWS))
        name = table.names[target % len(table.names)]
        try:
            MODELS[key] = run(table, (name,), Settings(hidden=(4,), epochs=2, patience=0)).predictor
        except MadalineError:
            MODELS[key] = None  # this column cannot be predicted
    model = MODELS[key]
    if model is None:
        return
    with redirect_stdout(StringIO()):
        table = read_rows(str(path), model)
        columns = predicted_columns(model, table, model.target.task != "regression")
        "\n".join(remarks(model, table)).encode()
        answer = frame(columns)
    if answer.height != table.n_rows or any(
        values.dtype.kind == "f" and not (values == values).all() for values in columns.values()
    ):
        raise AssertionError("an answer is missing or no number")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rounds and print the counts; 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path, help="files, or folders of files")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds-per-file", type=float, default=60)
    parser.add_argument("--fit-share", type=float, default=0.05, help="share of rounds that train")
    parser.add_argument("--predict-share", type=float, default=0.1)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    parser.add_argument("--only", type=int, help="this round alone")
    parser.add_argument("--show", action="store_true", help="print how each round ended")
    options = parser.parse_args(arguments)
    files = found_files(options.paths)
    if not files:
        parser.error("no table among the paths")
    rounds = range(options.rounds) if options.only is None else [options.only]
    counts: Counter[str] = Counter()
    child = Child(options.seconds_per_file)
    with tempfile.TemporaryDirectory() as place:
        for number in rounds:
            outcome, job, path = play(number, options, files, child, Path(place))
            code = f" {outcome.code}" if outcome.code else ""
            counts[f"{job}: {outcome.kind}{code}"] += 1
            if outcome.failed:
                keep(outcome, job, path, number, options)
            elif options.show or options.only is not None:
                print(job, path.name, outcome.kind, outcome.code, outcome.text, flush=True)
            path.unlink()
    print(f"{len(rounds)} rounds, seed {options.seed}, {len(files)} files")
    for name, n in sorted(counts.items()):
        print(f"{n:6}  {name}")
    print(f"peak memory of the child: {child.peak_megabytes():.0f} MB")
    failures = (
        kind in name for name in counts for kind in ("traceback", "noise", "hang", "signal")
    )
    return int(any(failures))


def found_files(paths: Sequence[Path]) -> list[Path]:
    """The tables among the paths, in order of their names."""
    folders = [sorted(path.iterdir()) if path.is_dir() else [path] for path in paths]
    return [path for folder in folders for path in folder if path.suffix in SUFFIXES]


def play(
    number: int, options: argparse.Namespace, files: list[Path], child: Child, place: Path
) -> tuple[Outcome, str, Path]:
    """One round; all of it follows from the seed and its number."""
    draw = random.Random(f"{options.seed}:{number}")
    original = draw.choice(files)
    name, content = mutated(original, draw)
    path = place / f"{number}-{name}"
    path.write_bytes(content)
    shares = [options.fit_share, options.predict_share]
    job = draw.choices(("fit", "predict", "read"), [*shares, max(0, 1 - sum(shares))])[0]
    return child.work(job, path, original, draw.choice((-1, -1, 0, 1))), job, path


def keep(outcome: Outcome, job: str, path: Path, number: int, options: argparse.Namespace) -> None:
    """Save what failed, and say how to see it again."""
    options.keep.mkdir(parents=True, exist_ok=True)
    (options.keep / path.name).write_bytes(path.read_bytes())
    again = f"--seed {options.seed} --only {number}"
    text = f"{outcome.kind} {outcome.code} in {job}; again: {again}\n{outcome.text}\n"
    (options.keep / f"{path.name}.failure.txt").write_text(text)
    last = outcome.text.strip().splitlines()[-1:] or [""]
    print(f"{outcome.kind}: {job} {path.name}: {last[0][:200]} ({again})", flush=True)


if __name__ == "__main__":
    sys.exit(main())
