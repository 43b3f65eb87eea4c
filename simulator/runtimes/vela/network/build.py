"""From the planned kernels of a graph to the network that Vela schedules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil

from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.kernels.ethos_u.kernel_parameters import EthosU
from stairline.hwmodels.kernels.ethos_u.memory import Map, stored_elements
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import as_nhwc
from stairline.simulator.mapping.plan import Kernel
from stairline.simulator.runtimes.vela.activations import PASSED_THROUGH
from stairline.simulator.runtimes.vela.blocks.query import Kind, Size, round_up, volume
from stairline.simulator.runtimes.vela.parts import is_image
from stairline.simulator.runtimes.vela.weights.codes import Codes

from .dilation import undilated
from .layout import Layout
from .network import Network, Node, Stored, connected
from .operator import Operator
from .regrouping import in_rows, map_of_rows, regrouped, regroups

ALIGNMENT = 16
ONES = b"\1"
"""Weights of an operator that sums: 8-bit ones."""
CLIPS = frozenset({"relu", "relu6"})
ELEMENTWISE = frozenset({"add", "sub", "mul", "maximum", "minimum", "abs"})
KINDS: dict[str, Kind] = {
    "ethos_u_conv": "conv",
    "ethos_u_dwconv": "depthwise",
    "ethos_u_pool": "pool",
    "ethos_u_elementwise": "elementwise",
    "ethos_u_transpose": "turned",
}
STRIPED = ELEMENTWISE | {"conv2d", "dwconv2d", "mean", "avgpool2d", "maxpool2d", "globalavgpool2d", "globalmaxpool2d"}
"""Operators that may run stripe by stripe."""
OWN_KINDS: dict[str, Kind] = {"dense": "dense", "copy": "copy", "transpose": "turned"}
"""Operators for which Vela chooses blocks in another way than for the others of the same kernel model."""


def network(
    graph: Graph, kernels: Sequence[Kernel], stored: Layout, borders: Collection[int], element_bytes: int
) -> Network:
    """Nodes and tensors of the kernels that an Ethos-U runs; others read or write the tensors ``borders``."""
    nodes = tuple(
        _node(graph, kernel, number, stored)
        for number, kernel in enumerate(kernels)
        if kernel.rule is not None and isinstance(kernel.rule.parameters, EthosU)
    )
    outside = {stored.stored[t] for t in borders}
    tensors = {
        tensor: Stored(
            round_up(ceil(_stored_elements(graph, tensor, stored) * element_bytes), ALIGNMENT),
            (),
            (),
            stored.bricks[tensor],
            tensor in outside,
            graph.tensors[tensor].constant,
        )
        for node in nodes
        for tensor in (*node.reads, node.output)
    }
    return Network(nodes, connected(nodes, tensors))


def _stored_elements(graph: Graph, tensor: int, stored: Layout) -> float:
    n, h, w, c = as_nhwc(graph.tensors[tensor].shape)
    return n * stored_elements(Map(h, w, c, 0.0, float(stored.bricks[tensor])))


def _node(graph: Graph, kernel: Kernel, number: int, stored: Layout) -> Node:
    rule = kernel.rule
    assert rule is not None
    assert isinstance(rule.parameters, EthosU)
    layers = [graph.layers[i] for i in kernel.layers]
    first, last = layers[0], layers[-1]
    chain = [layer for layer in layers[1:] if layer.op in ELEMENTWISE]
    inputs = list(first.inputs[: 2 if rule.model == "ethos_u_elementwise" else 1])
    codes = Codes(ONES if first.op == "mean" else first.weights, rule.parameters.weight_ratio)
    work, codes = undilated(_work(graph, first, kernel.work), codes)
    if len(inputs) == 2 and _elements(graph, inputs[1]) > _elements(graph, inputs[0]):
        inputs.reverse()
        work = _with_input(work, _map(graph, inputs[0]))
    if first.op == "copy" and graph.tensors[inputs[0]].constant:
        work = _border(work, as_nhwc(graph.tensors[stored.stored[last.outputs[0]]].shape))
    second = _map(graph, inputs[1]) if len(inputs) == 2 else None
    if regroups(graph, first):
        size = regrouped((int(work.h_out), int(work.w_out), int(work.c_out)))
        work, second = _sized(work, size), size if second and volume(second) > 1 else second
    made = {t for layer in layers for t in layer.outputs}
    p = rule.parameters._replace(mixes=float(rule.model == "ethos_u_conv"))
    p = _with_fused(p, _own_activations(layers), len(chain), stored.bricks[last.outputs[0]])
    p = _with_operands(p, graph, inputs, second, stored)
    return Node(
        number,
        _kind(first, rule.model, work),
        Operator(rule.model, work, rule.roof, p, codes),
        tuple(stored.stored[t] for t in inputs),
        _placed(graph, [t for layer in chain for t in layer.inputs if t not in made], stored),
        stored.stored[last.outputs[0]],
        second,
        bool({layer.op for layer in layers} & (PASSED_THROUGH - CLIPS)),
        bool(chain),
        not chain and first.op in STRIPED,
        is_image(graph, first),
        upscale=first.attributes.stride[0] if first.op == "conv2d_transpose" else 1,
    )


def _with_fused(p: EthosU, activations: set[str], chained: int, bricks: bool) -> EthosU:
    """Parameters with the activations of the first operator, and with the number of operators chained behind it."""
    return p._replace(
        table=float(bool(activations - CLIPS)),
        clipped=float(bool(activations & CLIPS)),
        output_bricks=float(chained > 0 or bricks),
        chained_cycles=chained * p.output_cycles,
        output_stored=0.0 if chained else 1.0,
    )


def _placed(graph: Graph, tensors: list[int], stored: Layout) -> tuple[tuple[int, Size], ...]:
    """The stored tensor and the size of each of ``tensors``."""
    return tuple((stored.stored[t], _map(graph, t)) for t in tensors)


def _with_operands(p: EthosU, graph: Graph, inputs: list[int], second: Size | None, stored: Layout) -> EthosU:
    """Parameters with the memory that each tensor is in before anything is moved, and the second operand's shape."""
    home = 1.0 - p.maps_slow
    first_home, last_home = (0.0 if graph.tensors[t].constant else home for t in (inputs[0], inputs[-1]))
    p = p._replace(
        input_fast=first_home,
        second_fast=last_home,
        output_fast=home,
        input_bricks=float(stored.bricks[inputs[0]]),
    )
    if second is None:
        return p._replace(second_h=0.0, second_w=0.0, second_c=0.0, second_bricks=0.0)
    height, width, channels = map(float, second)
    bricks = float(stored.bricks[inputs[1]])
    return p._replace(second_h=height, second_w=width, second_c=channels, second_bricks=bricks)


