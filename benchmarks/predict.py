"""How fast is an answer? One row and a million, Madaline beside scikit-learn's MLP.

    python benchmarks/predict.py [--rounds 5] [--calls 300] [--rows 1000000] [--output FILE]

Two networks of 64 and 64 ReLU units: one on 20 numbers, one on 14 columns like those of the census
table *adult* (6 numbers, 8 texts with 2 to 42 values). What each peer is given stands in README.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results" / "predict.json"
LEVELS = (9, 16, 7, 15, 6, 5, 2, 42)
N_TRAINING = 2_000
Call = Callable[[], Any]

# -- The rows --------------------------------------------------------------------------------------


def numbers(n_rows: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n_rows, 20))


def census(n_rows: int) -> dict[str, list[Any]]:
    draw = np.random.default_rng(1)
    columns = {f"number {i}": draw.normal(size=n_rows).tolist() for i in range(6)}
    for i, n in enumerate(LEVELS):
        columns[f"text {i}"] = [f"value {code}" for code in draw.integers(0, n, n_rows)]
    return columns


def answers_of(n_rows: int) -> list[str]:
    return [("no", "yes")[i] for i in np.random.default_rng(2).integers(0, 2, n_rows)]


# -- The models ------------------------------------------------------------------------------------


def write_models(folder: Path) -> None:
    """Train Madaline's two networks for an epoch, and write them in all its forms."""
    from madaline.data.columns.frames import as_table
    from madaline.data.dataset import Dataset
    from madaline.data.table import Table
    from madaline.export.numpy_folder import export_numpy
    from madaline.export.onnx_file import export_onnx
    from madaline.pipeline.run import run
    from madaline.settings.table import Settings
    from madaline.store.bundle import save_model

    y = as_table({"y": answers_of(N_TRAINING)}).columns
    for name, x in (("numbers", numbers(N_TRAINING)), ("census", census(N_TRAINING))):
        settings = Settings(epochs=1, hidden=(64, 64), members=1)
        data = Dataset(Table((*as_table(x).columns, *y)), ("y",))
        predictor = run(data, settings).predictor
        save_model(folder / f"{name}.madaline", predictor)
        export_onnx(predictor, folder / f"{name}.onnx")
        export_numpy(predictor, folder / name)


def load_numpy(folder: Path) -> Any:
    """The model of an exported folder, by the program that lies in it."""
    spec = importlib.util.spec_from_file_location("predict_folder", folder / "predict.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load(folder)


def sklearn_numbers() -> Any:
    from sklearn.neural_network import MLPClassifier

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an epoch is not enough to converge
        return MLPClassifier((64, 64), max_iter=1).fit(numbers(N_TRAINING), answers_of(N_TRAINING))


def sklearn_census() -> Any:
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    frame = pd.DataFrame(census(N_TRAINING))
    texts = [name for name in frame if name.startswith("text")]
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
        remainder=StandardScaler(),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(columns, MLPClassifier((64, 64), max_iter=1)).fit(
            frame, answers_of(N_TRAINING)
        )


# -- One row ---------------------------------------------------------------------------------------


def one_row_calls(folder: Path) -> dict[str, Call]:
    """What is timed: each call makes probabilities of one row, from what a program would hold."""
    import onnxruntime
    import pandas as pd
    import polars as pl

    from madaline import load_model
    from madaline.data.columns.frames import as_table

    x, row = numbers(1), census(1)
    array = {f"x{i}": x[:, i] for i in range(20)}
    feed = {name: values.reshape(-1, 1) for name, values in array.items()}
    texts = {
        name: np.array([values], np.float64 if name.startswith("number") else object)
        for name, values in row.items()
    }
    model, other = load_model(folder / "numbers.madaline"), load_model(folder / "census.madaline")
    alone, other_alone = load_numpy(folder / "numbers"), load_numpy(folder / "census")
    session = onnxruntime.InferenceSession(folder / "numbers.onnx")
    other_session = onnxruntime.InferenceSession(folder / "census.onnx")
    fitted, other_fitted = sklearn_numbers(), sklearn_census()
    table, other_table = as_table(x), as_table(row)
    frame, other_frame = pd.DataFrame(x, columns=list(array)), pd.DataFrame(row)
    polars_frame = pl.DataFrame(row)
    return {
        "20 numbers: madaline, Table": lambda: model.predict_proba(table),
        "20 numbers: madaline, array": lambda: model.predict_proba(x),
        "20 numbers: madaline, pandas": lambda: model.predict_proba(frame),
        "20 numbers: numpy folder, arrays": lambda: alone.predict_proba(array),
        "20 numbers: onnxruntime": lambda: session.run(None, feed),
        "20 numbers: scikit-learn, array": lambda: fitted.predict_proba(x),
        "census: madaline, Table": lambda: other.predict_proba(other_table),
        "census: madaline, dictionary": lambda: other.predict_proba(row),
        "census: madaline, Polars": lambda: other.predict_proba(polars_frame),
        "census: madaline, pandas": lambda: other.predict_proba(other_frame),
        "census: numpy folder, dictionary": lambda: other_alone.predict_proba(row),
        "census: onnxruntime": lambda: other_session.run(None, texts),
        "census: scikit-learn, pandas": lambda: other_fitted.predict_proba(other_frame),
    }


def time_rows(calls: Mapping[str, Call], rounds: int, n_calls: int) -> list[dict[str, Any]]:
    """Peers take turns; wall and processor time of each call, in milliseconds."""
    wall: dict[str, list[float]] = {name: [] for name in calls}
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(rounds + 1):  # the first one warms up
        for name, call in calls.items():
            for _ in range(n_calls):
                start, start_spent = time.perf_counter(), time.thread_time()
                call()
                end_spent, end = time.thread_time(), time.perf_counter()
                if round_:
                    wall[name].append(1e3 * (end - start))
                    spent[name].append(1e3 * (end_spent - start_spent))
    return [
        {
            "call": name,
            "median_ms": float(np.median(wall[name])),
            "p99_ms": float(np.quantile(wall[name], 0.99)),
            "cpu_median_ms": float(np.median(spent[name])),
            "cpu_p99_ms": float(np.quantile(spent[name], 0.99)),
        }
        for name in calls
    ]


# -- A million rows, and the start: each in a process of its own ----------------------------------

PEERS = ("madaline", "numpy folder", "onnxruntime", "scikit-learn")


def loaded(peer: str, folder: Path) -> Callable[[np.ndarray], Any]:
    """Probabilities of the rows of an array, by the network on 20 numbers."""
    match peer:
        case "madaline":
            from madaline import load_model

            return load_model(folder / "numbers.madaline").predict_proba
        case "numpy folder":
            model = load_numpy(folder / "numbers")
            return lambda x: model.predict_proba({f"x{i}": x[:, i] for i in range(20)})
        case "onnxruntime":
            import onnxruntime

            session = onnxruntime.InferenceSession(folder / "numbers.onnx")
            return lambda x: session.run(None, {f"x{i}": x[:, i : i + 1] for i in range(20)})
        case _:
            return sklearn_numbers().predict_proba


def memory_mb(key: str) -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(s.split()[1]) / 1000 for s in status.splitlines() if s.startswith(key))


