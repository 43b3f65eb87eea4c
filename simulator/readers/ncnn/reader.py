"""The reader of ncnn's .param files: text, in which layers and parameters stand without weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import Shapes

from .ops import convert
from .state import Blob, NcnnState, to_graph
from .text import NcnnLayer, layers

_WEIGHTED = frozenset({"Convolution", "ConvolutionDepthWise", "InnerProduct"})


def read_ncnn(path: Path, shape: Shapes = None) -> Graph:
    """The network of a .param file at batch 1; ``shape`` is (c, h, w), where the file leaves an input open.

    The precision is int8 where layers state scales of quantised weights, otherwise float32. Blobs that nothing reads
    are the outputs. Raises ReadError naming the layer.
    """
    lines = layers(path)
    quantised = any(line.kind in _WEIGHTED and line.whole(8) for line in lines)
    state = NcnnState(GraphBuilder(path.stem, "int8" if quantised else "float32", str(path)), {}, [])
    for line in lines:
        found = (_input(state, line, shape),) if line.kind == "Input" else convert(state, line)
        if len(found) != len(line.outputs):
            raise ReadError(f"{line.where}: states {len(line.outputs)} outputs and gives {len(found)}")
        state.blobs.update(zip(line.outputs, found))
    read = {name for line in lines for name in line.inputs}
    constant = {line.outputs[0] for line in lines if line.kind in ("MemoryData", "PriorBox") and line.outputs}
    ends = [name for line in lines for name in line.outputs if name not in read and name not in constant]
    outputs = list(dict.fromkeys(state.blobs[name].tensor for name in ends))
    if not outputs:
        raise ReadError("has no output: every blob is read by a layer: convert the network again")
    if not len(state.builder):
        raise ReadError("computes nothing: none of its layers changes a value: convert the network again")
    state.builder.notes = tuple(state.notes)
    return state.builder.build(outputs)


def _input(s: NcnnState, line: NcnnLayer, given: Shapes) -> Blob:
    stated: Shape = tuple(size for size in (line.whole(2), line.whole(11), line.whole(1), line.whole(0)) if size)
    if isinstance(given, Mapping):
        own = given.get(line.name, given.get(line.outputs[0]) if line.outputs else None)
    else:
        own = given
    shape = stated if own is None else tuple(own)
    if len(shape) == len(stated) + 1 and stated and shape[0] == 1:
        shape = shape[1:]
    if not shape or min(shape) < 1:
        raise ReadError(
            f"input '{line.name}': its shape is open: give it with --shape as channels, height and width, such as "
            "--shape 3,224,224"
        )
    return Blob(s.builder.input(to_graph(shape), line.name), shape)
