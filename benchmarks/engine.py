"""How fast is a training step? Madaline and its peers do the same work side by side.

    python benchmarks/engine.py [--quick] [--rounds 7] [--cases 20-64 ...] [--peers madaline ...]

Each peer lives in its own process, so that thread pools and memory do not mix; one works at a
time. The peers take turns round by round, so that a busy machine is busy for all of them. What is
measured, and how the peers are set, stands in `README.md`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

RESULTS = Path(__file__).parent / "results" / "engine.json"
LEARNING_RATE = 1e-3

# -- The work ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """Widths of the layers, rows a step, rows of the table (whole batches only), epochs a round."""

    widths: tuple[int, ...]
    batch_size: int
    rows: int
    epochs: int

    @property
    def name(self) -> str:
        """As in ``20-64-64-1 @ 128``."""
        return f"{'-'.join(map(str, self.widths))} @ {self.batch_size}"

    @property
    def steps(self) -> int:
        """Updates a round."""
        return self.epochs * self.rows // self.batch_size

    @property
    def flops(self) -> int:
        """Floating-point operations of the matrix products of one step.

        Two for each weight and row, three times: forward, gradient of the weights, gradient of
        the inputs; nobody needs the gradient of the first layer's inputs.

        >>> Case((3, 5, 2), 10, 10, 1).flops == 2 * 10 * (2 * 3 * 5 + 3 * 5 * 2)
        True
        """
        first, *others = [fan_in * fan_out for fan_in, fan_out in pairwise(self.widths)]
        return 2 * self.batch_size * (2 * first + 3 * sum(others))


CASES = (
    Case((8, 16, 16, 1), 32, rows=20_000, epochs=5),
    Case((4, 100, 3), 150, rows=150, epochs=1000),
    Case((20, 64, 64, 1), 128, rows=19_968, epochs=10),
    Case((50, 256, 256, 256, 1), 256, rows=19_968, epochs=3),
    Case((784, 256, 128, 10), 128, rows=12_800, epochs=4),
    Case((784, 1024, 1024, 10), 1024, rows=10_240, epochs=1),
)
MEMBERS_CASE = Case((20, 64, 64, 1), 128, rows=19_968, epochs=1)
MEMBERS = 32
IRIS_EPOCHS = 200


class Data(NamedTuple):
    """Rows ``x (n, d)`` float32 and the class ``y (n,)`` int64 of each."""

    x: np.ndarray
    y: np.ndarray


def make_data(case: Case) -> Data:
    """Normal features; classes of a noisy linear teacher, so that there is something to learn."""
    random = np.random.default_rng(0)
    n_classes = max(2, case.widths[-1])
    x = random.standard_normal((case.rows, case.widths[0]), dtype=np.float32)
    scores = x @ random.standard_normal((case.widths[0], n_classes), dtype=np.float32)
    scores += scores.std() / 2 * random.standard_normal(scores.shape, dtype=np.float32)
    return Data(x, scores.argmax(axis=1))


def cross_entropy(probabilities: np.ndarray, y: np.ndarray) -> float:
    """Mean of -log(probability of the true class), by one formula for every peer.

    >>> round(cross_entropy(np.array([[0.5], [0.5]]), np.array([0, 1])), 4)
    0.6931
    """
    p = np.asarray(probabilities, dtype=np.float64).reshape(len(y), -1)
    p = np.hstack([1 - p, p]) if p.shape[1] == 1 else p
    return float(-np.log(np.clip(p[np.arange(len(y)), y], 1e-7, 1)).mean())


# -- The peers: (case, data) -> Trainer ----------------------------------------------------------


class Trainer(NamedTuple):
    """``fit(epochs)`` trains; ``probabilities()`` of the training rows, to check the work."""

    fit: Callable[[int], Any]
    probabilities: Callable[[], np.ndarray]


def madaline_fit(case: Case, data: Data, *, members: int = 1) -> Trainer:
    """Madaline's engine, looking at its progress as often as it likes to."""
    from madaline.nn.architecture import Architecture, Inputs
    from madaline.nn.head import first_bias, make_head
    from madaline.predict import forward
    from madaline.train.batches import Rows
    from madaline.train.loop import init_state, train_epochs
    from madaline.train.plan import Plan, make_hyper
    from madaline.train.state import Problem

    n_features, *hidden, n_outputs = case.widths
    binary = n_outputs == 1
    head = make_head("binary" if binary else "multiclass")
    shape = Architecture(
        Inputs(n_features), tuple(hidden), ("relu",) * len(hidden), n_outputs, head.output
    )
    y = data.y[:, None].astype(np.float32) if binary else data.y.astype(np.int32)
    no_codes, weight = np.zeros((case.rows, 0), np.int32), np.ones((case.rows, members), np.float32)
    problem = Problem(
        architecture=shape,
        head=head,
        plan=Plan("adam", batch_size=case.batch_size),
        hyper=make_hyper(members, learning_rate=LEARNING_RATE),
        train=Rows(data.x, no_codes, y),
        weight=weight,
        check=None,
        first_bias=first_bias(head, y, weight[:, 0], n_outputs),
        seed=0,
    )
    state = init_state(problem)
    history = None

    def fit(epochs: int) -> None:
        nonlocal state, history
        for progress in train_epochs(problem, state, int(state.epoch) + epochs, history=history):
            state, history = progress.state, progress.history

    def probabilities() -> np.ndarray:
        layers = dict(enumerate(state.model.layers))
        weights = {f"layers.{i}.weight": np.asarray(layer.weight) for i, layer in layers.items()}
        weights |= {f"layers.{i}.bias": np.asarray(layer.bias) for i, layer in layers.items()}
        z = forward.logits(shape, weights, data.x, no_codes)
        return forward.outputs(shape, z)[:, 0]  # of the first member

    return Trainer(fit, probabilities)


