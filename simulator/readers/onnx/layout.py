"""Which rank-4 tensors of an ONNX file are images, stored channels first there and channels last here.

An operator with windows or channels makes images of what it reads and writes; operators that treat all axes alike pass
that on in both directions; reshaping operators and matrix products do not. Everything else keeps the file's axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import Fact, Node

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


def images(nodes: Sequence[Node], facts: Mapping[str, Fact], constants: set[str]) -> set[str]:
    """Names of the rank-4 tensors that are images."""
    neighbours: dict[str, set[str]] = {}
    found: list[str] = []
    for node in nodes:
        names = [n for n in (*node.inputs, *node.outputs) if n not in constants and _rank(facts, n) == 4]
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


def _rank(facts: Mapping[str, Fact], name: str) -> int | None:
    fact = facts.get(name)
    return len(fact.shape) if fact is not None and fact.shape is not None else None


def aligned(shape: Shape, image: bool) -> Shape:
    """A shape that broadcasts against rank 4, with all four axes in the order of the stored tensor."""
    if not image:
        return shape or (1,)
    full = (1,) * (4 - len(shape)) + shape
    return tuple(full[axis] for axis in TO_LAST)
