"""An exported program as the reader walks it: calls of operators with plain arguments, and tensors by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from pydantic import ValidationError

from stairline.simulator.readers.assemble import FileTensor
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import EXPORT

from .document import SCHEMA_MAJOR, Argument, GraphText, Node, ProgramText, SizeReference, SymbolicSize

DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    12: "bool",
    13: "bfloat16",
}
"""Precisions by their number in the schema."""

_PREFIX = "torch.ops."


class Name(str):
    """The name of a tensor, as opposed to a text."""

    __slots__ = ()


Value = None | bool | int | float | str | tuple["Value", ...]
"""An argument: a tensor's ``Name``, a number, a text, nothing, or several of these."""


class Call(NamedTuple):
    """One call of an operator."""

    name: str
    """The module that calls it, by its path in the network, and the operator where the module calls several."""
    target: str
    """The operator with its overload, such as ``aten.conv2d.default``."""
    arguments: Mapping[str, Value]
    outputs: tuple[str, ...]

    @property
    def op(self) -> str:
        """The operator within its library: neither its overload nor whether it works in place matters here."""
        parts = self.target.split(".")
        base = parts[1] if len(parts) > 1 else parts[0]
        return base[:-1] if base.endswith("_") and not base.startswith("__") else base

    @property
    def in_place(self) -> bool:
        """Whether the operator writes its result into its operand."""
        return self.target.split(".")[1:2] == [f"{self.op}_"]

    @property
    def where(self) -> str:
        """The name and operator, with which a message begins."""
        return f"layer '{self.name}' ({self.target})"

    def tensors(self) -> tuple[Name, ...]:
        """All tensors that the call reads."""
        return tuple(name for value in self.arguments.values() for name in _names(value))


class Program(NamedTuple):
    """The calls in execution order; shapes are in PyTorch's order of axes."""

    calls: tuple[Call, ...]
    tensors: dict[str, FileTensor]
    inputs: tuple[str, ...]
    """What whoever runs the program gives."""
    stored: frozenset[str]
    """Parameters, buffers and other constants."""
    outputs: tuple[str, ...]
    notes: tuple[str, ...]


def parsed(text: bytes) -> Program:
    """The program in a JSON text. Raises ReadError for a text that is none."""
    try:
        document = ProgramText.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ReadError(
            f"{place or 'the text'}: {first['msg']}: is no exported program, or damaged: {EXPORT}"
        ) from None
    if document.schema_version.major != SCHEMA_MAJOR:
        raise ReadError(f"has schema version {document.schema_version.major}, not {SCHEMA_MAJOR}: {EXPORT}")
    graph, signature = document.graph_module.graph, document.graph_module.signature
    given = [spec.user_input.arg for spec in signature.input_specs if spec.user_input is not None]
    inputs = tuple(argument.as_tensor.name for argument in given if argument.as_tensor is not None)
    everything = {name for argument in graph.inputs for name in _names(_value(graph, argument, "an input"))}
    returned = [spec.user_output.arg for spec in signature.output_specs if spec.user_output is not None]
    outputs = tuple(name for argument in returned for name in _names(_value(graph, argument, "an output")))
    tensors, notes = _tensors(graph, inputs)
    missing = [name for name in (*everything, *inputs, *outputs) if name not in tensors]
    if missing:
        raise ReadError(f"tensor '{missing[0]}': neither shape nor precision is stated: {EXPORT}")
    return Program(_calls(graph, tensors), tensors, inputs, frozenset(everything.difference(inputs)), outputs, notes)


def _tensors(graph: GraphText, inputs: tuple[str, ...]) -> tuple[dict[str, FileTensor], tuple[str, ...]]:
    """All tensors, open sizes at their value in the example; and a sentence for each input that has one."""
    tensors: dict[str, FileTensor] = {}
    notes = []
    for name, meta in graph.tensor_values.items():
        shape = tuple(_size(size, f"tensor '{name}'") for size in meta.sizes)
        tensors[name] = FileTensor(shape, DTYPES.get(meta.dtype, f"type{meta.dtype}"))
        if name in inputs and any(size.as_expr for size in meta.sizes):
            notes.append(f"input '{name}': its open sizes are those of its example: {','.join(map(str, shape))}")
    return tensors, tuple(notes)


