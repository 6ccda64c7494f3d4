"""scikit-learn's own tests of its multilayer perceptrons, with Madaline's classes in their place.

    python scripts/sklearn_mlp_tests.py                # some minutes; arguments go to pytest
    python scripts/sklearn_mlp_tests.py -k lbfgs

Copies ``test_mlp.py`` of the installed scikit-learn into a temporary folder, changes the one line
that imports the classes, and runs it, but for the tests that look into scikit-learn's private
parts. A test that fails and is not among the `DIFFERENCES`, or is among them and passes, is told,
and the script leaves with 1.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import pytest
import sklearn
from sklearn.neural_network import tests as their_tests

IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
CONFTEST = """\
import pytest

@pytest.fixture
def global_random_seed():
    return 42  # scikit-learn's default
"""

# They set or read what is no part of the public interface.
PRIVATE = {
    "test_fit": "sets coefs_, _coef_grads, _no_improvement_count before a partial_fit",
    "test_gradient": "calls _loss_grad_lbfgs",
    "test_learning_rate_warmstart": "reads _optimizer",
    "test_adaptive_learning_rate": "reads _optimizer",
    "test_n_iter_no_change": "reads _no_improvement_count",
    "test_n_iter_no_change_inf": "reads _no_improvement_count",
}

# Failures we mean: each is explained in docs/scikit_learn.md.
DIFFERENCES = {
    "test_alpha": "the output layer starts at zero: with a penalty it grows, and the whole shrinks",
    "test_nonfinite_params": "numbers near the end of float64 are learned",
    "test_early_stopping_stratified": "a class of one row stays in training; 4 rows are too few",
    "test_mlp_loading_from_joblib_partial_fit": "a column that never changes is no feature",
    "test_mlp_partial_fit_after_fit": "partial_fit supports early stopping",
    "test_mlp_vs_poisson_glm_equivalent": "numbers are clipped smoothly, so nothing is linear",
}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="sklearn-mlp-tests-") as place:
        seen, seconds = run_tests(Path(place), sys.argv[1:])
    new = [name for name in seen.failed if function(name) not in DIFFERENCES]
    gone = sorted(DIFFERENCES.keys() & {function(name) for name in seen.passed})
    counts = f"{len(seen.passed)} passed, {len(seen.failed)} failed, {len(seen.skipped)} skipped"
    print(f"scikit-learn {sklearn.__version__}: {counts}, {len(PRIVATE)} left out, {seconds:.0f} s")
    for name in seen.failed:
        print(f"{name}: {DIFFERENCES.get(function(name), 'NOT MEANT')}")
    for name in gone:
        print(f"{name}: passes, though it is among the differences")
    return int(bool(new or gone or not seen.passed))


class Seen:
    """What became of each test."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: list[str] = []
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            getattr(self, report.outcome).append(report.nodeid.split("::")[-1])


def run_tests(folder: Path, options: list[str]) -> tuple[Seen, float]:
    """Their tests on our classes, in a folder with no settings of pytest's but these."""
    theirs = (Path(their_tests.__file__).parent / "test_mlp.py").read_text(encoding="utf-8")
    if theirs.count(IMPORT) != 1:
        raise SystemExit(f"test_mlp.py of scikit-learn {sklearn.__version__} imports otherwise.")
    ours = theirs.replace(IMPORT, "from madaline import MLPClassifier, MLPRegressor\n")
    (folder / "test_mlp.py").write_text(ours, encoding="utf-8")
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    left_out = [f"--deselect=test_mlp.py::{name}" for name in PRIVATE]
    seen, begun = Seen(), time.perf_counter()
    where = [f"--rootdir={folder}", f"--config-file={folder / 'pytest.ini'}", str(folder)]
    pytest.main(["-q", "-p", "no:cacheprovider", *where, *left_out, *options], plugins=[seen])
    return seen, time.perf_counter() - begun


def function(name: str) -> str:
    """The test without its parameters."""
    return name.partition("[")[0]


if __name__ == "__main__":
    sys.exit(main())
