"""Write the golden files of a format version: models and a run that later versions must still read.

    python scripts/write_golden.py tests/golden/v2

Writes into a new folder only: the files of earlier versions stay as those versions wrote them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from madaline.data.dataset import Dataset
from madaline.data.files.read import read_table
from madaline.events.kinds import Event
from madaline.pipeline.run import run
from madaline.runs.start import start_run
from madaline.settings.table import Settings
from madaline.store.bundle import load_model, save_model

N_ROWS, N_NEW = 150, 12
TARGETS = ("buys", "species", "pages", "visits", "height", "weight", "tall", "heavy")
TASKS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "binary": (("buys",), {"members": 3}),
    "multiclass": (("species",), {"preset": "balanced"}),
    "multiclass-of-numbers": (("pages",), {"task": "multiclass", "activation": ("tanh",)}),
    "multilabel": (("tall", "heavy"), {"members": 2}),
    "regression": (("height",), {"preset": "balanced", "precision": "float64"}),
    "regression-of-two": (("height", "weight"), {"hidden": ()}),
    "poisson": (("visits",), {"loss": "poisson"}),
    "binary-of-booleans": (("tall",), {"task": "binary"}),
}
QUICK = {
    "precision": "float32",
    "epochs": 12,
    "hidden": (4,),
    "batch_size": 32,
    "learning_rate": 0.02,
}
# Nothing is left to defaults, which later versions may choose otherwise.
WHOLE = {
    **QUICK, "activation": ("relu",), "initializer": "data", "loss": "squared", "optimizer": "adam",
    "schedule": "cycles", "patience": 0, "members": 2, "dropout": 0.1, "fade": True, "folds": True,
    "calibrate": False, "parametric": True, "input_scales": True, "pieces": 4, "beta_2": 0.95,
    "layer_rates": "scaled",
}  # fmt: skip


class Interrupt:
    """Stops a run at its first look."""

    def event(self, event: Event) -> None:
        pass

    def progress(self, progress: Any) -> str:
        return "interrupted"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="A new folder, such as tests/golden/v2.")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True)
    write_rows(folder / "rows.csv", N_ROWS, seed=0)
    write_rows(folder / "new.csv", N_NEW, seed=1, unseen=True)
    rows, new = read_table(folder / "rows.csv"), read_table(folder / "new.csv")
    for name, (target, settings) in TASKS.items():
        table = rows.without(*(column for column in TARGETS if column not in target))
        done = run(Dataset(table, target), Settings(**{**QUICK, **settings}))
        save_model(folder / f"{name}.madaline", done.predictor)
        write_expected(folder / f"{name}.json", done.predictor, new)
    # Only columns whose encoding is exact on every processor: a checkpoint knows its rows' bits.
    table = rows.select(("age", "job", "town", "member", "height"))
    start_run(table, "height", Settings(**WHOLE), output=folder / "run", watch=Interrupt())
    (folder / "run" / "lock").unlink()
    write_unbroken(folder, table, new)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size:,} bytes")


def write_unbroken(folder: Path, table: Any, new: Any) -> None:
    """What the interrupted run must end with."""
    copy = folder / "unbroken"
    start_run(table, "height", Settings(**WHOLE), output=copy)
    write_expected(folder / "unbroken.json", load_model(copy), new)
    for path in copy.iterdir():
        path.unlink()
    copy.rmdir()


def write_expected(path: Path, model: Any, new: Any) -> None:
    expected = {"predict": model.predict(new).tolist()}
    if model.target.task != "regression":
        expected["predict_proba"] = model.predict_proba(new).tolist()
    path.write_text(json.dumps(expected))


def write_rows(path: Path, n: int, *, seed: int, unseen: bool = False) -> None:
    """Numbers with gaps, few and many categories, booleans, dates, times, and all targets."""
    rng = np.random.default_rng(seed)
    names = (
        "age", "wide", "sex", "job", "town", "member", "since", "seen", *TARGETS,
    )  # fmt: skip
    lines = [",".join(names)]
    for i in range(n):
        age, town = float(rng.normal(40, 12)), int(rng.integers(0, 12))
        job = int(rng.integers(0, 4))
        height = 150 + age / 2 + 3 * job + float(rng.normal(0, 2))
        cells = [
            "" if i % 7 == 3 else f"{age:.1f}",
            f"{rng.lognormal(3, 2):.4g}",
            ["f", "m"][int(rng.integers(0, 2))],
            "astronaut" if unseen and i == 2 else ["clerk", '"miner, deep"', "größer", "poet"][job],
            "Atlantis" if unseen and i == 4 else "" if i % 11 == 5 else f"town {town}",
            "" if i % 13 == 6 else ["false", "true"][int(rng.integers(0, 2))],
            f"{2000 + int(rng.integers(0, 20))}-{1 + i % 12:02}-{1 + i % 28:02}",
            f"2024-0{1 + i % 9}-1{i % 10} {i % 24:02}:30:00",
            "yes" if age + 8 * job > 52 else "no",
            ["cat", "dog", "fish"][min(2, int(age + 4 * job) // 20 % 3)],
            str([100, 200, 350][town % 3]),
            str(int(rng.poisson(1 + job))),
            f"{height:.2f}",
            f"{height / 2 + float(rng.normal(0, 3)):.2f}",
            "true" if height > 175 else "false",
            "true" if job > 1 else "false",
        ]
        lines.append(",".join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
