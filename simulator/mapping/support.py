"""Which operators a processor runs. A constraint's docstring is the reason shown when it is not met."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import prod

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.graph import Graph, Layer

from .registry import Registry

Constraint = Callable[[Graph, Layer, Mapping[str, float]], bool]
"""(graph, layer, the limits of the platform's support rule) -> whether the processor runs the layer."""

CONSTRAINTS: Registry[Constraint] = Registry()


def constraint(predicate: Constraint) -> Constraint:
    """Register a predicate under its name, for platform files to refer to."""
    CONSTRAINTS.register(predicate.__name__, predicate)
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
def one_dimensional_at_most(graph: Graph, layer: Layer, limits: Mapping[str, float]) -> bool:
    """the input must be one vector of at most {elements_max:g} elements"""
    shape = graph.tensors[layer.inputs[0]].shape
    return prod(shape[:-1]) == 1 and shape[-1] <= limits["elements_max"]


@constraint
def pads_height_and_width_only(_graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """only height and width may be padded"""
    pads = layer.attributes.pads
    return len(pads) != 4 or pads[0] == pads[3] == (0, 0)


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
