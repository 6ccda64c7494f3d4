from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from madaline.cli.main import madaline
from madaline.events.alert import Alert
from madaline.events.data import ClassSeen, ColumnSeen, Data, Split
from madaline.events.scores import Scored
from madaline.events.summary import Baselines, Summary
from madaline.events.training import Ended, Epoch, Layer, Network
from madaline.events.verdict import Verdict

CLEAN = ("NO_COLOR", "FORCE_COLOR", "CI", "TERM", "GITHUB_ACTIONS", "NPROC")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MADALINE_") or name in CLEAN:
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def call(here: Path) -> Callable[..., Result]:
    """Run a command in this process."""

    def call(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(madaline, list(arguments), input=stdin)

    return call


@pytest.fixture
def start(here: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python with these arguments in a process of its own."""

    def start(
        *arguments: str, environment: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command_line(arguments),
            env=process_environment(here) | dict(environment or {}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **options,
        )

    return start


def command_line(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, *arguments]


def process_environment(folder: Path) -> dict[str, str]:
    import madaline.errors

    source = str(Path(madaline.errors.__file__).parents[1])
    path = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    return dict(os.environ) | {"PYTHONPATH": path, "XDG_CACHE_HOME": str(folder / "cache")}


@pytest.fixture
def make_model() -> Callable[..., Path]:
    """Save a small untrained network for a table, and give the path of its file."""
    import numpy as np

    from madaline.data.table import Table
    from madaline.encode.encoder import Encoder
    from madaline.encode.target import TargetCode
    from madaline.nn.architecture import Architecture, Inputs
    from madaline.predict.predictor import Predictor
    from madaline.store.bundle import save_model

    def make(
        path: Path, table: Table, *target: str, about: Mapping[str, Any] | None = None
    ) -> Path:
        encoder = Encoder.fit(table.without(*target))
        code = TargetCode.fit(table.select(target))
        output = {"binary": "sigmoid", "multilabel": "sigmoid", "multiclass": "softmax"}
        shape = Architecture(
            Inputs(
                len(encoder.feature_names),
                tuple(encoder.code_sizes),
                tuple(2 for _ in encoder.code_sizes),
            ),
            hidden=(4,),
            activations=("relu",),
            n_outputs=code.n_outputs,
            output=output.get(code.task, "linear"),
        )
        draw = np.random.default_rng(0)
        weights = {
            f"embeddings.{i}": draw.normal(size=(1, rows, 2)).astype(np.float32)
            for i, rows in enumerate(encoder.code_sizes)
        }
        for i, (fan_in, fan_out) in enumerate(shape.layer_sizes):
            weights[f"layers.{i}.weight"] = draw.normal(size=(1, fan_out, fan_in)).astype(
                np.float32
            )
            weights[f"layers.{i}.bias"] = np.zeros((1, fan_out), np.float32)
        save_model(path, Predictor(encoder, code, shape, weights, dict(about or {})))
        return path

    return make


DATA = Data(
    source="people.csv",
    rows=100,
    columns=(ColumnSeen("age", "number", 2), ColumnSeen("job", "category", 0, 3)),
    target=("sick",),
    task="binary",
    why="The target 'sick' has two values.",
    split=Split(70, 15, 15),
    classes=(ClassSeen("no", 60), ClassSeen("yes", 40)),
)
ALERT = Alert("note", "identifier", "Looks like a key.", action="It is left out.", columns=("id",))
NETWORK = Network(
    layers=(Layer("hidden 1", 4, 8, "relu", 40), Layer("output", 8, 1, "sigmoid", 9)),
    embeddings=(),
    features=4,
    parameters=49,
    loss="binary_cross_entropy",
    optimizer="adamw",
    batch_size=32,
    epochs=20,
    learning_rate=0.001,
    initializer="data",
    loss_at_start=0.69,
    loss_of_constant=0.67,
    fingerprint="0" * 64,
)
VERDICT = Verdict("fine", "It learned.", ("Gap 0.01.",), "Keep it.")


class StandIn:
    """Stands in for `madaline.runs.start`: twenty epochs that cost nothing, with all their events.

    Attributes:
        calls: What each start or resumption was asked.
        why: How the run ends when nobody stops it.
        before: Called with the number of each epoch, and with 0 before the first event.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[dict[str, Any]] = []
        self.why = "done"
        self.before: Callable[[int], None] = lambda epoch: None

    def start_run(
        self,
        data: Any,
        target: Any,
        settings: Any,
        *,
        output: Any = None,
        origins: Any = None,
        watch: Any = None,
    ) -> Any:
        asked = {"data": data, "target": target, "settings": settings, "origins": origins}
        self.calls.append(asked | {"output": output})
        return self._run(watch)

    def resume_run(self, folder: Any, *, watch: Any = None) -> Any:
        self.calls.append({"resume": folder})
        return self._run(watch)

    def _run(self, watch: Any) -> Any:
        from types import SimpleNamespace

        self.before(0)
        for event in (DATA, ALERT, NETWORK):
            watch.event(event)
        why = self.why
        epoch = 0
        for epoch in range(1, 21):
            self.before(epoch)
            watch.event(an_epoch(epoch))
            wish = watch.progress(a_look(epoch))
            if wish:
                why = wish
                break
        scored = a_scored()
        for event in (scored, VERDICT, Ended(why, epoch, epoch, 1.5)):
            watch.event(event)
        summary = Summary(
            run=str(self.folder), task="binary", target=("sick",), rows=DATA.split, features=4,
            parameters=49, epochs=epoch, best_epoch=epoch, best_epochs=(epoch,), why=why,
            seconds=1.5, scores={"test": scored.network},
            baselines=Baselines("test", scored.constant), verdict=VERDICT,
        )  # fmt: skip
        return SimpleNamespace(why=why, folder=self.folder, summary=summary)


def an_epoch(epoch: int) -> Epoch:
    return Epoch(
        epoch=epoch,
        epochs=20,
        step=3 * epoch,
        seconds=0.1 * epoch,
        learning_rate=0.001,
        train=1 / epoch,
        validation=1.5 / epoch,
        metric=None,
        best_epoch=epoch,
        best=1.5 / epoch,
        left=2.0,
    )


def a_look(epoch: int) -> Any:
    from madaline.pipeline.watch import Look

    nothing: Any = None
    step, seconds = 3 * epoch, 0.1 * epoch
    return Look(nothing, nothing, nothing, epoch, step, seconds, False, predictor=nothing)


def a_scored() -> Scored:
    from madaline.score.scores import score_classes

    made = [
        score_classes([0, 1, 1, 0], [0.1 * i, 0.9, 0.4, 0.1], ["no", "yes"]) for i in range(1, 5)
    ]
    return Scored("test", *made)


@pytest.fixture
def runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """A training that costs nothing, behind the real commands."""
    from types import ModuleType

    stand_in = StandIn(here / "runs" / "1123-people")
    for name in ("start", "resume"):
        module = ModuleType(f"madaline.runs.{name}")
        setattr(module, f"{name}_run", getattr(stand_in, f"{name}_run"))
        monkeypatch.setitem(sys.modules, f"madaline.runs.{name}", module)
    return stand_in
