"""Convolutions whose kernels could be larger for nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from stairline.hwmodels.spelling import first
from stairline.simulator.graph.changes import changed, part
from stairline.simulator.graph.graph import Graph, Layer

from .case import Candidate, Case
from .findings import KERNELS

_LARGEST = 7
"""Kernels grow up to this size: that of the paper's Table 1."""
_NOTHING = 0.01
"""Share of a layer's own time that a larger kernel may cost and still count as free."""


def kernel_changes(case: Case) -> Iterator[list[Candidate]]:
    """For each operator and size of kernel: the layers whose kernels could be two elements wider and higher."""
    free: dict[tuple[str, int], list[int]] = {}
    for alike in _alike(case.graph).values():
        layer = case.graph.layers[alike[0]]
        if _grows(case.graph, layer) and _is_free(case, alike):
            free.setdefault((layer.op, layer.attributes.kernel[0]), []).extend(alike)
    for (op, size), found in free.items():
        names = tuple(case.graph.layers[index].name for index in found)
        graph = changed(case.graph, {index: enlarged(case.graph.layers[index]) for index in found})
        larger = f"{size + 2}x{size + 2}"
        what = f"Make the kernel {larger} in place of {size}x{size} in {first(names, 'layers')} ({op})"
        yield [Candidate("larger kernel", what, KERNELS, graph, case.dtype, names, adds=True)]


def enlarged(layer: Layer) -> Layer:
    """The layer with a kernel two elements wider and higher, padded so that its output keeps its size."""
    a = layer.attributes
    (high, wide), (top, bottom, left, right) = a.dilation, a.padding
    padding = (top + high, bottom + high, left + wide, right + wide)
    return layer._replace(attributes=a._replace(kernel=(a.kernel[0] + 2, a.kernel[1] + 2), padding=padding))


def _alike(graph: Graph) -> dict[Hashable, list[int]]:
    """The convolutions of the network; those of the same shapes and attributes stand together."""
    groups: dict[Hashable, list[int]] = {}
    for index, layer in enumerate(graph.layers):
        if layer.op in ("conv2d", "dwconv2d"):
            groups.setdefault((layer.op, layer.attributes, graph.shapes(layer.inputs)), []).append(index)
    return groups


def _grows(graph: Graph, layer: Layer) -> bool:
    """Whether a larger kernel would see more of the map than the present one."""
    height, width = layer.attributes.kernel
    return height == width < _LARGEST and height % 2 == 1 and min(graph.tensors[layer.inputs[0]].shape[1:3]) > width


def _is_free(case: Case, alike: list[int]) -> bool:
    alone = part(case.graph, frozenset(alike[:1]))
    own_s = case.alone_s(alone)
    if not case.matters(own_s * len(alike)):
        return False
    return case.alone_s(changed(alone, {0: enlarged(alone.layers[0])})) <= own_s * (1.0 + _NOTHING)
