"""Difficult numbers to predict: what do wrong answers among the training rows cost, and for whom?

    python benchmarks/targets.py DATA_FOLDER [--tables bikeshare,ames] [--rows-cap 1000] [--seeds 0]

A share of the training answers is multiplied by ten, as a slipped decimal point does; the test rows
stay as they are. DATA_FOLDER and the splits are those of `tables.py`; all fits run in this process,
one after the other. Above 1 is worse than Madaline's default on the untouched rows.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import warnings
from pathlib import Path

import numpy as np

from peers import EVERY, with_settings
from tables import TUNED, list_of
from tables_fit import Job, Rows, read_rows, scores_of_values
from tables_report import geometric_mean, print_table

SHARES = (0.0, 0.01, 0.05)
DEFAULT = "madaline"
# A loss other than the default's, which is the squared one.
LOSSES = {
    f"madaline, {loss}": with_settings({"loss": loss})
    for loss in ("huber", "absolute_error", "poisson")
}
METHODS = {DEFAULT: EVERY[DEFAULT], **LOSSES, "catboost": EVERY["catboost"], "hgb": EVERY["hgb"]}


def spoiled(y: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The answers with a share of them ten times as large."""
    wrong = np.random.default_rng(seed).permutation(len(y))[: round(share * len(y))]
    factor = np.ones(len(y))
    factor[wrong] = 10
    return y * factor


def are_counts(y: np.ndarray) -> bool:
    """Whether they are whole numbers from 0 on, which the Poisson loss is meant for."""
    return bool((y >= 0).all() and (y == np.round(y)).all())


def errors_of(rows: Rows, share: float, seed: int) -> dict[str, dict[str, float]]:
    """Scores on untouched test rows of every method that fits the target."""
    frame, y, train, test, categorical = rows
    answers = spoiled(y[train], share, seed)
    found = {}
    for name, peer in METHODS.items():
        if name.endswith("poisson") and not are_counts(y):
            continue
        x_train, x_test = (peer.frame(frame[part], categorical) for part in (train, test))
        model = peer.make("regression", categorical, seed).fit(x_train, answers)
        found[name] = scores_of_values(np.asarray(model.predict(x_test), np.float64), y[test])
    return found


def print_report(found: dict[tuple[str, int, float], dict[str, dict[str, float]]]) -> None:
    """Ratios to the default without wrong answers, geometric means over tables and seeds."""
    counts = {key[0] for key, scores in found.items() if "madaline, poisson" in scores}
    for score in ("rmse", "mae"):
        print(f"\n{score.upper()} on untouched test rows\n")
        rows = []
        for name in METHODS:
            cells = [name]
            for share in SHARES:
                ratios = [
                    scores[name][score] / found[table, seed, 0.0][DEFAULT][score]
                    for (table, seed, wrong), scores in found.items()
                    if wrong == share and name in scores
                ]
                cells.append(geometric_mean(np.array(ratios)) if ratios else "")
            rows.append(cells)
        print_table(["method", *(f"{share:.0%} ten times too large" for share in SHARES)], rows)
    print(f"\nPoisson: only counts, {', '.join(sorted(counts)) or 'none'}")


def main() -> None:
    """Fit everything, print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with index.json and Parquet files")
    parser.add_argument("--tables", type=list_of(str), help="names (the tuned regressions)")
    parser.add_argument("--rows-cap", type=int, default=1000, help="most training rows (1000)")
    parser.add_argument("--seeds", type=list_of(int), default=[0], help="of split and fit (0)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    index = json.loads((arguments.folder / "index.json").read_text())
    tables = arguments.tables or [t for t in TUNED if index[t]["task"] == "regression"]
    packages = {f"{k} {v}" for peer in METHODS.values() for k, v in peer.versions().items()}
    print(f"- {', '.join(sorted(packages))}, Python {platform.python_version()}")
    print(f"- {len(tables)} tables ({', '.join(tables)}), at most {arguments.rows_cap} rows")
    found = {}
    for seed in arguments.seeds:
        for table in tables:
            job = Job(str(arguments.folder), index[table], DEFAULT, seed, arguments.rows_cap)
            rows = read_rows(job)
            for share in SHARES:
                found[table, seed, share] = errors_of(rows, share, seed)
                print(table, seed, share, found[table, seed, share], file=sys.stderr, flush=True)
    print_report(found)


if __name__ == "__main__":
    main()
