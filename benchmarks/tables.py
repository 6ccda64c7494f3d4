"""How good is a default fit? Madaline and the strongest other libraries on a folder of tables.

    python benchmarks/tables.py DATA_FOLDER [--tables-half held_out] [--tables adult,ames]
                                [--peers madaline,catboost] [--rows-cap 5000] [--seeds 0,1,2]
                                [--jobs 2] [--limit 1200] [--quick] [--report-only] [--again]

DATA_FOLDER holds Parquet files and `index.json`: name -> {file, target, task, categorical}. Each
fit runs in its own process on one core; its result is a line of `results/tables.jsonl`, and what
stands there is not done again. `peers.py` makes the peers, `tables_report.py` the report.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import queue
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from peers import EVERY, PEERS
from tables_fit import Job
from tables_report import Record, print_report

LOG = Path(__file__).parent / "results" / "tables.jsonl"
FIT = Path(__file__).with_name("tables_fit.py")

# Madaline's settings were chosen on these tables; all others are held out. A table is never moved
# from the others to these after its results were seen, unless a setting is chosen by it.
TUNED = (
    *("adult", "churn_telco", "credit_status", "cells", "magic", "phoneme", "german_credit"),
    *("breast_cancer", "pima", "letter", "vehicle", "segment", "contraceptive", "kr_vs_k"),
    *("leaf_flavia", "hpc_jobs", "diamonds", "bikeshare", "casp", "grid_stability", "concrete"),
    *("wine_white", "ames", "loans_interest", "compactiv"),
)

# Tables of every kind that take little time, and the peers that do.
QUICK_TABLES = (
    *("german_credit", "vehicle", "kr_vs_k", "concrete", "ames"),
    *("spambase", "digits", "storms", "skillcraft", "gss_wages"),
)
QUICK_PEERS = ("madaline", "madaline_fast", "realmlp", "catboost", "lightgbm", "hgb", "mlp")

# A fit has one core, so that CPU and wall seconds are comparable. Programs that JAX has compiled
# are not kept: each fit compiles anew, whatever ran before it.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "NPROC": "1",
    "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_COMPILATION_CACHE": "0",
}

# -- One fit ---------------------------------------------------------------------------------------


def run(job: Job, limit: float, running: set[subprocess.Popen[str]]) -> dict[str, Any]:
    """Do a job in a process of its own; a crash or a timeout is an answer too."""
    with tempfile.TemporaryDirectory(prefix="tables-", ignore_cleanup_errors=True) as folder:
        child = subprocess.Popen(
            [sys.executable, str(FIT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT, "TMPDIR": folder},
            start_new_session=True,  # so that its own children end with it
        )
        running.add(child)
        try:
            output, errors = child.communicate(json.dumps(job), timeout=limit)
            return json.loads(output)
        except subprocess.TimeoutExpired:
            end(child)
            child.communicate()
            return {"status": "timeout", "limit": limit}
        except json.JSONDecodeError:
            last = (errors.strip().splitlines() or [""])[-1]
            return {"status": "crash", "why": f"exit status {child.returncode}: {last}"}
        finally:
            running.discard(child)


def end(child: subprocess.Popen[str]) -> None:
    """Kill it and its own children, if it has not ended by itself."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


# -- All fits --------------------------------------------------------------------------------------

KEY = ("table", "peer", "seed", "rows_cap", "version")
Key = tuple[Any, ...]


def read_log(path: Path) -> dict[Key, Record]:
    """What was measured before, by `KEY`; a later line replaces an earlier one and its place."""
    lines = path.read_text().splitlines() if path.exists() else []
    log: dict[Key, Record] = {}
    for line in lines:
        if line.endswith("}"):  # a kill may have torn the last one
            record = json.loads(line)
            key = tuple(record[name] for name in KEY)
            log.pop(key, None)
            log[key] = record
    return log


def is_finished(record: Record | None, limit: float) -> bool:
    """Crashes are tried again, and timeouts when they are given more time."""
    if record is None:
        return False
    return record["status"] == "ok" or (record["status"] == "timeout" and record["limit"] >= limit)


def missing(arguments: argparse.Namespace, index: dict[str, Any]) -> dict[Key, Job]:
    """What is to be done, seed by seed, so that a run that was stopped has whole tables."""
    log = {} if arguments.again else read_log(arguments.output)
    versions = {peer: current_version(peer) for peer in arguments.peers}
    keys = [
        (table, peer, seed, arguments.rows_cap, versions[peer])
        for seed in arguments.seeds
        for table in arguments.tables
        for peer in arguments.peers
    ]
    folder = str(arguments.folder.resolve())
    return {
        key: Job(folder, index[key[0]], peer=key[1], seed=key[2], rows_cap=key[3])
        for key in keys
        if not is_finished(log.get(key), arguments.limit)
    }


def run_all(jobs: dict[Key, Job], arguments: argparse.Namespace) -> None:
    """Do the jobs, each on a core of its own, and add their results to the log as they come."""
    cores: queue.SimpleQueue[int] = queue.SimpleQueue()
    for core in sorted(os.sched_getaffinity(0))[: arguments.jobs]:
        cores.put(core)

    def take_core() -> None:
        os.sched_setaffinity(0, {cores.get()})  # of this thread, and of processes it starts

    running: set[subprocess.Popen[str]] = set()
    machine = describe_machine(arguments.jobs)
    with ThreadPoolExecutor(arguments.jobs, initializer=take_core) as lanes:
        doing = {lanes.submit(run, job, arguments.limit, running): key for key, job in jobs.items()}
        try:
            for done, future in enumerate(as_completed(doing), 1):
                key = doing[future]
                record = dict(zip(KEY, key, strict=True)) | {"task": jobs[key].table["task"]}
                record |= {"packages": EVERY[record["peer"]].versions(), "machine": machine}
                record |= future.result() | {"when": time.strftime("%F %T")}
                with arguments.output.open("a") as file:
                    file.write(json.dumps(record) + "\n")
                say(f"{done}/{len(jobs)}", record)
        except BaseException:
            lanes.shutdown(wait=False, cancel_futures=True)
            for child in list(running):
                end(child)
            raise