def _map(graph: Graph, tensor: int) -> Size:
    """Size of a tensor as an element-wise operator sees it: all images one below the other."""
    shape = graph.tensors[tensor].shape
    n, h, w, c = as_nhwc(shape)
    return (h, n * w, c) if len(shape) == 2 else (n * h, w, c)


def _own_activations(layers: list[Layer]) -> set[str]:
    """Activations that are fused with the first operator, before another operator is chained behind it."""
    own = set()
    for layer in layers[1:]:
        if layer.op in ELEMENTWISE:
            break
        own.add(layer.op)
    return own & PASSED_THROUGH


def _elements(graph: Graph, tensor: int) -> int:
    n, h, w, c = as_nhwc(graph.tensors[tensor].shape)
    return n * h * w * c


def _work(graph: Graph, first: Layer, work: Work) -> Work:
    """The kernel's work on one map.

    A global pooling is a window as large as the map, and a maximum or a search along the width one as wide. A maximum
    over channels takes them side by side along the width. A transposed convolution goes over an input with zeros
    between its elements.
    """
    if first.op in ("globalavgpool2d", "globalmaxpool2d", "mean"):
        return work._replace(kernel_h=work.h_in, kernel_w=work.w_in)
    if first.op in ("reduce_max", "argmax"):
        if first.op == "argmax" or first.attributes.axes == (2,):
            return work._replace(kernel_w=work.w_in)
        return work._replace(w_in=work.w_in * work.c_in, c_in=1.0, kernel_w=work.c_in)
    if first.op == "conv2d_transpose":
        _, h, w, c = map(float, as_nhwc(graph.tensors[first.outputs[0]].shape))
        kernel_h, kernel_w = map(float, first.attributes.kernel)
        return work._replace(
            h_out=h, w_out=w, c_out=c, kernel_h=kernel_h, kernel_w=kernel_w, stride_h=1.0, stride_w=1.0
        )
    if in_rows(graph, first):
        return _rows_as_map(work)
    return _images_as_map(work, len(graph.tensors[first.inputs[0]].shape)) if work.n > 1.0 else work


def _kind(first: Layer, model: str, work: Work) -> Kind:
    """What Vela takes the kernel for when it searches for a block and moves inputs."""
    if first.op == "dense" and work.w_out > 1.0:
        return "rows"
    return OWN_KINDS.get(first.op) or KINDS[model]


def _rows_as_map(work: Work) -> Work:
    """A product of many rows as a convolution of single pixels over one map, which reads weights once."""
    height, width = map(float, map_of_rows(int(work.n * work.h_in * work.w_in)))
    return work._replace(n=1.0, h_in=height, w_in=width, h_out=height, w_out=width)


def _images_as_map(work: Work, rank: int) -> Work:
    """All images as one map, one below the other, or all rows of a matrix in one line: what works on single pixels."""
    if rank == 2:
        return work._replace(n=1.0, w_in=work.n * work.w_in, w_out=work.n * work.w_out)
    return work._replace(n=1.0, h_in=work.n * work.h_in, h_out=work.n * work.h_out)


def _sized(work: Work, size: Size) -> Work:
    """``work`` on maps of another shape that have as many elements."""
    h, w, c = map(float, size)
    return work._replace(h_in=h, w_in=w, c_in=c, h_out=h, w_out=w, c_out=c)


def _border(work: Work, whole: tuple[int, int, int, int]) -> Work:
    """The copy of a border, made as long as the padded map: Vela copies corners twice."""
    _, h, w, _ = whole
    if work.h_out / h < work.w_out / w:
        return work._replace(w_in=float(w), w_out=float(w))
    return work._replace(h_in=float(h), h_out=float(h))


def _with_input(work: Work, size: Size) -> Work:
    return work._replace(h_in=float(size[0]), w_in=float(size[1]), c_in=float(size[2]))
