"""What nncase 0.2 runs on the K210's KPU, what its converter does for that, and what the K210's memories hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

from stairline.hwmodels.kernels.arrays.kpu_conv import LINE_BYTES, kpu_lines
from stairline.hwmodels.kernels.processors.scalar_loops import ScalarLoops
from stairline.hwmodels.platform import Machine
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import ACTIVATIONS
from stairline.simulator.mapping.placement import (
    LOCAL_NEEDS,
    Need,
    Placement,
    network_bytes,
    nothing_streamed,
    placement_rule,
    weight_elements,
)
from stairline.simulator.mapping.rewrites import rewrites
from stairline.simulator.mapping.support import constraint

KPU_POOLS = frozenset({((2, 2), (2, 2)), ((2, 2), (1, 1)), ((4, 4), (4, 4))})
"""(kernel, stride) of the pools in the KPU's pipeline. Source: nncase 0.2, transforms/k210/kpu_utils.h."""
_KPU_PIPELINE = ACTIVATIONS | {"batch_norm"}


@rewrites("conv2d", when=lambda layer: layer.attributes.padding != _mirrored(layer.attributes.padding))
def uneven_padding_as_pad(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """Padding that is uneven becomes a pad before the convolution, which itself pads both sides alike."""
    top, bottom, left, right = layer.attributes.padding
    x = b.layer("pad", inputs[0], pads=((0, 0), (top, bottom), (left, right), (0, 0)), name=f"{layer.name}/pad")
    return b.layers("conv2d", [x], layer.attributes._replace(padding=(0, 0, 0, 0)), name=layer.name)[0]


def _mirrored(padding: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    top, bottom, left, right = padding
    return bottom, top, right, left


@rewrites("dwconv2d", when=lambda layer: layer.attributes.kernel == (3, 3) and max(layer.attributes.stride) > 1)
def strided_dwconv_as_slice(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """A 3x3 depthwise convolution with a stride computes every pixel, then keeps those that the stride keeps."""
    a = layer.attributes
    whole = a._replace(stride=(1, 1), padding=(1, 1, 1, 1))
    x = b.layers("dwconv2d", [*inputs], whole, name=f"{layer.name}/whole")[0]
    out, steps = b.shape(layer.outputs[0]), (1, *a.stride, 1)
    begin = (0, 1 - a.padding[0], 1 - a.padding[2], 0)
    end = tuple(first + (size - 1) * step + 1 for first, size, step in zip(begin, out, steps))
    return b.layer("strided_slice", x, begin=begin, end=end, steps=steps, name=f"{layer.name}/strided_slice")


@constraint
def kpu_convolution(graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """the KPU takes 1x1 and 3x3 filters, ungrouped, undilated, maps of 4-256 x 4-512 pixels and up to 1024 channels"""
    return _on_kpu(graph, layer)


@constraint
def kpu_matrix_product(graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """a matrix product runs on the KPU as a 1x1 convolution of one vector of at most 1024 elements into at most 1024"""
    return _on_kpu(graph, layer)


@constraint
def behind_kpu_convolution(graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """the KPU runs it only in the pipeline behind one of its own convolutions"""
    return _in_kpu_pipeline(graph, layer)


@constraint
def kpu_pooling(graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """the KPU pools 2x2 at stride 2 or 1, or 4x4 at stride 4, unpadded and behind one of its own dense convolutions"""
    a = layer.attributes
    shape_fits = (a.kernel, a.stride) in KPU_POOLS and a.padding == (0, 0, 0, 0)
    return shape_fits and _in_kpu_pipeline(graph, layer, pooled=True)


def _on_kpu(graph: Graph, layer: Layer) -> bool:
    """Whether the KPU takes the shape of a convolution or matrix product: of one image, whatever the batch.

    Source: nncase 0.2, hlir/transforms/k210/kpu_utils.h: is_supported_in_shape asks for channels, height and width.
    """
    a, shape = layer.attributes, graph.tensors[layer.inputs[0]].shape
    c_out = graph.tensors[layer.outputs[0]].shape[-1]
    if shape[-1] > 1024 or c_out > 1024:
        return False
    if layer.op == "dense":
        return prod(shape[:-1]) == 1
    plain = a.kernel in ((1, 1), (3, 3)) and a.dilation == (1, 1) and a.groups == 1 and a.multiplier == 1
    return plain and len(shape) == 4 and 4 <= shape[1] <= 256 and 4 <= shape[2] <= 512


def _in_kpu_pipeline(graph: Graph, layer: Layer, *, pooled: bool = False) -> bool:
    """Whether only the KPU's pipeline lies between a layer and a convolution of the KPU, a dense one if ``pooled``."""
    tensor = layer.inputs[0]
    source = graph.producer[tensor]
    if source < 0 or len(graph.consumers[tensor]) != 1 or tensor in graph.outputs:
        return False
    before = graph.layers[source]
    if before.op in _KPU_PIPELINE:
        return _in_kpu_pipeline(graph, before, pooled=pooled)
    return before.op in ("conv2d", *(() if pooled else ("dwconv2d", "dense"))) and _on_kpu(graph, before)


@placement_rule
def feature_map_memory(graph: Graph, groups: list[list[int]], machines: list[Machine], main: Machine) -> Placement:
    """The maps that a kernel reads and writes must fit in ``capacity_bytes`` together.

    All parameters must fit in ``main_bytes``, together with the largest operands of one layer outside the KPU.
    """
    unsupported = (*_maps_too_large(graph, groups, machines, main), *_main_memory_full(graph, machines, main))
    return nothing_streamed(groups)._replace(unsupported=unsupported)


def _maps_too_large(graph: Graph, groups: list[list[int]], machines: list[Machine], main: Machine) -> Iterator[str]:
    for group in groups:
        if machines[group[0]] is main:
            ends = graph.layers[group[0]].inputs[0], graph.layers[group[-1]].outputs[0]
            need = sum(map_bytes(graph.tensors[t].shape) for t in ends)
            if need > main.capacity_bytes:
                yield (
                    f"{graph.layers[group[0]].name}: its input and output take {need} bytes of the {main.name}'s "
                    f"{main.capacity_bytes:.0f} for feature maps; make the input smaller or the network narrower"
                )


def map_bytes(shape: tuple[int, ...]) -> int:
    """Bytes of a feature map in the K210's line layout; a vector takes a map of 4 x 4."""
    h, w = shape[-3:-1] if len(shape) >= 3 else (4, 4)
    return int(kpu_lines(max(h, 4), max(w, 4), shape[-1]) * LINE_BYTES)


def _main_memory_full(graph: Graph, machines: list[Machine], main: Machine) -> Iterator[str]:
    need = network_bytes(main_memory_needs(graph, machines, main))
    if need > main.main_bytes:
        yield (
            f"{graph.name}: parameters and the largest operands outside the KPU take {need} bytes of {main.name}'s "
            f"{main.main_bytes:.0f} of main memory; make the input smaller or the network narrower"
        )


def main_memory_needs(graph: Graph, machines: list[Machine], main: Machine) -> list[Need]:
    """What each layer needs of the K210's main memory: parameters, and its operands where the KPU does not run it."""
    return [
        Need(
            weight_elements(graph, layer) * main.element_bytes,
            0 if machine is main else _operand_bytes(graph, layer, machine),
        )
        for layer, machine in zip(graph.layers, machines)
    ]


LOCAL_NEEDS.register(feature_map_memory.__name__, main_memory_needs)


def _operand_bytes(graph: Graph, layer: Layer, machine: Machine) -> int:
    """Bytes of the inputs and outputs of a layer, in float32 where its code converts them."""
    rule = machine.rule_for(layer.op, layer.attributes.groups)
    scalar = rule is not None and isinstance(rule.parameters, ScalarLoops) and rule.parameters.convert_s_per_element > 0
    element_bytes = ELEMENT_BYTES["float32"] if scalar else machine.element_bytes
    return element_bytes * sum(prod(shape) for shape in graph.shapes((*layer.inputs, *layer.outputs)))
