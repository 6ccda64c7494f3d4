"""What both estimators share: scikit-learn's `fit`, `partial_fit` and fitted attributes."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from madaline.data.table import Table
from madaline.diagnose.scores import Scores
from madaline.diagnose.verdict import Verdict
from madaline.errors import DataError, DivergedError
from madaline.estimators.callbacks import (
    CallbackSupportMixin,
    CallbackTasks,
    has_callbacks,
    with_callbacks,
)
from madaline.estimators.compile_cache import use_compile_cache
from madaline.estimators.display import fitted_html
from madaline.estimators.inputs import float_type, joined, read_features, target_names
from madaline.estimators.parameters import Rows, holds_out, settings_of
from madaline.incremental import Standing, go_on
from madaline.pipeline import Run, Start, Watch, run
from madaline.predictor import Predictor
from madaline.prepare import Learned
from madaline.recipes import complete
from madaline.runs import start_run
from madaline.settings import Settings
from madaline.store.bundle import load_model, save_model

# Schedules that end where the epochs end: to reach that is no failure to converge.
_ENDING = ("cosine", "step", "one_cycle")
_OUT_ACTIVATION = {"linear": "identity", "exp": "exp", "sigmoid": "logistic", "softmax": "softmax"}


class MLPBase(CallbackSupportMixin, BaseEstimator):
    """Fitting, saving and the fitted attributes; the subclasses know what they predict."""

    verbose: bool | int
    warm_start: bool
    early_stopping: bool | str | None
    solver: str | None
    max_iter: int | None
    random_state: int | np.random.RandomState | None
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    # They steer one fit and are not for a router to hand on.
    __metadata_request__fit = {"watch": UNUSED, "output": UNUSED}  # noqa: RUF012

    def _read_target(self, y: Any) -> Table:
        """The target as a table; learns nothing."""
        raise NotImplementedError

    def _task(self, target: Table) -> str:
        raise NotImplementedError

    def _fit(
        self,
        X: Any,
        y: Any,
        target: Table,
        sample_weight: Any,
        X_val: Any,
        y_val: Any,
        watch: Watch | None,
        output: Path | str | None,
    ) -> Self:
        use_compile_cache()
        begun = self.warm_start and hasattr(self, "predictor_")
        features = read_features(self, X, reset=not begun)
        table = joined(features, target)
        weight = _weights(sample_weight, table.n_rows)
        own = self._own_rows(X_val, y_val)
        settings = self._settings(target, weight, own)
        watch = watch or (_Printer() if self.verbose else None)
        tasks = self._tasks(settings, table.n_rows, X, y, sample_weight, watch)
        done = self._run(
            table, target_names(table, len(features.columns)), settings,
            weight=weight, own=own, watch=tasks or watch, output=output,
            start=self._start() if begun else None, chunk=1 if tasks else None,
        )  # fmt: skip
        self._remember(done, float_type(X), table.n_rows, begun)
        if tasks is not None:
            tasks.close()
        self._warn(done)
        return self

    def _run(
        self,
        table: Table,
        target: tuple[str, ...],
        settings: Settings,
        *,
        weight: NDArray[np.float64] | None,
        own: Table | None,
        watch: Any,
        output: Path | str | None,
        start: Start | None,
        chunk: int | None,
    ) -> Run:
        # scikit-learn's parameters that the solver does not use are no error there.
        given: dict[str, Any] = {
            "strict": False, "lenient": True, "start": start, "chunk": chunk,
            "validation": own, "weight": weight, "class_weight": self._class_weight(),
            "watch": watch,
        }  # fmt: skip
        if output is not None:
            return start_run(table, target, settings, output=output, **given)
        return run(table, target, settings, **given)

    def _partial_fit(
        self,
        X: Any,
        target: Table,
        sample_weight: Any,
        X_val: Any,
        y_val: Any,
        classes: Table | None = None,
    ) -> Self:
        use_compile_cache()
        begun = hasattr(self, "predictor_")
        features = read_features(self, X, reset=not begun)
        table = joined(features, target)
        weight = _weights(sample_weight, table.n_rows)
        own = self._own_rows(X_val, y_val)
        standing = self._standing(target, weight) if begun else None
        settings = standing.settings if standing else self._stream(target, weight)
        now = go_on(
            standing, table, target_names(table, len(features.columns)), settings,
            classes=classes, validation=own, weight=weight, class_weight=self._class_weight(),
        )  # fmt: skip
        self._remember_epoch(now, float_type(X), table.n_rows, begun)
        return self

    # -- parameters

    def _settings(
        self, target: Table, weight: NDArray[np.float64] | None, own: Table | None
    ) -> Settings:
        mean = 1.0 if weight is None or not weight.any() else float(weight.mean())
        task = self._task(target)
        outputs = len(target.columns) if task in ("multilabel", "regression") else 1
        self._rows = Rows(target.n_rows, mean, outputs, task, own is not None)
        given = self.get_params(deep=False) | {"random_state": _seed(self.random_state)}
        return settings_of(given, self._rows, type(self).__name__)

    def _stream(self, target: Table, weight: NDArray[np.float64] | None) -> Settings:
        """Nothing left open: later rows must not decide anew; only early stopping holds out."""
        settings = self._settings(target, weight, None)
        if self.early_stopping is not True:
            settings = replace(settings, validation=0.0)
        return replace(complete(settings, target.n_rows), patience=0)

    def _class_weight(self) -> Mapping[Any, float] | None:
        chosen: Any = getattr(self, "class_weight", None)
        return cast("Mapping[Any, float]", chosen) if isinstance(chosen, Mapping) else None

    def _own_rows(self, X_val: Any, y_val: Any) -> Table | None:
        if X_val is None:
            return None
        if y_val is None:
            raise DataError("X_val was given without y_val.", "Give the answers of these rows.")
        features = read_features(self, X_val, reset=False, name="X_val")
        return joined(features, self._read_target(y_val))

    def _tasks(
        self, settings: Settings, n_rows: int, X: Any, y: Any, weight: Any, watch: Watch | None
    ) -> CallbackTasks | None:
        if not has_callbacks(self):
            return None
        metadata = None if weight is None else {"sample_weight": weight}
        data = {"X": X, "y": y, "metadata": metadata}
        epochs = cast("int", complete(settings, n_rows).epochs)
        return CallbackTasks(self, epochs, data, self._attributes_of, watch)

    def _attributes_of(self, predictor: Predictor) -> dict[str, Any]:
        """What an estimator needs that predicts like this."""
        known = ("n_features_in_", "feature_names_in_", "classes_", "_float")
        held = {name: getattr(self, name) for name in known if hasattr(self, name)}
        return {**held, "_float": held.get("_float", np.float64), "predictor_": predictor}

    # -- what is remembered

    def _remember(self, done: Run, kind: type[Any], n_rows: int, begun: bool) -> None:
        self.run_ = done
        self.verdict_: Verdict = done.verdict
        self.scores_: Mapping[str, Scores] = done.scores
        standing = Standing(
            done.settings, done.predictor, done.state, done.history, done.validation_spread
        )
        self._keep(standing, kind, begun)
        self.n_iter_ = len(done.history)
        self.t_ = (self.t_ if begun else 0) + self.n_iter_ * n_rows

    def _remember_epoch(self, now: Standing, kind: type[Any], n_rows: int, begun: bool) -> None:
        for name in ("run_", "verdict_", "scores_"):  # they judged other weights
            if hasattr(self, name):
                delattr(self, name)
        self._keep(now, kind, begun)
        self.n_iter_ = (self.n_iter_ if begun and hasattr(self, "n_iter_") else 0) + 1
        self.t_ = (getattr(self, "t_", 0) if begun else 0) + n_rows
        if self.verbose:
            _print_epoch(self.n_iter_, self.loss_, _last(self.validation_scores_))

    def _keep(self, standing: Standing, kind: type[Any], begun: bool) -> None:
        self._state = standing
        self._float = kind
        self._spread = standing.validation_spread
        self.predictor_: Predictor = standing.predictor
        curves = {
            name: curve.mean(axis=1) if curve.ndim == 2 else curve
            for name, curve in (standing.history.arrays() if standing.history else {}).items()
        }
        earlier = getattr(self, "history_", None) if begun else None
        self.history_: dict[str, NDArray[np.floating]] = {
            name: np.concatenate([earlier[name], curve]) if earlier else curve
            for name, curve in curves.items()
        }

    def _standing(self, target: Table, weight: NDArray[np.float64] | None) -> Standing:
        """Where training stands; of a loaded model only the weights are left."""
        settings = self._stream(target, weight)
        if hasattr(self, "_state"):
            before = self._state.settings
            return replace(self._state, settings=replace(before, validation=settings.validation))
        shape = self.predictor_.architecture
        kept: dict[str, Any] = {"hidden": shape.hidden, "activation": shape.activations}
        kept["members"] = self.predictor_.n_members
        if shape.output == "exp":
            kept["loss"] = "poisson"
        return Standing(replace(settings, **kept), self.predictor_)

    def _start(self) -> Start:
        known = self.predictor_
        return Start(Learned(known.encoder, known.target), known.weights)

    def _warn(self, done: Run) -> None:
        settings = done.settings
        match done.why:
            case "done" if self.max_iter is None:
                pass  # nobody chose the epochs; the verdict says whether more would help
            case "done" if settings.optimizer == "lbfgs":
                text = f"lbfgs failed to converge after {self.n_iter_} iteration(s)"
                warnings.warn(f"{text}. Increase max_iter.", ConvergenceWarning, stacklevel=5)
            case "done" if settings.schedule not in _ENDING:
                warnings.warn(
                    f"Stochastic Optimizer: Maximum iterations ({settings.epochs}) reached and the "
                    "optimization hasn't converged yet. Increase max_iter.",
                    ConvergenceWarning,
                    stacklevel=5,
                )
            case "evaluations":
                warnings.warn(
                    "lbfgs failed to converge: the number of evaluations of the loss reached the "
                    f"limit, max_fun = {settings.max_evaluations}. Increase max_fun.",
                    ConvergenceWarning,
                    stacklevel=5,
                )
            case "interrupted":
                warnings.warn("Training interrupted by user.", stacklevel=5)
            case "diverged" if not holds_out(self.get_params(deep=False), self._rows):
                raise DivergedError(
                    "Solver produced non-finite parameter weights: training broke in epoch "
                    f"{self.n_iter_}.",
                    "Give a smaller learning_rate_init; the input data may contain large values.",
                )
            case "diverged":
                warnings.warn(
                    f"Training broke in epoch {self.n_iter_}; the best weights before are kept. "
                    "Give a smaller learning_rate_init.",
                    ConvergenceWarning,
                    stacklevel=5,
                )
            case _:
                pass

    # -- predicting, saving

    def _outputs(self, X: Any) -> NDArray[np.floating]:
        check_is_fitted(self, "predictor_")
        features = self.predictor_.encoder.transform(read_features(self, X, reset=False))
        return self.predictor_.outputs(features)

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
        model._float = np.float64
        model.n_features_in_ = len(predictor.encoder.columns)
        names = predictor.encoder.columns
        if names != tuple(f"x{i}" for i in range(len(names))):  # those of rows without names
            model.feature_names_in_ = np.array(names, dtype=object)
        if "verdict" in predictor.about:
            model.verdict_ = Verdict.from_dict(predictor.about["verdict"])
        model._adopt(predictor)
        return model

    def _check_task(self, task: str, path: Path | str) -> None:
        raise NotImplementedError

    def _adopt(self, predictor: Predictor) -> None:
        """What a loaded model also needs."""

    # -- scikit-learn's fitted attributes

    @property
    def coefs_(self) -> list[NDArray[np.floating]]:
        """Weights of each layer, ``(fan_in, fan_out)`` as scikit-learn has them; first member."""
        return [self._array(f"layers.{i}.weight").T for i in range(self.n_layers_ - 1)]

    @property
    def intercepts_(self) -> list[NDArray[np.floating]]:
        """Biases of each layer; first member."""
        return [self._array(f"layers.{i}.bias") for i in range(self.n_layers_ - 1)]

    def _array(self, name: str) -> NDArray[np.floating]:
        return self.predictor_.weights[name][0].astype(self._float)

    @property
    def n_layers_(self) -> int:
        """Layers of units, that of the inputs included."""
        return len(self.predictor_.architecture.layer_sizes) + 1

    @property
    def n_outputs_(self) -> int:
        """Outputs of the network."""
        return self.predictor_.architecture.n_outputs

    @property
    def out_activation_(self) -> str:
        """identity, exp, logistic or softmax."""
        return _OUT_ACTIVATION[self.predictor_.architecture.output]

    @property
    def loss_curve_(self) -> list[float]:
        """Mean training loss of each epoch."""
        return self.history_["loss"].tolist()

    @property
    def loss_(self) -> float:
        """Training loss of the last epoch."""
        return float(self.history_["loss"][-1])

    @property
    def best_loss_(self) -> float | None:
        """Least training loss; None where held-out rows decide."""
        return None if self._is_held_out() else float(np.nanmin(self.history_["loss"]))

    @property
    def validation_scores_(self) -> list[float] | None:
        """Accuracy or R2 on the held-out rows after each epoch; None where there are none."""
        if not self._is_held_out():
            return None
        metric = np.asarray(self.history_["validation_metric"], np.float64)
        with np.errstate(invalid="ignore"):
            return self._as_scores(metric).tolist()

    @property
    def best_validation_score_(self) -> float | None:
        """The highest of `validation_scores_`."""
        scores = self.validation_scores_
        return None if scores is None else float(np.nanmax(scores))

    def _is_held_out(self) -> bool:
        return bool(np.isfinite(self.history_["validation_loss"][:1]).any())

    def _as_scores(self, metric: NDArray[np.float64]) -> NDArray[np.float64]:
        """The engine's metric as scikit-learn's score."""
        return metric

    # -- scikit-learn's manners

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "predictor_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        return tags

    def _repr_html_inner(self) -> str:
        return super()._repr_html_inner() + fitted_html(self)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        bundle = super()._repr_mimebundle_(**options)
        if "text/html" in bundle:
            bundle["text/html"] += fitted_html(self)
        return bundle


class _Printer:
    """``verbose=True``: a line an epoch, as scikit-learn prints it."""

    def event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Print epochs as they pass."""
        if kind == "epoch":
            _print_epoch(fields["epoch"], fields["train"], None)
            if fields["validation"] is not None:
                print(f"Validation loss: {fields['validation']:.6f}", file=sys.stdout)

    def progress(self, progress: Any) -> None:
        """Never stops."""


def _print_epoch(epoch: int, loss: float, score: float | None) -> None:
    print(f"Iteration {epoch}, loss = {loss:.8f}", file=sys.stdout)
    if score is not None:
        print(f"Validation score: {score:.6f}", file=sys.stdout)


def _last(values: list[float] | None) -> float | None:
    return values[-1] if values else None


def _weights(sample_weight: Any, n_rows: int) -> NDArray[np.float64] | None:
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, np.float64)
    return np.full(n_rows, float(weight)) if weight.ndim == 0 else weight


def _seed(random_state: Any) -> int:
    if isinstance(random_state, int | np.integer) and 0 <= random_state < 2**31:
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def learns_in_steps(estimator: Any) -> bool:
    """Whether there is a `partial_fit`: L-BFGS needs all rows at once.

    Raises:
        AttributeError: There is none.
    """
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
        )
    return True


__all__ = ["MLPBase", "learns_in_steps", "with_callbacks"]
