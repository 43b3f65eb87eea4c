"""The reader of TFLite files, float and quantised.

The file is mapped, not loaded. Read are its structure, the small stored tensors that shapes depend on (targets,
paddings, axes), and a sample of the 8-bit weights, from which a compiler's compression ratio is estimated. Field ids
are those of TensorFlow's schema.fbs, version 3. Shapes are inferred and verified against those in the file.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from functools import cache
from mmap import ACCESS_READ, mmap
from pathlib import Path

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.weights import sampled
from stairline.simulator.readers.assemble import (
    Dimensions,
    FileNode,
    FileTensor,
    assemble,
    constants_among,
    in_order,
    input_shapes,
)
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import Shapes

from .flatbuffer import Flatbuffer, Table
from .names import DTYPES, REFUSED, operator_names
from .ops import convert
from .state import TfliteState
from .uniform import uniform

_SMALL_BYTES = 1024
"""Stored tensors up to this size are read, because shapes may depend on them; larger ones are weights."""

_SAMPLED_FOR_ONE = 16
"""Bytes of samples that are charged as one entry, which limits the samples of a file to 256 MB."""

_FREE = frozenset({"SHAPE", "RANK"})
"""Operators that depend on shapes only: with fixed shapes their results are known before the network runs."""

_LAYOUTS = {"int32": "i", "int64": "q"}


@dataclass(frozen=True)
class _Contents:
    """The main subgraph as the file states it; tensors are given by name."""

    nodes: list[FileNode]
    file_tensors: dict[str, FileTensor]
    values: dict[str, tuple[int, ...]]
    samples: dict[str, bytes]
    signatures: dict[str, Dimensions | None]
    """Dimensions of each input, None where the file leaves one open."""
    outputs: tuple[str, ...]


def read_tflite(path: Path, shape: Shapes = None) -> Graph:
    """The main subgraph of a .tflite file. An open batch dimension takes the size that the file's tensors state.

    A fused activation becomes a layer of its own. An operator outside the canonical set becomes a layer "tflite:NAME"
    with the file's shapes. Operators that depend on stored tensors and shapes alone (dequantised weights, the target of
    a reshape) become no layers, because the interpreter computes them once, when it allocates its tensors. Raises
    ReadError.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        return _graph(path, _contents(Flatbuffer(data)), shape)


def _graph(path: Path, contents: _Contents, shape: Shapes) -> Graph:
    shapes = input_shapes(contents.signatures, shape)
    nodes = in_order(contents.nodes, {n for n, f in contents.file_tensors.items() if f.constant} | set(shapes))
    constants = constants_among(nodes, {n for n, f in contents.file_tensors.items() if f.constant}, _FREE)
    file_tensors = {n: f._replace(constant=n in constants) for n, f in contents.file_tensors.items()}
    builder = GraphBuilder(path.stem, _activation_dtype(nodes, file_tensors), str(path))
    resized = any(shapes[name] != file_tensors[name].shape for name in shapes)
    tensors = {name: builder.input(dims, name, file_tensors[name].dtype) for name, dims in shapes.items()}
    state = TfliteState(builder, file_tensors, contents.values, contents.samples, tensors, verified=not resized)
    live = [node for node in nodes if not all(name in constants for name in node.outputs)]
    return assemble(builder, live, tensors, contents.outputs, lambda node: convert(state, node))


def _contents(buffer: Flatbuffer) -> _Contents:
    model = buffer.root()
    subgraphs, codes = model.tables(2), [_operator_name(code) for code in model.tables(1)]
    if not subgraphs:
        raise ReadError("holds no subgraph: export the model again")
    if len(subgraphs) > 1 and "STABLEHLO_COMPOSITE" not in codes:
        raise ReadError(f"holds {len(subgraphs)} subgraphs, but only one network is read: export a single signature")
    main, buffers = subgraphs[0], model.tables(4)
    tables = main.tables(0)
    sample = cache(lambda index: _sample(buffer, buffers[index]))
    names = _unique_names([table.text(3) for table in tables])
    file_tensors, values, samples = {}, {}, {}
    for name, table in zip(names, tables):
        stored = _stored(buffer, buffers, table)
        file_tensors[name] = _file_tensor(table, stored)
        layout = _LAYOUTS.get(file_tensors[name].dtype)
        if stored and layout and len(stored) % struct.calcsize(layout) == 0:
            values[name] = struct.unpack(f"<{len(stored) // struct.calcsize(layout)}{layout}", stored)
        if stored is not None and file_tensors[name].dtype == "int8":
            samples[name] = sample(table.scalar(2, "I"))
    inputs = _indices(main.integers(1), len(tables), "input")
    return _Contents(
        [_node(table, codes, names, place) for place, table in enumerate(main.tables(3))],
        file_tensors,
        values,
        samples,
        {names[i]: _signature(tables[i]) for i in inputs},
        tuple(names[i] for i in _indices(main.integers(2), len(tables), "output")),
    )