def work(peer: str, folder: Path, n_rows: int) -> dict[str, Any]:
    """In a fresh process: the time to the first answer, then all rows in one call."""
    x = numbers(n_rows)
    start = time.perf_counter()
    predict = loaded(peer, folder)
    ready = time.perf_counter()
    predict(x[:1])
    answered = time.perf_counter()
    result: dict[str, Any] = {"load_s": ready - start, "first_row_s": answered - ready}
    before = memory_mb("VmRSS")
    start, spent = time.perf_counter(), time.process_time()
    predict(x)
    result |= {"seconds": time.perf_counter() - start, "cpu_s": time.process_time() - spent}
    result |= {"extra_mb": memory_mb("VmHWM") - before, "jax": "jax" in sys.modules}
    return result


def time_batches(folder: Path, rounds: int, n_rows: int) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {peer: [] for peer in PEERS}
    for round_ in range(rounds):
        for place in range(len(PEERS)):
            peer = PEERS[(place + round_) % len(PEERS)]
            command = [sys.executable, __file__, "--work", peer, str(folder), "--rows", str(n_rows)]
            answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            found[peer].append(json.loads(answer))
    return [
        {"peer": peer}
        | {key: float(np.median([r[key] for r in rows])) for key in rows[0] if key != "jax"}
        | {"fastest_s": min(r["seconds"] for r in rows), "jax": rows[0]["jax"]}
        for peer, rows in found.items()
    ]


# -- Tables ----------------------------------------------------------------------------------------


def markdown(result: Mapping[str, Any]) -> str:
    lines = [
        "Load average {:.1f} at the beginning, {:.1f} at the end; ".format(*result["load"])
        + f"{os.cpu_count()} cores.",
        "",
        "| one row | median ms | p99 ms | CPU median ms | CPU p99 ms |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in result["rows"]:
        keys = ("median_ms", "p99_ms", "cpu_median_ms", "cpu_p99_ms")
        lines.append(f"| {row['call']} | " + " | ".join(f"{row[key]:.3f}" for key in keys) + " |")
    lines += [
        "",
        f"| {result['n_rows']:,} rows in one call | s | fastest s | CPU s | million rows a minute "
        "| extra MB | load s | first row s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in result["batches"]:
        speed = 60 * result["n_rows"] / row["seconds"] / 1e6
        lines.append(
            f"| {row['peer']} | {row['seconds']:.2f} | {row['fastest_s']:.2f} | {row['cpu_s']:.2f} "
            f"| {speed:.1f} | {row['extra_mb']:.0f} | {row['load_s']:.3f} "
            f"| {row['first_row_s']:.4f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--work", nargs=2, metavar=("PEER", "FOLDER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        print(json.dumps(work(args.work[0], Path(args.work[1]), args.rows)))
        return
    with tempfile.TemporaryDirectory() as place:
        folder, load = Path(place), os.getloadavg()[0]
        write_models(folder)
        rows = time_rows(one_row_calls(folder), args.rounds, args.calls)
        batches = time_batches(folder, args.rounds, args.rows)
    result = {"n_rows": args.rows, "rows": rows, "batches": batches}
    result["load"] = [load, os.getloadavg()[0]]
    args.output.write_text(json.dumps(result, indent=1) + "\n")
    print(markdown(result))


if __name__ == "__main__":
    main()
