"""`Predictor`: from a table to answers. What is shipped; needs NumPy alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from madaline.data.columns.frames import as_table
from madaline.encode.encoder import Encoder
from madaline.encode.features import Features
from madaline.encode.target import TargetCode
from madaline.errors import FileError, MadalineError, UsageError
from madaline.events.record import JSON
from madaline.nn.architecture import OUTPUTS, Architecture, Inputs
from madaline.predict.forward import logits, outputs
from madaline.predict.parts import Parts
from madaline.settings.table import ACTIVATIONS

# Of a model document; files of version 1 have no parts.
_KEYS = {"architecture", "encoder", "target", "about"}
_INPUT_KEYS = ("n_features", "code_sizes", "embedding_sizes", "n_numbers", "pieces")
_TRUNK_KEYS = ("hidden", "activations", "n_outputs", "output", "parametric")
# What makes predictions of the last layer's numbers, for each task and whether it counts.
_OUTPUT_OF = {
    ("binary", False): "sigmoid",
    ("multilabel", False): "sigmoid",
    ("multiclass", False): "softmax",
    ("regression", False): "linear",
    ("regression", True): "exp",
}


@dataclass(frozen=True)
class Predictor:
    """A fitted encoder, a trained network and the names of its answers.

    Attributes:
        encoder: Makes features of a table's columns.
        target: Makes answers of outputs.
        architecture: The network's shape.
        weights: What `madaline.predict.forward.logits` takes, each with a leading member axis; the
            outputs of members are averaged.
        about: Versions, settings, scores, verdict: plain JSON.
        parts: What else is known of it, see `madaline.predict.parts`.
    """

    encoder: Encoder
    target: TargetCode
    architecture: Architecture
    weights: Mapping[str, NDArray[np.floating]]
    about: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    parts: Parts = field(default_factory=Parts)

    def outputs(
        self, features: Features, held_out: NDArray[np.bool_] | None = None
    ) -> NDArray[np.floating]:
        """``(n, k)`` probabilities or (standardised) values, averaged over members.

        Args:
            features: Of the rows.
            held_out: ``(n, m)`` which members to ask about which row; None: all.
        """
        z = logits(self.architecture, dict(self.weights), features.x, features.codes)
        return average(outputs(self.architecture, z), held_out)

    def predict(self, table: object) -> np.ndarray:
        """Labels ``(n,)``, label indicators ``(n, k)`` or values ``(n,)`` or ``(n, k)``.

        Args:
            table: Rows with the columns of the training, as a `Table` or anything that
                `madaline.data.columns.frames.as_table` takes: ``{"age": [39], "job": ["clerk"]}``.

        Raises:
            DataError: A column is missing, or holds what the model cannot read.
            FileError: The answers are not finite: no training leaves such weights.
        """
        outputs = self._finite_outputs(table)
        with np.errstate(over="ignore"):
            return _refuse_infinite(self.target.decode(outputs))

    def predict_proba(self, table: object) -> NDArray[np.floating]:
        """``(n, classes)`` probabilities; for several labels, ``(n, k)`` of each being true.

        Raises:
            UsageError: The task is regression.
            DataError, FileError: See `predict`.
        """
        if self.target.task == "regression":
            raise UsageError("A regression has no probabilities.", "Predict its values.")
        p = self._finite_outputs(table)
        return np.concatenate([1 - p, p], axis=1) if self.target.task == "binary" else p

    def _finite_outputs(self, table: object) -> NDArray[np.floating]:
        features = self.encoder.transform(as_table(table))
        with np.errstate(over="ignore", invalid="ignore"):
            return _refuse_infinite(self.outputs(features))

    @property
    def n_members(self) -> int:
        """Networks that are averaged."""
        return len(self.weights["layers.0.bias"])

    def state(self) -> tuple[dict[str, JSON], dict[str, np.ndarray]]:
        """A JSON document and named arrays that hold all of it."""
        encoder, encoder_arrays = self.encoder.state()
        target, target_arrays = self.target.state()
        shape = {key: getattr(self.architecture.inputs, key) for key in _INPUT_KEYS}
        shape |= {key: getattr(self.architecture, key) for key in _TRUNK_KEYS}
        document: dict[str, JSON] = {
            "architecture": {
                key: list(value) if isinstance(value, tuple) else value
                for key, value in sorted(shape.items())
            },
            "encoder": encoder,
            "target": target,
            "about": dict(self.about),
            "parts": self.parts.state(),
        }
        arrays: dict[str, np.ndarray] = dict(self.weights)
        arrays |= {f"encoder.{key}": value for key, value in encoder_arrays.items()}
        arrays |= {f"target.{key}": value for key, value in target_arrays.items()}
        return document, arrays

    @classmethod
    def from_state(cls, document: object, arrays: Mapping[str, np.ndarray]) -> Predictor:
        """The predictor that `state` described.

        Nothing in the document is trusted: names come from fixed lists, and shapes must agree.

        Raises:
            FileError: The document or the arrays are not those of a model.
        """
        if not isinstance(document, dict) or set(document) - {"parts"} != _KEYS:
            raise _damaged("its keys are not those of a model")
        try:
            architecture = _read_architecture(document["architecture"])
            encoder = Encoder.from_state(document["encoder"], _under(arrays, "encoder."))
            target = TargetCode.from_state(document["target"], _under(arrays, "target."))
        except MadalineError as error:
            raise error if isinstance(error, FileError) else _damaged(error.what) from error
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise _damaged("a part has the wrong form") from error
        if (
            len(encoder.feature_names) != architecture.inputs.n_features
            or tuple(encoder.code_sizes) != architecture.inputs.code_sizes
            or target.n_outputs != architecture.n_outputs
            or _OUTPUT_OF[target.task, target.counts] != architecture.output
        ):
            raise _damaged("the network does not fit its columns")
        weights = {
            name: value
            for name, value in arrays.items()
            if not name.startswith(("encoder.", "target."))
        }
        _check_weights(architecture, weights)
        if not isinstance(document["about"], dict):
            raise _damaged("what it says about itself is not a dictionary")
        parts = Parts.from_state(document.get("parts", {}), architecture.output)
        return cls(encoder, target, architecture, weights, document["about"], parts)

    def describe(self) -> dict[str, object]:
        """Columns, layers and sizes: to be shown."""
        shape = self.architecture
        names = (*shape.activations, shape.output)
        return {
            "task": self.target.task,
            "target": list(self.target.names),
            "classes": [str(label) for label in self.target.classes],
            "columns": self.encoder.describe(),
            "features": shape.inputs.n_inputs,
            "layers": [
                {"fan_in": fan_in, "fan_out": fan_out, "activation": name}
                for (fan_in, fan_out), name in zip(shape.layer_sizes, names, strict=True)
            ],
            "parameters": shape.n_parameters * self.n_members,
            "members": self.n_members,
        }


def average(
    made: NDArray[np.floating], held_out: NDArray[np.bool_] | None = None
) -> NDArray[np.floating]:
    """``(n, k)`` mean of the outputs ``(n, m, k)`` of members, of those that ``held_out`` names."""
    if held_out is None:
        return made.mean(axis=1)
    share = (held_out / held_out.sum(axis=1, keepdims=True)).astype(made.dtype)
    return (made * share[:, :, None]).sum(axis=1)


def _refuse_infinite(answers: np.ndarray) -> np.ndarray:
    if answers.dtype.kind == "f" and not np.isfinite(answers).all():
        raise _damaged("its weights give answers that are not finite")
    return answers


def _under(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _read_architecture(document: object) -> Architecture:
    if not isinstance(document, dict) or set(document) != {*_INPUT_KEYS, *_TRUNK_KEYS}:
        raise _damaged("its architecture is not complete")
    activations = document["activations"]
    if not all(name in ACTIVATIONS for name in activations) or document["output"] not in OUTPUTS:
        raise _damaged("an activation or its output is not known")
    if not isinstance(document["parametric"], bool):
        raise _damaged("it does not say whether its activations are parametric")
    return Architecture(
        Inputs(
            _count(document["n_features"]),
            _counts(document["code_sizes"]),
            _counts(document["embedding_sizes"]),
            _count(document["n_numbers"]),
            _count(document["pieces"]),
        ),
        _counts(document["hidden"]),
        tuple(activations),
        _count(document["n_outputs"]),
        document["output"],
        document["parametric"],
    )


def _counts(values: Iterable[object]) -> tuple[int, ...]:
    return tuple(_count(value) for value in values)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise _damaged(f"{value!r} is not a size")
    return value


def _check_weights(architecture: Architecture, weights: Mapping[str, np.ndarray]) -> None:
    """Names, shapes and types are those of the architecture, and all numbers are finite."""
    expected: dict[str, tuple[int, ...]] = {
        f"embeddings.{i}": sizes
        for i, sizes in enumerate(
            zip(architecture.inputs.code_sizes, architecture.inputs.embedding_sizes, strict=True)
        )
    }
    for index, (fan_in, fan_out) in enumerate(architecture.layer_sizes):
        expected[f"layers.{index}.weight"] = (fan_out, fan_in)
        expected[f"layers.{index}.bias"] = (fan_out,)
    for index, width in enumerate(architecture.hidden if architecture.parametric else ()):
        expected[f"mixes.{index}"] = (width,)
    if architecture.inputs.pieces:
        ends = (architecture.inputs.n_numbers, architecture.inputs.pieces)
        expected |= {"pieces.low": ends, "pieces.slope": ends}
    if set(weights) != set(expected):
        raise _damaged("its arrays are not those of its network")
    members = {value.shape[0] if value.ndim else 0 for value in weights.values()}
    if len(members) != 1 or not min(members):
        raise _damaged("its arrays differ in their number of members")
    for name, value in weights.items():
        if value.shape[1:] != expected[name] or value.dtype.kind != "f":
            raise _damaged(f"{name} has shape {value.shape[1:]}, not {expected[name]}")
        if not np.isfinite(value).all():
            raise _damaged(f"{name} holds numbers that are not finite")


def _damaged(reason: str) -> FileError:
    return FileError(f"The model is damaged: {reason}.", "Use another copy, or train it again.")
