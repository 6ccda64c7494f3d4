"""What a person passes to `fit` and `predict` becomes tables, with scikit-learn's refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeGuard, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import validate_data

from madaline.data.columns.frames import Sparse, as_column, as_table
from madaline.data.table import Column, Table
from madaline.errors import DataError
from madaline.estimators.warning import warn

if TYPE_CHECKING:
    from polars import LazyFrame


def read_features(estimator: Any, X: object, *, reset: bool, name: str = "X") -> Table:
    """Rows as a table; sets or checks ``n_features_in_`` and ``feature_names_in_``.

    Args:
        estimator: Whose rows they are.
        X: A data frame, array, sparse matrix, list of rows, `Table`, or dictionary of columns.
        reset: Whether they are the first rows.
        name: What messages call them.

    Raises:
        DataError: Not a table, complex or infinite numbers, other columns than in training.
    """
    _refuse_complex(X, name)
    if _is_lazy(X):
        return read_features(estimator, X.collect(), reset=reset, name=name)
    table = as_table(X, name)
    for column in table:
        _refuse_infinite(column, name)
    if _are_named(X) or _hides_its_names(X):
        # Named but for scikit-learn: columns are found by their names, in any order.
        if reset:
            estimator.n_features_in_ = len(table.columns)
            estimator.feature_names_in_ = np.array(table.names, dtype=object)
        return table
    validate_data(estimator, cast("Any", X), reset=reset, skip_check_array=True)
    # scikit-learn has compared the names where rows and training have any: all are in their order.
    names = getattr(estimator, "feature_names_in_", [f"x{i}" for i in range(len(table.columns))])
    columns = (replace(c, name=str(name)) for c, name in zip(table, names, strict=True))
    return replace(table, columns=tuple(columns))


def read_labels(y: object) -> tuple[Table, np.ndarray]:
    """Labels as a table of one column, or of one a label; and the different ones, sorted.

    Raises:
        DataError: A label is missing.
        ValueError: The values are no labels.
    """
    _refuse_none(y)
    _refuse_complex(y, "y")
    y = _dense(y)
    if _is_wide(y):
        table = _several(y)
        for column in table:
            _refuse_missing(column)
        kind = type_of_target(np.asarray(y) if isinstance(y, list | tuple) else y)
        if not kind.startswith("multilabel"):
            raise DataError(
                f"Unknown label type: {kind}: y has several columns, which must hold 0 and 1.",
                "Train one classifier for each column, or use MLPRegressor.",
            )
        return table, np.arange(len(table.columns))
    y = _one_dimensional(y)
    column = as_column(y)
    _refuse_missing(column)
    labels = np.asarray(column.texts() if isinstance(y, Column | Table) else y).reshape(-1)
    if labels.dtype == object and column.kind != "category":  # numbers or truths in objects
        labels = np.array(labels.tolist())
    check_classification_targets(labels)
    return _one(column), np.unique(labels)


def read_values(y: object) -> Table:
    """Numbers to predict as a table of one column, or of one an output.

    Raises:
        DataError: A value is missing, infinite, or no number.
    """
    _refuse_none(y)
    _refuse_complex(y, "y")
    y = _dense(y)
    table = _several(y) if _is_wide(y) else _one(as_column(_one_dimensional(y)))
    for column in table:
        _refuse_missing(column)
        _refuse_infinite(column, "y")
    return table


def read_weights(sample_weight: object, n_rows: int) -> NDArray[np.float64] | None:
    """``(n,)`` row weights; one number is that of every row.

    Raises:
        DataError: They are no numbers.
    """
    if sample_weight is None:
        return None
    try:
        weight = np.asarray(sample_weight, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"sample_weight must hold numbers: {error}.", "Give one a row.") from None
    return np.full(n_rows, float(weight)) if weight.ndim == 0 else weight


def joined(features: Table, target: Table, names: tuple[str, ...] = ()) -> Table:
    """Features and targets side by side.

    Args:
        features: Columns to learn from.
        target: Columns to predict.
        names: What the targets were called in training; () for the first rows.

    Raises:
        DataError: They differ in their rows, or the targets from those of the training.
    """
    if features.n_rows != target.n_rows:
        raise DataError(
            "Found input variables with inconsistent numbers of samples: "
            f"{features.source} has {features.n_rows} rows, y has {target.n_rows}."
        )
    if not features.n_rows:
        raise DataError("Found array with 0 sample(s) while a minimum of 1 is required.")
    names = names or _free_names(target, features)
    if len(names) != len(target.columns):
        raise DataError(
            f"The number of targets differs: {len(target.columns)} here, {len(names)} in training.",
            "Give the same targets, or fit anew.",
        )
    targets = (replace(c, name=name) for c, name in zip(target, names, strict=True))
    return Table((*features.columns, *targets), features.source)


def _free_names(target: Table, features: Table) -> tuple[str, ...]:
    """A table may well have a column y; the target's name is ours."""
    taken, names = set(features.names), list(target.names)
    for i in range(len(names)):
        while names[i] in taken:
            names[i] += "_"
    return tuple(names)


