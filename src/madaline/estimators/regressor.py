"""`MLPRegressor`: numbers from rows, in the shape of scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from madaline.data.table import Table
from madaline.errors import DataError
from madaline.estimators.base import MLPBase, learns_in_steps, with_callbacks
from madaline.estimators.inputs import read_values
from madaline.estimators.whole import wholly
from madaline.pipeline.run import Watch


class MLPRegressor(RegressorMixin, MLPBase):
    """A multilayer perceptron that predicts numbers, on whatever scale they are.

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
        loss: 'squared_error', 'absolute_error', 'huber', 'quantile' or 'poisson'.
        quantile: Level of the quantile loss.
        huber_delta: Where the Huber loss turns linear, in standard deviations of the
            target.
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
        n_iter_: Epochs of the last fit.
        t_: Rows seen in all.
        loss_: Training loss of the last epoch.
        loss_curve_: Of all epochs.
        best_loss_: Least training loss; None where held-out rows decide.
        validation_scores_: R2 on held-out rows after each epoch; None where there are none. Of
            several outputs it is the R2 of all, each on its standard deviation.
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

    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(random_state=0).fit(X, y)
    >>> model.predict(X).shape, bool(model.score(X, y) > 0.4)
    ((442,), True)
    """

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
        loss: str | None = None,
        quantile: float = 0.5,
        huber_delta: float = 1.0,
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
        """Train on rows and their values.

        Args:
            X: A data frame (pandas, polars, pyarrow), a 2-D array, a sparse matrix, or a list of
                rows. Strings, categories, booleans, dates and missing values are fine.
            y: One number a row, or ``(n, k)``.
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
        target = read_values(y)
        return self._fit(X, y, target, sample_weight, X_val, y_val, watch, output)

    @available_if(learns_in_steps)
    @wholly
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Self:
        """One more epoch, on these rows; the first call decides how rows are encoded.

        Args:
            X: Rows, as for `fit`.
            y: Their values.
            sample_weight: ``(n,)`` weights.
            X_val: Rows that judge: `predict` uses the weights that did best on them. With
                ``early_stopping=True`` and none given, a share of ``X`` is held out.
            y_val: Their values.

        Raises:
            DataError: The rows do not fit the earlier ones.
        """
        return self._partial_fit(X, read_values(y), sample_weight, X_val, y_val)

    def predict(self, X: Any) -> NDArray[np.floating]:
        """``(n,)`` values in the units of the target; ``(n, k)`` of several targets.

        Raises:
            DataError: A column is missing, or holds what the model cannot read.
        """
        outputs = self._outputs(X)
        return self.predictor_.target.decode(outputs).astype(self._fitted.kind)

    def _read_target(self, y: Any) -> Table:
        return read_values(y)

    def _task(self, target: Table) -> str:
        return "regression"

    def _as_scores(self, metric: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
        """R2 of each epoch from its mean squared error."""
        known = np.isfinite(metric) & (spread > 0)
        return 1 - np.where(known, metric, np.nan) / (spread or 1.0)

    def _check_task(self, task: str, path: Path | str) -> None:
        if task != "regression":
            raise DataError(f"{path} holds a classifier.", "Load it with MLPClassifier.load.")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
