"""The tensors of an ONNX file that are images: channels come second in the file and last in a graph.

Whatever an operator with windows or channels reads or writes is an image, along one, two or three axes: it has rank 3,
4 or 5. So is every tensor of the same rank that is connected to an image by operators that treat all axes alike;
reshaping operators and matrix products end such a connection. All other tensors keep the file's order of axes. An image
along one axis has a height of 1 in the graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode, FileTensor

_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}
"""The file's axes of an image of each rank, in the order in which the graph stores them."""

_SPATIAL = frozenset(
    {
        "Conv",
        "ConvTranspose",
        "ConvInteger",
        "QLinearConv",
        "DeformConv",
        "MaxPool",
        "AveragePool",
        "LpPool",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "GlobalLpPool",
        "BatchNormalization",
        "InstanceNormalization",
        "GroupNormalization",
        "LRN",
        "Resize",
        "Upsample",
        "DepthToSpace",
        "SpaceToDepth",
    }
)
_BARRIERS = frozenset(
    {
        "Reshape",
        "Flatten",
        "Transpose",
        "Squeeze",
        "Unsqueeze",
        "MatMul",
        "MatMulInteger",
        "QLinearMatMul",
        "Gemm",
        "Einsum",
        "LayerNormalization",
        "Expand",
        "Tile",
        "Gather",
        "Attention",
        "LSTM",
        "GRU",
        "RNN",
        "GatherND",
        "ScatterND",
        "ScatterElements",
        "GatherElements",
        "Shape",
        "If",
        "Loop",
        "Scan",
    }
)


def images(nodes: Sequence[FileNode], file_tensors: Mapping[str, FileTensor], constants: set[str]) -> dict[str, int]:
    """The rank of each tensor that is an image (see the module's docstring); ``constants`` are never images."""
    neighbours: dict[str, set[str]] = {}
    found: list[str] = []
    for node in nodes:
        ranks = {n: _rank(file_tensors, n) for n in (*node.inputs, *node.outputs) if n not in constants}
        names = [name for name, rank in ranks.items() if rank in _LAST]
        if node.op in _SPATIAL:
            found += names
        elif node.op not in _BARRIERS:
            for name in names:
                neighbours.setdefault(name, set()).update(n for n in names if ranks[n] == ranks[name])
    reached: dict[str, int] = {}
    while found:
        name = found.pop()
        if name not in reached:
            reached[name] = _rank(file_tensors, name) or 0
            found.extend(neighbours.get(name, ()))
    return reached


def _rank(file_tensors: Mapping[str, FileTensor], name: str) -> int | None:
    file_tensor = file_tensors.get(name)
    return len(file_tensor.shape) if file_tensor is not None and file_tensor.shape is not None else None


def aligned(shape: Shape, image: int) -> Shape:
    """A shape as the graph stores it; that of an ``image`` of this rank is put channels last, with leading ones.

    ``image`` is 0 for other tensors.
    """
    if not image:
        return shape or (1,)
    full = (1,) * (image - len(shape)) + shape
    stored = tuple(full[axis] for axis in _LAST[image])
    return (stored[0], 1, *stored[1:]) if image == 3 else stored


def graph_axis(axis: int, image: int) -> int:
    """The graph's axis of an image of this rank for one of the file's axes, counted from the front."""
    place = _LAST[image].index(axis)
    return place + 1 if image == 3 and place else place


def stored_order(rank: int, image: int) -> tuple[int, ...]:
    """The file's axes of a tensor in the order in which the graph stores them."""
    return _LAST[image] if image else tuple(range(rank))
