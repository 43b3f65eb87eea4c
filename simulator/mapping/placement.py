"""Which parameters and tensors live on chip, and what follows when they do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from heapq import heapreplace
from math import prod
from typing import NamedTuple

from stairline.hwmodels.kernels.accelerator_models import SystolicArray
from stairline.hwmodels.kernels.base import pad_to
from stairline.hwmodels.kernels.kpu import LINE_BYTES, kpu_lines
from stairline.hwmodels.kernels.processor_models import ScalarLoops
from stairline.hwmodels.platform import Machine
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import OPS


class Placement(NamedTuple):
    """Parameters streamed per group of layers, in elements, and the reasons why a network cannot run at all."""

    streamed_elements: list[int]
    dead_ends: tuple[str, ...]


def place(graph: Graph, groups: list[list[int]], machines: list[Machine], main: Machine) -> Placement:
    """Apply the platform's placement rule to its own kernels.

    parameter_cache: the parameters of whole kernels, padded as stored, get on-chip room in execution order where their
    blocks find some, dealt to the ``banks`` that ``capacity_bytes`` consists of; those of the others are streamed in
    with every inference. last_level_cache: parameters that exceed ``capacity_bytes`` push each other out of it, so that
    a share of every kernel's is streamed, and all of them where they are twice that size. feature_map_memory: the
    maps that a kernel reads and writes must fit in ``capacity_bytes`` together, and all parameters with the largest
    operands of one fallback layer in ``main_bytes``.
    """
    streamed = [0] * len(groups)
    if main.placement_rule == "parameter_cache":
        room, banks = main.capacity_bytes / main.element_bytes / main.banks, [0] * main.banks
        for g, group in enumerate(groups):
            if machines[group[0]] is main:
                blocks = [stored_blocks(graph, index, main) for index in group]
                filled = reduce(_dealt, blocks, banks)
                if max(filled) <= room:
                    banks = filled
                else:
                    streamed[g] = sum(map(prod, blocks))
    elif main.placement_rule == "last_level_cache":
        needs = [sum(_weights(graph, graph.layers[i]) for i in group) for group in groups]
        written = sum(prod(graph.tensors[graph.layers[group[-1]].outputs[0]].shape) for group in groups)
        share = min(max((sum(needs) + written) * main.element_bytes / main.capacity_bytes - 1.0, 0.0), 1.0)
        streamed = [round(share * elements) for elements in needs]
    elif main.placement_rule == "feature_map_memory":
        return Placement(
            streamed, (*_maps_too_large(graph, groups, machines, main), *_main_memory_full(graph, machines, main))
        )
    return Placement(streamed, ())


def _dealt(banks: list[int], blocks: tuple[int, int]) -> list[int]:
    """The elements in each bank, as a heap, after each of these equal blocks has gone to the emptiest one."""
    count, elements = blocks
    filled = banks.copy()
    for _ in range(count):
        heapreplace(filled, filled[0] + elements)
    return filled


def stored_elements(graph: Graph, index: int, machine: Machine) -> int:
    """Parameters of a layer as the machine stores them, in elements."""
    return prod(stored_blocks(graph, index, machine))


def stored_blocks(graph: Graph, index: int, machine: Machine) -> tuple[int, int]:
    """Blocks in which a layer's parameters are stored, and the elements of each, biases not counted.

    On an array a block holds one tap of as many filters as there are columns, both channels padded to its tiles.
    """
    layer = graph.layers[index]
    rule = machine.rules.get(layer.op)
    if rule is None or not isinstance(rule.parameters, SystolicArray):
        return 1, _weights(graph, layer)
    tiles, a = rule.parameters, layer.attributes
    c_in = graph.tensors[layer.inputs[0]].shape[-1] // a.groups
    c_out = graph.tensors[layer.outputs[0]].shape[-1] // a.groups
    columns = int(pad_to(c_out, tiles.tile_n) / tiles.tile_n)
    return a.groups * prod(a.kernel) * columns, int(pad_to(c_in, tiles.tile_c) * tiles.tile_n)


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
    outside = [(layer, machine) for layer, machine in zip(graph.layers, machines) if machine is not main]
    working_bytes = max((_operand_bytes(graph, layer, machine) for layer, machine in outside), default=0)
    need = sum(_weights(graph, layer) for layer in graph.layers) * main.element_bytes + working_bytes
    if need > main.main_bytes:
        yield (
            f"{graph.name}: parameters and the largest operands outside the KPU take {need} bytes of {main.name}'s "
            f"{main.main_bytes:.0f} of main memory; make the input smaller or the network narrower"
        )


def _operand_bytes(graph: Graph, layer: Layer, machine: Machine) -> int:
    """Inputs and outputs of a layer, converted where its code computes in float."""
    rule = machine.rules.get(layer.op)
    scalar = rule is not None and isinstance(rule.parameters, ScalarLoops) and rule.parameters.convert_s_per_element > 0
    element_bytes = ELEMENT_BYTES["float32"] if scalar else machine.element_bytes
    return element_bytes * sum(prod(shape) for shape in graph.shapes((*layer.inputs, *layer.outputs)))


def _weights(graph: Graph, layer: Layer) -> int:
    spec = OPS.get(layer.op)
    return 0 if spec is None else spec.weights(graph.shapes(layer.inputs), layer.attributes)
