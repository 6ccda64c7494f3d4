"""`MLPRegressor`: values from rows, in the shape of scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from madaline.data.table import Table
from madaline.errors import DataError
from madaline.estimators.base import MLPBase


class MLPRegressor(RegressorMixin, MLPBase):
    """A multilayer perceptron that predicts numbers.

    Parameters that are None are decided by the preset, see `madaline.recipes`. scikit-learn's
    parameters have scikit-learn's names.

    Args:
        hidden_layer_sizes: Widths of the hidden layers, such as (256, 256); () is a linear model.
        activation: Activation of the hidden layers: one for all or one a layer.
        validation_fraction: Share of rows that decides when to stop.
        drop: Columns to leave out.
        preset: Starting point for all that is not set.
        initializer: First weights; 'auto' chooses by the activation.
        loss: What training lowers; 'auto' chooses by the task.
        quantile: Level of the quantile loss.
        huber_delta: Where the Huber loss turns linear, in standard deviations of the target.
        max_iter: Most passes over the training rows.
        batch_size: Rows an update: a number, 'auto' or 'full'.
        solver: How gradients become steps.
        learning_rate_init: Size of the first steps.
        momentum: Momentum of 'momentum' and 'nesterov'.
        beta_1: Adam: decay of the mean of gradients.
        beta_2: Adam: decay of the mean of squared gradients.
        epsilon: Adam: added to the root.
        schedule: How the learning rate moves over the epochs.
        warmup: Share of all steps in which 'warmup' and 'one_cycle' rise.
        scale_from_batch: Batch size the learning rate was meant for: rescale it, by k (SGD) or
            root k (Adam).
        n_iter_no_change: Epochs without a better validation loss before stopping with the best
            weights; 0: go to the end and keep the last.
        tol: How much lower the validation loss must be to count as better.
        time_budget: Seconds after which training stops.
        members: Networks trained as one and averaged.
        weight_decay: Decoupled weight decay of AdamW, a step and unit of learning rate.
        l1: Penalty on the sum of absolute weights.
        l2: Penalty on half the sum of squared weights.
        lp: Penalty on the sum of absolute weights to the power lp_order.
        lp_order: The p of the L^p penalty.
        dropout: Share of hidden units switched off in each step.
        input_noise: Standard deviation of noise added to numeric features.
        random_state: One seed, one result; None draws a seed from NumPy.
        precision: Arithmetic of the training.
        verbose: Print a line for each tenth of the epochs.

    Attributes:
        history_: Curves by name, one value an epoch: ``loss``, ``train_loss``, ``validation_loss``,
            ``train_metric``, ``validation_metric``, ``learning_rate``, ``seconds``.
        verdict_: What to think of the network, with evidence and one next action.
        scores_: Scores with intervals, of the training and the validation rows.
        predictor_: What `save` writes.
        run_: Everything about the last fit.
        n_iter_: Epochs done.
        loss_curve_: ``history_["loss"]`` as a list.
        n_features_in_: Columns of ``X``.
        feature_names_in_: Their names, if ``X`` had any.

    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(max_iter=20, random_state=0).fit(X, 100_000 * y)
    >>> model.score(X, 100_000 * y) > 0.4
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] | int | None = None,
        activation: str | tuple[str, ...] | None = None,
        *,
        validation_fraction: float = 0.15,
        drop: tuple[str, ...] = (),
        preset: str = "default",
        initializer: str | None = None,
        loss: str | None = None,
        quantile: float = 0.5,
        huber_delta: float = 1.0,
        max_iter: int | None = None,
        batch_size: int | Literal["auto", "full"] | None = None,
        solver: str | None = None,
        learning_rate_init: float | None = None,
        momentum: float = 0.9,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        schedule: str | None = None,
        warmup: float = 0.05,
        scale_from_batch: int | None = None,
        n_iter_no_change: int | None = None,
        tol: float = 0.0,
        time_budget: float | None = None,
        members: int | None = None,
        weight_decay: float | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        lp: float = 0.0,
        lp_order: float = 1.5,
        dropout: float | None = None,
        input_noise: float = 0.0,
        random_state: int | np.random.RandomState | None = None,
        precision: str = "float32",
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.validation_fraction = validation_fraction
        self.drop = drop
        self.preset = preset
        self.initializer = initializer
        self.loss = loss
        self.quantile = quantile
        self.huber_delta = huber_delta
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.momentum = momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.schedule = schedule
        self.warmup = warmup
        self.scale_from_batch = scale_from_batch
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.time_budget = time_budget
        self.members = members
        self.weight_decay = weight_decay
        self.l1 = l1
        self.l2 = l2
        self.lp = lp
        self.lp_order = lp_order
        self.dropout = dropout
        self.input_noise = input_noise
        self.random_state = random_state
        self.precision = precision
        self.verbose = verbose

    def predict(self, X: Any) -> NDArray[np.float64]:
        """``(n,)`` values in the units of the target; ``(n, k)`` of several targets.

        Raises:
            DataError: A column is missing, or holds what the model cannot read.
        """
        return self.predictor_.predict(self._table(X))

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> MLPRegressor:
        """Train on rows and their values; see `MLPBase.fit` for the arguments."""
        super().fit(X, y, sample_weight, **options)
        return self

    def _task(self, target: Table) -> str:
        return "regression"

    def _check_task(self, task: str, path: Path | str) -> None:
        if task != "regression":
            raise DataError(f"{path} holds a classifier.", "Load it with MLPClassifier.load.")
