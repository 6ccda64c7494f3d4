"""What does `madaline check` find? A folder of tables as they are, and with planted faults.

    python benchmarks/check.py DATA_FOLDER [--tables adult,ames] [--plant-in adult]

DATA_FOLDER holds Parquet files and `index.json`: name -> {file, target, task}. Each table is looked
at in its own process: once as it is (findings, seconds, peak memory), then with faults planted in
at most 2,000 of its rows. Writes `results/check.json` and prints the tables of `results/check.md`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from madaline.checkup.checkup import Checkup, check_up
from madaline.checkup.drift import find_drift
from madaline.checkup.seen import Seen
from madaline.data.dataset import Dataset
from madaline.data.files.read import read_table
from madaline.data.table import Column, Table
from madaline.prepare.parts import encode_parts
from madaline.prepare.split_table import split_table
from madaline.settings.table import Settings

RESULTS = Path(__file__).parent / "results" / "check.json"
MOST_ROWS = 2_000
SHARE = 0.05
RANDOM_SPLITS = 5

# -- One table, in a process of its own ------------------------------------------------------------


def look_at(folder: Path, name: str, plant: bool) -> dict[str, Any]:
    about = json.loads((folder / "index.json").read_text())[name]
    settings, target = Settings(task=about["task"]), about["target"]
    start = time.perf_counter()
    table = read_table(folder / about["file"])
    found = check_up(table, target, settings)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    rng = np.random.default_rng(0)
    usable = np.flatnonzero(~table[target].missing())
    small = table.take(np.sort(rng.permutation(usable)[:MOST_ROWS]))
    clean = check_up(small, target, settings) if plant else found
    plants = (columns, answers, copies, drift) if plant else ()
    return {
        "table": name,
        "task": about["task"],
        "rows": table.n_rows,
        "columns": len(table.columns) - 1,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": round(used.ru_maxrss / 1024),
        "counts": {s: found.count(s) for s in ("error", "warn", "note")},
        "grave": [[f.code, f.text] for f in found.findings if f.level != "note"],
        "codes": [f.code for f in found.findings],
        "faults": {p.__name__: p(small, target, settings, clean, rng) for p in plants},
    }


def columns(
    table: Table, target: str, settings: Settings, clean: Checkup, rng: np.random.Generator
) -> dict[str, Any]:
    """Five planted columns; each must be told, and nothing else beyond what was told before."""
    y, n = table[target], table.n_rows
    values = y.values.astype(np.float64)
    if settings.task == "regression":
        leak = values + 0.05 * values.std() * rng.normal(size=n)
    else:
        values = np.unique(values, return_inverse=True)[1].astype(float)
        leak = values + rng.uniform(-0.4, 0.4, n)
    one = Column("planted_constant", "number", np.ones(n))
    codes = rng.permutation(n).astype(np.int32)
    name = Column("planted_name", "category", codes, tuple(f"person {i}" for i in range(n)))
    gaps = np.where(rng.random(n) < 0.01, rng.normal(size=n), np.nan)
    planted = {
        "leak": (Column("planted_leak", "number", leak), ("repeats_target", "predicts_target")),
        "constant": (one, ("constant",)),
        "number": (Column("planted_number", "number", np.arange(1.0, n + 1)), ("identifier",)),
        "name": (name, ("identifier",)),
        "nearly_empty": (Column("planted_gaps", "number", gaps), ("nearly_empty",)),
    }
    full = replace(table, columns=(*table.columns, *(column for column, _ in planted.values())))
    found = check_up(full, target, settings).findings
    told = {(f.code, name) for f in found for name in f.columns}
    known = {(f.code, name) for f in clean.findings for name in f.columns}
    right = {(code, column.name) for column, codes in planted.values() for code in codes}
    codes = ("repeats_target", "predicts_target", "constant", "identifier", "nearly_empty")
    return {
        "found": {k: any((c, v.name) in told for c in codes) for k, (v, codes) in planted.items()},
        "false": sorted(f"{c}: {v}" for c, v in told - known - right if c in codes),
    }


def answers(
    table: Table, target: str, settings: Settings, clean: Checkup, rng: np.random.Generator
) -> dict[str, Any]:
    """A twentieth of the answers is wrong: another class, or another row's value."""
    column = table[target]
    rows = np.flatnonzero(rng.random(table.n_rows) < SHARE)
    values = column.values.copy()
    if settings.task == "regression":
        values[rows] = rng.permutation(values[rows])
    else:
        kinds = np.unique(values)
        place = np.searchsorted(kinds, values[rows]) + rng.integers(1, len(kinds), len(rows))
        values[rows] = kinds[place % len(kinds)]
    wrong = set((np.flatnonzero(values != column.values) + 1).tolist())
    changed = tuple(replace(c, values=values) if c is column else c for c in table.columns)
    found = suspects(check_up(replace(table, columns=changed), target, settings))
    hits = len(wrong & found)
    return {
        "recall": hits / len(wrong),
        "precision": hits / len(found) if found else None,
        "named_when_clean": len(suspects(clean)) / table.n_rows,
    }


