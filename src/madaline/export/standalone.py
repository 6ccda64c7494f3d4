"""Predict with a network that Madaline trained. Needs Python 3.10 or newer and NumPy, no more.

On the command line, for a CSV file with a header line, in UTF-8:

    python predict.py rows.csv > answers.csv
    python predict.py rows.csv --proba --separator ";"

In Python, for columns by name (lists or arrays; None or NaN is missing):

    from predict import load
    model = load("the folder of this file")
    model.predict({"age": [39], "job": ["clerk"]})
    model.predict_proba({"age": [39], "job": ["clerk"]})

Numbers are written 1234.5, booleans true or false, dates 2024-01-31 or 2024-01-31T13:45:00+02:00.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timezone
from pathlib import Path
from typing import SupportsFloat, TypedDict

import numpy as np

FORMAT, VERSION = "madaline.numpy", 1
MISSING = frozenset(
    ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?", "-", "#N/A")
)
TRUTH = {"true": 1.0, "yes": 1.0, "1": 1.0, "false": 0.0, "no": 0.0, "0": 0.0}
ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?(Z|[+-]\d{2}(?::?\d{2})?))?)?"
)
DATE_FORMATS = (
    "%Y/%m/%d", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
)  # fmt: skip
DAY = 86_400_000_000  # microseconds
FEWEST_ROWS, CELLS = 4096, 1 << 21  # rows that pass through the network at once, and numbers


class ModelError(Exception):
    """What happened and how to fix it, in one line; ``exit_code`` 3: the rows, 6: a file."""

    def __init__(self, text: str, exit_code: int = 3) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def load(folder: str | Path | None = None) -> Model:
    """The model of a folder; by default of the folder in which this file lies.

    Raises:
        ModelError: The folder holds no such model, or one of another version.
    """
    place = Path(__file__).parent if folder is None else Path(folder)
    try:
        document = json.loads((place / "model.json").read_text(encoding="utf-8"))
        with np.load(place / "weights.npz", allow_pickle=False) as arrays:
            weights = {name: arrays[name] for name in arrays.files}
        found = (document["format"], document["version"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{place} holds no model that can be read: {error}.", 6) from None
    if found != (FORMAT, VERSION):
        raise ModelError(f"{place} holds {found[0]!r} {found[1]!r}, not {FORMAT} {VERSION}.", 6)
    return Model(document, weights)


class Column(TypedDict):
    """How a column becomes features."""

    name: str
    kind: str
    code: str
    gap: bool
    levels: list[str]
    parts: list[str]


class Encoder(TypedDict):
    """How all columns do."""

    columns: list[Column]


class Shape(TypedDict):
    """The layers of the network."""

    hidden: list[int]
    activations: list[str]
    output: str
    n_outputs: int
    n_numbers: int
    pieces: int


class Target(TypedDict):
    """What is predicted."""

    task: str
    names: list[str]
    class_values: list[str | int | float | bool]


class Document(TypedDict):
    """What the model says beside its numbers."""

    encoder: Encoder
    architecture: Shape
    target: Target


class Model:
    """A network, what it learned of its columns, and the names of its answers.

    Attributes:
        columns: Names of the columns that it needs.
        task: binary, multiclass, multilabel or regression.
        classes: Classes, or names of the labels, in the order of the probabilities.
    """

    def __init__(self, document: Document, arrays: dict[str, np.ndarray]) -> None:
        self._columns = document["encoder"]["columns"]
        self._shape, self._target = document["architecture"], document["target"]
        self._arrays = arrays
        self.columns: list[str] = [column["name"] for column in self._columns]
        self.task = self._target["task"]
        self.classes = self._target["class_values"]

    def predict(self, columns: Mapping[str, Sequence[object]]) -> np.ndarray:
        """Labels ``(n,)``, 0 and 1 of several labels ``(n, k)``, or values ``(n,)`` or ``(n, k)``.

        Raises:
            ModelError: A column is missing, or holds what cannot be read.
        """
        p = self._outputs(columns)
        if self.task == "binary":
            return np.array(self.classes)[(p[:, 0] > 0.5).astype(int)]
        if self.task == "multiclass":
            return np.array(self.classes)[p.argmax(axis=1)]
        if self.task == "multilabel":
            return (p > 0.5).astype(np.int64)
        values = restore(p, self._arrays["target.target.mean"], self._arrays["target.target.scale"])
        return values[:, 0] if values.shape[1] == 1 else values

    def predict_proba(self, columns: Mapping[str, Sequence[object]]) -> np.ndarray:
        """``(n, classes)`` probabilities; for several labels ``(n, k)`` of each being true.

        Raises:
            ModelError: See `predict`; or the task is a regression.
        """
        if self.task == "regression":
            raise ModelError("A regression has no probabilities. Call predict.")
        p = self._outputs(columns)
        return np.concatenate([1 - p, p], axis=1) if self.task == "binary" else p

    @property
    def targets(self) -> list[str]:
        """Names of what is predicted."""
        return self._target["names"]

    def _outputs(self, columns: Mapping[str, Sequence[object]]) -> np.ndarray:
        x, codes = self._encode(columns)
        n_members = len(self._arrays["layers.0.bias"])
        dtype = self._arrays["layers.0.bias"].dtype
        z = np.empty((len(x), n_members, self._shape["n_outputs"]), dtype)
        widest = max(*self._shape["hidden"], self._shape["n_outputs"], 1)
        n_rows = max(FEWEST_ROWS, CELLS // widest)
        for start in range(0, len(x), n_rows):
            rows = slice(start, start + n_rows)
            for member in range(n_members):
                z[rows, member] = self._logits(member, x[rows], codes[rows])
        return OUTPUTS[self._shape["output"]](z).mean(axis=1)

    def _logits(self, member: int, x: np.ndarray, codes: np.ndarray) -> np.ndarray:
        tables = [self._arrays[f"embeddings.{i}"][member] for i in range(codes.shape[1])]
        parts = [x, *(t[codes[:, i]] for i, t in enumerate(tables))]
        if self._shape["pieces"]:
            low, slope = self._arrays["pieces.low"][member], self._arrays["pieces.slope"][member]
            risen = (x[:, : self._shape["n_numbers"], None] - low) * slope
            parts.insert(1, np.clip(risen, 0, 1).reshape(len(x), -1))
        h = np.concatenate(parts, axis=1)
        for i, name in enumerate((*self._shape["activations"], "identity")):
            weight, bias = self._arrays[f"layers.{i}.weight"], self._arrays[f"layers.{i}.bias"]
            z = h @ weight[member].T + bias[member]
            h = ACTIVATIONS[name](z)
            if f"mixes.{i}" in self._arrays:
                h = z + self._arrays[f"mixes.{i}"][member] * (h - z)
        return h

    # -- Columns to features --------------------------------------------------------------------

    def _encode(self, columns: Mapping[str, Sequence[object]]) -> tuple[np.ndarray, np.ndarray]:
        """``(n, d)`` numeric features and ``(n, c)`` codes of embedded columns."""
        n_rows = self._check(columns)
        numbers: list[np.ndarray] = []
        others: list[np.ndarray] = []
        indicators: list[np.ndarray] = []
        codes: list[np.ndarray] = []
        for column in self._columns:
            values = columns[column["name"]]
            if column["code"] == "scaled":
                number = read_numbers(column["name"], values)
                missing = np.isnan(number)
                numbers.append(number)
            elif column["code"] == "date":
                dates = read_dates(column["name"], values)
                missing = np.isnat(dates)
                more, waves = date_features(dates, column["parts"])
                numbers += more
                others += waves
            else:
                place = positions(column, values)
                n_levels = len(column["levels"])
                missing = place == n_levels
                if column["code"] == "embedding":
                    last = n_levels + 1 if column["gap"] else 0
                    codes.append(np.array([*range(1, n_levels + 1), last, 0])[place])
                else:
                    others += list(level_features(column)[place].T)
            if column["gap"] and column["code"] in ("scaled", "sign", "date"):
                indicators.append(missing)
        features = [*self._scale(numbers), *others, *indicators]
        x = np.empty((n_rows, len(features)), np.float32)
        for i, feature in enumerate(features):
            x[:, i] = feature
        return x, np.array(codes, int).reshape(len(codes), n_rows).T

    def _check(self, columns: Mapping[str, Sequence[object]]) -> int:
        absent = [name for name in self.columns if name not in columns]
        if absent:
            raise ModelError(f"The column {absent[0]!r} is missing. Needed: {self.columns}.")
        lengths = {len(columns[name]) for name in self.columns}
        if len(lengths) > 1:
            raise ModelError(f"The columns have different lengths: {sorted(lengths)}.")
        return lengths.pop()

    def _scale(self, numbers: list[np.ndarray]) -> Iterable[np.ndarray]:
        """Robust scaling, then a smooth clip to -3 .. 3; missing becomes 0."""
        scales = (self._arrays[f"encoder.numbers.{name}"] for name in ("unit", "median", "width"))
        for values, unit, median, width in zip(numbers, *scales, strict=True):
            with np.errstate(over="ignore", invalid="ignore"):
                z = (values * unit - median) / (width if width > 0 else np.inf)
                z = np.clip(z, -1e6, 1e6)
                z = z / np.sqrt(1 + (z / 3) ** 2)
            yield np.where(np.isnan(z), 0, z)


def read_numbers(name: str, values: Sequence[object]) -> np.ndarray:
    """``(n,)`` float64, NaN where missing."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iufb":
        return values.astype(np.float64)
    return np.array([_number(name, row, value) for row, value in enumerate(values)], np.float64)


