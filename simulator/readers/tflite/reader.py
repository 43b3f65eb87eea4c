"""The reader of TFLite files, float and quantised.

The file is mapped, not loaded. Read are its structure, the small stored tensors that shapes depend on (targets,
paddings, axes), and a sample of the 8-bit weights, from which a compiler's compression ratio is estimated. Field ids
are those of TensorFlow's schema.fbs, version 3. Shapes are inferred and verified against those in the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from mmap import ACCESS_READ, mmap
from pathlib import Path

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.assemble import (
    FileNode,
    FileTensor,
    assemble,
    constants_among,
    in_order,
    input_shapes,
)
from stairline.simulator.readers.formats import Shapes

from .contents import File, Subgraph
from .flatbuffer import Flatbuffer
from .ops import convert
from .state import TfliteState
from .subgraphs import written_out

_FREE = frozenset({"SHAPE", "RANK"})
"""Operators that depend on shapes only: with fixed shapes their results are known before the network runs."""

_WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
"""Operators whose second operand holds weights."""


def read_tflite(path: Path, shape: Shapes = None, signature: str | None = None) -> Graph:
    """The network of a .tflite file, or of one of its signatures.

    An open batch dimension takes the size that the file's tensors state. A fused activation becomes a layer of its own.
    An operator outside the canonical set becomes a layer "tflite:NAME" with the file's shapes. Operators that depend on
    stored tensors and shapes alone (dequantised weights, the target of a reshape) become no layers, because the
    interpreter computes them once, when it allocates its tensors; so an output that is constant costs nothing. A loop
    of a known number of steps becomes the layers of all its steps. Raises ReadError.
    """
    with path.open("rb") as handle, mmap(handle.fileno(), 0, access=ACCESS_READ) as data:
        file = File(Flatbuffer(data))
        return _graph(path, written_out(file, file.main(signature)), shape)


def _graph(path: Path, contents: Subgraph, shape: Shapes) -> Graph:
    shapes = input_shapes(contents.inputs, shape)
    stored = {name for name, tensor in contents.tensors.items() if tensor.constant}
    nodes = in_order(contents.nodes, stored | contents.carried | set(shapes))
    constants = constants_among(nodes, stored, _FREE) | contents.values.keys()
    file_tensors = {n: f._replace(constant=n in constants) for n, f in contents.tensors.items()}
    dtype = _activation_dtype(nodes, file_tensors)
    builder = GraphBuilder(path.stem, dtype, str(path), _notes(nodes, file_tensors, dtype))
    resized = any(shapes[name] != file_tensors[name].shape for name in shapes)
    tensors = {name: builder.input(dims, name, file_tensors[name].dtype) for name, dims in shapes.items()}
    state = TfliteState(builder, file_tensors, contents.values, contents.samples, tensors, set(), verified=not resized)
    for name in (*sorted(contents.carried), *contents.outputs):
        if name in contents.carried or name in constants:
            tensors[name] = builder.constant(file_tensors[name].shape or (1,), name, file_tensors[name].dtype)
    return assemble(builder, nodes, tensors, contents.outputs, lambda node: convert(state, node))


def _notes(nodes: Iterable[FileNode], file_tensors: dict[str, FileTensor], dtype: str) -> tuple[str, ...]:
    """What is assumed of weights that a network in float32 stores in another precision."""
    if dtype != "float32":
        return ()
    stored = {
        file_tensors[node.inputs[1]].dtype
        for node in nodes
        if node.op in _WEIGHTED and len(node.inputs) > 1 and node.inputs[1] in file_tensors
    }
    halves = any(tensor.constant and tensor.dtype == "float16" for tensor in file_tensors.values())
    notes = {
        "weights are stored in int8 and maps are float32: products are priced as those of float32": "int8" in stored,
        "weights are stored in float16 and taken to float32 when the network is loaded": halves,
    }
    return tuple(note for note, applies in notes.items() if applies)


def _activation_dtype(nodes: Iterable[FileNode], file_tensors: dict[str, FileTensor]) -> str:
    """The precision of most computed tensors."""
    kinds = Counter(
        file_tensors[name].dtype for node in nodes for name in node.outputs if not file_tensors[name].constant
    )
    numeric = {d: n for d, n in kinds.items() if d in ("float32", "float16", "bfloat16", "int8", "uint8", "int16")}
    return max(numeric, key=lambda dtype: numeric[dtype], default="float32")
