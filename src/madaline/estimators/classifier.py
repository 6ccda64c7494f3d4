"""`MLPClassifier`: labels from rows, in the shape of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from madaline.data.table import Table
from madaline.errors import DataError, UsageError
from madaline.estimators.base import MLPBase, learns_in_steps, with_callbacks
from madaline.estimators.inputs import read_labels
from madaline.estimators.whole import wholly
from madaline.pipeline.run import Watch
from madaline.predict.predictor import Predictor


class MLPClassifier(ClassifierMixin, MLPBase):
    """A multilayer perceptron that predicts labels.

    Parameters that are None are decided by the preset and by the data, see
    `madaline.settings.recipes`.
    scikit-learn's parameters have scikit-learn's names and meaning.

    Args:
        hidden_layer_sizes: Widths of the hidden layers, such as (256, 256); () is a linear
            model.
        activation: Activation of the hidden layers: one for all or one a layer; 'logistic'
            is the sigmoid.
        solver: 'adam', 'adamw', 'sgd' (with momentum), 'lbfgs', or 'momentum' and
            'nesterov' by their own names.
        alpha: L2 penalty, divided by the rows of a batch as scikit-learn does.
        batch_size: Rows an update: a number, 'auto' or 'full'.
        learning_rate: How the rate moves: 'constant'; for gradient descent 'invscaling' and
            'adaptive'; 'cosine', 'step', 'warmup', 'one_cycle'.
        learning_rate_init: Size of the first steps.
        power_t: Exponent of 'invscaling'.
        max_iter: Most passes over the training rows; iterations of L-BFGS.
        shuffle: Deal the rows in a new order in each epoch.
        random_state: One seed, one result; None draws a seed from NumPy.
        tol: Progress is to get better than the best by more than this; for L-BFGS the
            steepest slope at which it has converged.
        verbose: Print a line an epoch.
        warm_start: `fit` goes on from the weights of the last one.
        momentum: Momentum of gradient descent.
        nesterovs_momentum: Whether 'sgd' uses Nesterov's momentum.
        early_stopping: Hold rows out, stop by their loss, and give the best weights back; False
            trains on all rows and stops by the training loss. None or 'auto' holds out from 60
            rows on, but not where you choose the solver: that is scikit-learn's training.
        validation_fraction: Share of the rows that is held out.
        beta_1: Adam: decay of the mean of gradients.
        beta_2: Adam: decay of the mean of squared gradients.
        epsilon: Adam: added to the root.
        n_iter_no_change: Epochs in a row without progress that are borne; np.inf never
            stops.
        max_fun: Most evaluations of the loss by L-BFGS.
        preset: Starting point for all that is None, see `madaline.settings.recipes`; "auto" is
            "balanced", or the best that fits into ``time_budget``.
        members: Networks trained as one and averaged.
        folds: Each member holds out other rows instead of all the same.
        calibrate: Compare epochs at the temperature that suits each best, and give the network the
            last one (classes).
        parametric: Each hidden unit learns how much of its activation it uses.
        input_scales: The first layer learns a scale for each of its inputs.
        pieces: Show numbers piece by piece too, cut at so many quantiles, to every second member.
        layer_rates: 'equal', or 'scaled' by layer and role from that of a weight among 256 inputs.
        fade: Let weight decay and dropout fade to nothing in the second half.
        initializer: First weights; 'auto' chooses by the activation.
        dropout: Share of hidden units switched off in each step.
        weight_decay: Decoupled weight decay of AdamW, a step and unit of learning rate.
        label_smoothing: Share of each label spread over all classes.
        adaptive_smoothing: Smooth labels only as far as held-out rows are told apart.
        class_weight: 'balanced' weighs each class by the inverse of its share; or a weight
            for each label.
        l1: Penalty on the sum of absolute weights.
        l2: Penalty on half the sum of squared weights, whatever the batch.
        lp: Penalty on the sum of absolute weights to the power lp_order.
        lp_order: The p of the L^p penalty.
        input_noise: Standard deviation of noise added to numeric features.
        warmup: Share of all steps in which 'warmup' and 'one_cycle' rise.
        scale_from_batch: Batch size the learning rate was meant for: rescale it, by k (SGD)
            or root k (Adam).
        time_budget: Seconds after which training stops.
        tune: Trials of a search for better settings before `fit` trains, such as 16; None: no
            search. What you give is not varied, see `madaline.study`.
        drop: Columns to leave out.
        precision: Arithmetic of the training; by default float64 for up to 300 rows and for
            L-BFGS, else float32.

    Attributes:
        classes_: Labels, sorted.
        n_iter_: Epochs of the last fit.
        t_: Rows seen in all.
        loss_: Training loss of the last epoch.
        loss_curve_: Of all epochs.
        best_loss_: Least training loss; None where held-out rows decide.
        validation_scores_: Accuracy on held-out rows after each epoch; None where there are none.
            For several labels the share of labels that are right.
        best_validation_score_: The highest of them.
        coefs_, intercepts_: Weights ``(fan_in, fan_out)`` and biases of each layer, for the encoded
            features (`predictor_.encoder.feature_names`); of the first member.
        n_layers_, n_outputs_, out_activation_: The network's shape.
        n_features_in_: Columns of ``X``.
        feature_names_in_: Their names, if ``X`` had any.
        history_: Curves by name, one value an epoch: ``loss``, ``train_loss``, ``validation_loss``,
            ``train_metric``, ``validation_metric``, ``learning_rate``, ``score``, ``seconds``.
        verdict_: What to think of the network, with evidence and one next action.
        scores_: Scores with intervals, of the training and the held-out rows.
        predictor_: What `save` writes.
        run_: Everything about the last fit.
        trials_: With ``tune``: what became of each trial, the best first.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(random_state=0).fit(X, y)
    >>> model.predict(X[:2]).tolist(), model.predict_proba(X).shape
    ([0, 0], (150, 3))
    """

    classes_: NDArray[Any]

    def __init__(
        self,
        hidden_layer_sizes: int | tuple[int, ...] | list[int] | None = None,
        activation: str | tuple[str, ...] | None = None,
        *,
        solver: str | None = None,
        alpha: float | None = None,
        batch_size: int | str | None = None,
        learning_rate: str | None = None,
        learning_rate_init: float | None = None,
        power_t: float = 0.5,
        max_iter: int | None = None,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float | None = None,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool | str | None = None,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float | None = None,
        epsilon: float = 1e-08,
        n_iter_no_change: int | float | None = None,
        max_fun: int = 15_000,
        preset: str = "auto",
        members: int | None = None,
        folds: bool | None = None,
        calibrate: bool | None = None,
        parametric: bool | None = None,
        input_scales: bool | None = None,
        pieces: int | None = None,
        layer_rates: str | None = None,
        fade: bool | None = None,
        initializer: str | None = None,
        dropout: float | None = None,
        weight_decay: float | None = None,
        label_smoothing: float | None = None,
        adaptive_smoothing: bool | None = None,
        class_weight: str | Mapping[Any, float] | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        lp: float = 0.0,
        lp_order: float = 1.5,
        input_noise: float = 0.0,
        warmup: float = 0.05,
        scale_from_batch: int | None = None,
        time_budget: float | None = None,
        tune: int | None = None,
        drop: tuple[str, ...] = (),
        precision: str | None = None,
    ) -> None:
        self._keep_parameters(locals())

    @with_callbacks
    @wholly
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
        """Train on rows and their labels.

        Args:
            X: A data frame (pandas, polars, pyarrow), a 2-D array, a sparse matrix, or a list of
                rows. Strings, categories, booleans, dates and missing values are fine.
            y: One label a row, or ``(n, k)`` of 0 and 1 for k labels that go together.
            sample_weight: ``(n,)`` weights, finite and at least 0. A weight of 2 is the row twice,
                one of 0 no row.
            X_val: Rows of an own validation set.
            y_val: Their answers.
            watch: Sees every event and may stop the training, see `madaline.pipeline.run.Watch`.
            output: A run folder to write; `madaline.resume_run` goes on with it.

        Raises:
            DataError: The rows do not allow the task.
            UsageError: A parameter is wrong, or parameters do not go together.
        """
        target, classes = read_labels(y)
        if self.warm_start and hasattr(self, "classes_"):
            self._refuse_other_classes(classes)
        self.classes_ = classes
        return self._fit(X, y, target, sample_weight, X_val, y_val, watch, output)

    @available_if(learns_in_steps)
    @wholly
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Self:
        """One more epoch, on these rows; the first call decides how rows are encoded.

        Args:
            X: Rows, as for `fit`.
            y: Their labels.
            classes: All labels there will be; needed in the first call.
            sample_weight: ``(n,)`` weights.
            X_val: Rows that judge: `predict` uses the weights that did best on them. With
                ``early_stopping=True`` and none given, a share of ``X`` is held out.
            y_val: Their labels.

        Raises:
            DataError: The rows do not fit the earlier ones.
            UsageError: ``classes`` is missing, or differs from the first call.
        """
        target, labels = read_labels(y)
        known = self._known_classes(classes, labels, several=len(target.columns) > 1)
        self.classes_ = known
        named = None if len(target.columns) > 1 else read_labels(known)[0]
        return self._partial_fit(X, target, sample_weight, X_val, y_val, named)

    def predict(self, X: Any) -> NDArray[Any]:
        """``(n,)`` labels as they were given to `fit`, or ``(n, k)`` of 0 and 1 for several.

        Raises:
            DataError: A column is missing, or holds what the model cannot read.
        """
        p = self.predict_proba(X)
        if self.predictor_.target.task == "multilabel":
            return (p > 0.5).astype(np.int64)
        return self.classes_.take(p.argmax(axis=1))

    def predict_proba(self, X: Any) -> NDArray[np.floating]:
        """``(n, classes)`` probabilities in the order of ``classes_``; for several labels
        ``(n, k)``.
        """
        p = self._outputs(X).astype(self._fitted.kind)
        return np.concatenate([1 - p, p], axis=1) if self._is_binary() else p

    def predict_log_proba(self, X: Any) -> NDArray[np.floating]:
        """Logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _is_binary(self) -> bool:
        return self.predictor_.target.task == "binary"

    def _known_classes(self, classes: Any, labels: NDArray[Any], *, several: bool) -> NDArray[Any]:
        """``classes_`` after this call of `partial_fit`."""
        begun = self._remembered() is not None
        if classes is None and not begun:
            raise UsageError("classes must be passed on the first call to partial_fit.")
        given = self.classes_ if classes is None else np.unique(np.asarray(classes))
        if begun and not np.array_equal(given, self.classes_):
            raise UsageError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_!r}."
            )
        unknown = [] if several else np.setdiff1d(labels, given).tolist()
        if unknown:
            raise DataError(f"`y` has classes not in `self.classes_`: {unknown[0]!r}.")
        return labels if several else given

    def _refuse_other_classes(self, classes: NDArray[Any]) -> None:
        if not np.array_equal(classes, self.classes_):
            raise UsageError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )

    def _read_target(self, y: Any) -> Table:
        return read_labels(y)[0]

    def _task(self, target: Table) -> str:
        if len(target.columns) != 1:
            return "multilabel"
        return "binary" if len(self.classes_) == 2 else "multiclass"

    def _check_task(self, task: str, path: Path | str) -> None:
        if task == "regression":
            raise DataError(f"{path} holds a regression.", "Load it with MLPRegressor.load.")

    def _adopt(self, predictor: Predictor) -> None:
        multilabel = predictor.target.task == "multilabel"
        values = predictor.target.class_values
        self.classes_ = np.arange(len(values)) if multilabel else np.array(values)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