def _operator_name(code: Table) -> str:
    number = max(code.scalar(0, "b"), code.scalar(3))
    if number == 32:
        return code.text(1) or "CUSTOM"
    return operator_names().get(number) or f"BUILTIN_{number}"


def _node(table: Table, codes: list[str], names: list[str], place: int) -> FileNode:
    index = table.scalar(0, "I")
    if index >= len(codes):
        raise ReadError(f"operator {place}: has code {index} of {len(codes)}: truncated or damaged")
    op, where = codes[index], f"operator {place} ({codes[index]})"
    if op in REFUSED:
        raise ReadError(f"{where}: {REFUSED[op]} cannot be read: export the network without it")
    inputs = tuple("" if i == -1 else names[_inside(i, len(names), where)] for i in table.integers(1) or ())
    outputs = tuple(names[_inside(i, len(names), where)] for i in table.integers(2) or ())
    if not outputs:
        raise ReadError(f"{where}: has no outputs: damaged")
    return FileNode(outputs[0], op, inputs, outputs, table.table(4))


def _inside(index: int, count: int, where: str) -> int:
    if not 0 <= index < count:
        raise ReadError(f"{where}: names tensor {index} of {count}: truncated or damaged")
    return index


def _indices(indices: tuple[int, ...] | None, count: int, kind: str) -> list[int]:
    if not indices:
        raise ReadError(f"states no {kind}s: export the model again")
    return [_inside(index, count, f"network {kind}") for index in indices]


def _unique_names(names: list[str]) -> list[str]:
    seen = Counter(names)
    return [name if name and seen[name] == 1 else f"{name}#{index}" for index, name in enumerate(names)]


def _file_tensor(table: Table, stored: bytes | None) -> FileTensor:
    shape, signature = table.integers(0) or (), table.integers(7) or ()
    number = table.scalar(1, "b")
    dtype = DTYPES.get(number, f"type{number}")
    open_sizes = any(size < 0 for size in signature[1:])
    return FileTensor(None if open_sizes else shape or (1,), dtype, stored is not None, uniform(table, dtype, stored))


def _signature(table: Table) -> Dimensions | None:
    shape, signature = table.integers(0) or (), table.integers(7) or ()
    if len(signature) != len(shape):
        return shape or None
    return tuple(None if i and signature[i] < 0 else size for i, size in enumerate(shape))


def _stored(buffer: Flatbuffer, buffers: list[Table], tensor: Table) -> bytes | None:
    """The bytes of a stored tensor, b"" for more than _SMALL_BYTES; None for a tensor that is not stored."""
    index = tensor.scalar(2, "I")
    if index == 0 or index >= len(buffers) or tensor.scalar(5, "?"):
        return None
    entry = buffers[index]
    if entry.length(0):
        return entry.bytes(0, _SMALL_BYTES) or b""
    start, size = entry.scalar(1, "Q"), entry.scalar(2, "Q")
    if start <= 1:
        return None
    return buffer.data[start : start + size] if size <= _SMALL_BYTES else b""


def _sample(buffer: Flatbuffer, entry: Table) -> bytes:
    place = entry.place(0) if entry.length(0) else (entry.scalar(1, "Q"), entry.scalar(2, "Q"))
    sample = sampled(buffer.data, *place)
    buffer.charge(len(sample) // _SAMPLED_FOR_ONE)
    return sample


def _activation_dtype(nodes: list[FileNode], file_tensors: dict[str, FileTensor]) -> str:
    """The precision of most computed tensors."""
    kinds = Counter(
        file_tensors[name].dtype for node in nodes for name in node.outputs if not file_tensors[name].constant
    )
    numeric = {d: n for d, n in kinds.items() if d in ("float32", "float16", "bfloat16", "int8", "uint8", "int16")}
    return max(numeric, key=lambda dtype: numeric[dtype], default="float32")
