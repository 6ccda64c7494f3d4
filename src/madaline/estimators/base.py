"""What both estimators share: scikit-learn's `fit` and `partial_fit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import UNUSED

from madaline.data.dataset import Dataset
from madaline.data.table import Table
from madaline.errors import DataError, UsageError
from madaline.estimators.callbacks import (
    CallbackSupportMixin,
    CallbackTasks,
    has_callbacks,
    with_callbacks,
)
from madaline.estimators.compile_cache import use_compile_cache
from madaline.estimators.ending import say_ending
from madaline.estimators.fitted import Fitted
from madaline.estimators.inputs import (
    float_type,
    joined,
    read_features,
    read_weights,
    target_names,
)
from madaline.estimators.parameters import Rows, holds_out, settings_of, train_rows
from madaline.estimators.spelling import parameter_words
from madaline.estimators.verbose import Printer, print_epoch
from madaline.estimators.warning import warn
from madaline.pipeline.run import Run, run
from madaline.pipeline.watch import Watch, together
from madaline.predict.predictor import Predictor
from madaline.runs.incremental import Continued, train_one_epoch_more
from madaline.runs.start import record_run
from madaline.score.scores import Scores
from madaline.settings.recipes import Recipe, complete
from madaline.settings.table import Settings
from madaline.study.search import Trial, search

# Choices that the state of a training fits: after another one it begins anew from the weights.
_OF_STATE = ("hidden", "activation", "members", "optimizer", "precision")


class MLPBase(CallbackSupportMixin, Fitted):
    """Fitting; the subclasses know what they predict."""

    verbose: bool | int
    warm_start: bool
    early_stopping: bool | str | None
    solver: str | None
    batch_size: int | str | None
    max_iter: int | None
    precision: str | None
    random_state: int | np.random.RandomState | None
    tune: int | None
    trials_: tuple[Trial, ...]

    # They steer one fit and are not for a router to hand on.
    __metadata_request__fit = {"watch": UNUSED, "output": UNUSED}  # noqa: RUF012

    def _read_target(self, y: Any) -> Table:
        """The target as a table; learns nothing."""
        raise NotImplementedError

    def _task(self, target: Table) -> str:
        raise NotImplementedError

    def _as_scores(self, metric: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
        """The engine's metric as scikit-learn's score."""
        return metric

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
        with parameter_words(self.get_params(deep=False)):
            return self._train(X, y, target, sample_weight, X_val, y_val, watch, output)

    def _train(
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
        begun = self.warm_start and hasattr(self, "predictor_")
        data = self._dataset(X, target, sample_weight, X_val, y_val, begun=begun)
        self._rows = self._rows_of(target, data.weight, own="validation" in data.own)
        settings = self._settings(self._rows, begun=begun)
        self._warn_of_batches(settings, target.n_rows)
        watch = watch or (Printer() if self.verbose else None)
        if self.tune is not None:
            settings = self._tuned(data, settings, begun=begun)
        tasks = self._tasks(settings, target.n_rows, X, y, sample_weight)
        train = run if output is None else partial(record_run, output=output)
        done = train(
            data, settings, watch=together(tasks, watch),
            # scikit-learn's parameters that the solver does not use are no error there.
            strict=False, start=self.predictor_ if begun else None, chunk=1 if tasks else None,
        )  # fmt: skip
        self._remember(done, float_type(X), begun=begun)
        if tasks is not None:
            tasks.close()
        held_out = holds_out(self.get_params(deep=False), self._rows)
        say_ending(
            done.why, self.n_iter_, done.settings, chosen=self.max_iter is not None,
            held_out=held_out,
        )  # fmt: skip
        return self

    def _dataset(
        self, X: Any, target: Table, sample_weight: Any, X_val: Any, y_val: Any, *, begun: bool
    ) -> Dataset:
        """What a fit is given; of one that has ``begun`` the columns must be the same."""
        features = read_features(self, X, reset=not begun)
        table = joined(features, target, self.predictor_.target.names if begun else ())
        targets = target_names(table, len(features.columns))
        weight = read_weights(sample_weight, table.n_rows)
        own = self._own_rows(X_val, y_val, targets)
        class_weight = self._class_weight()
        return Dataset(table, targets, own, weight=weight, class_weight=class_weight, lenient=True)

    def _tuned(self, data: Dataset, settings: Settings, *, begun: bool) -> Settings:
        """The settings with what a search found better."""
        if begun:
            raise UsageError(
                "tune looks for settings of a new training; warm_start goes on with an old one.",
                "Set tune=None or warm_start=False.",
            )
        found = search(data, settings, n_trials=cast("int", self.tune), strict=False)
        self.trials_ = found.trials
        return found.settings

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
        with parameter_words(self.get_params(deep=False)):
            return self._learn_epoch(X, target, sample_weight, X_val, y_val, classes)

    def _learn_epoch(
        self,
        X: Any,
        target: Table,
        sample_weight: Any,
        X_val: Any,
        y_val: Any,
        classes: Table | None,
    ) -> Self:
        begun = hasattr(self, "predictor_")
        data = self._dataset(X, target, sample_weight, X_val, y_val, begun=begun)
        rows = self._rows_of(target, data.weight)
        standing = self._standing(rows) if begun else None
        settings = standing.settings if standing else self._stream(rows, begun=False)
        self._rows = rows if standing is None else getattr(self, "_rows", rows)
        self._warn_of_batches(settings, target.n_rows)
        now = train_one_epoch_more(standing, data, settings, classes=classes)
        self._remember_epoch(now, float_type(X), begun=begun)
        return self

    # -- parameters

    def _rows_of(
        self, target: Table, weight: NDArray[np.float64] | None, *, own: bool = False
    ) -> Rows:
        counts = weight is not None and np.isfinite(weight).all() and weight.any()
        mean = float(weight.mean()) if weight is not None and counts else 1.0
        task = self._task(target)
        outputs = len(target.columns) if task in ("multilabel", "regression") else 1
        return Rows(target.n_rows, mean, outputs, task, own)

    def _settings(self, rows: Rows, *, begun: bool, seed: int | None = None) -> Settings:
        """What the parameters mean for these rows."""
        given = self.get_params(deep=False)
        given["random_state"] = _seed(self.random_state) if seed is None else seed
        settings = settings_of(given, rows, type(self).__name__)
        return self._as_trained(settings) if begun else settings

    def _as_trained(self, settings: Settings) -> Settings:
        """What nobody chose stays as the network is."""
        shape = self.predictor_.architecture
        counts = "poisson" if shape.output == "exp" else None
        known: dict[str, Any] = {"hidden": shape.hidden, "activation": shape.activations}
        known |= {"members": self.predictor_.n_members, "loss": counts}
        known |= {"parametric": shape.parametric, "pieces": shape.pieces}
        known |= {"input_scales": shape.scaled}
        if hasattr(self, "_state"):
            known = {name: getattr(self._state.settings, name) for name in known}
        open_ = {name: known[name] for name in known if getattr(settings, name) is None}
        settings = replace(settings, **open_)
        if (settings.loss == "poisson") != (counts is not None):
            raise UsageError(
                "The Poisson loss and others cannot take turns: the network's output differs.",
                "Keep the loss as it was, or fit anew.",
            )
        return settings

    def _stream(self, rows: Rows, *, begun: bool, seed: int | None = None) -> Recipe:
        """Nothing left open: later rows must not decide anew; only early stopping holds out."""
        settings = self._settings(rows, begun=begun, seed=seed)
        if self.early_stopping is not True:
            settings = replace(settings, validation=0.0)
        return replace(complete(settings, rows.n, rows.task, stream=True), patience=0)

    def _standing(self, rows: Rows) -> Continued:
        """Where training stands, with the parameters as they are now."""
        if not hasattr(self, "_state"):  # of a loaded model only the weights are left
            return Continued(self._stream(rows, begun=True), self.predictor_)
        before = self._state.settings
        self._settings(rows, begun=True, seed=before.seed)  # refuses too few rows to hold any out
        first = replace(self._rows, own_validation=False)
        settings = self._stream(first, begun=True, seed=before.seed)
        if self.precision is None:
            settings = replace(settings, precision=before.precision)
        same = all(getattr(settings, name) == getattr(before, name) for name in _OF_STATE)
        return replace(self._state, settings=settings, state=self._state.state if same else None)

    def _class_weight(self) -> Mapping[Any, float] | None:
        chosen: Any = getattr(self, "class_weight", None)
        return cast("Mapping[Any, float]", chosen) if isinstance(chosen, Mapping) else None

    def _own_rows(self, X_val: Any, y_val: Any, targets: tuple[str, ...]) -> Table | None:
        if X_val is None and y_val is None:
            return None
        if y_val is None:
            raise DataError("X_val was given without y_val.", "Give the answers of these rows.")
        if X_val is None:
            raise DataError("y_val was given without X_val.", "Give the rows of these answers.")
        features = read_features(self, X_val, reset=False, name="X_val")
        return joined(features, self._read_target(y_val), targets)

    def _warn_of_batches(self, settings: Settings, n_rows: int) -> None:
        n_train = train_rows(settings, n_rows)
        size = self.batch_size
        if self.solver != "lbfgs" and not isinstance(size, str | None) and size > n_train:
            warn(
                f"Got `batch_size` larger than sample size: {size}, of {n_train} training rows. "
                "It is going to be clipped."
            )

    def _tasks(
        self, settings: Settings, n_rows: int, X: Any, y: Any, weight: Any
    ) -> CallbackTasks | None:
        if not has_callbacks(self):
            return None
        metadata = None if weight is None else {"sample_weight": weight}
        data = {"X": X, "y": y, "metadata": metadata}
        epochs = complete(settings, n_rows, self._rows.task).epochs
        return CallbackTasks(self, epochs, data, self._attributes_of)

    def _attributes_of(self, predictor: Predictor) -> dict[str, object]:
        """What an estimator needs that predicts like this."""
        known = ("n_features_in_", "feature_names_in_", "classes_", "_float")
        held = {name: getattr(self, name) for name in known if hasattr(self, name)}
        return {**held, "_float": held.get("_float", np.float64), "predictor_": predictor}

    # -- what is remembered

    def _remember(self, done: Run, kind: type[Any], *, begun: bool) -> None:
        self.run_ = done
        self.verdict_ = done.verdict
        self.scores_: Mapping[str, Scores] = done.scores
        standing = Continued(
            done.settings, done.predictor, done.state, done.history,
            done.opening.prepared.parts["validation"].spread,
            done.summary.rows.train,
        )  # fmt: skip
        self._keep(standing, kind, begun=begun)
        self.n_iter_ = len(done.history)

    def _remember_epoch(self, now: Continued, kind: type[Any], *, begun: bool) -> None:
        for name in ("run_", "verdict_", "scores_"):  # they judged other weights
            if hasattr(self, name):
                delattr(self, name)
        self._keep(now, kind, begun=begun)
        self.n_iter_ = (getattr(self, "n_iter_", 0) if begun else 0) + 1
        if self.verbose:
            print_epoch(self.n_iter_, self.history_, -1)

    def _keep(self, standing: Continued, kind: type[Any], *, begun: bool) -> None:
        self._state = standing
        self._float = kind
        self.predictor_ = standing.predictor
        curves = {
            name: curve.mean(axis=1) if curve.ndim == 2 else curve
            for name, curve in (standing.history.arrays() if standing.history else {}).items()
        }
        scores = self._as_scores(
            np.asarray(curves["validation_metric"], np.float64), standing.validation_spread
        )
        earlier = getattr(self, "history_", None) if begun else None
        self.history_ = {
            name: np.concatenate([earlier[name], curve]) if earlier else curve
            for name, curve in curves.items()
        }
        self._scores = np.concatenate([self._scores, scores]) if earlier else scores
        self._held_out = not np.isnan(standing.validation_spread)
        self.t_ = (getattr(self, "t_", 0) if begun else 0) + len(scores) * standing.n_train


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
