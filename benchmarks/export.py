"""Do exported models answer like `predict`? On every row of a folder of tables, in ONNX and NumPy.

    python benchmarks/export.py DATA_FOLDER [--tables adult,ames] [--rows 20000] [--epochs 3]

DATA_FOLDER is that of `tables.py`. For each table a small network is trained on at most `--rows`
rows and exported twice; the answers of ONNX Runtime and of the NumPy folder are compared with
`predict` on all rows, and again on 1,000 rows in which a tenth of the cells was emptied and another
tenth of the texts replaced by one that no row has. `differences` are of probabilities, or of values
over the standard deviation of the target.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from madaline.data.dataset import Dataset
from madaline.data.files.read import read_table
from madaline.data.table import Column, Table
from madaline.export.numpy_folder import export_numpy
from madaline.export.onnx_file import export_onnx
from madaline.pipeline.run import run
from madaline.predict.predictor import Predictor
from madaline.settings.table import Settings

RESULTS = Path(__file__).parent / "results" / "export.jsonl"
STRANGE = "never seen before"


def train(table: Table, target: str, task: str, rows: int, epochs: int) -> Predictor:
    """A small network on the first rows of a shuffled table whose target is known."""
    known = ~table[target].missing()
    order = np.random.default_rng(0).permutation(np.flatnonzero(known))[:rows]
    settings = Settings(task=task, epochs=epochs, hidden=(32,))
    return run(Dataset(table.take(order), (target,)), settings).predictor


def damaged(table: Table, names: Iterable[str]) -> Table:
    """1,000 rows with emptied cells, and texts that no row has."""
    draw = np.random.default_rng(1)
    rows = table.take(draw.integers(0, table.n_rows, 1000))
    return Table(tuple(_damaged(rows[name], draw) for name in names), table.source)


def _damaged(column: Column, draw: np.random.Generator) -> Column:
    values, chance = column.values.copy(), draw.random(len(column))
    if column.kind == "category":
        values[chance < 0.1] = -1
        values[chance > 0.9] = len(column.levels)
        return replace(column, values=values, levels=(*column.levels, STRANGE))
    values[chance < 0.1] = "NaT" if column.kind == "date" else np.nan
    return replace(column, values=values)


def onnx_inputs(table: Table, names: Iterable[str]) -> dict[str, np.ndarray]:
    """The raw columns as a program outside Madaline would give them."""
    return {
        name: (
            table[name].values
            if table[name].kind == "number"
            else np.array(["" if text is None else text for text in table[name].texts()], object)
        ).reshape(-1, 1)
        for name in names
    }


def numpy_inputs(table: Table, names: Iterable[str]) -> dict[str, Any]:
    columns = (table[name] for name in names)
    return {c.name: c.values if c.kind in ("number", "date") else c.texts() for c in columns}


def compare(predictor: Predictor, table: Table, found: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Largest difference from `predict`, and how many labels differ."""
    expected = predictor.predict(table)
    if predictor.target.task == "regression":
        return {
            "difference": float((np.abs(found["value"] - expected) / predictor.target.scale).max())
        }
    p = predictor.predict_proba(table)
    return {
        "difference": float(np.abs(found["probabilities"] - p).max()),
        "labels": int((found["label"] != expected).sum()),
    }


def compare_table(name: str, folder: Path, entry: Mapping[str, Any], args: Any) -> dict[str, Any]:
    table = read_table(folder / entry["file"])
    predictor = train(table, entry["target"], entry["task"], args.rows, args.epochs)
    names = predictor.encoder.columns
    result: dict[str, Any] = {"table": name, "task": predictor.target.task, "rows": table.n_rows}
    with tempfile.TemporaryDirectory() as place:
        export_onnx(predictor, Path(place, "model.onnx"))
        export_numpy(predictor, Path(place, "model"))
        result["kB"] = round(Path(place, "model.onnx").stat().st_size / 1000)
        session = onnxruntime.InferenceSession(Path(place, "model.onnx"))
        outputs = [output.name for output in session.get_outputs()]
        alone = load_folder(Path(place, "model"))
        for part, rows in (("all", table), ("damaged", damaged(table, names))):
            feed = onnx_inputs(rows, names)
            start = time.perf_counter()
            found = dict(zip(outputs, session.run(None, feed), strict=True))
            seconds = time.perf_counter() - start
            result[f"onnx {part}"] = compare(predictor, rows, found)
            result[f"onnx {part}"]["rows_a_second"] = round(rows.n_rows / seconds)
            columns = numpy_inputs(rows, names)
            found = {"value": alone.predict(columns)}
            found["label"] = found["value"]
            if predictor.target.task != "regression":
                found["probabilities"] = alone.predict_proba(columns)
            result[f"numpy {part}"] = compare(predictor, rows, found)
    kinds = [code.kind for code in predictor.encoder.column_codes]
    result["kinds"] = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    return result


def load_folder(folder: Path) -> Any:
    """The model of an exported folder, by the program that lies in it."""
    spec = importlib.util.spec_from_file_location("predict", folder / "predict.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load(folder)


def markdown(results: list[dict[str, Any]]) -> str:
    """One row a table: largest differences and differing labels."""
    parts = ("onnx all", "onnx damaged", "numpy all", "numpy damaged")
    lines = [
        "| table | task | rows | columns | kB | " + " | ".join(parts) + " | labels that differ |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for r in results:
        kinds = ", ".join(f"{n} {kind}" for kind, n in r["kinds"].items())
        shown = " | ".join(f"{r[part]['difference']:.1e}" for part in parts)
        labels = sum(r[part].get("labels", 0) for part in parts)
        lines.append(
            f"| {r['table']} | {r['task']} | {r['rows']:,} | {kinds} | {r['kB']} | {shown} "
            f"| {labels if r['task'] != 'regression' else ''} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", default="")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    index = json.loads((args.folder / "index.json").read_text())
    names = args.tables.split(",") if args.tables else list(index)
    results = []
    with args.output.open("w") as file:
        for name in names:
            results.append(compare_table(name, args.folder, index[name], args))
            print(name, results[-1]["onnx all"], file=sys.stderr, flush=True)
            file.write(json.dumps(results[-1]) + "\n")
    print(markdown(results))


if __name__ == "__main__":
    main()
