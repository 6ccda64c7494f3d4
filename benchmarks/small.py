"""Small questions: how long does a person wait for a first fit, the next one, folds and a grid?

    python benchmarks/small.py [DATA_FOLDER] [--peers madaline,mlp,hgb,realmlp] [--rounds 3]

Iris and penguins (bundled) and, where DATA_FOLDER has the table `adult`, 1,000 rows of a census.
Each peer works in fresh processes, one at a time, in turn: first with an empty cache of compiled
programs, then with the one just written. In a process, after the imports: a first fit, the same
again, 5 folds, and a grid of 12 points over two numbers with 3 folds each. All at the library's
defaults, with all cores and every library's own threads. A peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

QUESTIONS = ("import", "first fit", "warm fit", "5 folds", "12-point grid")
# Two numbers of each peer, 3 x 4 values around its defaults: what a person tries first.
GRIDS: dict[str, dict[str, list[float]]] = {
    "madaline": {"learning_rate_init": [1e-3, 3e-3, 1e-2], "weight_decay": [0.0, 0.1, 0.3, 1.0]},
    "mlp": {"learning_rate_init": [3e-4, 1e-3, 3e-3], "alpha": [1e-5, 1e-4, 1e-3, 1e-2]},
    "hgb": {"learning_rate": [0.05, 0.1, 0.2], "l2_regularization": [0.0, 0.1, 1.0, 10.0]},
    "realmlp": {"lr": [0.02, 0.04, 0.08], "p_drop": [0.0, 0.1, 0.15, 0.3]},
}
TABLES = ("iris", "penguins", "census")
CENSUS_ROWS = 1_000


def read(table: str, folder: Path | None) -> tuple[Any, Any, list[str]]:
    """Columns, classes, and the names of the columns that are categories."""
    import polars as pl

    if table == "census":
        assert folder is not None
        about = json.loads((folder / "index.json").read_text())["adult"]
        frame = pl.read_parquet(folder / about.get("file", "adult.parquet"))
        frame = frame.sample(CENSUS_ROWS, seed=0)
        target, categorical = about["target"], list(about["categorical"])
        return frame.drop(target), frame[target].cast(pl.String).to_numpy(), categorical
    from madaline import load_sample

    sample = load_sample(table)
    columns = {c.name: c.texts() if c.kind == "category" else c.values for c in sample.table}
    frame = pl.DataFrame(columns)
    kinds = {c.name: c.kind for c in sample.table if c.name != sample.target}
    categorical = [name for name, kind in kinds.items() if kind == "category"]
    return frame.drop(sample.target), frame[sample.target].to_numpy(), categorical


def answer(peer_name: str, table: str, folder: Path | None) -> dict[str, Any]:
    """Wall and processor seconds of each question in this process, in their order."""
    from tables_fit import Clock, peak_megabytes

    with Clock() as imports:
        from sklearn.base import clone
        from sklearn.model_selection import GridSearchCV, cross_val_score

        from peers import PEERS

        peer = PEERS[peer_name]
        peer.make("binary", [], 0)
        if peer_name == "madaline":
            import jax  # noqa: F401
    x, y, categorical = read(table, folder)
    x = peer.frame(x, categorical)
    task = "binary" if len(set(y.tolist())) == 2 else "multiclass"
    model = peer.make(task, categorical, 0)
    prefix = f"{model.steps[-1][0]}__" if hasattr(model, "steps") else ""
    grid = {prefix + name: values for name, values in GRIDS[peer_name].items()}
    if peer_name == "madaline":
        x = x.to_pandas()
    work = {
        "first fit": lambda: clone(model).fit(x, y),
        "warm fit": lambda: clone(model).fit(x, y),
        "5 folds": lambda: cross_val_score(model, x, y, cv=5),
        "12-point grid": lambda: GridSearchCV(model, grid, cv=3, refit=False).fit(x, y),
    }
    found: dict[str, Any] = {"import": [imports.wall, imports.cpu]}
    for question, ask in work.items():
        before = programs()
        with Clock() as clock:
            result = ask()
        found[question] = [clock.wall, clock.cpu, programs() - before]
        if question == "5 folds":
            found["score"] = float(result.mean())
    return {**found, "peak_mb": peak_megabytes(), "versions": peer.versions()}


def programs() -> int:
    """Training programs that Madaline compiled in this process."""
    chunk = sys.modules.get("madaline.train.chunk")
    return chunk.run_chunk._cache_size() if chunk else 0


def measured(peer: str, table: str, folder: Path | None, cache: str) -> dict[str, Any] | None:
    """The answers of a fresh process; None where the peer is not installed."""
    command = [sys.executable, __file__, "--child", peer, table, *([str(folder)] if folder else [])]
    settings = {"JAX_COMPILATION_CACHE_DIR": cache, "PYTHONWARNINGS": "ignore"}
    settings |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    settings |= {"JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True)
    if done.returncode:
        print(f"{peer} {table}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def middle(runs: list[dict[str, Any]], question: str, place: int) -> float:
    """The median over rounds."""
    return statistics.median(run[question][place] for run in runs)


def print_report(found: dict[tuple[str, str, str], list[dict[str, Any]]]) -> None:
    """A table of processor seconds and of wall seconds, one line a peer and cache."""
    for place, unit in ((1, "processor seconds"), (0, "wall seconds")):
        print(f"\n{unit.capitalize()}, medians\n")
        header = ["table", "peer", "cache", *QUESTIONS]
        header += ["programs", "accuracy", "peak MB"] if place else []
        print(f"| {' | '.join(header)} |\n|{' --- |' * len(header)}")
        for (table, peer, cache), runs in found.items():
            cells = [table, peer, cache, *(f"{middle(runs, q, place):.2f}" for q in QUESTIONS)]
            if place:
                compiled = "/".join(str(runs[0][q][2]) for q in QUESTIONS[1:])
                score = f"{statistics.median(run['score'] for run in runs):.3f}"
                peak = f"{max(run['peak_mb'] for run in runs):.0f}"
                cells += [compiled, score, peak]
            print(f"| {' | '.join(cells)} |")


def main() -> None:
    """Measure everything, print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="folder with index.json and Parquet")
    parser.add_argument("--peers", default=",".join(GRIDS), help="separated by commas")
    parser.add_argument("--tables", default=",".join(TABLES), help="separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    tables = [t for t in arguments.tables.split(",") if t != "census" or arguments.folder]
    print(f"- Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()}")
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for table in tables:
        for _ in range(arguments.rounds):
            for peer in arguments.peers.split(","):
                with tempfile.TemporaryDirectory() as cache:
                    for state in ("empty", "full")[: 2 if peer == "madaline" else 1]:
                        run = measured(peer, table, arguments.folder, cache)
                        if run is not None:
                            found.setdefault((table, peer, state), []).append(run)
                            print(table, peer, state, run, file=sys.stderr, flush=True)
    versions = {f"{k} {v}" for runs in found.values() for k, v in runs[0]["versions"].items()}
    print(f"- {', '.join(sorted(versions))}; rounds: {arguments.rounds}")
    print(f"- grids: {json.dumps(GRIDS)}")
    print_report(found)
    print(
        f"\nLoad at the end: {os.getloadavg()}. Programs: compiled in the first fit, the warm fit,"
    )
    print("the folds and the grid of one process.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        warnings.simplefilter("ignore")
        place = Path(sys.argv[4]) if len(sys.argv) > 4 else None
        print(json.dumps(answer(sys.argv[2], sys.argv[3], place)))
    else:
        main()
