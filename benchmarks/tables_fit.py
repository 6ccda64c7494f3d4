"""One fit of `tables.py` in a process of its own: a job on standard input, the answer on output.

`tables.py` starts the process on one core, with one thread for every library, and gives it an empty
folder for what libraries write.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from peers import EVERY

TEST_SHARE = 0.2
LOWEST_PROBABILITY = 1e-7  # one floor for every peer: a sure mistake costs 16.1 in log loss


class Job(NamedTuple):
    """One fit; `table` is the entry of index.json, a cap of 0 rows is none."""

    folder: str
    table: dict[str, Any]
    peer: str
    seed: int
    rows_cap: int


class Clock:
    """Wall and CPU seconds of a block: all threads, and children that have ended."""

    def __enter__(self) -> Clock:
        self.wall, self.cpu = time.perf_counter(), cpu_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self.wall, cpu_seconds() - self.cpu


def cpu_seconds() -> float:
    """Used so far by this process and its children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_megabytes() -> float:
    """Most memory this process ever had resident (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def read_target(column: pl.Series, task: str) -> np.ndarray:
    """Numbers for regression, the labels as they stand for classes (categories as text)."""
    if task == "regression":
        return column.cast(pl.Float64).to_numpy()
    if column.dtype in (pl.Categorical, pl.Enum, pl.String):
        return np.asarray(column.cast(pl.String).to_list())
    return column.to_numpy()


def split_rows(y: np.ndarray, job: Job) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on (shuffled, at most `rows_cap`) and to test on; the same for every peer."""
    classes = y if job.table["task"] != "regression" else None
    train, test = train_test_split(
        np.arange(len(y)), test_size=TEST_SHARE, stratify=classes, random_state=job.seed
    )
    return train[: job.rows_cap or None], test


class Rows(NamedTuple):
    """A table's rows without the target, the answers, and which rows train and test."""

    frame: pl.DataFrame
    y: np.ndarray
    train: np.ndarray
    test: np.ndarray
    categorical: list[str]


def read_rows(job: Job) -> Rows:
    """The rows that have an answer, split as `split_rows` does."""
    task, target = job.table["task"], job.table["target"]
    frame = pl.read_parquet(Path(job.folder) / job.table["file"]).drop_nulls(target)
    y, frame = read_target(frame[target], task), frame.drop(target)
    categorical = [name for name in job.table["categorical"] if name in frame.columns]
    return Rows(frame, y, *split_rows(y, job), categorical)


def log_loss(probabilities: np.ndarray, classes: Iterable[Any], y: np.ndarray) -> float:
    """Mean of -log(probability of the true class); a class never seen in training has none.

    >>> round(log_loss(np.array([[0.5, 0.5], [1.0, 0.0]]), ["a", "b"], np.array(["a", "a"])), 4)
    0.3466
    """
    place = {label: i for i, label in enumerate(np.asarray(classes).tolist())}
    p = np.column_stack([probabilities, np.zeros(len(y))])
    p = p[np.arange(len(y)), [place.get(label, -1) for label in y.tolist()]]
    return float(-np.log(np.clip(p, LOWEST_PROBABILITY, 1 - LOWEST_PROBABILITY)).mean())


def auc(probabilities: np.ndarray, classes: np.ndarray, y: np.ndarray) -> float | None:
    """Mean over the classes of `y` of the area under the curve of that class against the rest.

    Of two classes that is the usual area. A class never seen in training counts as 0.5; None if `y`
    is of one class.

    >>> p = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]])
    >>> auc(p, np.array(["a", "b"]), np.array(["a", "b", "b"]))
    1.0
    """
    place = {label: i for i, label in enumerate(np.asarray(classes).tolist())}
    present = np.unique(y)
    if len(present) < 2:
        return None
    p = np.column_stack([probabilities, np.zeros(len(y))])
    areas = [roc_auc_score(y == label, p[:, place.get(label.item(), -1)]) for label in present]
    return float(np.mean(areas))


def scores_of_classes(p: np.ndarray, classes: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Of probabilities (n rows, k classes); the answer is the most probable class."""
    return {
        "error": float(np.mean(np.asarray(classes)[p.argmax(axis=1)] != y)),
        "log_loss": log_loss(p, classes, y),
        "auc": auc(p, classes, y),
    }


def scores_of_values(predicted: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Of a regression: root mean squared error, R2, mean absolute error."""
    residuals = predicted.reshape(y.shape) - y
    squares = np.mean(residuals**2)
    return {
        "rmse": float(np.sqrt(squares)),
        "r2": float(1 - squares / np.var(y)),
        "mae": float(np.abs(residuals).mean()),
    }


def fit(job: Job) -> dict[str, Any]:
    """Fit, predict the test rows once, score; the clocks run in `fit` and in `predict` alone."""
    task, peer = job.table["task"], EVERY[job.peer]
    frame, y, train, test, categorical = read_rows(job)
    x_train, x_test = (peer.frame(frame[rows], categorical) for rows in (train, test))
    model = peer.make(task, categorical, job.seed)
    mb_before = peak_megabytes()
    with Clock() as fitting:
        model.fit(x_train, y[train])
    with Clock() as predicting:
        answer = model.predict(x_test) if task == "regression" else model.predict_proba(x_test)
    answer = np.asarray(answer, dtype=np.float64)
    if not np.isfinite(answer).all():
        raise ValueError(f"{np.sum(~np.isfinite(answer))} of {answer.size} answers are not finite.")
    if task == "regression":
        scores = scores_of_values(answer, y[test])
    else:
        scores = scores_of_classes(answer, model.classes_, y[test])
    return {
        "status": "ok",
        "n_train": len(train),
        "n_test": len(test),
        "n_columns": frame.width,
        **scores,
        "fit_seconds": fitting.wall,
        "fit_cpu_seconds": fitting.cpu,
        "predict_seconds": predicting.wall,
        "predict_cpu_seconds": predicting.cpu,
        "mb_before_fit": mb_before,
        "peak_mb": peak_megabytes(),
        "process_cpu_seconds": cpu_seconds(),  # imports, reading and scoring too
    }


def main() -> None:
    """Answer one job; an exception is an answer too."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    job = Job(*json.load(sys.stdin))
    os.chdir(tempfile.gettempdir())  # what a library writes is swept away
    try:
        answer = fit(job)
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        answer = {"status": "crash", "why": f"{type(error).__name__}: {lines[0]}"}
    output.write(json.dumps(answer, allow_nan=False))
    output.flush()


if __name__ == "__main__":
    main()
