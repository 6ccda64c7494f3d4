"""Small data sets that come with Madaline, for first steps, lessons and tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from madaline.data.files.delimited import table_from_delimited
from madaline.data.table import Column, Table
from madaline.errors import UsageError, nearest


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A table with a column to predict.

    Attributes:
        name: Its name.
        table: Its rows, the target among the columns.
        target: The name of the column to predict.
        about: One or two sentences: what it is, where it comes from, its licence.
    """

    name: str
    table: Table
    target: str
    about: str


def load_sample(name: str) -> Sample:
    """A bundled data set.

    Args:
        name: One of `SAMPLES`.

    Raises:
        UsageError: There is none of that name.

    >>> sample = load_sample("penguins")
    >>> sample.table.n_rows, sample.target, sample.table["sex"].levels
    (344, 'species', ('male', 'female'))
    """
    if name not in SAMPLES:
        raise UsageError(f"There is no sample {name!r}.", nearest(name, SAMPLES))
    return SAMPLES[name](name)


def _penguins(name: str) -> Sample:
    file = resources.files("madaline.data") / "samples" / "penguins.csv"
    table = table_from_delimited(file.read_bytes(), f"the sample {name}")
    return Sample(
        name,
        table,
        "species",
        "Three species of penguins of the Palmer Archipelago, 2007 to 2009. "
        "K. Gorman and the Palmer Station LTER; package palmerpenguins of A. Horst, A. Hill and "
        "K. Gorman; CC0.",
    )


def _from_scikit_learn(target: str, about: str) -> Callable[[str], Sample]:
    def load(name: str) -> Sample:
        from sklearn import datasets

        bunch: Any = getattr(datasets, f"load_{name}")()
        source = f"the sample {name}"
        names = [str(n) for n in bunch.feature_names]
        values = np.ascontiguousarray(np.asarray(bunch.data, np.float64).T)
        columns = [Column(n, "number", values[i]) for i, n in enumerate(names)]
        answers = np.asarray(bunch.target)
        if "target_names" in bunch:
            levels = tuple(str(level) for level in bunch.target_names)
            columns.append(Column(target, "category", answers.astype(np.int32), levels))
        else:
            columns.append(Column(target, "number", answers.astype(np.float64)))
        return Sample(name, Table(tuple(columns), source), target, f"{about} From scikit-learn.")

    return load


SAMPLES: dict[str, Callable[[str], Sample]] = {
    "penguins": _penguins,
    "iris": _from_scikit_learn(
        "species",
        "Three species of iris flowers, 50 each. E. Anderson; R. A. Fisher, 1936.",
    ),
    "wine": _from_scikit_learn(
        "cultivar",
        "Chemical analyses of wines of three cultivars of one region. M. Forina et al., UCI.",
    ),
    "breast_cancer": _from_scikit_learn(
        "diagnosis",
        "Cell nuclei in images of breast tissue. W. Wolberg, W. Street, O. Mangasarian, 1995, UCI.",
    ),
    "diabetes": _from_scikit_learn(
        "progression",
        "Progression of diabetes after one year; measurements come scaled. "
        "B. Efron et al., Least angle regression, 2004.",
    ),
    "digits": _from_scikit_learn(
        "digit",
        "Handwritten digits as 8 x 8 pixels. E. Alpaydin and C. Kaynak, 1998, UCI.",
    ),
}
