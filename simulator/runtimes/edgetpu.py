"""What the Edge TPU's compiler runs on the array, and which parameters it keeps in the array's memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from heapq import heapreplace
from math import ceil, prod

from stairline.hwmodels.kernels.arrays.systolic_array import SystolicArray
from stairline.hwmodels.kernels.base import pad_to
from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.mapping.placement import Placement, nothing_streamed, placement_rule, weight_elements
from stairline.simulator.mapping.support import constraint


@constraint
def reduction_fits(graph: Graph, layer: Layer, limits: Mapping[str, float]) -> bool:
    """the averaged map must have at most {reduction_bytes_max:g} bytes in lines of {lanes:g} channels"""
    *outer, channels = graph.tensors[layer.inputs[0]].shape
    return prod(outer) * ceil(channels / limits["lanes"]) * limits["lanes"] <= limits["reduction_bytes_max"]


@constraint
def keeps_the_batch(graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """the batch must not be reduced"""
    rank = len(graph.tensors[layer.inputs[0]].shape)
    return bool(layer.attributes.axes) and all(axis % rank for axis in layer.attributes.axes)


@placement_rule
def parameter_cache(graph: Graph, groups: list[list[int]], machines: list[Machine], main: Machine) -> Placement:
    """Parameters of whole kernels get room on chip in execution order, as long as their blocks find some.

    Parameters are padded as the array stores them, and dealt to the ``banks`` that ``capacity_bytes`` consists of.
    Kernels whose parameters find no room stream them in with every inference.
    """
    streamed = nothing_streamed(groups).streamed_elements
    room, banks = main.capacity_bytes / main.element_bytes / main.banks, [0] * main.banks
    for number, group in enumerate(groups):
        if machines[group[0]] is main:
            blocks = [parameter_blocks(graph, index, main) for index in group]
            filled = reduce(_dealt, blocks, banks)
            if max(filled) <= room:
                banks = filled
            else:
                streamed[number] = sum(map(prod, blocks))
    return Placement(streamed)


def _dealt(banks: list[int], blocks: tuple[int, int]) -> list[int]:
    """The elements in each bank, as a heap, after ``blocks`` (number, elements) went one by one to the emptiest."""
    count, elements = blocks
    filled = banks.copy()
    for _ in range(count):
        heapreplace(filled, filled[0] + elements)
    return filled


def stored_parameters(graph: Graph, index: int, machine: Machine) -> int:
    """Parameters of a layer as the machine stores them, in elements."""
    return prod(parameter_blocks(graph, index, machine))


def parameter_blocks(graph: Graph, index: int, machine: Machine) -> tuple[int, int]:
    """Blocks in which a layer's parameters are stored, and the elements of each, biases not counted.

    On an array a block holds one tap of as many filters as there are columns, both channels padded to its tiles.
    """
    layer = graph.layers[index]
    rule = machine.rule_for(layer.op, layer.attributes.groups)
    if rule is None or not isinstance(rule.parameters, SystolicArray):
        return 1, weight_elements(graph, layer)
    tiles, a = rule.parameters, layer.attributes
    c_in = graph.tensors[layer.inputs[0]].shape[-1] // a.groups
    c_out = graph.tensors[layer.outputs[0]].shape[-1] // a.groups
    columns = int(pad_to(c_out, tiles.tile_n) / tiles.tile_n)
    return a.groups * prod(a.kernel) * columns, int(pad_to(c_in, tiles.tile_c) * tiles.tile_n)
