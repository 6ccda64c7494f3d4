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
from madaline.estimators.memory import Memory, after_epoch, after_fit
from madaline.estimators.parameters import Shape, holds_out, settings_of, train_rows
from madaline.estimators.spelling import told_as_parameters
from madaline.estimators.verbose import Printer, print_epoch
from madaline.estimators.warning import warn
from madaline.pipeline.run import run
from madaline.pipeline.watch import Watch, together
from madaline.predict.predictor import Predictor
from madaline.runs.incremental import Continued, train_one_epoch_more
from madaline.runs.start import record_run
from madaline.settings.recipes import Recipe, complete
from madaline.settings.table import Settings
from madaline.study.search import Search, search

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

    # They steer one fit and are not for a router to hand on.
    __metadata_request__fit = {"watch": UNUSED, "output": UNUSED}  # noqa: RUF012

    def _keep_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Keep what ``__init__`` was given as it is: scikit-learn's rule for cloning.

        Args:
            parameters: Its ``locals()``.
        """
        for name, value in parameters.items():
            if name != "self":
                setattr(self, name, value)

    def _read_target(self, y: Any) -> Table:
        """The target as a table; learns nothing."""
        raise NotImplementedError

    def _task(self, target: Table) -> str:
        raise NotImplementedError

    def _as_scores(self, metric: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
        """The engine's metric as scikit-learn's score."""
        return metric

    @told_as_parameters
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
        earlier = self._remembered() if self.warm_start else None
        data = self._dataset(X, target, sample_weight, X_val, y_val, earlier)
        shape = self._shape(target, data.weight, own="validation" in data.own)
        settings = self._settings(shape, earlier)
        self._warn_of_batches(settings, target.n_rows)
        watch = watch or (Printer() if self.verbose else None)
        found = None if self.tune is None else self._search(data, settings, self.tune, earlier)
        settings = settings if found is None else found.settings
        tasks = self._tasks(settings, shape, X, y, sample_weight)
        train = run if output is None else partial(record_run, output=output)
        done = train(
            data, settings, watch=together(tasks, watch),
            # scikit-learn's parameters that the solver does not use are no error there.
            strict=False, start=earlier and earlier.predictor, chunk=1 if tasks else None,
        )  # fmt: skip
        self._fitted = after_fit(
            done, shape, float_type(X), self._as_scores, earlier=earlier,
            trials=None if found is None else found.trials,
        )  # fmt: skip
        if tasks is not None:
            tasks.close()
        held_out = holds_out(self.get_params(deep=False), shape)
        say_ending(
            done.why, self.n_iter_, done.settings, chosen=self.max_iter is not None,
            held_out=held_out,
        )  # fmt: skip
        return self

    def _dataset(
        self, X: Any, target: Table, sample_weight: Any, X_val: Any, y_val: Any,
        earlier: Memory | None,
    ) -> Dataset:  # fmt: skip
        """What a fit is given; of one that goes on the columns must be the same."""
        features = read_features(self, X, reset=earlier is None)
        table = joined(features, target, earlier.predictor.target.names if earlier else ())
        targets = target_names(table, len(features.columns))
        weight = read_weights(sample_weight, table.n_rows)
        own = self._own_rows(X_val, y_val, targets)
        class_weight = self._class_weight()
        return Dataset(table, targets, own, weight=weight, class_weight=class_weight, lenient=True)

    def _search(
        self, data: Dataset, settings: Settings, n_trials: int, earlier: Memory | None
    ) -> Search:
        """Settings that are better, and what became of each trial."""
        if earlier is not None:
            raise UsageError(
                "tune looks for settings of a new training; warm_start goes on with an old one.",
                "Set tune=None or warm_start=False.",
            )
        return search(data, settings, n_trials=n_trials, strict=False)

    @told_as_parameters
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
        earlier = self._remembered()
        data = self._dataset(X, target, sample_weight, X_val, y_val, earlier)
        shape = self._shape(target, data.weight)
        before = None if earlier is None else self._continued(shape, earlier)
        settings = self._stream(shape, None) if before is None else before.settings
        self._warn_of_batches(settings, target.n_rows)
        now = train_one_epoch_more(before, data, settings, classes=classes)
        first = earlier.shape if earlier and earlier.shape else shape
        self._fitted = after_epoch(now, first, float_type(X), self._as_scores, earlier=earlier)
        if self.verbose:
            print_epoch(self.n_iter_, self.history_, -1)
        return self

    # -- parameters

    def _shape(
        self, target: Table, weight: NDArray[np.float64] | None, *, own: bool = False
    ) -> Shape:
        counts = weight is not None and np.isfinite(weight).all() and weight.any()
        mean = float(weight.mean()) if weight is not None and counts else 1.0
        task = self._task(target)
        outputs = len(target.columns) if task in ("multilabel", "regression") else 1
        return Shape(target.n_rows, mean, outputs, task, own)

    def _settings(self, shape: Shape, earlier: Memory | None, seed: int | None = None) -> Settings:
        """What the parameters mean for these rows."""
        given = self.get_params(deep=False)
        given["random_state"] = _seed(self.random_state) if seed is None else seed
        settings = settings_of(given, shape, type(self).__name__)
        return settings if earlier is None else as_trained(settings, earlier)

    def _stream(self, shape: Shape, earlier: Memory | None, seed: int | None = None) -> Recipe:
        """Nothing left open: later rows must not decide anew; only early stopping holds out."""
        settings = self._settings(shape, earlier, seed)
        if self.early_stopping is not True:
            settings = replace(settings, validation=0.0)
        return replace(complete(settings, shape.n, shape.task, stream=True), patience=0)

    def _continued(self, shape: Shape, earlier: Memory) -> Continued:
        """Where training stands, with the parameters as they are now."""
        state = earlier.state
        if state is None or earlier.shape is None:  # of a loaded model only the weights are left
            return Continued(self._stream(shape, earlier), earlier.predictor)
        before = state.settings
        self._settings(shape, earlier, before.seed)  # refuses too few rows to hold any out
        first = replace(earlier.shape, own_validation=False)
        settings = self._stream(first, earlier, before.seed)
        if self.precision is None:
            settings = replace(settings, precision=before.precision)
        same = all(getattr(settings, name) == getattr(before, name) for name in _OF_STATE)
        return replace(state, settings=settings, state=state.state if same else None)

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
        self, settings: Settings, shape: Shape, X: Any, y: Any, weight: Any
    ) -> CallbackTasks | None:
        if not has_callbacks(self):
            return None
        metadata = None if weight is None else {"sample_weight": weight}
        data = {"X": X, "y": y, "metadata": metadata}
        epochs = complete(settings, shape.n, shape.task).epochs
        return CallbackTasks(self, epochs, data, self._attributes_of)

    def _attributes_of(self, predictor: Predictor) -> dict[str, object]:
        """What an estimator needs that predicts like this."""
        known = ("n_features_in_", "feature_names_in_", "classes_")
        held = {name: getattr(self, name) for name in known if hasattr(self, name)}
        earlier = self._remembered()
        kind = np.float64 if earlier is None else earlier.kind
        return {**held, "_fitted": Memory(predictor, kind)}


def as_trained(settings: Settings, earlier: Memory) -> Settings:
    """The settings of a training that goes on: what nobody chose stays as the network is.

    Raises:
        UsageError: The network's output would be another one.
    """
    shape, state = earlier.predictor.architecture, earlier.state
    counts = "poisson" if shape.output == "exp" else None
    known = {
        "hidden": shape.hidden, "activation": shape.activations, "loss": counts,
        "members": earlier.predictor.n_members, "parametric": shape.parametric,
        "pieces": shape.inputs.pieces, "input_scales": shape.inputs.scaled,
    }  # fmt: skip
    if state is not None:
        known = {name: getattr(state.settings, name) for name in known}
    open_ = {name: known[name] for name in known if getattr(settings, name) is None}
    settings = replace(settings, **open_)
    if (settings.loss == "poisson") != (counts is not None):
        raise UsageError(
            "The Poisson loss and others cannot take turns: the network's output differs.",
            "Keep the loss as it was, or fit anew.",
        )
    return settings


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
