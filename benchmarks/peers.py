"""Who takes part in `tables.py`, and what each is given.

A peer is made by a function (task, categorical columns, seed) -> estimator of a frame, all at the
library's defaults, on one thread. The docstring of the function says what the peer is given; the
report prints it.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import polars as pl
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_transformer,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

# -- Madaline --------------------------------------------------------------------------------------


def _madaline(task: str, seed: int, **settings: Any) -> Any:
    from madaline import MLPClassifier, MLPRegressor

    estimator = MLPRegressor if task == "regression" else MLPClassifier
    return estimator(random_state=seed, **settings)


def make_madaline(task: str, categorical: list[str], seed: int) -> Any:
    """The raw frame and no settings; which columns are categories it finds out itself."""
    return _madaline(task, seed)


def make_madaline_fast(task: str, categorical: list[str], seed: int) -> Any:
    """The raw frame and `preset="fast"`."""
    return _madaline(task, seed, preset="fast")


def make_madaline_best(task: str, categorical: list[str], seed: int) -> Any:
    """The raw frame and `preset="best"`."""
    return _madaline(task, seed, preset="best")


# The default without one of its parts, or with another in its place: `ablation.py` measures these.
PARTS: dict[str, dict[str, Any]] = {
    "pieces: none": {"pieces": 0},
    "pieces: 8": {"pieces": 8},
    "activation: ReLU": {"activation": "relu"},
    "activation: not learned": {"parametric": False},
    "input scales: none": {"input_scales": False},
    "first weights: not fitted": {"initializer": "auto"},
    "rates: even at 0.001": {"layer_rates": "equal", "learning_rate_init": 1e-3},
    "schedule: one cosine": {"learning_rate": "cosine"},
    "beta_2: 0.999": {"beta_2": 0.999},
    "weight decay: none": {"weight_decay": 0.0},
    "dropout: none": {"dropout": 0.0},
    "fading: none": {"fade": False},
    "labels: not smoothed": {"label_smoothing": 0.0},
    "labels: always smoothed": {"label_smoothing": 0.1},
    "held-out rows: the same for all": {"folds": False},
    "held-out rows: 15 %": {"validation_fraction": 0.15},
    "epoch: by the plain loss": {"calibrate": False},
    "epochs: 64": {"max_iter": 64},
    "epochs: 88": {"max_iter": 88},
    "members: 1": {"members": 1},
    "members: 2": {"members": 2},
    "members: 8": {"members": 8},
}


def make_without(settings: dict[str, Any], task: str, categorical: list[str], seed: int) -> Any:
    """The raw frame and these settings."""
    return _madaline(task, seed, **settings)


# -- Networks of pytabkit --------------------------------------------------------------------------


def make_realmlp(task: str, categorical: list[str], seed: int) -> Any:
    """`RealMLP_TD` of pytabkit: imputed means with 0/1 indicators, native categories; a fifth of
    the rows is held out by itself.
    """
    return _realmlp(task, categorical, seed)


def make_realmlp_bag(task: str, categorical: list[str], seed: int) -> Any:
    """As realmlp, with `n_cv=5`: the mean of five networks, each holding out another fifth."""
    return _realmlp(task, categorical, seed, n_cv=5)


def _realmlp(task: str, categorical: list[str], seed: int, **settings: Any) -> Any:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    estimator = RealMLP_TD_Regressor if task == "regression" else RealMLP_TD_Classifier
    return _pytabkit(estimator, categorical, seed, **settings)


def make_tabm(task: str, categorical: list[str], seed: int) -> Any:
    """`TabM_D` of pytabkit, given what realmlp is given."""
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    estimator = TabM_D_Regressor if task == "regression" else TabM_D_Classifier
    return _pytabkit(estimator, categorical, seed)


def _pytabkit(estimator: Any, categorical: list[str], seed: int, **settings: Any) -> Any:
    """Columns of the dtype `category` are categories to it, missing and unseen ones are one more.

    `n_threads` must be given: it counts the cores of the machine, not those it may use.
    """
    columns = make_column_transformer(
        (TrainingCategories(), categorical),
        remainder=_imputer(),
        verbose_feature_names_out=False,
    )
    folder = tempfile.mkdtemp()
    network = estimator(
        random_state=seed, device="cpu", n_threads=1, tmp_folder=folder, verbosity=0, **settings
    )
    return make_pipeline(columns.set_output(transform="pandas"), network)


# -- Trees -----------------------------------------------------------------------------------------


def make_catboost(task: str, categorical: list[str], seed: int) -> Any:
    """`CatBoost` with `cat_features`, a missing category as the text "missing"."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    def name_missing(frame: Any) -> Any:
        text = frame[categorical].astype(object)
        return frame.assign(**text.where(text.notna(), "missing"))

    trees = (CatBoostRegressor if task == "regression" else CatBoostClassifier)(
        cat_features=categorical,
        random_seed=seed,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
    )
    return make_pipeline(FunctionTransformer(name_missing), trees)


def make_lightgbm(task: str, categorical: list[str], seed: int) -> Any:
    """`LGBM` with columns of the dtype `category` (those of training rows), missing ones as is."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    columns = make_column_transformer(
        (TrainingCategories(), categorical),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    trees = LGBMRegressor if task == "regression" else LGBMClassifier
    return make_pipeline(
        columns.set_output(transform="pandas"), trees(random_state=seed, n_jobs=1, verbosity=-1)
    )


def make_hgb(task: str, categorical: list[str], seed: int) -> Any:
    """scikit-learn's `HistGradientBoosting` told which columns are categories (at most 254 each,
    the rarest as one), missing ones as is.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=254,
    )
    columns = make_column_transformer((codes, categorical), remainder="passthrough")
    trees = (
        HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    )
    first_columns = list(range(len(categorical)))
    return make_pipeline(columns, trees(categorical_features=first_columns, random_state=seed))