def describe_machine(jobs: int) -> str:
    """Processor, its usable cores, how many fits at once, Python."""
    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    cpu, cores = names[0] if names else platform.machine(), len(os.sched_getaffinity(0))
    return f"{cpu}, {cores} cores, {jobs} fits at once, Python {platform.python_version()}"


def say(progress: str, record: Record) -> None:
    """One line of progress."""
    shown = ("error", "log_loss", "rmse", "fit_seconds", "fit_cpu_seconds", "peak_mb")
    text = "  ".join(f"{name} {record[name]:.4g}" for name in shown if name in record)
    what = f"{record['table']} {record['peer']} {record['seed']} {record['status']}"
    print(f"{progress} {what} {record.get('why', '')} {text}", file=sys.stderr, flush=True)


def current_version(peer: str) -> str:
    """Of the peer's own package."""
    return next(iter(EVERY[peer].versions().values()))


def chosen(log: Iterable[Record], arguments: argparse.Namespace) -> list[Record]:
    """Records to report: of each peer those of the version at hand, else of its latest one."""
    records = [
        record
        for record in log
        if record["table"] in arguments.tables
        and record["peer"] in arguments.peers
        and record["seed"] in arguments.seeds
        and record["rows_cap"] == arguments.rows_cap
    ]
    versions = {record["peer"]: record["version"] for record in records}  # the latest
    measured = {(record["peer"], record["version"]) for record in records}
    for peer in versions:
        if (peer, current_version(peer)) in measured:
            versions[peer] = current_version(peer)
    return [record for record in records if record["version"] == versions[record["peer"]]]


# -- The command -----------------------------------------------------------------------------------


def list_of(kind: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    """Reads a list as typed: ``0,1``."""
    return lambda text: [kind(part) for part in text.split(",")]


def parse_arguments() -> argparse.Namespace:
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with index.json and Parquet files")
    parser.add_argument("--tables-half", choices=["tuned", "held_out", "all"], default="all")
    parser.add_argument("--tables", type=list_of(str), help="names in index.json (all)")
    parser.add_argument("--peers", type=list_of(str), help=",".join(PEERS))
    parser.add_argument("--rows-cap", type=int, help="at most so many training rows; 0: all (5000)")
    parser.add_argument("--seeds", type=list_of(int), help="of split and fit (0,1,2)")
    parser.add_argument("--jobs", type=int, default=cores, help="fits at once, a core each (all)")
    parser.add_argument("--limit", type=float, default=1200, help="seconds a fit may take (1200)")
    parser.add_argument("--quick", action="store_true", help="few tables and peers, 1000 rows")
    parser.add_argument("--report-only", action="store_true", help="report what was measured")
    parser.add_argument("--again", action="store_true", help="redo what was measured before")
    parser.add_argument("--output", type=Path, default=LOG, help="the log (results/tables.jsonl)")
    arguments = parser.parse_args()
    if not 1 <= arguments.jobs <= cores:
        parser.error(f"--jobs {arguments.jobs}: a fit needs a core of its own, there are {cores}.")
    return arguments


def complete(arguments: argparse.Namespace, index: dict[str, Any]) -> None:
    """Fill in what was not given, and refuse names that are not known."""
    quick = arguments.quick
    arguments.tables = arguments.tables or (list(QUICK_TABLES) if quick else list(index))
    arguments.peers = arguments.peers or list(QUICK_PEERS if quick else PEERS)
    arguments.seeds = arguments.seeds or ([0] if quick else [0, 1, 2])
    if arguments.rows_cap is None:
        arguments.rows_cap = 1000 if quick else 5000
    unknown = {*arguments.tables} - {*index} | {*arguments.peers} - {*PEERS}
    if unknown:
        sys.exit(
            f"Not known: {', '.join(sorted(unknown))}. Tables are {', '.join(index)}; "
            f"peers are {', '.join(PEERS)}."
        )
    halves = {"tuned": [True], "held_out": [False], "all": [False, True]}
    wanted = halves[arguments.tables_half]
    arguments.tables = [table for table in arguments.tables if (table in TUNED) in wanted]


def main() -> None:
    """Fit what is missing, print everything."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: no fit is left alone
    arguments = parse_arguments()
    index = json.loads((arguments.folder / "index.json").read_text())
    complete(arguments, index)
    if not arguments.report_only:
        try:
            run_all(missing(arguments, index), arguments)
        except KeyboardInterrupt:
            sys.exit(
                f"Stopped. What was measured is in {arguments.output}; the same command goes on."
            )
    records = chosen(read_log(arguments.output).values(), arguments)
    halves = {
        "Held-out tables": [table for table in arguments.tables if table not in TUNED],
        "Tuned tables": [table for table in arguments.tables if table in TUNED],
    }
    if arguments.tables_half == "all":
        halves["All tables"] = arguments.tables
    print_report(records, arguments.peers, halves)


if __name__ == "__main__":
    main()
