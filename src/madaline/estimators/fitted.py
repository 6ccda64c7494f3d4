"""What both estimators are once they are fitted: scikit-learn's attributes, model files, HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from madaline.errors import FileError
from madaline.estimators.display import fitted_html
from madaline.estimators.inputs import read_features
from madaline.estimators.memory import Curves, Memory
from madaline.events.scores import Scores
from madaline.events.summary import About
from madaline.events.verdict import Verdict
from madaline.pipeline.run import Run
from madaline.predict.predictor import Predictor
from madaline.store.bundle import load_model, save_model
from madaline.study.search import Trial

_OUT_ACTIVATION = {"linear": "identity", "exp": "exp", "sigmoid": "logistic", "softmax": "softmax"}


class Fitted(BaseEstimator):
    """A network that predicts, and what became of its training."""

    n_features_in_: int
    feature_names_in_: np.ndarray
    _fitted: Memory  # only what was fitted or loaded has one

    def _remembered(self) -> Memory | None:
        """What is remembered, if anything is."""
        return getattr(self, "_fitted", None)

    def _known(self, name: str) -> Any:
        """A part of what is remembered.

        Raises:
            AttributeError: It is not known, as if there were no such attribute.
        """
        value = getattr(self._remembered(), name, None)
        if value is None:
            raise AttributeError(f"{type(self).__name__} does not know its {name} yet.")
        return value

    def _outputs(self, X: object) -> NDArray[np.floating]:
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
        about = {**self.predictor_.about, "columns": self._column_names()}
        save_model(path, replace(self.predictor_, about=about))

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
        model._fitted = Memory(predictor, verdict=_verdict_of(predictor, path))
        names = _columns_of(predictor)
        model.n_features_in_ = len(names)
        if names != _positions(len(names)):
            model.feature_names_in_ = np.array(names, dtype=object)
        model._adopt(predictor)
        return model

    def _column_names(self) -> list[str]:
        if hasattr(self, "feature_names_in_"):
            return self.feature_names_in_.tolist()
        return _positions(self.n_features_in_)

    def _check_task(self, task: str, path: Path | str) -> None:
        raise NotImplementedError

    def _adopt(self, predictor: Predictor) -> None:
        """What a loaded model also needs."""

    # -- fitted attributes

    @property
    def predictor_(self) -> Predictor:
        """What answers, and what `save` writes."""
        return self._known("predictor")

    @property
    def run_(self) -> Run:
        """Everything about the last `fit`; not there after a `partial_fit`."""
        return self._known("run")

    @property
    def verdict_(self) -> Verdict:
        """What to think of the network; not there after a `partial_fit`, which it did not judge."""
        return self._known("verdict")

    @property
    def scores_(self) -> Mapping[str, Scores]:
        """Scores with intervals, by part; not there after a `partial_fit`."""
        return self.run_.scores

    @property
    def trials_(self) -> tuple[Trial, ...]:
        """What became of each trial of ``tune``."""
        return self._known("trials")

    @property
    def history_(self) -> Curves:
        """Curves by name, one value an epoch."""
        return self._known("history")

    @property
    def n_iter_(self) -> int:
        """Epochs of the last `fit`, and of each `partial_fit` after it."""
        return self._known("n_epochs")

    @property
    def t_(self) -> int:
        """Rows seen in all."""
        return self._known("n_rows_seen")

    @property
    def coefs_(self) -> list[NDArray[np.floating]]:
        """Weights of each layer, ``(fan_in, fan_out)`` as scikit-learn has them; first member."""
        return [self._array(f"layers.{i}.weight").T for i in range(self.n_layers_ - 1)]

    @property
    def intercepts_(self) -> list[NDArray[np.floating]]:
        """Biases of each layer; first member."""
        return [self._array(f"layers.{i}.bias") for i in range(self.n_layers_ - 1)]

    def _array(self, name: str) -> NDArray[np.floating]:
        return self.predictor_.weights[name][0].astype(self._fitted.kind)

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
        return None if self._known("held_out") else float(np.nanmin(self.history_["loss"]))

    @property
    def validation_scores_(self) -> list[float] | None:
        """Accuracy or R2 on the held-out rows after each epoch; None where there are none."""
        return self._known("scores").tolist() if self._known("held_out") else None

    @property
    def best_validation_score_(self) -> float | None:
        """The highest of `validation_scores_`."""
        scores = self.validation_scores_
        return None if scores is None else float(np.nanmax(scores))

    # -- scikit-learn's manners

    def __sklearn_is_fitted__(self) -> bool:
        return self._remembered() is not None

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


def _verdict_of(predictor: Predictor, path: Path | str) -> Verdict | None:
    """What the model file says of its training; None where it says nothing."""
    found = About.read(predictor.about).verdict
    if found is None and predictor.about.get("verdict") is not None:
        raise FileError(
            f"{path} is damaged: its verdict cannot be read.", "Restore it from a copy."
        )
    return found


def _columns_of(predictor: Predictor) -> list[str]:
    """Columns of the rows to come, those that the network leaves out among them if known."""
    used, known = predictor.encoder.columns, About.read(predictor.about).columns
    return list(known if set(used) <= set(known) else used)


def _positions(n: int) -> list[str]:
    """Names of columns that have none."""
    return [f"x{i}" for i in range(n)]