def _number(name: str, row: int, value: object) -> float:
    if is_missing(value):
        return np.nan
    try:
        if not isinstance(value, str | float | int | np.number | np.bool_) or "_" in str(value):
            raise ValueError
        return float(value)
    except (ValueError, OverflowError):
        raise refusal(name, row, value, "numbers such as 2.5") from None


def read_dates(name: str, values: Sequence[object]) -> np.ndarray:
    """``(n,)`` datetime64[us] in UTC, NaT where missing."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return values.astype("datetime64[us]")
    dates = [_date(name, row, value) for row, value in enumerate(values)]
    return np.array(dates, "datetime64[us]")


def _date(name: str, row: int, value: object) -> np.datetime64:
    if is_missing(value):
        return np.datetime64("NaT")
    try:
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = value.astimezone(timezone.utc).replace(tzinfo=None)  # noqa: UP017  (Python 3.10)
        if isinstance(value, date):
            return np.datetime64(value, "us")
        if isinstance(value, np.datetime64):
            return value
        if not isinstance(value, str):
            raise ValueError
        return read_date(value.strip())
    except (ValueError, OverflowError):
        raise refusal(name, row, value, "dates such as 2024-01-31") from None


def read_date(text: str) -> np.datetime64:
    """A date of ISO 8601, or in one of `DATE_FORMATS`."""
    match = ISO.fullmatch(text)
    if match is None:
        for form in DATE_FORMATS:
            try:
                return np.datetime64(datetime.strptime(text, form), "us")
            except ValueError:
                continue
        raise ValueError(text)
    day, hour, minute, second, decimals, zone = match.groups()
    minutes = int(hour or 0) * 60 + int(minute or 0)
    if minutes > 24 * 60 or int(minute or 0) > 59 or int(second or 0) > 60:
        raise ValueError(text)
    seconds = (minutes - _offset(zone or "Z")) * 60 + int(second or 0)
    microseconds = seconds * 1_000_000 + int(f"{decimals or '':0<6}"[:6])
    return np.datetime64(day, "us") + np.timedelta64(microseconds, "us")


def _offset(zone: str) -> int:
    """Minutes before UTC of ``Z``, ``+05``, ``+0530`` or ``+05:30``."""
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2] or 0), int(digits[2:] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    return (hours * 60 + minutes) * (-1 if zone.startswith("-") else 1)


def date_features(dates: np.ndarray, parts: list[str]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Seconds and year, NaN where missing; sine and cosine of the cycles, 0 where missing."""
    missing = np.isnat(dates)
    known = np.where(missing, np.datetime64(0, "us"), dates)
    days, years = known.astype("datetime64[D]"), known.astype("datetime64[Y]")
    microseconds = known.astype(np.int64)
    passed = {
        "month": (known.astype("datetime64[M]") - years).astype(np.int64) / 12,
        "weekday": (days.astype(np.int64) + 3) % 7 / 7,
        "day of year": (days - years).astype(np.int64) / 366,
        "hour": microseconds % DAY / DAY,
    }
    numbers: list[np.ndarray] = [microseconds / 1e6]
    if "year" in parts:
        numbers.append(years.astype(np.int64) + 1970.0)
    cycles = [2 * np.pi * passed[part] for part in parts if part != "year"]
    waves = [np.where(missing, 0, wave(c)) for c in cycles for wave in (np.sin, np.cos)]
    return [np.where(missing, np.nan, values) for values in numbers], waves


