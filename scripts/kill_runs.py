"""Kill -9 trainings at random moments, go on with them, and compare with the unbroken one.

    python scripts/kill_runs.py --rounds 60 --seed 0

Each round starts ``madaline fit`` anew and kills it up to three times: after a random delay over
its whole life (start, reading, compiling, training, the last model), a moment after a random epoch,
or at the sight of a file that is being written. After every kill ``madaline info`` must answer in
at most one line of error, and the run must have lost at most one checkpoint interval. In the end
weights, curves and told epochs must be those of the unbroken run, and no temporary file may be
left. Prints counts; leaves with 1 if anything was not so.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from madaline.cli.main import madaline
from madaline.store.bundle import load_model
from madaline.store.checkpoint import load_checkpoint

ROWS, EPOCHS = 600, 100
INTERVAL = 0.15  # seconds between checkpoints in the children

# The command line, with checkpoints that come often enough to be hit.
CHILD = f"""
import sys
from madaline import __main__
from madaline.runs import recorder
recorder.CHECKPOINT_SECONDS = {INTERVAL}
sys.argv = ["madaline", *sys.argv[1:]]
__main__.main()
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    counts: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="kill-runs-") as place:
        here = Path(place)
        write_rows(here / "rows.csv")
        fit(here, here / "warm").wait()
        started = time.monotonic()
        assert fit(here, here / "unbroken").wait() == 0
        life = time.monotonic() - started
        expected = outcome(here / "unbroken")
        for number in range(options.rounds):
            folder = here / f"run {number}"
            found = one_round(here, folder, life, draw, counts)
            if outcome(folder) != expected:
                found.append("another outcome")
            found += [f"left {path.name}" for path in folder.glob(".*")]
            wrong += [f"round {number}: {text}" for text in found]
            print(
                f"round {number}: {counts['killed']} kills so far, {len(wrong)} wrong", flush=True
            )
    print(f"rounds {options.rounds}, seed {options.seed}, an unbroken run takes {life:.1f} s")
    print(*(f"{name}: {count}" for name, count in sorted(counts.items())), sep="\n")
    print(*wrong or ["nothing wrong"], sep="\n")
    return int(bool(wrong))


def one_round(here, folder, life, draw, counts):
    """Kill a run up to three times and let it end; what was wrong."""
    wrong: list[str] = []
    for _ in range(draw.choice([1, 1, 2, 3])):
        how = draw.choice(["delay", "epoch", "write"])
        child = fit(here, folder)
        {"delay": wait_delay, "epoch": wait_epoch, "write": wait_write}[how](
            child, folder, life, draw
        )
        counts[f"looked for {how}"] += 1
        if child.poll() is not None:
            counts["too late, had ended"] += 1
            break
        child.send_signal(signal.SIGKILL)
        child.wait()
        counts["killed"] += 1
        counts[stage(folder)] += 1
        wrong += trouble_after_kill(folder)
        counts["temporary files left by the kill"] += len(list(folder.glob(".*.tmp")))
    for _ in range(3):
        child = fit(here, folder)
        said = child.communicate()[1]
        if child.returncode == 0 or "is finished (done)" in said:
            return wrong
        wrong.append(f"code {child.returncode}: {said.strip()[-200:]}")
    return wrong


def wait_delay(child, folder, life, draw):
    until(child, time.monotonic() + draw.uniform(0, 1.1 * life))


def wait_epoch(child, folder, life, draw):
    """A moment after some epoch was written down."""
    wanted = last_epoch(folder) + draw.randint(1, EPOCHS)
    until(child, time.monotonic() + 2 * life, lambda: last_epoch(folder) >= min(wanted, EPOCHS - 1))
    time.sleep(draw.uniform(0, 0.02))


def wait_write(child, folder, life, draw):
    """While a file is being written; sooner or later in the run."""
    until(child, time.monotonic() + draw.uniform(0, life))
    until(child, time.monotonic() + life, lambda: any(folder.glob(".*.tmp")), pause=0.0002)


def until(child, end, seen=lambda: False, pause=0.002):
    while child.poll() is None and time.monotonic() < end and not seen():
        time.sleep(pause)


def stage(folder: Path) -> str:
    if not (folder / "run.json").exists():
        return "killed before its run began"
    if (folder / "model.madaline").exists():
        return "killed with a model written"
    return "killed in training" if last_epoch(folder) else "killed before its first epoch"


def trouble_after_kill(folder: Path) -> list[str]:
    found: list[str] = []
    asked = CliRunner().invoke(madaline, ["info", str(folder)])
    if asked.exit_code not in (0, 6) or len(asked.stderr.splitlines()) > 1:
        found.append(f"info: code {asked.exit_code}: {asked.stderr[-200:]}")
    saved = load_checkpoint(folder) if folder.exists() else None
    if saved is not None and saved.note:
        found.append(saved.note)
    told = events(folder)
    lost = [
        e["t"] for e in told[saved.cursor["n_events"] if saved else 0 :] if e["kind"] == "epoch"
    ]
    # One interval, two chunks of 0.1 s, and what a loaded machine adds.
    if lost and lost[-1] - lost[0] > INTERVAL + 1.0:
        found.append(f"{lost[-1] - lost[0]:.2f} s of epochs were lost")
    return found


def fit(here: Path, folder: Path) -> subprocess.Popen[str]:
    """Start the run, or go on with it."""
    words = ["fit", "--resume", str(folder)]
    if not (folder / "run.json").exists():
        words = [
            "fit", "rows.csv", "-t", "y", "-o", str(folder), "--hidden", "16,16", "--batch-size",
            "4", "--epochs", str(EPOCHS), "--patience", "0", "--dropout", "0.1", "--test", "0.1",
        ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=here,
    )  # fmt: skip


def events(folder: Path) -> list[dict]:
    path = folder / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def last_epoch(folder: Path) -> int:
    return max([0, *(event["epoch"] for event in events(folder) if event["kind"] == "epoch")])


def outcome(folder: Path):
    arrays = {**load_model(folder).weights, **load_checkpoint(folder).arrays}
    arrays.pop("history:seconds")
    told = [(event["n"], event["kind"], event.get("epoch")) for event in events(folder)]
    return {name: value.tobytes() for name, value in arrays.items()}, told


def write_rows(path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 4))
    y = np.where(x[:, 0] * x[:, 1] + 0.3 * rng.normal(size=ROWS) > 0, "yes", "no")
    rows = [
        ",".join(map(repr, row)) + f",{label}" for row, label in zip(x.tolist(), y, strict=True)
    ]
    path.write_text("\n".join(["a,b,c,d,y", *rows]))


if __name__ == "__main__":
    sys.exit(main())