def sklearn_fit(case: Case, data: Data) -> Trainer:
    """scikit-learn's MLPClassifier; each fit starts afresh."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    model = MLPClassifier(
        case.widths[1:-1],
        batch_size=case.batch_size,
        learning_rate_init=LEARNING_RATE,
        alpha=0.0,
        tol=0.0,
        n_iter_no_change=10**9,
        random_state=0,
    )

    def probabilities() -> np.ndarray:
        p = model.predict_proba(data.x)
        return p[:, 1] if case.widths[-1] == 1 else p

    return Trainer(
        lambda epochs: model.set_params(max_iter=epochs).fit(data.x, data.y), probabilities
    )


def torch_fit(case: Case, data: Data, *, compiled: bool = False) -> Trainer:
    """A plain PyTorch loop; `compiled` makes forward, loss and backward one compiled program."""
    import torch

    torch.manual_seed(0)
    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in pairwise(case.widths):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    binary = case.widths[-1] == 1
    loss = torch.nn.BCEWithLogitsLoss() if binary else torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    y = y[:, None].float() if binary else y

    def backward(x: torch.Tensor, y: torch.Tensor) -> None:
        loss(model(x), y).backward()

    if compiled:
        # Without this the step breaks in two at backward() and runs no faster than eager.
        torch._dynamo.config.trace_autograd_ops = True
        backward = torch.compile(backward, fullgraph=True)

    def fit(epochs: int) -> None:
        for _ in range(epochs):
            for rows in torch.randperm(case.rows).split(case.batch_size):
                optimizer.zero_grad()
                backward(x[rows], y[rows])
                optimizer.step()

    @torch.no_grad()
    def probabilities() -> np.ndarray:
        logits = model(x)
        return (logits.sigmoid() if binary else logits.softmax(dim=1)).numpy()

    return Trainer(fit, probabilities)


def torch_compile_fit(case: Case, data: Data) -> Trainer:
    """The same loop around a compiled step."""
    return torch_fit(case, data, compiled=True)


def keras_fit(case: Case, data: Data) -> Trainer:
    """Keras 3 on JAX: `model.fit` as everyone calls it."""
    import keras

    keras.utils.set_random_seed(0)
    *hidden, n_outputs = case.widths[1:]
    model = keras.Sequential(
        [keras.Input((case.widths[0],))]
        + [keras.layers.Dense(width, activation="relu") for width in hidden]
        + [keras.layers.Dense(n_outputs, activation="sigmoid" if n_outputs == 1 else "softmax")]
    )
    # Keras takes the logits back out of the last activation: the stable loss.
    loss = "binary_crossentropy" if n_outputs == 1 else "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss)
    y = data.y[:, None].astype(np.float32) if n_outputs == 1 else data.y
    return Trainer(
        lambda epochs: model.fit(
            data.x, y, batch_size=case.batch_size, epochs=epochs, shuffle=True, verbose=0
        ),
        lambda: model.predict(data.x, batch_size=case.rows, verbose=0),
    )


@dataclass(frozen=True)
class Peer:
    """Who is measured: what it imports, how it starts, which packages' versions to note."""

    start: Callable[..., Trainer]
    modules: tuple[str, ...]
    packages: tuple[str, ...]
    settings: str
    compiles: bool = False
    environment: tuple[tuple[str, str], ...] = ()


