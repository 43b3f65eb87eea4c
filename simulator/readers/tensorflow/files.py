"""TensorFlow's own files, parsed into one flat GraphDef: no variable is restored and no graph is run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from stairline.simulator.readers.errors import ReadError

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_MAX_NODES = 1_000_000
_MAX_DEPTH = 64

# Protocol buffers of TensorFlow carry no static types.
GraphDef = Any


class Flat(NamedTuple):
    """A GraphDef without function calls; ``inputs`` maps names to placeholders, ``outputs`` are tensors ("node:0")."""

    graph_def: GraphDef
    inputs: dict[str, str]
    outputs: tuple[str, ...]


def import_tensorflow() -> Any:
    """The TensorFlow module, imported without its start-up messages. Raises ReadError where it is not installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with nullcontext() if "tensorflow" in sys.modules else _quiet_start():
            import tensorflow
    except ImportError:
        raise ReadError(
            "TensorFlow and Keras models are read with TensorFlow, which is not installed: "
            "pip install 'stairline[measure]'"
        ) from None
    return tensorflow


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Discard standard error: libraries write messages to it while they load, whatever their log level is."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def frozen(path: Path) -> Flat:
    """The GraphDef of a ``.pb`` file: its placeholders are the inputs, the nodes that nothing reads the outputs."""
    tf = import_tensorflow()
    graph_def = _parse(tf.compat.v1.GraphDef, path, "not a frozen GraphDef")
    if not graph_def.node:
        raise ReadError("holds no node: it is no frozen GraphDef, or an empty one: freeze the model again")
    flat, aliases = inlined(graph_def)
    read = {_node_of(resolved(name, aliases)) for node in flat.node for name in node.input}
    inputs = {node.name: node.name for node in flat.node if node.op == "Placeholder"}
    idle = ("Const", "NoOp", "Assert", "Placeholder", "VarHandleOp", "Variable", "VariableV2")
    outputs = [f"{node.name}:0" for node in flat.node if node.name not in read and node.op not in idle]
    return Flat(flat, inputs, tuple(outputs))


def saved_model(path: Path) -> Flat:
    """The GraphDef of a SavedModel directory's serving signature, its function calls inlined."""
    import_tensorflow()
    from tensorflow.core.protobuf import saved_model_pb2

    stored = _parse(saved_model_pb2.SavedModel, path / "saved_model.pb", "saved_model.pb: not a SavedModel")
    metas = [meta for meta in stored.meta_graphs if "serve" in meta.meta_info_def.tags] or list(stored.meta_graphs)
    if not metas:
        raise ReadError("saved_model.pb: holds no graph: save the model again")
    signatures = {key: value for key, value in metas[0].signature_def.items() if value.outputs}
    chosen = signatures.get("serving_default")
    if chosen is None:
        if len(signatures) != 1:
            known = ", ".join(sorted(signatures)) or "none"
            raise ReadError(f"saved_model.pb: its signatures are {known}: save one called 'serving_default'")
        chosen = next(iter(signatures.values()))
    flat, aliases = inlined(metas[0].graph_def)
    inputs = {key: _node_of(value.name) for key, value in sorted(chosen.inputs.items())}
    outputs = tuple(resolved(value.name, aliases) for _key, value in sorted(chosen.outputs.items()))
    return Flat(flat, inputs, outputs)


def _parse(message: Any, path: Path, what: str) -> Any:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        return message.FromString(path.read_bytes())
    except (DecodeError, ValueError):
        raise ReadError(f"{what}: truncated, damaged or another format") from None


def inlined(graph_def: GraphDef) -> tuple[GraphDef, dict[str, str]]:
    """The graph with every function call replaced by the function's body, and the tensors that replace its results."""
    tf = import_tensorflow()
    functions = {function.signature.name: function for function in graph_def.library.function}
    flat = tf.compat.v1.GraphDef()
    flat.versions.CopyFrom(graph_def.versions)
    aliases: dict[str, str] = {}
    _expand(graph_def.node, "", functions, flat, aliases, 0)
    for node in flat.node:
        inputs = [resolved(name, aliases) for name in node.input]
        del node.input[:]
        node.input.extend(inputs)
    return flat, aliases


def _expand(
    nodes: Any, prefix: str, functions: dict[str, Any], flat: GraphDef, aliases: dict[str, str], depth: int
) -> None:
    """Copy the nodes to ``flat`` under ``prefix``; bodies of functions replace calls, and control edges are dropped."""
    if depth > _MAX_DEPTH:
        raise ReadError(f"node '{prefix}': functions call each other more than {_MAX_DEPTH} deep: export a plain graph")
    for node in nodes:
        if len(flat.node) > _MAX_NODES:
            raise ReadError(f"more than {_MAX_NODES:,} nodes once its functions are inlined: export a smaller graph")
        inputs = [prefix + name for name in node.input if not name.startswith("^")]
        called = functions.get(node.attr["f"].func.name if node.op in _CALLS else node.op)
        if called is None:
            copy = flat.node.add()
            copy.CopyFrom(node)
            copy.name = prefix + node.name
            del copy.input[:]
            copy.input.extend(inputs)
            continue
        scope = f"{prefix}{node.name}/"
        body, results = _body(called)
        aliases.update((f"{scope}{a.name}:0", name) for a, name in zip(called.signature.input_arg, inputs))
        aliases.update((f"{prefix}{node.name}:{i}", scope + name) for i, name in enumerate(results))
        _expand(body, scope, functions, flat, aliases, depth + 1)


def _body(function: Any) -> tuple[list[Any], list[str]]:
    """Nodes and results of a function, with tensors named "node:number" instead of "node:result:number"."""
    from tensorflow.python.framework import op_def_registry

    offsets = {node.name: _offsets(node, op_def_registry.get(node.op)) for node in function.node_def}

    def plain(name: str) -> str:
        node, _, rest = name.partition(":")
        if node.startswith("^") or not rest:
            return name
        result, _, number = rest.partition(":")
        if result not in offsets.get(node, {}) or not number.isdecimal():
            raise ReadError(
                f"function '{function.signature.name}': '{name}' names no result: it is damaged: save the model again"
            )
        return f"{node}:{offsets[node][result] + int(number)}"

    body = []
    for node in function.node_def:
        copy = type(node)()
        copy.CopyFrom(node)
        del copy.input[:]
        copy.input.extend(plain(name) for name in node.input)
        body.append(copy)
    return body, [plain(function.ret[result.name]) for result in function.signature.output_arg]


def _offsets(node: Any, definition: Any) -> dict[str, int]:
    """The number of the first tensor of each named result of a node."""
    offsets, count = {}, 0
    for result in definition.output_arg if definition else ():
        offsets[result.name] = count
        if result.number_attr:
            count += node.attr[result.number_attr].i
        elif result.type_list_attr:
            count += len(node.attr[result.type_list_attr].list.type)
        else:
            count += 1
    return offsets


def resolved(name: str, aliases: dict[str, str]) -> str:
    """The tensor that a name refers to once arguments and results of inlined calls are followed."""
    full = name if ":" in name else f"{name}:0"
    seen = set()
    while full in aliases:
        if full in seen:
            raise ReadError(f"tensor '{name}': is its own operand: a network must be free of cycles")
        seen.add(full)
        full = aliases[full] if ":" in aliases[full] else f"{aliases[full]}:0"
    return full


def _node_of(tensor: str) -> str:
    return tensor.rsplit(":", 1)[0]