def _size(size: SymbolicSize, what: str) -> int:
    if size.as_int is not None:
        return size.as_int
    hint = size.as_expr.hint if size.as_expr else None
    if hint is None or hint.as_int is None:
        raise ReadError(f"{what}: a size depends on the data: export the module without what computes it")
    return hint.as_int


def _calls(graph: GraphText, tensors: Mapping[str, FileTensor]) -> tuple[Call, ...]:
    """The calls that give tensors; those that give none compute sizes, which are known, or check something."""
    giving = [(node, _outputs(node)) for node in graph.nodes]
    giving = [(node, outputs) for node, outputs in giving if outputs]
    own = Counter(_module(node) for node, _ in giving)
    calls = []
    for node, outputs in giving:
        target, module = node.target.removeprefix(_PREFIX), _module(node)
        call = Call("", target, {}, outputs)
        name = module if own[module] == 1 and module else "/".join(filter(None, (module, call.op)))
        where = f"layer '{name}' ({target})"
        unknown = [output for output in outputs if output not in tensors]
        if unknown:
            raise ReadError(f"{where}: the shape of '{unknown[0]}' is not stated: {EXPORT}")
        arguments = {given.name: _value(graph, given.arg, where) for given in node.inputs}
        calls.append(call._replace(name=name, arguments=arguments))
    return tuple(calls)


def _outputs(node: Node) -> tuple[str, ...]:
    names: list[str] = []
    for argument in node.outputs:
        names += [argument.as_tensor.name] if argument.as_tensor else []
        names += [tensor.name for tensor in argument.as_tensors or ()]
    return tuple(names)


def _module(node: Node) -> str:
    """The path of the module that calls the operator, such as ``features.0.conv``; empty for the network itself.

    The stack lists all modules from the outermost to this one, each as an identifier, a path and a type.
    """
    parts = node.metadata.get("nn_module_stack", "").split(";")[-1].split(",")
    return parts[1] if len(parts) > 1 else ""


def _value(graph: GraphText, argument: Argument, where: str) -> Value:
    """An argument as plain values; None for nothing and for kinds that no shape depends on, such as a device."""
    if argument.as_tensor is not None:
        return Name(argument.as_tensor.name)
    if argument.as_tensors is not None:
        return tuple(Name(tensor.name) for tensor in argument.as_tensors)
    if argument.as_optional_tensor is not None:
        found = argument.as_optional_tensor.as_tensor
        return Name(found.name) if found else None
    if argument.as_optional_tensors is not None:
        held = (given.as_tensor for given in argument.as_optional_tensors)
        return tuple(Name(tensor.name) if tensor else None for tensor in held)
    if argument.as_sym_int is not None:
        return _known(graph, argument.as_sym_int, where)
    if argument.as_sym_ints is not None:
        return tuple(_known(graph, size, where) for size in argument.as_sym_ints)
    plain = (argument.as_int, argument.as_ints, argument.as_float, argument.as_floats, argument.as_bool)
    return next((v for v in (*plain, argument.as_string, argument.as_scalar_type) if v is not None), None)


def _known(graph: GraphText, size: SizeReference, where: str) -> int:
    if size.as_int is not None:
        return size.as_int
    symbolic = graph.sym_int_values.get(size.as_name or "")
    if symbolic is None:
        raise ReadError(f"{where}: size '{size.as_name}' is not stated: {EXPORT}")
    return _size(symbolic, where)


def _names(value: Value) -> tuple[Name, ...]:
    if isinstance(value, Name):
        return (value,)
    return tuple(name for item in value for name in _names(item)) if isinstance(value, tuple) else ()