PEERS = {
    "madaline": Peer(
        madaline_fit,
        ("madaline.train.loop",),
        ("madaline", "jax", "jaxlib"),
        "engine level: no validation rows, no early stopping; Adam",
        compiles=True,
    ),
    "scikit-learn": Peer(
        sklearn_fit,
        ("sklearn.neural_network",),
        ("scikit-learn", "numpy", "scipy"),
        "MLPClassifier(alpha=0, tol=0, n_iter_no_change=1e9), float32 rows, fresh fit each round",
    ),
    "torch": Peer(
        torch_fit,
        ("torch",),
        ("torch",),
        "eager loop, rows by a slice of randperm, Adam(fused=True), no DataLoader, no .item()",
    ),
    "torch.compile": Peer(
        torch_compile_fit,
        ("torch", "torch._dynamo"),
        ("torch",),
        "as torch; forward + loss + backward one compiled graph (trace_autograd_ops)",
        compiles=True,
    ),
    "keras": Peer(
        keras_fit,
        ("keras",),
        ("keras", "jax", "jaxlib"),
        "JAX backend, Sequential, model.fit(verbose=0), jit_compile and all else default",
        compiles=True,
        environment=(("KERAS_BACKEND", "jax"),),
    ),
}

# -- The worker: one process, one peer, one request a line ----------------------------------------


