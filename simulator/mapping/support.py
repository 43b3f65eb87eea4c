"""Which operators a processor runs. A constraint's docstring is the reason shown when it is not met."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import ceil, prod

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import ACTIVATIONS

Constraint = Callable[[Graph, Layer, Mapping[str, float]], bool]

CONSTRAINTS: dict[str, Constraint] = {}


def constraint(predicate: Constraint) -> Constraint:
    """Register a predicate under its name, for platform files to refer to."""
    CONSTRAINTS[predicate.__name__] = predicate
    return predicate


@constraint
def stride_at_most(_graph: Graph, layer: Layer, limits: Mapping[str, float]) -> bool:
    """the stride must be at most {stride_max:g}"""
    return max(layer.attributes.stride) <= limits["stride_max"]


@constraint
def not_grouped(_graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """grouped convolutions are not supported"""
    return layer.attributes.groups == 1


@constraint
def kernel_at_most(_graph: Graph, layer: Layer, limits: Mapping[str, float]) -> bool:
    """the kernel must be at most {kernel_max:g} wide and high"""
    return max(layer.attributes.kernel) <= limits["kernel_max"]


@constraint
def kernel_below_stride_multiple(_graph: Graph, layer: Layer, limits: Mapping[str, float]) -> bool:
    """the kernel must be smaller than {kernel_per_stride:g} times the stride"""
    a = layer.attributes
    return all(kernel < limits["kernel_per_stride"] * stride for kernel, stride in zip(a.kernel, a.stride))


@constraint
def rank_at_most_4(graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """tensors must have at most 4 dimensions"""
    return all(len(shape) <= 4 for shape in graph.shapes((*layer.inputs, *layer.outputs)))


@constraint
def equal_dilations(_graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """the dilations along height and width must be equal"""
    return layer.attributes.dilation[0] == layer.attributes.dilation[1]


@constraint
def reduction_fits(graph: Graph, layer: Layer, limits: Mapping[str, float]) -> bool:
    """the averaged map must have at most {reduction_bytes_max:g} bytes in lines of {lanes:g} channels"""
    *outer, channels = graph.tensors[layer.inputs[0]].shape
    return prod(outer) * ceil(channels / limits["lanes"]) * limits["lanes"] <= limits["reduction_bytes_max"]


@constraint
def one_dimensional_at_most(graph: Graph, layer: Layer, limits: Mapping[str, float]) -> bool:
    """the input must be one vector of at most {elements_max:g} elements"""
    shape = graph.tensors[layer.inputs[0]].shape
    return prod(shape[:-1]) == 1 and shape[-1] <= limits["elements_max"]


@constraint
def pads_height_and_width_only(_graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """only height and width may be padded"""
    pads = layer.attributes.pads
    return len(pads) != 4 or pads[0] == pads[3] == (0, 0)


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


KPU_POOLS = frozenset({((2, 2), (2, 2)), ((2, 2), (1, 1)), ((4, 4), (4, 4))})
"""(kernel, stride) of the pools in the KPU's pipeline. Source: nncase 0.2, transforms/k210/kpu_utils.h."""

_KPU_PIPELINE = ACTIVATIONS | {"batch_norm"}


def _on_kpu(graph: Graph, layer: Layer) -> bool:
    a, shape = layer.attributes, graph.tensors[layer.inputs[0]].shape
    c_out = graph.tensors[layer.outputs[0]].shape[-1]
    if shape[-1] > 1024 or c_out > 1024 or prod(shape[:-3]) != 1:
        return False
    if layer.op == "dense":
        return prod(shape[:-1]) == 1
    plain = a.kernel in ((1, 1), (3, 3)) and a.dilation == (1, 1) and a.groups == 1 and a.multiplier == 1
    return plain and len(shape) == 4 and 4 <= shape[1] <= 256 and 4 <= shape[2] <= 512


def _in_kpu_pipeline(graph: Graph, layer: Layer, *, pooled: bool = False) -> bool:
    tensor = layer.inputs[0]
    source = graph.producer[tensor]
    if source < 0 or len(graph.consumers[tensor]) != 1 or tensor in graph.outputs:
        return False
    before = graph.layers[source]
    if before.op in _KPU_PIPELINE:
        return _in_kpu_pipeline(graph, before, pooled=pooled)
    return before.op in ("conv2d", *(() if pooled else ("dwconv2d", "dense"))) and _on_kpu(graph, before)


@lru_cache(maxsize=256)
def _table(machine: Machine) -> dict[str, list[tuple[Constraint, dict[str, float]]]]:
    table: dict[str, list[tuple[Constraint, dict[str, float]]]] = {}
    for rule in machine.support:
        for op in rule.ops:
            table.setdefault(op, []).extend((CONSTRAINTS[name], rule.limits) for name in rule.constraints)
    return table


def unsupported_reason(machine: Machine, graph: Graph, layer: Layer) -> str | None:
    """Why a machine does not run a layer, in words; None when it does. A machine without a list runs everything."""
    if not machine.support:
        return None
    constraints = _table(machine).get(layer.op)
    if constraints is None:
        return f"{layer.op} is not in the operator list of {machine.name}"
    for predicate, limits in constraints:
        if not predicate(graph, layer, limits):
            return f"{layer.op}: {(predicate.__doc__ or predicate.__name__).format(**limits)}"
    return None