def target_names(table: Table, n_features: int) -> tuple[str, ...]:
    """Names of the targets in a joined table."""
    return table.names[n_features:]


def float_type(X: object) -> type[np.floating]:
    """float32 where all of ``X`` is, else float64: what predictions and ``coefs_`` have."""
    kinds = X.collect_schema().dtypes() if _is_lazy(X) else getattr(X, "dtypes", None)
    if kinds is not None:  # of a frame
        found = {str(kind).lower() for kind in np.asarray(kinds, dtype=object).reshape(-1)}
        return np.float32 if found == {"float32"} else np.float64
    return np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64


def _one(column: Column) -> Table:
    return Table((replace(column, name="y"),), "y")


def _several(y: object) -> Table:
    columns = tuple(replace(column, name=f"y: {column.name}") for column in as_table(y, "y"))
    return Table(columns, "y")


def _dense(y: object) -> object:
    return y.toarray() if isinstance(y, Sparse) else y


def _is_wide(y: object) -> bool:
    shape = getattr(y, "shape", None)
    if isinstance(y, list | tuple) and y and isinstance(y[0], list | tuple | np.ndarray):
        try:
            shape = np.shape(y)
        except ValueError:
            raise DataError(
                "The rows of y differ in length.",
                "Give every row a 0 or 1 for each label, see sklearn's MultiLabelBinarizer.",
            ) from None
    if shape is None and isinstance(y, Table):
        return len(y.columns) > 1
    return shape is not None and len(shape) == 2 and shape[1] > 1


def _one_dimensional(y: object) -> object:
    """A column vector as a vector, with scikit-learn's warning."""
    if isinstance(y, list | tuple) and y and isinstance(y[0], list | tuple):
        y = np.asarray(y)
    shape = getattr(y, "shape", ())
    if len(shape) == 2 and shape[1] == 1:
        warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape of"
            " y to (n_samples, ), for example using ravel().",
            DataConversionWarning,
        )
        frame: Any = y
        return frame.iloc[:, 0] if hasattr(y, "iloc") else np.asarray(y).ravel()
    return y


def _refuse_none(y: object) -> None:
    if y is None:
        raise DataError(
            "This estimator requires y to be passed, but the target y is None.", "Give y."
        )


def _refuse_complex(values: object, name: str) -> None:
    dtype = getattr(values, "dtype", None)
    if getattr(dtype, "kind", "") == "c":
        raise DataError(
            f"Complex data not supported: {name} holds {dtype} numbers.",
            "Give real and imaginary parts as two columns.",
        )


def _refuse_missing(column: Column) -> None:
    gaps = column.missing()
    if gaps.any():
        raise DataError(
            f"Input y contains NaN: row {int(gaps.argmax()) + 1} of {len(gaps)} has no answer "
            f"({int(gaps.sum())} in all).",
            "Leave such rows out.",
            row=int(gaps.argmax()) + 1,
        )


def _refuse_infinite(column: Column, name: str) -> None:
    if column.kind != "number":
        return
    wrong = np.isinf(column.values)
    if wrong.any():
        raise DataError(
            f"Input {name} contains infinity or a value too large for dtype('float64'): "
            f"column {column.name!r}, row {int(wrong.argmax()) + 1}.",
            "Write a number, or NaN where it is not known.",
            column=column.name,
            row=int(wrong.argmax()) + 1,
        )


def _are_named(X: object) -> bool:
    """Columns or rows by name; a sparse dictionary of keys is a mapping too, but has none."""
    if isinstance(X, list | tuple):
        return bool(X) and isinstance(X[0], Mapping)
    return isinstance(X, Table | Mapping) and not hasattr(X, "tocsc")


def _is_lazy(X: object) -> TypeGuard[LazyFrame]:
    return hasattr(X, "collect_schema") and hasattr(X, "collect")


def _hides_its_names(X: object) -> bool:
    """Before 1.9 scikit-learn does not find the names of Polars frames."""
    import narwhals as nw

    if not nw.dependencies.is_polars_dataframe(X):
        return False
    probe = BaseEstimator()
    validate_data(probe, cast("Any", X), skip_check_array=True)
    return not hasattr(probe, "feature_names_in_")
