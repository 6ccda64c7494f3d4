"""Change model files and run folders at random; nothing but a refusal or finite numbers may come.

    python scripts/fuzz_models.py tests/golden/v1 --rounds 5000 --runs 100 --seed 0

A third of the rounds changes bytes of a file: it must be refused. The others change what is inside
and seal it again with right checksums, as an attacker would: values, keys and lists of
``model.json``, its text, the header of the arrays, the arrays. Such a file must be refused with one
line, or predict finite numbers, or say at predict in one line what is wrong. ``--runs`` does the
same to ``run.json``, the log, the cursor and the arrays of a checkpoint, and resumes. All else, and
also a warning or a second too much, is printed, and the script leaves with 1.
"""

from __future__ import annotations

import argparse
import collections
import copy
import hashlib
import json
import random
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from madaline.data.files.read import read_table
from madaline.errors import FileError, MadalineError
from madaline.store.archive import read_archive, write_archive
from madaline.store.bundle import load_model, load_state, save_state
from madaline.store.checkpoint import load_checkpoint, save_checkpoint

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 7, 255, 2**31 - 1, 2**31, 2**63, 2**64 + 1, 10**400, -(10**18),
    0.5, 1e-300, 1e308, float("nan"), float("inf"), -float("inf"), "", "relu", "tanh", "linear",
    "softmax", "sigmoid", "exp", "binary", "multiclass", "regression", "number", "category", "date",
    "embedding", "one_hot", "scaled", "os.system", "../../etc/passwd", "\ud800", "\x00\x1b[2J\n",
    "x" * 5000, [], {}, [[]], {"class": "os.system"}, {"__reduce__": ["os.system", "true"]},
)  # fmt: skip
LONGEST_SECONDS = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="A folder of golden files.")
    parser.add_argument("--rounds", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("error")
    fuzz = Fuzz(options.folder, random.Random(options.seed), options.seed)
    with tempfile.TemporaryDirectory(prefix="fuzz-models-") as place:
        for number in range(options.rounds):
            fuzz.model_round(Path(place) / "a.madaline", number)
        for number in range(options.runs):
            fuzz.run_round(Path(place) / f"run{number}", number)
    print(f"{options.rounds} model files and {options.runs} runs, seed {options.seed}")
    print(*(f"{name}: {count}" for name, count in sorted(fuzz.counts.items())), sep="\n")
    print(*fuzz.wrong or ["nothing wrong"], sep="\n")
    return int(bool(fuzz.wrong))


class Fuzz:
    """Counts what became of each changed file."""

    def __init__(self, golden: Path, draw: random.Random, seed: int) -> None:
        self.golden, self.draw = golden, draw
        self.numbers = np.random.default_rng(seed)
        self.models = [path.read_bytes() for path in sorted(golden.glob("*.madaline"))]
        self.new = read_table(golden / "new.csv")
        self.rows = read_table(golden / "rows.csv")
        self.counts: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []

    def model_round(self, path: Path, number: int) -> None:
        original = self.draw.choice(self.models)
        path.write_bytes(original)
        kinds = ("bytes", "bytes", "value", "value", "arrays", "text", "header")
        kind = self.draw.choice(kinds)
        getattr(self, f"change_{kind}")(path)
        if path.read_bytes() == original:
            self.counts[f"{kind}: unchanged"] += 1
            return
        outcome = self.outcome(f"model {number} ({kind})", lambda: self.predicted(path))
        self.counts[f"{kind}: {outcome}"] += 1
        if kind == "bytes" and outcome != "refused":
            self.wrong.append(f"model {number}: changed bytes were not noticed")

    def run_round(self, folder: Path, number: int) -> None:
        shutil.copytree(self.golden / "run", folder)
        kind = self.draw.choice(("about", "log", "cursor", "state"))
        getattr(self, f"change_{kind}")(folder)
        outcome = self.outcome(f"run {number} ({kind})", lambda: self.resumed(folder), 60)
        self.counts[f"run, {kind}: {outcome}"] += 1
        shutil.rmtree(folder)

    def outcome(self, name: str, use: Any, longest: float = LONGEST_SECONDS) -> str:
        """What came of it in a word; what must not come is written down."""
        started = time.monotonic()
        try:
            result = use()
        except MadalineError as error:
            text = str(error)
            result = "refused" if isinstance(error, FileError) else f"{error.code} error"
            too_long = isinstance(error, FileError) and len(text) > 1000
            if not text.isprintable() or too_long:
                self.wrong.append(f"{name}: not one clear line: {text[:300]!r}")
        except Exception as error:
            result = f"{type(error).__name__}"
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.wrong.append(
                f"{name}: {error!r:.200} in {Path(where.filename).name}:{where.lineno}"
            )
        if time.monotonic() - started > longest:
            self.wrong.append(f"{name}: took {time.monotonic() - started:.1f} s")
        return result

    def predicted(self, path: Path) -> str:
        model = load_model(path)
        json.dumps(model.describe(), ensure_ascii=False).encode(errors="backslashreplace")
        answers = [model.predict(self.new)]
        if model.target.task != "regression":
            answers.append(model.predict_proba(self.new))
        for answer in answers:
            if answer.dtype.kind == "f" and not np.isfinite(answer).all():
                raise AssertionError("predictions are not finite")
        return "predicts"

    def resumed(self, folder: Path) -> str:
        from madaline.runs.resume import resume_run

        rows = self.rows.select(("age", "job", "town", "member", "height"))
        return f"ends {resume_run(folder, rows).why}"

    # -- what is not sealed again

    def change_bytes(self, path: Path) -> None:
        data = bytearray(path.read_bytes())
        for _ in range(self.draw.choice((1, 1, 1, 2, 8))):
            at = self.draw.randrange(len(data))
            match self.draw.randrange(5):
                case 0:
                    data[at] ^= 1 << self.draw.randrange(8)
                case 1:
                    del data[at : at + self.draw.choice((1, 4, 8, 100, len(data)))]
                case 2:
                    data[at:at] = self.draw.randbytes(self.draw.choice((1, 4, 8, 100)))
                case 3:
                    size = self.draw.choice((1, 4, 8))
                    data[at : at + size] = self.draw.choice((b"\xff", b"\0", b"\x7f")) * size
                case _:
                    there = self.draw.randrange(len(data))
                    data[at : at + 50] = data[there : there + 50]
            if not data:
                break
        path.write_bytes(data)

    # -- what is

    def change_value(self, path: Path) -> None:
        document, arrays = load_state(path)
        self.change_somewhere(document)
        save_state(path, document, arrays)

    def change_arrays(self, path: Path) -> None:
        document, arrays = load_state(path)
        self.change_an_array(arrays)
        save_state(path, document, arrays)

    def change_text(self, path: Path) -> None:
        document, weights, _ = read_archive(path)
        write_archive(path, self.torn(document), bytes(weights))

    def change_header(self, path: Path) -> None:
        text, weights, _ = read_archive(path)
        length = int.from_bytes(weights[:8], "little")
        header = json.loads(bytes(weights[8 : 8 + length]))
        if self.draw.random() < 0.5:
            self.change_somewhere(header)
            changed = json.dumps(header).encode()
        else:
            changed = self.torn(bytes(weights[8 : 8 + length]))
        said = self.draw.choice((len(changed), len(changed), 2**63, len(changed) + 1))
        content = said.to_bytes(8, "little") + changed + bytes(weights[8 + length :])
        outer = json.loads(text)
        outer["weights_sha256"] = hashlib.sha256(content).hexdigest()
        write_archive(path, json.dumps(outer).encode(), content)

    def change_about(self, folder: Path) -> None:
        about = json.loads((folder / "run.json").read_text())
        self.change_somewhere(about)
        (folder / "run.json").write_text(json.dumps(about))
        if self.draw.random() < 0.5:
            (folder / "checkpoint.safetensors").unlink()

    def change_log(self, folder: Path) -> None:
        lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        self.change_somewhere(lines)
        (folder / "events.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")

    def change_cursor(self, folder: Path) -> None:
        saved = load_checkpoint(folder)
        assert saved
        self.change_somewhere(saved.cursor)
        save_checkpoint(folder, saved.arrays, saved.cursor)

    def change_state(self, folder: Path) -> None:
        saved = load_checkpoint(folder)
        assert saved
        self.change_an_array(saved.arrays)
        save_checkpoint(folder, saved.arrays, saved.cursor)

    def change_somewhere(self, document: Any) -> None:
        """Put another value, key or order at a random place of a JSON document."""
        for _ in range(self.draw.choice((1, 1, 1, 2, 5))):
            places = list(containers(document))
            place = self.draw.choice(places)
            keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                continue
            key = self.draw.choice(keys)
            match self.draw.randrange(6):
                case 0:
                    del place[key]
                case 1:
                    other = self.draw.choice(keys)
                    place[key], place[other] = place[other], place[key]
                case 2 if isinstance(place, dict):
                    place[self.draw.choice(("extra", "", "\ud800", key + "x"))] = place.pop(key)
                case 2 | 3 if isinstance(place, list):
                    place.insert(key, copy.deepcopy(place[key]))
                case _:
                    place[key] = copy.deepcopy(self.draw.choice(VALUES))

    def change_an_array(self, arrays: dict[str, Any]) -> None:
        name = self.draw.choice(list(arrays))
        array = arrays[name]
        match self.draw.randrange(8):
            case 0:
                del arrays[name]
            case 1:
                arrays[name + "x"] = arrays.pop(name)
            case 2:
                arrays["more"] = np.ones(3)
            case 3:
                kind = self.draw.choice(("f4", "f8", "i4", "i8", "u1"))
                with np.errstate(all="ignore"):
                    arrays[name] = np.nan_to_num(array).astype(kind)
            case 4:
                arrays[name] = array.T if self.draw.random() < 0.5 else array.reshape(-1)
            case 5:
                arrays[name] = np.concatenate([array, array]) if array.ndim else array[None]
            case 6:
                other = self.draw.choice(list(arrays))
                arrays[name], arrays[other] = arrays[other], array
            case _:
                self.put_extremes(arrays, name)

    def put_extremes(self, arrays: dict[str, Any], name: str) -> None:
        """Numbers at the ends of a type, at one place or everywhere."""
        array = arrays[name] = np.array(arrays[name])
        extreme: Any = self.draw.choice(
            (np.nan, np.inf, -np.inf, 3e38, -3e38, 1e30, 1e-45, 0, -1, 1.7e308, 2**31 - 1)
        )
        if array.dtype.kind != "f":
            extreme = (
                self.draw.choice((0, 1, np.iinfo(array.dtype).max))
                if array.dtype.kind in "iu"
                else True
            )
        elif array.dtype == np.float32 and abs(extreme) > 3.4e38:
            extreme = np.float32(np.inf)
        flat = array.reshape(-1)
        if len(flat):
            flat[slice(None) if self.draw.random() < 0.5 else self.draw.randrange(len(flat))] = (
                extreme
            )
        arrays[name] = flat.reshape(array.shape)

    def torn(self, text: bytes) -> bytes:
        data = bytearray(text)
        at = self.draw.randrange(len(data))
        pieces = (
            b"[" * 100_000,
            b'{"a":' * 2000,
            b"1" * 5000,
            b'"\\ud800"',
            b",",
            b"}",
            b"NaN",
            b"\xff",
        )
        match self.draw.randrange(4):
            case 0:
                data[at] ^= 1 << self.draw.randrange(8)
            case 1:
                del data[at:]
            case 2:
                data[at:at] = self.draw.choice(pieces)
            case _:
                colon = data.find(b":", at)
                data[colon + 1 : colon + 1] = self.draw.choice(pieces)
        return bytes(data)


def containers(document: Any):
    """Every dictionary and list in a document."""
    if isinstance(document, dict | list):
        yield document
        for item in document.values() if isinstance(document, dict) else document:
            yield from containers(item)


if __name__ == "__main__":
    sys.exit(main())