def positions(column: Column, values: Sequence[object]) -> np.ndarray:
    """``(n,)`` place among the levels; then come missing and never seen."""
    levels = column["levels"]
    index: dict[object, int] = {level: place for place, level in enumerate(levels)}
    if column["kind"] == "category":
        for place, level in enumerate(levels):
            for meaning in _meanings_of_level(level):
                index.setdefault(meaning, place)
    places: list[int] = []
    for row, value in enumerate(values):
        if is_missing(value):
            places.append(len(levels))
            continue
        text = text_of(value)
        if column["kind"] == "boolean":
            text = _boolean(column["name"], row, value)
        places.append(index.get(text, index.get(_meaning(value), len(levels) + 1)))
    return np.array(places, int)


def _boolean(name: str, row: int, value: object) -> str:
    text = value.strip().lower() if isinstance(value, str) else text_of(value)
    if text not in TRUTH:
        raise refusal(name, row, value, "true and false")
    return "true" if TRUTH[text] else "false"


def _meanings_of_level(level: str) -> Iterable[tuple[str, object]]:
    """What a number, a boolean, or a text of another spelling may mean by it."""
    yield _meaning(level)
    if level.strip().lower() in TRUTH:
        yield ("boolean", TRUTH[level.strip().lower()])


def _meaning(value: object) -> tuple[str, object]:
    """A boolean, a number, one of the words true and false, or else a text that means itself."""
    if isinstance(value, bool | np.bool_):
        return ("boolean", float(value))
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return ("word", value.lower())
    if not isinstance(value, str | SupportsFloat) or "_" in str(value):
        return ("text", str(value))
    try:
        return ("number", float(value))
    except (TypeError, ValueError, OverflowError):
        return ("text", str(value))


