"""How good is a default fit? Madaline and scikit-learn on a folder of tables.

    python benchmarks/tables.py DATA_FOLDER [--tables adult,ames] [--rows-cap 5000] [--seeds 0,1]
                                [--peers madaline,hgb,mlp] [--limit 900] [--again]

DATA_FOLDER holds Parquet files and `index.json`: name -> {file, target, task, categorical}. Each
fit runs in its own process; its result is a line of `results/tables.jsonl`, and what stands there
is not done again. What each peer is given stands in `README.md`.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

RESULTS = Path(__file__).parent / "results" / "tables.jsonl"
TEST_SHARE = 0.2
LOWEST_PROBABILITY = 1e-7  # one floor for every peer: a sure mistake costs 16.1 in log loss

# -- The peers: (task, categorical columns, seed) -> estimator of a frame --------------------------


def make_madaline(task: str, categorical: list[str], seed: int) -> Any:
    """All default, on the raw frame; it finds out by itself which columns are categories."""
    from madaline import MLPClassifier, MLPRegressor

    return (MLPRegressor if task == "regression" else MLPClassifier)(random_state=seed)


def make_hgb(task: str, categorical: list[str], seed: int) -> Any:
    """Boosted trees with native categories (at most 254, the rarest as one) and missing values."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=254,
    )
    columns = make_column_transformer((codes, categorical), remainder="passthrough")
    trees = (
        HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    )
    first_columns = list(range(len(categorical)))
    return make_pipeline(columns, trees(categorical_features=first_columns, random_state=seed))


def make_mlp(task: str, categorical: list[str], seed: int) -> Any:
    """scikit-learn's default network behind the usual columns: impute, scale, one-hot."""
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    # A missing category is a category of its own; rare ones share a column.
    one_hot = OneHotEncoder(handle_unknown="ignore", max_categories=50, sparse_output=False)
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer((one_hot, categorical), remainder=numbers)
    if task != "regression":
        return make_pipeline(columns, MLPClassifier(random_state=seed))
    network = make_pipeline(columns, MLPRegressor(random_state=seed))
    return TransformedTargetRegressor(network, transformer=StandardScaler())


class Peer(NamedTuple):
    """How it is made, and the package whose version marks a result."""

    make: Callable[[str, list[str], int], Any]
    package: str


PEERS = {
    "madaline": Peer(make_madaline, "madaline"),
    "hgb": Peer(make_hgb, "scikit-learn"),
    "mlp": Peer(make_mlp, "scikit-learn"),
}

# -- One fit, in its own process -----------------------------------------------------------------


class Job(NamedTuple):
    """One fit; `table` is the entry of index.json."""

    folder: str
    table: dict[str, Any]
    peer: str
    seed: int
    rows_cap: int | None


def read_target(column: pl.Series, task: str) -> np.ndarray:
    """Numbers for regression, the labels as they stand for classes (categories as text)."""
    if task == "regression":
        return column.cast(pl.Float64).to_numpy()
    if column.dtype in (pl.Categorical, pl.Enum, pl.String):
        return np.asarray(column.cast(pl.String).to_list())
    return column.to_numpy()


def split_rows(y: np.ndarray, job: Job) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on (shuffled, at most `rows_cap`) and to test on; the same for every peer."""
    from sklearn.model_selection import train_test_split

    classes = y if job.table["task"] != "regression" else None
    train, test = train_test_split(
        np.arange(len(y)), test_size=TEST_SHARE, stratify=classes, random_state=job.seed
    )
    return train[: job.rows_cap], test


def plain_frame(frame: pl.DataFrame, categorical: list[str]) -> Any:
    """The frame as scikit-learn's transformers like it: pandas, text and float64."""
    text = [pl.col(name).cast(pl.String) for name in categorical]
    numbers = pl.all().exclude(categorical).cast(pl.Float64) if categorical else pl.all()
    return frame.select(*text, numbers).to_pandas()


def log_loss(probabilities: np.ndarray, classes: Iterable[Any], y: np.ndarray) -> float:
    """Mean of -log(probability of the true class); a class never seen in training has none.

    >>> round(log_loss(np.array([[0.5, 0.5], [1.0, 0.0]]), ["a", "b"], np.array(["a", "a"])), 4)
    0.3466
    """
    place = {label: i for i, label in enumerate(np.asarray(classes).tolist())}
    p = np.column_stack([probabilities, np.zeros(len(y))])
    p = p[np.arange(len(y)), [place.get(label, -1) for label in y.tolist()]]
    return float(-np.log(np.clip(p, LOWEST_PROBABILITY, 1)).mean())