def cpu_seconds() -> float:
    """Processor time of this process and of the compilers that it started."""
    total = 0.0
    me = psutil.Process()
    for process in [me, *me.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def peak_megabytes() -> float:
    """Most memory this process ever had resident (VmHWM); NaN where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return float("nan")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(work: Callable[[], Any]) -> dict[str, float]:
    """Wall and processor seconds of `work`."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    work()
    return {"seconds": time.perf_counter() - wall, "cpu_seconds": cpu_seconds() - cpu}


def product_gflops(library: str, size: int = 2048, repeats: int = 12) -> float:
    """Best rate of a large float32 matrix product."""
    a = np.random.default_rng(0).standard_normal((2, size, size), dtype=np.float32)
    if library == "torch":
        import torch

        left, right = torch.from_numpy(a)
        product = lambda: left @ right  # noqa: E731
    elif library == "jax":
        import jax

        left, right = jax.device_put(a[0]), jax.device_put(a[1])
        multiply = jax.jit(lambda left, right: left @ right)
        product = lambda: multiply(left, right).block_until_ready()  # noqa: E731
    else:
        product = lambda: a[0] @ a[1]  # noqa: E731
    product()
    return 2e-9 * size**3 / min(measure(product)["seconds"] for _ in range(repeats))


def iris_estimator(peer: str) -> Callable[[], Any]:
    """A fit of iris from scikit-learn's face, 200 epochs, as a person would call it."""
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    if peer == "madaline":
        from madaline import MLPClassifier

        settings: dict[str, Any] = {"preset": "plain", "n_iter_no_change": IRIS_EPOCHS}
    else:
        from sklearn.neural_network import MLPClassifier

        settings = {"tol": 0.0, "n_iter_no_change": 10**9}
    settings |= {"hidden_layer_sizes": (100,), "max_iter": IRIS_EPOCHS, "random_state": 0}
    return lambda: MLPClassifier(**settings).fit(x, y)


class Worker:
    """Answers the requests; the methods are their names."""

    def __init__(self, peer: str) -> None:
        self.peer = peer

    def modules(self) -> dict[str, Any]:
        """Import the peer: its start-up time."""
        names = PEERS[self.peer].modules
        return measure(lambda: [importlib.import_module(name) for name in names])

    def product(self) -> dict[str, Any]:
        """Rate of the large matrix product (the peer is a library here)."""
        return {"gflops": product_gflops(self.peer)}

    def start(self, case: dict[str, Any], members: int = 1) -> dict[str, Any]:
        """Build the network and train one epoch: the first answer a person waits for."""
        self.case = Case(**{**case, "widths": tuple(case["widths"])})
        self.data = make_data(self.case)
        options = {} if members == 1 else {"members": members}

        def first_epoch() -> None:
            self.trainer = PEERS[self.peer].start(self.case, self.data, **options)
            self.trainer.fit(1)

        return {**measure(first_epoch), "peak_mb": peak_megabytes()}

    def fit(self, epochs: int, times: int = 1) -> dict[str, Any]:
        """Train `epochs` epochs, `times` times."""
        return measure(lambda: [self.trainer.fit(epochs) for _ in range(times)])

    def loss(self) -> dict[str, Any]:
        """Loss of the training rows now."""
        return {"loss": cross_entropy(self.trainer.probabilities(), self.data.y)}

    def iris(self) -> dict[str, Any]:
        """First and second fit of iris by the estimator."""
        fit = iris_estimator(self.peer)
        return {"first": measure(fit), "warm": measure(fit)}


def work(peer: str) -> None:
    """Read requests from standard input, answer on standard output, until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not look like an answer
    worker = Worker(peer)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = getattr(worker, name)(**arguments)
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            answer = {"error": f"{type(error).__name__}: {lines[0]}"}
        answers.write(json.dumps(answer) + "\n")


class PeerError(Exception):
    """A peer could not do its work; the others go on."""


class Process:
    """A worker as its parent sees it; `cache` is its compilation cache."""

    def __init__(self, peer: str, cache: str) -> None:
        environment = {
            **os.environ,
            "JAX_PLATFORMS": "cpu",
            "JAX_COMPILATION_CACHE_DIR": cache,
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "TORCHINDUCTOR_CACHE_DIR": cache,
            **dict(PEERS[peer].environment if peer in PEERS else ()),
        }
        for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker", peer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()

    def ask(self, name: str, **arguments: Any) -> dict[str, Any]:
        """One request, one answer.

        Raises:
            PeerError: The worker failed or died.
        """
        try:
            self.process.stdin.write(json.dumps([name, arguments]) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline() or '{"error": "the worker died"}')
        except BrokenPipeError:
            answer = {"error": "the worker died"}
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer


# -- The measurements ----------------------------------------------------------------------------


def say(text: str) -> None:
    """Progress, beside the tables on standard output."""
    print(text, file=sys.stderr, flush=True)


def measure_products() -> dict[str, Any]:
    """What this machine can do: the large product of each library, alone."""
    records: dict[str, Any] = {"numpy": {}, "torch": {}, "jax": {}}
    for library, record in records.items():
        with tempfile.TemporaryDirectory() as cache, Process(library, cache) as process:
            attempt(record, process.ask, "product")
    return records


def measure_rounds(cases: Iterable[Case], peers: Iterable[str], rounds: int) -> dict[str, Any]:
    """Warm rounds, the peers in turn. Returns case -> peer -> {fits, loss} or {error}."""
    results: dict[str, Any] = {}
    with ExitStack() as stack:
        cache = stack.enter_context(tempfile.TemporaryDirectory())
        processes = {peer: stack.enter_context(Process(peer, cache)) for peer in peers}
        order = list(processes)
        for case in cases:
            records = results[case.name] = {peer: {"fits": []} for peer in order}
            for peer in order:
                say(f"{case.name}: {peer} warms up")
                attempt(records[peer], warm_up, processes[peer], case)
            for turn in range(rounds):
                first = turn % len(order)  # nobody always follows the same peer
                for peer in order[first:] + order[:first]:
                    attempt(records[peer], one_round, processes[peer], case)
    return results


def warm_up(process: Process, case: Case) -> dict[str, Any]:
    """Compile and train as many epochs as a round; the loss says whether the work is the same."""
    process.ask("start", case=asdict(case))
    if case.epochs > 1:
        process.ask("fit", epochs=case.epochs)
    return process.ask("loss")


def one_round(process: Process, case: Case) -> dict[str, Any]:
    """One timed fit, for the list of fits."""
    return {"fits": process.ask("fit", epochs=case.epochs)}


def attempt(record: dict[str, Any], work: Callable[..., dict[str, Any]], *arguments: Any) -> None:
    """Add to `record` what `work` measures, or the error; after an error do nothing."""
    if "error" in record:
        return
    try:
        for name, value in work(*arguments).items():
            record[name] = [*record[name], value] if isinstance(record.get(name), list) else value
    except PeerError as error:
        record["error"] = str(error)
        say(f"  {error}")


def measure_first_epochs(cases: Iterable[Case], peers: Iterable[str], runs: int) -> dict[str, Any]:
    """Fresh processes: import and first epoch, without and (if the peer compiles) with a cache."""
    results: dict[str, Any] = {}
    for case in cases:
        records = results[case.name] = {peer: {"cold": [], "cached": []} for peer in peers}
        for peer, record in records.items():
            say(f"{case.name}: {peer} starts cold")
            for _ in range(runs):
                with tempfile.TemporaryDirectory() as cache:
                    for name in ("cold", "cached") if PEERS[peer].compiles else ("cold",):
                        attempt(record, first_epoch, name, peer, cache, case)
    return results


def first_epoch(name: str, peer: str, cache: str, case: Case) -> dict[str, Any]:
    """Import and first epoch in a fresh process, for the list `name`."""
    with Process(peer, cache) as process:
        imported = process.ask("modules")
        return {name: {**process.ask("start", case=asdict(case)), "import": imported}}


def measure_members(rounds: int) -> dict[str, Any]:
    """Madaline alone: 32 networks trained as one against 32 fits one after the other."""
    record: dict[str, Any] = {"together": [], "separate": []}
    with ExitStack() as stack:
        cache = stack.enter_context(tempfile.TemporaryDirectory())
        together, alone = (stack.enter_context(Process("madaline", cache)) for _ in range(2))
        case, epochs = asdict(MEMBERS_CASE), MEMBERS_CASE.epochs
        attempt(record, lambda: {"start": together.ask("start", case=case, members=MEMBERS)})
        attempt(record, lambda: {"start_alone": alone.ask("start", case=case)})
        for _ in range(rounds):
            attempt(record, lambda: {"together": together.ask("fit", epochs=epochs)})
            attempt(record, lambda: {"separate": alone.ask("fit", epochs=epochs, times=MEMBERS)})
    return record


def measure_iris(peers: Iterable[str]) -> dict[str, Any]:
    """200 epochs of iris by the estimators: first fit in a process, and the second."""
    records: dict[str, Any] = {}
    for peer in [peer for peer in ("madaline", "scikit-learn") if peer in peers]:
        records[peer] = {}
        with tempfile.TemporaryDirectory() as cache, Process(peer, cache) as process:
            attempt(records[peer], process.ask, "iris")
    return records


# -- The report ----------------------------------------------------------------------------------


def median(records: list[dict[str, float]], name: str = "seconds") -> float:
    """Median of one field; NaN if nothing was measured."""
    return statistics.median(record[name] for record in records) if records else float("nan")


def fastest(records: list[dict[str, float]]) -> float:
    """Seconds of the fastest round: what a busy machine disturbs least."""
    return min((record["seconds"] for record in records), default=float("nan"))


def geometric_mean(values: list[float]) -> float:
    """The mean for ratios."""
    return float(np.exp(np.mean(np.log(values)))) if values else float("nan")


def print_table(title: str, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """A Markdown table; numbers with three digits, what was not measured as a dash."""
    header = list(header)
    print(f"\n### {title}\n\n| {' | '.join(header)} |\n|{' --- |' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(cell(value) for value in row)} |")


def cell(value: Any) -> str:
    """Text of one cell.

    >>> cell(1234.5), cell(0.01234), cell(float("nan"))
    ('1,234', '0.0123', '-')
    """
    if value is None or value != value:
        return "-"
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def report(results: dict[str, Any]) -> None:
    """All tables."""
    cases = {case.name: case for case in CASES}
    before, after = results["products_before"], results["products_after"]
    rates = {library: [before[library].get("gflops"), after[library].get("gflops")]
             for library in before}  # fmt: skip
    best = max((rate for pair in rates.values() for rate in pair if rate), default=float("nan"))
    print_table(
        "Large float32 matrix product (2048 cubed)",
        ("library", "GFLOP/s before", "GFLOP/s after"),
        [(library, *pair) for library, pair in rates.items()],
    )
    for name, peers in results["rounds"].items():
        case = cases[name]
        print_table(
            f"{name} ({case.rows:,} rows, {case.steps:,} steps a round)",
            ("peer", "us a step", "fastest", "slowest", "CPU us a step", "GFLOP/s", "% of product",
             "first epoch s", "from cache s", "its CPU s", "import s", "peak MB", "loss"),
            [case_row(case, best, peer, record, results["first"][name][peer])
             for peer, record in peers.items()],
        )  # fmt: skip
    report_ratios(results["rounds"])
    report_madaline(results)


def case_row(
    case: Case, best: float, peer: str, record: dict[str, Any], first: dict[str, Any]
) -> list[Any]:
    """What one peer did in one case."""
    if "error" in record:
        return [peer, record["error"], *[""] * 11]
    wall = [1e6 * fit["seconds"] / case.steps for fit in record["fits"]]
    gflops = case.flops / statistics.median(wall) / 1e3
    cold = first["cold"]
    return [
        peer, statistics.median(wall), min(wall), max(wall),
        1e6 * median(record["fits"], "cpu_seconds") / case.steps, gflops, 100 * gflops / best,
        median(cold), median(first["cached"]), median(cold, "cpu_seconds"),
        median([run["import"] for run in cold]), median(cold, "peak_mb"), record["loss"],
    ]  # fmt: skip


def report_ratios(rounds: dict[str, Any]) -> None:
    """Each peer's seconds over Madaline's: above 1, Madaline is faster."""
    measured = any(record.get("madaline", {}).get("fits") for record in rounds.values())
    if not measured or len(next(iter(rounds.values()))) < 2:
        print("\nNo ratios: they take Madaline and a peer.")
        return
    for title, summary in (
        ("Wall time of a step, median round", median),
        ("Wall time of a step, fastest round", fastest),
        ("Processor time of a step, median round", lambda fits: median(fits, "cpu_seconds")),
    ):
        seconds = {
            name: {peer: summary(record["fits"]) for peer, record in peers.items()}
            for name, peers in rounds.items()
        }
        peers = [peer for peer in next(iter(seconds.values())) if peer != "madaline"]
        ratios = {
            peer: [times[peer] / times["madaline"] for times in seconds.values()] for peer in peers
        }
        print_table(
            f"{title}: peer / Madaline",
            ("case", *peers),
            [
                *[(name, *[ratios[peer][i] for peer in peers]) for i, name in enumerate(seconds)],
                ("geometric mean", *[geometric_mean([r for r in ratios[peer] if r == r])
                                     for peer in peers]),
            ],
        )  # fmt: skip


def report_madaline(results: dict[str, Any]) -> None:
    """Members, and the estimators on iris."""
    members = results["members"]
    if members and "error" not in members:
        together, separate = median(members["together"]), median(members["separate"])
        print_table(
            f"{MEMBERS} networks {MEMBERS_CASE.name}, one epoch",
            ("as one s", "one after the other s", "ratio"),
            [(together, separate, separate / together)],
        )
    elif members:
        print(f"\n{MEMBERS} members: {members['error']}")
    if not results["iris"]:
        return
    print_table(
        f"Estimator: {IRIS_EPOCHS} epochs of iris",
        ("peer", "first fit s", "second fit s"),
        [
            (peer, record["error"], "")
            if "error" in record
            else (peer, record["first"]["seconds"], record["warm"]["seconds"])
            for peer, record in results["iris"].items()
        ],
    )


def describe_machine() -> dict[str, Any]:
    """Processor, cores, system; the load tells how busy others kept it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }


def version(package: str) -> str | None:
    """Installed version; a package that is only on the path has none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 rounds, 1 cold start")
    parser.add_argument("--rounds", type=int, default=7, help="timed fits a peer and case (7)")
    parser.add_argument("--cold-runs", type=int, default=3, help="fresh starts (3)")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--cases", nargs="+", default=[""], help="beginnings of case names")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.cold_runs = 2, 1
    arguments.cases = [case for case in CASES if case.name.startswith(tuple(arguments.cases))]
    if not arguments.cases:
        parser.error(f"no case begins so; cases: {', '.join(case.name for case in CASES)}")
    return arguments


def main() -> None:
    """Measure, write, print."""
    arguments = parse_arguments()
    if arguments.worker:
        return work(arguments.worker)
    cases, peers = arguments.cases, arguments.peers
    packages = {package for peer in peers for package in PEERS[peer].packages}
    results: dict[str, Any] = {
        "machine": describe_machine(),
        "versions": {package: version(package) for package in sorted(packages)},
        "settings": {peer: PEERS[peer].settings for peer in peers},
        "cases": {
            case.name: {**asdict(case), "steps": case.steps, "flops": case.flops} for case in cases
        },
        "products_before": measure_products(),
        "rounds": measure_rounds(cases, peers, arguments.rounds),
        "first": measure_first_epochs(cases, peers, arguments.cold_runs),
        "members": measure_members(arguments.rounds) if "madaline" in peers else None,
        "iris": measure_iris(peers),
        "products_after": measure_products(),
        "load_at_end": os.getloadavg(),
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(results, indent=1) + "\n")
    report(results)


if __name__ == "__main__":
    main()
