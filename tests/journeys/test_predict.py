"""A file of everything -> a run -> a model file -> the same answers in a process without JAX."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from madaline.data.files.read import read_table
from madaline.runs.start import start_run
from madaline.settings.table import Settings

N = 240

CHILD = """
import json, sys
from madaline.data.files.read import read_table
from madaline.store.bundle import load_model

model = load_model(sys.argv[1])
table = read_table(sys.argv[2])
answer = {"labels": model.predict(table).tolist(), "proba": model.predict_proba(table).tolist()}
heavy = ("jax", "jaxlib", "optax", "sklearn", "scipy")
answer["loaded"] = [name for name in heavy if name in sys.modules]
print(json.dumps(answer))
"""


def write_people(path, *, with_answer=True):
    """Texts with commas and quotes, many places, gaps, booleans, dates."""
    rng = np.random.default_rng(0)
    lines = ["name,age,job,place,member,since" + (",buys" if with_answer else "")]
    for i in range(N):
        age, job = round(float(rng.normal(40, 12)), 1), ["clerk", "miner, deep", 'a "poet"'][i % 3]
        buys = age + 10 * (i % 3) + rng.normal(0, 5) > 50
        quoted = '"' + job.replace('"', '""') + '"'
        cells = [
            f"person {i}",
            "" if i % 11 == 0 else str(age),
            "" if i % 13 == 0 else quoted,
            f"town {rng.integers(0, 14)}",
            "" if i % 17 == 0 else str(bool(rng.random() > 0.5)).lower(),
            f"20{rng.integers(10, 24)}-0{rng.integers(1, 10)}-1{rng.integers(0, 10)}",
        ]
        lines.append(",".join([*cells, *(["yes" if buys else "no"] if with_answer else [])]))
    path.write_text("\n".join(lines))


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    place = tmp_path_factory.mktemp("journey")
    write_people(place / "people.csv")
    write_people(place / "new.csv", with_answer=False)
    settings = Settings(preset="classic", hidden=(16,), epochs=30, members=2)
    return place, start_run(place / "people.csv", "buys", settings, output=place / "run")


def test_the_network_learned_from_every_kind_of_column(journey):
    _, done = journey
    kinds = {row["name"]: row["kind"] for row in done.predictor.describe()["columns"]}
    assert kinds == {
        "age": "number",
        "job": "category",
        "place": "category",
        "member": "boolean",
        "since": "date",
    }
    assert done.scores["test"].score("accuracy").value > 0.7


@pytest.mark.parametrize("rows", ["people.csv", "new.csv"])
def test_a_fresh_process_without_jax_gives_the_same_answers(journey, rows):
    place, done = journey
    command = [sys.executable, "-c", CHILD, str(place / "run"), str(place / rows)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    answer = json.loads(found.stdout)
    table = read_table(place / rows)
    assert answer["loaded"] == []
    assert answer["labels"] == done.predictor.predict(table).tolist()
    assert np.array_equal(answer["proba"], done.predictor.predict_proba(table))


def test_the_model_file_alone_is_enough(journey, tmp_path):
    place, done = journey
    alone = tmp_path / "moved.madaline"
    alone.write_bytes((place / "run" / "model.madaline").read_bytes())
    command = [sys.executable, "-c", CHILD, str(alone), str(place / "new.csv")]
    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert answer["labels"] == done.predictor.predict(read_table(place / "new.csv")).tolist()


def test_the_command_line_gives_the_same_answers(journey, tmp_path):
    place, done = journey

    def madaline(*words):
        command = [sys.executable, "-m", "madaline", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    fitted = madaline(
        "fit", place / "people.csv", "--target", "buys", "--hidden", "16", "--epochs", "30",
        "--preset", "classic", "--members", "2", "--output", "mine",
    )  # fmt: skip
    assert fitted.returncode == 0, fitted.stderr
    predicted = madaline("predict", "mine", place / "new.csv", "--proba")
    assert predicted.returncode == 0, predicted.stderr
    table = read_table(place / "new.csv")
    lines = [line.split(",") for line in predicted.stdout.splitlines()]
    assert lines[0] == ["prediction", "p_no", "p_yes"]
    assert [line[0] for line in lines[1:]] == done.predictor.predict(table).tolist()
    proba = np.array([line[1:] for line in lines[1:]], np.float32)
    assert np.allclose(proba, done.predictor.predict_proba(table), atol=1e-6)
    evaluated = madaline("evaluate", "mine", place / "people.csv", "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    assert json.loads(evaluated.stdout)["n_rows"] == N
    told = madaline("info", "mine", "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["task"] == "binary"
    assert Path(tmp_path, "mine", "model.madaline").exists()