def score(model: Any, x: Any, y: np.ndarray, task: str) -> dict[str, float]:
    """Error rate and log loss, or root mean squared error and R2."""
    predicted = np.asarray(model.predict(x))
    if task == "regression":
        squares = np.mean((predicted.reshape(y.shape) - y) ** 2)
        return {"rmse": float(np.sqrt(squares)), "r2": float(1 - squares / np.var(y))}
    loss = log_loss(np.asarray(model.predict_proba(x)), model.classes_, y)
    return {"error": float(np.mean(predicted != y)), "log_loss": loss}


def peak_megabytes() -> float:
    """Most memory this process ever had resident (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def fit(job: Job) -> dict[str, Any]:
    """Fit and score; seconds are those of `fit` and `predict` alone, memory is all."""
    task, target = job.table["task"], job.table["target"]
    frame = pl.read_parquet(Path(job.folder) / job.table["file"]).drop_nulls(target)
    y, frame = read_target(frame[target], task), frame.drop(target)
    train, test = split_rows(y, job)
    categorical = [name for name in job.table["categorical"] if name in frame.columns]
    x = frame if job.peer == "madaline" else plain_frame(frame, categorical)
    take = x.__getitem__ if job.peer == "madaline" else x.iloc.__getitem__
    x_train, x_test = take(train), take(test)
    model = PEERS[job.peer].make(task, categorical, job.seed)
    mb_before = peak_megabytes()
    start, cpu_start = time.perf_counter(), time.process_time()
    model.fit(x_train, y[train])
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    start = time.perf_counter()
    scores = score(model, x_test, y[test], task)
    return {
        "status": "ok",
        "n_train": len(train),
        "n_test": len(test),
        "n_columns": frame.width,
        **scores,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "predict_seconds": time.perf_counter() - start,
        "mb_before_fit": mb_before,
        "peak_mb": peak_megabytes(),
    }


def work() -> None:
    """The child: a job on standard input, the answer as the last line of standard output."""
    import warnings

    warnings.simplefilter("ignore")
    job = Job(*json.load(sys.stdin))
    try:
        answer = fit(job)
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        answer = {"status": "crash", "why": f"{type(error).__name__}: {lines[0]}"}
    print("\n" + json.dumps(answer))


def run(job: Job, limit: float) -> dict[str, Any]:
    """Do a job in a process of its own; a crash or a timeout is an answer too."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, __file__, "--worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # so that its own children end with it
    )
    try:
        output, _ = child.communicate(json.dumps(job), timeout=limit)
        answer = json.loads(output.splitlines()[-1])
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        answer = {"status": "timeout", "limit": limit}
    except (IndexError, json.JSONDecodeError):
        answer = {"status": "crash", "why": f"exit status {child.returncode}"}
    return {**answer, "process_seconds": time.perf_counter() - start}


# -- All fits ------------------------------------------------------------------------------------

KEY = ("table", "peer", "seed", "rows_cap", "version")


def version(package: str) -> str:
    """Installed version; a package that is only on the path has none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "source tree"


def read_results() -> dict[tuple[Any, ...], dict[str, Any]]:
    """What was measured before, by `KEY`; a later line replaces an earlier one."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    records = [json.loads(line) for line in lines if line.endswith("}")]
    return {tuple(record[name] for name in KEY): record for record in records}


def is_finished(record: dict[str, Any] | None, limit: float) -> bool:
    """Crashes are tried again, and timeouts when they are given more time."""
    if record is None:
        return False
    return record["status"] == "ok" or (record["status"] == "timeout" and record["limit"] >= limit)


def run_all(arguments: argparse.Namespace, index: dict[str, Any]) -> list[dict[str, Any]]:
    """The asked-for results, old and new."""
    finished = read_results()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    records = []
    for seed in arguments.seeds:
        for table in arguments.tables:
            for peer in arguments.peers:
                key = (table, peer, seed, arguments.rows_cap, version(PEERS[peer].package))
                record = finished.get(key)
                if arguments.again or not is_finished(record, arguments.limit):
                    job = Job(str(arguments.folder), index[table], peer, seed, arguments.rows_cap)
                    record = dict(zip(KEY, key, strict=True)) | {"task": index[table]["task"]}
                    record |= run(job, arguments.limit) | {"when": time.strftime("%F %T")}
                    with RESULTS.open("a") as file:
                        file.write(json.dumps(record) + "\n")
                    say(record)
                records.append(record)
    return records


def say(record: dict[str, Any]) -> None:
    """One line of progress."""
    numbers = {name: value for name, value in record.items() if isinstance(value, float)}
    text = "  ".join(f"{name} {value:.4g}" for name, value in numbers.items())
    why = record.get("why", "")
    print(f"{record['table']} {record['peer']} {record['status']} {why} {text}", file=sys.stderr)


# -- The report ----------------------------------------------------------------------------------


