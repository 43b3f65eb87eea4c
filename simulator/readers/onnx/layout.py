"""The rank-4 tensors of an ONNX file that are images: channels come first in the file and last in a graph.

Whatever an operator with windows or channels reads or writes is an image. So is every rank-4 tensor that is connected
to an image by operators that treat all axes alike; reshaping operators and matrix products end such a connection. All
other tensors keep the file's order of axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode, FileTensor

TO_LAST = (0, 2, 3, 1)
"""Axes of (N, C, H, W) in the order (N, H, W, C)."""
TO_FIRST = (0, 3, 1, 2)
"""Axes of (N, H, W, C) in the order (N, C, H, W)."""

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
    }
)


def images(nodes: Sequence[FileNode], file_tensors: Mapping[str, FileTensor], constants: set[str]) -> set[str]:
    """Names of the rank-4 tensors that are images (see the module's docstring); ``constants`` are never images."""
    neighbours: dict[str, set[str]] = {}
    found: list[str] = []
    for node in nodes:
        names = [n for n in (*node.inputs, *node.outputs) if n not in constants and _rank(file_tensors, n) == 4]
        if node.op in _SPATIAL:
            found += names
        elif node.op not in _BARRIERS and names:
            for name in names[1:]:
                neighbours.setdefault(names[0], set()).add(name)
                neighbours.setdefault(name, set()).add(names[0])
    reached: set[str] = set()
    while found:
        name = found.pop()
        if name not in reached:
            reached.add(name)
            found.extend(neighbours.get(name, ()))
    return reached


def _rank(file_tensors: Mapping[str, FileTensor], name: str) -> int | None:
    file_tensor = file_tensors.get(name)
    return len(file_tensor.shape) if file_tensor is not None and file_tensor.shape is not None else None


def aligned(shape: Shape, image: bool) -> Shape:
    """A shape as the graph stores it: an ``image`` is extended to rank 4 by leading ones and put channels last."""
    if not image:
        return shape or (1,)
    full = (1,) * (4 - len(shape)) + shape
    return tuple(full[axis] for axis in TO_LAST)