def suspects(found: Checkup) -> set[int]:
    return {r for f in found.findings if f.code.startswith("suspect_") for r in f.rows}


def copies(
    table: Table, target: str, settings: Settings, clean: Checkup, rng: np.random.Generator
) -> dict[str, Any]:
    """A twentieth of the rows is there twice."""
    n = table.n_rows
    rows = np.append(np.arange(n), rng.permutation(n)[: round(SHARE * n)])
    found = {f.code: f for f in check_up(table.take(rows), target, settings).findings}
    before = {f.code: f for f in clean.findings}.get("duplicates")
    after, across = found.get("duplicates"), found.get("duplicates_across_split")
    planted = set(range(n + 1, len(rows) + 1))
    return {
        "recall": len(planted & set(after.rows)) / len(planted) if after else 0.0,
        "warned": after is not None and after.level == "warn",
        "across_warned": across is not None and across.level != "note",
        "warned_when_clean": before is not None and before.level == "warn",
    }


def drift(
    table: Table, target: str, settings: Settings, clean: Checkup, rng: np.random.Generator
) -> dict[str, Any]:
    """A fifth of the rows as a file of its own: dealt at random, and with one column moved."""
    numbers = [c.name for c in table if c.kind == "number" and c.name != target]
    numbers = [n for n in numbers if len(np.unique(table[n].values)) > 10]
    alarms = 0
    result: dict[str, Any] = {}
    for _ in range(RANDOM_SPLITS):
        order = rng.permutation(table.n_rows)
        cut = round(0.2 * len(order))
        test, train = table.take(order[:cut]), table.take(order[cut:])
        alarms += bool(drifts(train, test, target, settings))
        if numbers and "found" not in result:
            name = str(rng.choice(numbers))
            column = test[name]
            moved = replace(column, values=column.values + 0.5 * np.nanstd(column.values))
            shifted = tuple(moved if c is column else c for c in test.columns)
            named = drifts(train, replace(test, columns=shifted), target, settings)
            result = {"found": bool(named), "named": name in named}
    return result | {"false_alarms": alarms, "trials": RANDOM_SPLITS}


def drifts(train: Table, test: Table, target: str, settings: Settings) -> tuple[str, ...]:
    """The columns of a drift finding; empty without one."""
    dealt = split_table(Dataset(train, (target,), test=test), settings)
    seen = Seen(dealt, encode_parts(dealt, settings), settings)
    found = [f for f in find_drift(seen, []) if f.code == "drift"]
    return (*found[0].columns, "any") if found else ()