def main_error(record: dict[str, Any]) -> float:
    """What is compared: the error rate (at least half a test row) or the RMSE."""
    if record["task"] == "regression":
        return record["rmse"]
    return max(record["error"], 0.5 / record["n_test"])


def ranks(errors: np.ndarray) -> np.ndarray:
    """Rank of each, 1 is best, equal ones share their mean rank.

    >>> ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    below = (errors[:, None] > errors).sum(axis=1)
    equal = (errors[:, None] == errors).sum(axis=1)
    return below + (equal + 1) / 2


def report(records: list[dict[str, Any]], peers: list[str]) -> None:
    """One Markdown line a table and seed, then the summary."""
    groups: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["table"], record["seed"]), {})[record["peer"]] = record
    print(f"\n| table | seed | rows | columns |{''.join(f' {p} | s | MB |' for p in peers)}")
    print("|" + " --- |" * (4 + 3 * len(peers)))
    for (table, seed), group in groups.items():
        sizes = next((r for r in group.values() if r["status"] == "ok"), None)
        rows, columns = (sizes["n_train"], sizes["n_columns"]) if sizes else ("", "")
        cells = [text for peer in peers for text in cells_of(group[peer])]
        print(f"| {table} | {seed} | {rows} | {columns} | {' | '.join(cells)} |")
    whole = [group for group in groups.values() if all(r["status"] == "ok" for r in group.values())]
    classes = [group for group in whole if group[peers[0]]["task"] != "regression"]
    print_summary("All tables", whole, main_error, peers)
    print_summary("Classes: log loss", classes, lambda record: record["log_loss"], peers)
    for peer in peers:
        failed = [r["table"] for r in records if r["peer"] == peer and r["status"] != "ok"]
        if failed:
            print(f"\n{peer} failed on {len(failed)}, left out above: {', '.join(failed)}")


def cells_of(record: dict[str, Any]) -> tuple[str, str, str]:
    """Score, seconds and megabytes of one fit, or why there are none."""
    if record["status"] != "ok":
        return record["status"], "", ""
    if record["task"] == "regression":
        score = f"{record['rmse']:.4g} (R2 {record['r2']:.3f})"
    else:
        score = f"{record['error']:.2%} ({record['log_loss']:.3f})"
    return score, f"{record['seconds']:.1f}", f"{record['peak_mb']:.0f}"


def print_summary(
    title: str,
    groups: list[dict[str, dict[str, Any]]],
    error_of: Callable[[dict[str, Any]], float],
    peers: list[str],
) -> None:
    """Geometric mean of the error over the best one's, ranks, wins and cost."""
    if not groups:
        return
    errors = np.array([[error_of(group[peer]) for peer in peers] for group in groups])
    seconds = np.array([[group[peer]["seconds"] for peer in peers] for group in groups])
    over_best = np.exp(np.log(errors / errors.min(axis=1, keepdims=True)).mean(axis=0))
    rank = np.array([ranks(row) for row in errors])
    print(f"\n### {title} ({len(groups)} fits that all peers finished)\n")
    print("| peer | error over best | mean rank | best on | median s | total s |")
    print("|" + " --- |" * 6)
    for i, peer in enumerate(peers):
        print(
            f"| {peer} | {over_best[i] - 1:+.1%} | {rank[:, i].mean():.2f} "
            f"| {(errors[:, i] == errors.min(axis=1)).sum()} "
            f"| {np.median(seconds[:, i]):.2f} | {seconds[:, i].sum():.1f} |"
        )


def names(text: str) -> list[str]:
    """A list as typed: ``a,b``."""
    return text.split(",")


def seeds(text: str) -> list[int]:
    """Seeds as typed: ``0,1``."""
    return [int(part) for part in text.split(",")]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with index.json and Parquet files")
    parser.add_argument("--tables", type=names, help="names in index.json (all)")
    parser.add_argument("--rows-cap", type=int, help="at most so many training rows (no cap)")
    parser.add_argument("--peers", type=names, default=list(PEERS), help=",".join(PEERS))
    parser.add_argument("--seeds", type=seeds, default=[0], help="of split and fit (0)")
    parser.add_argument("--limit", type=float, default=900, help="seconds a fit may take (900)")
    parser.add_argument("--again", action="store_true", help="redo what was measured before")
    return parser.parse_args()


def main() -> None:
    """Fit what is missing, print everything."""
    if sys.argv[1:] == ["--worker"]:
        return work()
    arguments = parse_arguments()
    index = json.loads((arguments.folder / "index.json").read_text())
    arguments.tables = arguments.tables or list(index)
    unknown = {*arguments.tables} - {*index} | {*arguments.peers} - {*PEERS}
    if unknown:
        sys.exit(f"Not known: {', '.join(sorted(unknown))}. Tables: {', '.join(index)}.")
    report(run_all(arguments, index), arguments.peers)


if __name__ == "__main__":
    main()