# -- scikit-learn's network ------------------------------------------------------------------------


def make_mlp(task: str, categorical: list[str], seed: int) -> Any:
    """scikit-learn's `MLP` behind imputed means with 0/1 indicators, `StandardScaler` and
    `OneHotEncoder(max_categories=50)`; a regression target is standardised.
    """
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    columns = _one_hot_columns(categorical)
    if task != "regression":
        return make_pipeline(columns, MLPClassifier(random_state=seed))
    network = make_pipeline(columns, MLPRegressor(random_state=seed))
    return TransformedTargetRegressor(network, transformer=StandardScaler())


# -- Linear models ---------------------------------------------------------------------------------


def make_linear(task: str, categorical: list[str], seed: int) -> Any:
    """scikit-learn's `LogisticRegression(max_iter=1000)` or `RidgeCV` behind the columns of mlp."""
    from sklearn.linear_model import LogisticRegression, RidgeCV

    model = RidgeCV() if task == "regression" else LogisticRegression(max_iter=1000)
    return make_pipeline(_one_hot_columns(categorical), model)


# -- Columns ---------------------------------------------------------------------------------------


class TrainingCategories(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Text columns to pandas' dtype `category`, with the values of the training rows.

    A value that no training row has becomes a missing one.
    """

    def fit(self, frame: pd.DataFrame, y: Any = None) -> Self:
        """Note the values of each column."""
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = frame.shape[1]
        self.dtypes_ = {
            name: pd.CategoricalDtype(sorted(frame[name].dropna().unique()))
            for name in frame.columns
        }
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The same columns with the dtype `category`."""
        known = {
            name: frame[name].where(frame[name].isin(dtype.categories))
            for name, dtype in self.dtypes_.items()
        }
        return pd.DataFrame(known, index=frame.index).astype(self.dtypes_)


def _one_hot_columns(categorical: list[str]) -> ColumnTransformer:
    """A column a category and standardised numbers. A missing category is a category of its own;
    rare ones share a column.
    """
    one_hot = OneHotEncoder(handle_unknown="ignore", max_categories=50, sparse_output=False)
    numbers = make_pipeline(_imputer(), StandardScaler())
    return make_column_transformer((one_hot, categorical), remainder=numbers)


def _imputer() -> SimpleImputer:
    """Means for missing numbers, and a 0/1 column for each column that had some in training."""
    return SimpleImputer(add_indicator=True, keep_empty_features=True)


def raw_frame(frame: pl.DataFrame, categorical: list[str]) -> pl.DataFrame:
    """The frame as it was read."""
    return frame


def pandas_frame(frame: pl.DataFrame, categorical: list[str]) -> pd.DataFrame:
    """The frame as other libraries like it: pandas, text and float64."""
    text = [pl.col(name).cast(pl.String) for name in categorical]
    numbers = pl.all().exclude(categorical).cast(pl.Float64)
    return frame.select(*text, numbers).to_pandas()


# -- All -------------------------------------------------------------------------------------------


class Peer(NamedTuple):
    """How it is made, of which frame, and by which packages: its own first, then what computes."""

    make: Callable[[str, list[str], int], Any]
    frame: Callable[[pl.DataFrame, list[str]], Any]
    packages: tuple[str, ...]

    def versions(self) -> dict[str, str]:
        """Version of each package; Madaline's is a fingerprint of its sources, which change."""
        return {package: _version(package) for package in self.packages}


PEERS = {
    "madaline": Peer(make_madaline, raw_frame, ("madaline", "jax")),
    "madaline_fast": Peer(make_madaline_fast, raw_frame, ("madaline", "jax")),
    "madaline_best": Peer(make_madaline_best, raw_frame, ("madaline", "jax")),
    "realmlp": Peer(make_realmlp, pandas_frame, ("pytabkit", "torch")),
    "realmlp_bag": Peer(make_realmlp_bag, pandas_frame, ("pytabkit", "torch")),
    "tabm": Peer(make_tabm, pandas_frame, ("pytabkit", "torch")),
    "catboost": Peer(make_catboost, pandas_frame, ("catboost",)),
    "lightgbm": Peer(make_lightgbm, pandas_frame, ("lightgbm",)),
    "hgb": Peer(make_hgb, pandas_frame, ("scikit-learn",)),
    "mlp": Peer(make_mlp, pandas_frame, ("scikit-learn",)),
    "linear": Peer(make_linear, pandas_frame, ("scikit-learn",)),
}


def with_settings(settings: dict[str, Any]) -> Peer:
    """Madaline with these settings of its estimators."""
    return Peer(functools.partial(make_without, settings), raw_frame, ("madaline", "jax"))


VARIANTS = {part: with_settings(settings) for part, settings in PARTS.items()}
EVERY = PEERS | VARIANTS


def _version(package: str) -> str:
    if package == "madaline":
        return _fingerprint(package)
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _fingerprint(package: str) -> str:
    """Of a package's Python files and their places: changed code is another version."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return "not installed"
    root = Path(spec.origin).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
