"""How fast is a search, and what is it worth?

    python benchmarks/sweep.py speed DATA_FOLDER [--table phoneme] [--preset balanced]
                                     [--trials 16] [--rounds 3]
    python benchmarks/sweep.py worth DATA_FOLDER [--tables concrete,vehicle] [--preset balanced]
                                     [--trials 16] [--rows-cap 1500] [--seeds 0]

DATA_FOLDER is that of `tables.py`. `speed`: trials a minute of Madaline's search and of
scikit-learn's RandomizedSearchCV over its MLPClassifier, on the same rows and cores, in turns, the
compiler's time included. `worth`: test scores of a fit as it is and of one with `tune`, and their
ratio; only tables that settings may be chosen on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from madaline import MLPClassifier, MLPRegressor
from madaline.pipeline.describe import versions
from tables import TUNED, list_of
from tables_fit import Job, read_rows, scores_of_classes, scores_of_values

WORTH = (
    *("concrete", "vehicle", "german_credit", "contraceptive", "segment", "phoneme"),
    *("wine_white", "grid_stability"),
)
# scikit-learn's defaults search nothing by themselves: the same three kinds of settings.
SKLEARN_SPACE = ("learning_rate_init", "alpha", "hidden_layer_sizes")


def rows_of(arguments: argparse.Namespace, table: str, seed: int) -> tuple[Any, ...]:
    """Task, training rows and answers, test rows and answers."""
    about = json.loads((arguments.folder / "index.json").read_text())[table]
    job = Job(str(arguments.folder), about, "madaline", seed, arguments.rows_cap)
    x, y, train, test, _ = read_rows(job)
    return about["task"], x[train], y[train], x[test], y[test]


def speed(arguments: argparse.Namespace) -> None:
    from scipy.stats import loguniform
    from sklearn.model_selection import RandomizedSearchCV
    from sklearn.neural_network import MLPClassifier as TheirClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    task, x, y, _, _ = rows_of(arguments, arguments.table, 0)
    if task == "regression":
        raise SystemExit(f"{arguments.table} is a regression; --table needs one with classes.")

    def ours() -> None:
        found = search_of(x, y, arguments)
        assert len(found.trials) == arguments.trials

    def theirs() -> None:
        names = [f"mlpclassifier__{name}" for name in SKLEARN_SPACE]
        space = dict(
            zip(names, (loguniform(2.5e-4, 4e-3), loguniform(1e-5, 1e-1), [(100,)]), strict=True)
        )
        RandomizedSearchCV(
            make_pipeline(StandardScaler(), TheirClassifier(random_state=0)),
            space, n_iter=arguments.trials, random_state=0, cv=arguments.folds, refit=False,
        ).fit(x.to_numpy(), y)  # fmt: skip

    minutes: dict[str, list[float]] = {"madaline": [], "scikit-learn": []}
    for turn in range(arguments.rounds):
        for name, call in (("madaline", ours), ("scikit-learn", theirs))[:: 1 - 2 * (turn % 2)]:
            started = time.perf_counter()
            call()
            minutes[name].append((time.perf_counter() - started) / 60)
            print(f"# {name} {60 * minutes[name][-1]:.1f} s", flush=True)
    print(f"\n{arguments.table}, {len(y)} rows, {arguments.trials} trials, {arguments.folds} folds")
    print("| peer | trials a minute, median | slowest | fastest |\n| --- | --- | --- | --- |")
    for name, found in minutes.items():
        rates = [arguments.trials / m for m in (statistics.median(found), max(found), min(found))]
        print(f"| {name} | " + " | ".join(f"{rate:.1f}" for rate in rates) + " |")
    ours_, theirs_ = (statistics.median(found) for found in minutes.values())
    print(f"\nratio of the medians: {theirs_ / ours_:.2f}")


def search_of(x: pl.DataFrame, y: np.ndarray, arguments: argparse.Namespace) -> Any:
    """A search alone: trials and choice, without the last training."""
    import jax

    from madaline import Settings
    from madaline.data.columns.frames import as_table
    from madaline.data.dataset import Dataset
    from madaline.study.search import search

    jax.clear_caches()
    table = as_table(x.with_columns(pl.Series("y", [str(label) for label in y.tolist()])))
    settings = Settings(preset=arguments.preset, test=0.0)
    return search(Dataset(table, ("y",)), settings, n_trials=arguments.trials)


def worth(arguments: argparse.Namespace) -> None:
    unknown = {*arguments.tables} - {*TUNED}
    if unknown:
        raise SystemExit(f"Not tables to choose by: {', '.join(sorted(unknown))}.")
    print("| table | seed | error or RMSE | log loss | ratio | ratio of log losses | taken |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    ratios: list[tuple[float, float]] = []
    for seed in arguments.seeds:
        for table in arguments.tables:
            task, x, y, x_test, y_test = rows_of(arguments, table, seed)
            kind = MLPRegressor if task == "regression" else MLPClassifier
            plain, tuned = (
                kind(preset=arguments.preset, random_state=seed, tune=tune).fit(x, y)
                for tune in (None, arguments.trials)
            )
            before, after = (scores(model, task, x_test, y_test) for model in (plain, tuned))
            ratio = tuple(b / a if a else 1.0 for a, b in zip(before, after, strict=True))
            ratios.append(ratio)
            taken = plain.run_.settings != tuned.run_.settings
            print(
                f"| {table} | {seed} | {after[0]:.4g} | {after[1]:.4g} | {ratio[0]:.4f} | "
                f"{ratio[1]:.4f} | {'yes' if taken else 'no'} |",
                flush=True,
            )
    for place, name in enumerate(("error or RMSE", "log loss or RMSE")):
        found = np.array(ratios)[:, place]
        mean = np.exp(np.log(np.maximum(found, 1e-9)).mean())
        print(
            f"\n{name}: geometric mean of ratios {mean:.4f}, better on {np.mean(found < 1):.0%}, "
            f"same on {np.mean(found == 1):.0%}, worse by more than 0.5 % on "
            f"{np.mean(found > 1.005):.0%}, worst {found.max():.4f}"
        )


def scores(model: Any, task: str, x: pl.DataFrame, y: np.ndarray) -> tuple[float, float]:
    """Error or RMSE, and log loss or RMSE, on test rows."""
    if task == "regression":
        rmse = scores_of_values(np.asarray(model.predict(x), np.float64), y)["rmse"]
        return rmse, rmse
    found = scores_of_classes(np.asarray(model.predict_proba(x), np.float64), model.classes_, y)
    return found["error"], found["log_loss"]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["speed", "worth"])
    parser.add_argument("folder", type=Path, help="folder with index.json and Parquet files")
    parser.add_argument("--preset", default="balanced", help="what is searched around (balanced)")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--rows-cap", type=int, default=1500, help="most training rows (1500)")
    parser.add_argument("--table", default="phoneme", help="speed: with numbers only (phoneme)")
    parser.add_argument("--rounds", type=int, default=3, help="speed: turns of each (3)")
    parser.add_argument("--folds", type=int, default=5, help="speed: scikit-learn's folds (5)")
    parser.add_argument("--tables", type=list_of(str), default=list(WORTH))
    parser.add_argument("--seeds", type=list_of(int), default=[0], help="worth: of split and fit")
    return parser.parse_args()


def main() -> None:
    """Measure, print Markdown."""
    warnings.simplefilter("ignore")
    arguments = parse_arguments()
    import sklearn

    cores = len(os.sched_getaffinity(0))
    print(
        f"# {platform.machine()}, {cores} cores, preset {arguments.preset}, {versions()}, "
        f"scikit-learn {sklearn.__version__}, load {os.getloadavg()[0]:.2f}"
    )
    {"speed": speed, "worth": worth}[arguments.what](arguments)


if __name__ == "__main__":
    main()
