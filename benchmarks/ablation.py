"""What is each part of the default worth? The default without it, on the tables it was chosen on.

    python benchmarks/ablation.py DATA_FOLDER [--tables adult,ames] [--parts "pieces: none,..."]
                                  [--rows-cap 1000] [--seeds 0] [--jobs 2] [--report-only]

Fits run, are written down and go on as those of `tables.py`, in `results/ablation.jsonl`; the parts
stand in `peers.py`. Above 1 is worse than the default.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

from peers import PARTS
from tables import TUNED, chosen, list_of, missing, read_log, run_all
from tables_report import Record, geometric_mean, group_of, main_error, print_table, value

LOG = Path(__file__).parent / "results" / "ablation.jsonl"
DEFAULT = "madaline"


def parse_arguments() -> argparse.Namespace:
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with index.json and Parquet files")
    parser.add_argument("--tables", type=list_of(str), default=list(TUNED), help="names (tuned)")
    parser.add_argument("--parts", type=list_of(str), default=list(PARTS), help="names (all)")
    parser.add_argument("--rows-cap", type=int, default=1000, help="most training rows (1000)")
    parser.add_argument("--seeds", type=list_of(int), default=[0], help="of split and fit (0)")
    parser.add_argument("--jobs", type=int, default=cores, help="fits at once, a core each (all)")
    parser.add_argument("--limit", type=float, default=1200, help="seconds a fit may take (1200)")
    parser.add_argument("--report-only", action="store_true", help="report what was measured")
    parser.add_argument("--again", action="store_true", help="redo what was measured before")
    parser.add_argument("--output", type=Path, default=LOG, help="the log (results/ablation.jsonl)")
    arguments = parser.parse_args()
    if unknown := [part for part in arguments.parts if part not in PARTS]:
        parser.error(f"--parts {unknown[0]!r} is not known. Parts: {', '.join(PARTS)}.")
    arguments.peers = [DEFAULT, *arguments.parts]
    return arguments


def row_of(part: str, records: list[Record], tables: list[str]) -> list[str]:
    """Tables, then for error or RMSE and for log loss the ratio to the default, and the cost."""
    group = group_of(records, [DEFAULT, part], tables)
    if not group.tables:
        return [part, "0", *[""] * 5]
    classes = group.of_task(False)
    cells = [part, str(len(group.tables))]
    for compared, score in ((group, main_error), (classes, value("log_loss"))):
        if not compared.tables:
            cells += ["", ""]
            continue
        own, other = compared.means(score).T
        won = f"{np.sum(own < other)}/{np.sum(own == other)}/{np.sum(own > other)}"
        cells += [geometric_mean(other / own), won]
    own, other = group.means(value("fit_cpu_seconds")).T
    return [*cells, f"{np.exp(np.log(other / own).mean()):.2f}"]


def print_report(records: list[Record], parts: list[str], tables: list[str]) -> None:
    """What was measured how, and a line for each part."""
    if not records:
        print("Nothing was measured with these settings.")
        return
    packages = {f"{name} {text}" for r in records for name, text in r["packages"].items()}
    sizes = [record["n_train"] for record in records if record["status"] == "ok"]
    print(f"- {'; '.join(sorted({record['machine'] for record in records}))}")
    print(f"- {', '.join(sorted(packages))}")
    print(f"- Training rows {min(sizes)} to {max(sizes)}; {len(records)} fits, each on one core")
    print("- Geometric means over tables of the ratio to the default, 95 % of bootstraps\n")
    header = ["in its place", "tables", "error or RMSE", "default wins/ties/losses", "log loss"]
    rows = [row_of(part, records, tables) for part in parts]
    print_table([*header, "default wins/ties/losses", "fit CPU seconds"], rows)


def main() -> None:
    """Fit what is missing, print everything."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = parse_arguments()
    index = json.loads((arguments.folder / "index.json").read_text())
    if not arguments.report_only:
        try:
            run_all(missing(arguments, index), arguments)
        except KeyboardInterrupt:
            sys.exit(f"Stopped. The same command goes on from {arguments.output}.")
    records = chosen(read_log(arguments.output).values(), arguments)
    print_report(records, arguments.parts, arguments.tables)


if __name__ == "__main__":
    main()