# -- All tables ------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", default="")
    parser.add_argument("--plant-in", default="", help="tables to plant faults in; all if empty")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(look_at(asked.folder, asked.one, plant=bool(asked.plant_in))))
        return
    names = json.loads((asked.folder / "index.json").read_text())
    chosen = asked.tables.split(",") if asked.tables else list(names)
    planted = asked.plant_in.split(",") if asked.plant_in else chosen
    results = []
    for name in chosen:
        command = [sys.executable, __file__, str(asked.folder), "--one", name]
        command += ["--plant-in", name] if name in planted else []
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise SystemExit(f"{name}: {ended.stderr}")
        results.append(json.loads(ended.stdout))
        print(name, results[-1]["seconds"], "s", file=sys.stderr)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    text = "\n".join(
        [*clean_table(results), "", *fault_table([r for r in results if r["faults"]]), ""]
    )
    RESULTS.with_suffix(".md").write_text(text)
    print(text)


def clean_table(results: list[dict[str, Any]]) -> list[str]:
    lines = [
        "## Tables as they are",
        "",
        "Seconds are from start to end and depend on who else is at work; CPU seconds (of all",
        "cores) and peak MB are those of the whole process, imports included.",
        "",
        "| table | rows x columns | seconds | CPU s | peak MB | error | warn | note | grave |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for r in results:
        grave = ", ".join(code for code, _ in r["grave"]) or "-"
        counts = " | ".join(str(r["counts"][s]) for s in ("error", "warn", "note"))
        lines.append(
            f"| {r['table']} | {r['rows']:,} x {r['columns']} | {r['seconds']:.1f} "
            f"| {r['cpu_seconds']:.1f} | {r['peak_mb']} | {counts} | {grave} |"
        )
    return lines


def fault_table(results: list[dict[str, Any]]) -> list[str]:
    lines = [
        f"## Planted faults, {len(results)} tables of at most {MOST_ROWS:,} rows",
        "",
        "| fault | found | false alarms |",
        "| --- | --- | --- |",
    ]
    planted = [r["faults"]["columns"] for r in results]
    lines += [
        f"| column: {name} | {share(planted, lambda p, n=name: p['found'][n])} | - |"
        for name in planted[0]["found"]
    ]
    false = sum(len(p["false"]) for p in planted)
    lines.append(f"| other columns beside these five | - | {false} |")
    copied = [r["faults"]["copies"] for r in results]
    known = mean([c["recall"] for c in copied])
    lines.append(f"| 5 % of rows twice: rows found | {known} | - |")
    lines.append(
        f"| 5 % of rows twice: warned | {share(copied, lambda c: c['warned'])} "
        f"| {share(copied, lambda c: c['warned_when_clean'])} of the tables as they are |"
    )
    lines.append(
        f"| the same across the split: warned | {share(copied, lambda c: c['across_warned'])} | |"
    )
    moved = [r["faults"]["drift"] for r in results]
    with_numbers = [m for m in moved if "found" in m]
    trials = sum(m["trials"] for m in moved)
    lines.append(
        f"| test file, one column moved by half a deviation "
        f"| {share(with_numbers, lambda m: m['found'])}, "
        f"column named {share(with_numbers, lambda m: m['named'])} "
        f"| {sum(m['false_alarms'] for m in moved)} of {trials} random test files |"
    )
    for task, tables in (
        ("labels", [r for r in results if r["task"] != "regression"]),
        ("values", [r for r in results if r["task"] == "regression"]),
    ):
        tried = [r["faults"]["answers"] for r in tables]
        able = [t for t in tried if t["precision"] is not None]
        lines.append(
            f"| 5 % of {task} wrong: tables where it can tell | {len(able)} of {len(tried)} | |"
        )
        lines.append(
            f"| 5 % of {task} wrong, there: recall, precision "
            f"| {mean([t['recall'] for t in able])}, {mean([t['precision'] for t in able])} "
            f"| {mean([t['named_when_clean'] for t in able])} of the rows as they are |"
        )
    return lines


def share(cases: list[dict[str, Any]], holds: Callable[[dict[str, Any]], bool]) -> str:
    return f"{sum(holds(case) for case in cases)} of {len(cases)}"


def mean(values: list[float]) -> str:
    return f"{100 * np.mean(values):.3g} %" if values else "-"


if __name__ == "__main__":
    main()
