"""What both estimators share: scikit-learn's names in, Madaline's settings out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from madaline.data.frames import as_column, as_table
from madaline.data.table import Table
from madaline.diagnose.scores import Scores
from madaline.diagnose.verdict import Verdict
from madaline.errors import DataError
from madaline.estimators.compile_cache import use_compile_cache
from madaline.pipeline import Run, Watch, run
from madaline.predictor import Predictor
from madaline.report.text import describe_epoch
from madaline.runs import start_run
from madaline.settings import Settings
from madaline.store.bundle import load_model, save_model

# scikit-learn's name -> the setting's, where they differ.
SETTING_OF: dict[str, str] = {
    row.metadata["estimator"]: row.name for row in fields(Settings) if row.metadata["estimator"]
}
_ACTIVATION_OF = {"logistic": "sigmoid"}


class MLPBase(BaseEstimator):
    """Fitting, saving and the fitted attributes; the subclasses know what they predict."""

    verbose: bool
    random_state: int | np.random.RandomState | None

    def _task(self, target: Table) -> str:
        raise NotImplementedError

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        watch: Watch | None = None,
        output: Path | str | None = None,
    ) -> Self:
        """Train on rows and their answers.

        Args:
            X: A data frame (pandas, polars, pyarrow), a 2-D array, a sparse matrix, or a list of
                rows. Strings, categories, booleans, dates and missing values are fine.
            y: One answer a row, or ``(n, k)``.
            sample_weight: ``(n,)`` weights, finite and at least 0.
            X_val: Rows of an own validation set.
            y_val: Their answers.
            watch: Sees every event and may stop the training, see `madaline.pipeline.Watch`.
            output: A run folder to write; `madaline.resume_run` goes on with it.

        Raises:
            DataError: The rows do not allow the task.
            UsageError: Parameters do not go together.
        """
        use_compile_cache()
        features = as_table(X)
        target = _targets(y, features.names)
        settings = self._settings(target)
        table = _joined(features, target)
        done = self._run(
            table, target.names, settings, sample_weight,
            own=None if X_val is None else _joined(
                as_table(X_val, "X_val"), _targets(y_val, features.names)
            ),
            watch=watch or (_Printer() if self.verbose else None),
            output=output,
        )  # fmt: skip
        self._remember(done, features, hasattr(X, "columns") or hasattr(X, "column_names"))
        return self

    def _run(
        self,
        table: Table,
        target: tuple[str, ...],
        settings: Settings,
        sample_weight: Any,
        *,
        own: Table | None,
        watch: Watch | None,
        output: Path | str | None,
    ) -> Run:
        weight = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        chosen: Any = getattr(self, "class_weight", None)
        by_class = chosen if isinstance(chosen, Mapping) else None
        # scikit-learn's parameters that the solver does not use are no error there.
        given: dict[str, Any] = {
            "strict": False,
            "validation": own, "weight": weight, "class_weight": by_class, "watch": watch,
        }  # fmt: skip
        if output is not None:
            return start_run(table, target, settings, output=output, **given)
        return run(table, target, settings, **given)

    def _settings(self, target: Table) -> Settings:
        """The parameters as settings, under the settings' names."""
        known = {row.name for row in fields(Settings)}
        chosen: dict[str, Any] = {"test": 0.0, "task": self._task(target)}
        for name, value in self.get_params(deep=False).items():
            setting = SETTING_OF.get(name, name)
            if setting in known and value is not None:
                chosen[setting] = value
        chosen["seed"] = _seed(self.random_state)
        for name in ("hidden", "activation"):
            if name in chosen:
                chosen[name] = _tuple(chosen[name])
        if "activation" in chosen:
            names = chosen["activation"]
            chosen["activation"] = tuple(_ACTIVATION_OF.get(name, name) for name in names)
        if isinstance(chosen.get("class_weight"), Mapping):
            del chosen["class_weight"]
        return Settings(**chosen)

    def _remember(self, done: Run, features: Table, named: bool) -> None:
        history = done.history
        self.run_ = done
        self.predictor_: Predictor = done.predictor
        self.verdict_: Verdict = done.verdict
        self.scores_: Mapping[str, Scores] = done.scores
        self.history_ = {
            name: curve.mean(axis=1) if curve.ndim == 2 else curve
            for name, curve in history.arrays().items()
        }
        self.loss_curve_: list[float] = self.history_["loss"].tolist()
        self.n_iter_ = len(history)
        self.n_features_in_ = len(features.columns)
        if named:
            self.feature_names_in_ = np.array(features.names, dtype=object)

    def _table(self, X: Any) -> Table:
        check_is_fitted(self, "predictor_")
        table = as_table(X)
        if not hasattr(self, "feature_names_in_") and len(table.columns) != self.n_features_in_:
            raise DataError(
                f"X has {len(table.columns)} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        return table

    def save(self, path: Path | str) -> None:
        """Write a model file: no pickle, and predicting from it needs NumPy alone.

        Args:
            path: Where to; ``*.madaline`` by custom.

        Raises:
            FileError: It cannot be written.
        """
        check_is_fitted(self, "predictor_")
        save_model(path, self.predictor_)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """A fitted estimator from a model file or run folder; it predicts, scores and saves.

        Raises:
            FileError: The file is not a model, or is damaged.
            DataError: It holds a model for another kind of task.
        """
        model = cls()
        predictor = load_model(path)
        model._check_task(predictor.target.task, path)
        model.predictor_ = predictor
        model.n_features_in_ = len(predictor.encoder.columns)
        model.feature_names_in_ = np.array(predictor.encoder.columns, dtype=object)
        if "verdict" in predictor.about:
            model.verdict_ = Verdict.from_dict(predictor.about["verdict"])
        model._adopt(predictor)
        return model

    def _check_task(self, task: str, path: Path | str) -> None:
        raise NotImplementedError

    def _adopt(self, predictor: Predictor) -> None:
        """What a loaded model also needs."""

    @property
    def coefs_(self) -> list[NDArray[np.floating]]:
        """Weights of each layer, ``(fan_in, fan_out)`` as scikit-learn has them; first member."""
        weights = self.predictor_.weights
        n_layers = len(self.predictor_.architecture.layer_sizes)
        return [weights[f"layers.{i}.weight"][0].T for i in range(n_layers)]

    @property
    def intercepts_(self) -> list[NDArray[np.floating]]:
        """Biases of each layer; first member."""
        weights = self.predictor_.weights
        return [
            weights[f"layers.{i}.bias"][0]
            for i in range(len(self.predictor_.architecture.layer_sizes))
        ]


class _Printer:
    """``verbose=True``: one line for each tenth of the epochs."""

    def event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Print epochs as they pass."""
        if kind == "epoch" and fields["epoch"] % max(1, fields["epochs"] // 10) == 0:
            print(describe_epoch(dict(fields)), file=sys.stdout)

    def progress(self, progress: Any) -> None:
        """Never stops."""


def _targets(y: Any, taken: tuple[str, ...]) -> Table:
    """``y`` as a table, one column for each output, under names that no feature has."""
    if y is None:
        raise DataError(
            "This estimator requires y to be passed, but the target y is None.", "Give y."
        )
    if hasattr(y, "columns") or (getattr(y, "ndim", 1) == 2 and np.shape(y)[1] > 1):
        columns = [replace(column, name=f"y: {column.name}") for column in as_table(y, "y")]
    else:
        columns = [replace(as_column(y), name="y")]
    return Table(tuple(replace(c, name=_free(c.name, taken)) for c in columns), "y")


def _free(name: str, taken: tuple[str, ...]) -> str:
    """A table may well have a column y; the target's name is ours to choose."""
    return name if name not in taken else _free(f"{name}_", taken)


def _joined(features: Table, target: Table) -> Table:
    if features.n_rows != target.n_rows:
        raise DataError(
            "Found input variables with inconsistent numbers of samples: "
            f"X has {features.n_rows} rows, y has {target.n_rows}."
        )
    return Table((*features.columns, *target.columns), features.source)


def _seed(random_state: Any) -> int:
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple | np.ndarray) else (value,)