def level_features(column: Column) -> np.ndarray:
    """The features at each position: -1 and 1 of two levels, or one-hot."""
    n_levels = len(column["levels"])
    if column["code"] == "one_hot":
        return np.eye(n_levels + 2, n_levels, dtype=np.float32)
    rows = np.zeros((n_levels + 2, 1), np.float32)
    if n_levels == 2:
        rows[:2, 0] = -1, 1
    return rows


def is_missing(value: object) -> bool:
    """None, NaN and NaT are; the only values that differ from themselves."""
    return value is None or bool(value != value)


def text_of(value: object) -> str:
    """A cell as a person would write it: 3 for 3.0, true for True."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | int | np.number) and abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return str(value)


def refusal(name: str, row: int, value: object, expected: str) -> ModelError:
    """The error for a cell that cannot be read."""
    return ModelError(f"Column {name!r} has {value!r} in row {row + 1}; expected {expected}.")


# -- Features to outputs ------------------------------------------------------------------------


def sigmoid(x: np.ndarray) -> np.ndarray:
    """``1 / (1 + exp(-x))`` without overflow."""
    tail = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, tail) / (1 + tail)


def softplus(x: np.ndarray) -> np.ndarray:
    """``log(1 + exp(x))`` without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softmax(z: np.ndarray) -> np.ndarray:
    """Shares of ``exp(z)`` along the last axis."""
    raised = np.exp(z - z.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def restore(z: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Values from standardised ones; huge ones are made smaller on the way, or would overflow."""
    unit = np.where(np.maximum(np.abs(mean), scale) > 1e100, 2.0**-600, 1.0)
    with np.errstate(over="ignore"):
        return (z.astype(np.float64) * (scale * unit) + mean * unit) / unit


ACTIVATIONS = {
    "identity": lambda x: x,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x >= 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": lambda x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
    ),
    "gelu": lambda x: 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softplus": softplus,
}
OUTPUTS = {
    "linear": lambda z: z,
    "exp": lambda z: np.exp(np.minimum(z, 80)),
    "sigmoid": sigmoid,
    "softmax": softmax,
}


# -- The command line ---------------------------------------------------------------------------


def read_csv(path: str, separator: str) -> dict[str, list[str | None]]:
    """The columns of a CSV file; None where a cell is empty or marked as missing."""
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        lines = io.StringIO(data.decode("utf-8-sig"), newline="")
        rows = [
            row for row in csv.reader(lines, delimiter=separator) if "".join(row).strip() or row[1:]
        ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelError(f"{path} cannot be read: {error}.", 6) from None
    if not rows:
        raise ModelError(f"{path} has no header line.")
    names = [name.strip() for name in rows[0]]
    if len(set(names)) < len(names):
        raise ModelError(f"Two columns of {path} have the same name.")
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(names):
            raise ModelError(
                f"Row {number} of {path} has {len(row)} cells; the header has {len(names)}."
            )
    cells = [[None if (c := cell.strip()) in MISSING else c for cell in row] for row in rows[1:]]
    return {name: [row[i] for row in cells] for i, name in enumerate(names)}


def answers(
    model: Model, columns: Mapping[str, Sequence[object]], proba: bool
) -> dict[str, np.ndarray]:
    """The columns of the answer, by name."""
    predicted = model.predict(columns)
    if predicted.ndim == 1:
        made = {"prediction": predicted}
    else:
        made = {f"prediction_{name}": predicted[:, i] for i, name in enumerate(model.targets)}
    if proba:
        shares = model.predict_proba(columns)
        made |= {f"p_{text_of(label)}": shares[:, i] for i, label in enumerate(model.classes)}
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Predict the rows of a CSV file; returns the exit code."""
    parser = argparse.ArgumentParser(
        description="Predict the rows of a CSV file; the answers go to stdout."
    )
    parser.add_argument("rows", help="a CSV file with a header line, or - for stdin")
    parser.add_argument("--proba", action="store_true", help="add the probability of each class")
    parser.add_argument("--separator", default=",", help="what parts the cells (a comma)")
    given = parser.parse_args(arguments)
    if len(given.separator) != 1:
        parser.error("--separator takes one character")
    try:
        made = answers(load(), read_csv(given.rows, given.separator), given.proba)
        write = csv.writer(sys.stdout, lineterminator="\n")
        write.writerow(made)
        write.writerows(zip(*([text_of(v) for v in made[name]] for name in made), strict=True))
        sys.stdout.flush()
    except ModelError as error:
        print(f"predict.py: error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader went away, as in ... | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


if __name__ == "__main__":
    sys.exit(main())
