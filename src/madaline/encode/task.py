"""What to predict, found from the target columns and told in one sentence; a person may overrule.

One column of texts or booleans is a choice between classes. Numbers are classes if they are whole
and few: at most two different ones, or at most 20 with at least five rows each on average (digits
0 .. 9, ratings 1 .. 5). Other numbers are a regression. Several columns are labels if all are
booleans, 0 or 1; else a regression with several outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from madaline.data.table import Column, number_text
from madaline.errors import DataError, UsageError, nearest
from madaline.settings.table import TASKS, Task

_MOST_CODES = 20
_ROWS_A_CODE = 5
_REGRESSION_LOSSES = ("squared", "absolute", "huber", "quantile", "poisson")
_CLASS_LOSSES = ("binary_cross_entropy", "cross_entropy")


def choose_task(
    columns: Sequence[Column], task: str | None = None, loss: str | None = None
) -> tuple[Task, str]:
    """The task of these target columns, and why, as one sentence.

    Args:
        columns: Target columns of the training rows, without missing values.
        task: What a person asked for, if anything.
        loss: The loss asked for; it decides where numbers could be either.

    Raises:
        DataError: The columns do not allow the task.
        UsageError: There is no such task.

    >>> digits = Column("digit", "number", np.arange(100.0) % 10)
    >>> print(*choose_task([digits]))
    multiclass 'digit' holds only 10 different whole numbers, so they are taken as classes;
    task = regression overrules.
    """
    if task is not None and task not in TASKS:
        raise UsageError(
            f"task = {task!r} is not known.", nearest(task, TASKS), settings={"task": None}
        )
    return (_one if len(columns) == 1 else _several)(columns, task, loss)


def _one(columns: Sequence[Column], task: Task | None, loss: str | None) -> tuple[Task, str]:
    column = columns[0]
    name = repr(column.name)
    if task == "multilabel":
        raise DataError(
            f"task = multilabel needs several target columns; only {name} was given.",
            "Name one column of 0 and 1 for each label, or take it as classes.",
            settings={"task": "binary"},
            column=column.name,
        )
    if task == "regression" and column.kind == "category":
        shown = next(text for text in column.texts() if text is not None)
        raise DataError(
            f"task = regression needs numbers; the target {name} holds texts such as {shown!r}.",
            "Choose a column of numbers, or leave the task out.",
            settings={"task": None},
            column=column.name,
        )
    if task is not None:
        return task, f"task = {task} was asked for."
    return _of_numbers(column, loss) if column.kind == "number" else _of_classes(column)


def _of_classes(column: Column) -> tuple[Task, str]:
    if column.kind == "boolean":
        return "binary", f"{column.name!r} holds true and false."
    n_classes = len(np.unique(column.values))
    task = "binary" if n_classes <= 2 else "multiclass"
    return task, f"{column.name!r} holds {n_classes} different texts."


def _of_numbers(column: Column, loss: str | None) -> tuple[Task, str]:
    distinct = np.unique(column.values)
    n_distinct = len(distinct)
    classes: Task = "binary" if n_distinct <= 2 else "multiclass"
    if loss in _REGRESSION_LOSSES:
        return "regression", f"{column.name!r} holds numbers, and the loss {loss!r} predicts them."
    if loss in _CLASS_LOSSES:
        return classes, f"The loss {loss!r} takes the numbers of {column.name!r} as classes."
    decimal = distinct[distinct != np.floor(distinct)]
    if len(decimal):
        shown = number_text(float(decimal[0]))
        return "regression", f"{column.name!r} holds numbers with decimals, such as {shown}."
    few = n_distinct <= _MOST_CODES and len(column) >= _ROWS_A_CODE * n_distinct
    if n_distinct > 2 and not few:
        return "regression", (
            f"{column.name!r} holds {n_distinct} different whole numbers in {len(column)} rows, "
            f"too many for classes; task = multiclass overrules."
        )
    return classes, (
        f"{column.name!r} holds only {n_distinct} different whole numbers, "
        f"so they are taken as classes; task = regression overrules."
    )


def _several(columns: Sequence[Column], task: Task | None, loss: str | None) -> tuple[Task, str]:
    n_columns = len(columns)
    for column in columns:
        if column.kind == "category":
            raise DataError(
                f"The target {column.name!r} holds texts; several targets must be numbers.",
                "Train one model for each target, or give one column of 0 and 1 for each label.",
                column=column.name,
            )
    if task in ("binary", "multiclass"):
        raise DataError(
            f"task = {task} takes one target column; {n_columns} were given.",
            "Take them as labels, or train one model for each target.",
            settings={"task": "multilabel"},
        )
    # The first value of each column that is neither 0 nor 1.
    odd = [
        (repr(column.name), number_text(float(value)))
        for column in columns
        for value in column.values[(column.values != 0) & (column.values != 1)][:1]
    ]
    if task == "multilabel" and odd:
        raise DataError(
            f"task = multilabel needs 0 and 1; {' holds '.join(odd[0])}.",
            "Write 1 where a row has the label and 0 where not, or predict the numbers.",
            settings={"task": "regression"},
        )
    if task is not None:
        return task, f"task = {task} was asked for."
    if odd or loss in _REGRESSION_LOSSES:
        return "regression", f"{n_columns} target columns hold numbers."
    return "multilabel", (
        f"{n_columns} target columns hold nothing but 0 and 1 (or true and false), "
        f"so each is a label; task = regression overrules."
    )
