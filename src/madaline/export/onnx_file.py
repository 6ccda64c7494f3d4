"""One ONNX file from raw columns to answers: the graph of a predictor, checked and written.

Opset 13 of the standard operators and 2 of ``ai.onnx.ml``; 20 where a column holds dates, since
older ones cannot cut a text. The IR version is the one that came with that opset, so that runtimes
of its time load the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from madaline.encode.target import TargetCode
from madaline.errors import MissingExtraError, UsageError
from madaline.export.graph import STRINGS, TENSOR_TYPES, Graph, Value
from madaline.export.onnx_columns import encode, units_near_one
from madaline.export.onnx_network import apply_network
from madaline.predict.predictor import Predictor
from madaline.store.files import write_bytes
from madaline.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

_IR = {13: 7, STRINGS: 9}  # the IR version of the release that brought each opset
_ML_OPSET = 2
_MOST_BYTES = 2_000_000_000  # the format's messages end at 2 GiB
_TEXTS = np.dtype(object)


def export_onnx(predictor: Predictor, path: Path | str) -> None:
    """Write a predictor as one ONNX file; an earlier file is replaced as a whole.

    Inputs are the raw columns of the training, each ``(n, 1)``: float64 for numbers, texts for all
    other kinds. Outputs are ``label`` and ``probabilities``, or ``value``.

    Raises:
        MissingExtraError: The library ``onnx`` is not installed.
        UsageError: The network is larger than such a file can be.
        FileError: It cannot be written.
    """
    model = make_onnx(predictor)
    write_bytes(path, model.SerializeToString(deterministic=True))


def make_onnx(predictor: Predictor) -> ModelProto:
    """The checked ``onnx.ModelProto`` of a predictor; see `export_onnx`."""
    try:
        import onnx
    except ImportError:
        raise MissingExtraError(
            "To export to ONNX, the library onnx is needed.", 'pip install "madaline[onnx]"'
        ) from None
    size = sum(weight.nbytes for weight in predictor.weights.values())
    if size > _MOST_BYTES:
        raise UsageError(
            f"The network has {size / 1e9:.1f} GB; an ONNX file holds at most 2.",
            "Export a NumPy folder.",
        )
    columns = input_names(predictor.encoder.columns)
    names = output_names(predictor.target.task, columns.values())
    graph = Graph({*columns.values(), *names})
    inputs = {
        code.name: Value(
            graph, columns[code.name], np.dtype(np.float64) if code.kind == "number" else _TEXTS
        )
        for code in predictor.encoder.column_codes
    }
    x, positions = encode(predictor.encoder, inputs)
    embedded = [code for code in predictor.encoder.column_codes if code.code == "embedding"]
    p = apply_network(predictor.architecture, predictor.weights, x, positions, embedded)
    outputs = [
        (graph.name(value, name), width)
        for (value, width), name in zip(_answers(predictor.target, p), names, strict=True)
    ]
    proto = _model_proto(graph, list(inputs.values()), outputs, predictor, columns)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def input_names(columns: Iterable[str]) -> dict[str, str]:
    """The name of the input of each column: its own, but the format knows no empty name.

    >>> input_names(["age", ""])
    {'age': 'age', '': 'unnamed'}
    """
    names = list(columns)
    return {name: name or _free("unnamed", names) for name in names}


def output_names(task: str, taken: Iterable[str]) -> list[str]:
    """The names of the outputs; a column of the same name keeps it.

    >>> output_names("binary", ["age", "label"])
    ['label_', 'probabilities']
    """
    wanted = ["value"] if task == "regression" else ["label", "probabilities"]
    names = list(taken)
    return [_free(name, names) for name in wanted]


def _free(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _answers(target: TargetCode, p: Value) -> list[tuple[Value, int | None]]:
    """What `TargetCode.decode` makes of the network's outputs, and probabilities.

    Beside each stands its number of columns, None for ``(n,)``.
    """
    match target.task:
        case "binary":
            code = (p > 0.5).cast(np.int64).reshape(-1)
            return [(_labels(target, code), None), ((1 - p).apply("Concat", p, axis=1), 2)]
        case "multiclass":
            code = p.apply("ArgMax", axis=1, keepdims=0, dtype=np.int64)
            return [(_labels(target, code), None), (p, target.n_outputs)]
        case "multilabel":
            return [((p > 0.5).cast(np.int64), target.n_outputs), (p, target.n_outputs)]
        case "regression":
            unit = units_near_one(np.maximum(np.abs(target.mean), target.scale))
            z = p.cast(np.float64) * (target.scale * unit) + target.mean * unit
            if target.n_outputs == 1:
                return [((z / unit).reshape(-1), None)]
            return [(z / unit, target.n_outputs)]


def _labels(target: TargetCode, code: Value) -> Value:
    classes = np.array(target.class_values)
    return code.rows_of(classes.astype(object) if classes.dtype.kind == "U" else classes)


def _model_proto(
    graph: Graph,
    inputs: list[Value],
    outputs: list[tuple[Value, int | None]],
    predictor: Predictor,
    columns: dict[str, str],
) -> ModelProto:
    from onnx import helper, numpy_helper

    names = [value.name for value, _ in outputs]

    def describe(value: Value, width: int | None) -> ValueInfoProto:
        shape = ["rows"] if width is None else ["rows", width]
        return helper.make_tensor_value_info(value.name, TENSOR_TYPES[value.dtype.name], shape)

    body = helper.make_graph(
        [
            helper.make_node(n.op, n.inputs, n.outputs, domain=n.domain, **n.attributes)
            for n in graph.nodes
        ],
        "madaline",
        [describe(value, 1) for value in inputs],
        [describe(value, width) for value, width in outputs],
        [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
    )
    proto = helper.make_model(
        body,
        ir_version=_IR[graph.opset],
        opset_imports=[
            helper.make_opsetid("", graph.opset),
            helper.make_opsetid("ai.onnx.ml", _ML_OPSET),
        ],
        producer_name="madaline",
        producer_version=__version__,
        doc_string=_how_to_call(inputs, names),
    )
    helper.set_model_props(proto, _notes(predictor, columns, names))
    return proto


def _notes(predictor: Predictor, columns: dict[str, str], outputs: list[str]) -> dict[str, str]:
    """What the model says about itself, each a text or JSON."""
    kinds = {code.name: code.kind for code in predictor.encoder.column_codes}
    documents = {
        "target": list(predictor.target.names),
        "classes": list(predictor.target.class_values),
        "columns": [
            {"name": name, "input": given, "kind": kinds[name]} for name, given in columns.items()
        ],
        "outputs": outputs,
    }
    texts = {name: json.dumps(value) for name, value in documents.items()}
    return {"madaline_version": __version__, "task": predictor.target.task, **texts}


def _how_to_call(inputs: list[Value], outputs: list[str]) -> str:
    example = ", ".join(
        f"{value.name!r}: [[{'1.5' if value.dtype == np.float64 else repr('text')}], ...]"
        for value in inputs[:2]
    )
    more = ", ..." if len(inputs) > 2 else ""
    return (
        "A multilayer perceptron by Madaline, from raw columns to answers. Each input is a column "
        "of shape (rows, 1): float64 for numbers, NaN where missing; texts for everything else, "
        'empty ("") where missing, true or false for booleans, ISO 8601 for dates. '
        f"session.run({outputs}, {{{example}{more}}})"
    )
