"""Table 3 of the paper over whole graphs: operations (multiply-adds) and memory accesses (elements).

An element-wise operator with n inputs counts (n - 1) operations and n accesses per output element, and activations
fuse. The row of the table that says so is damaged; this reading makes squeeze-and-excite cost what section 4.2 says.
"""

from __future__ import annotations

from collections.abc import Callable

from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import ACTIVATIONS, Counts, count

FILTERED = ("conv2d", "dwconv2d", "dense")
ARITHMETIC = ("add", "mul")


def counts(graph: Graph) -> list[tuple[Layer, Counts]]:
    """The project's counts of every layer."""
    return [(x, count(x.op, graph.shapes(x.inputs), graph.shapes(x.outputs), x.attributes)) for x in graph.layers]


def macs(graph: Graph) -> int:
    """Multiply-accumulates."""
    return sum(c.macs for _, c in counts(graph))


def element_ops(graph: Graph) -> int:
    """Operations outside multiply-accumulates."""
    return sum(c.element_ops for _, c in counts(graph))


def parameters(graph: Graph) -> int:
    """Stored parameters."""
    return sum(c.weight_elements for _, c in counts(graph))


def operations(graph: Graph) -> int:
    """OPs: multiply-adds, and the passes of element-wise operators with two inputs or more."""
    return macs(graph) + sum(c.element_ops for layer, c in counts(graph) if layer.op in ARITHMETIC)


def filter_accesses(graph: Graph) -> int:
    """Filter elements, without the bias that Table 3 leaves out: one per output channel."""
    return sum(
        c.weight_elements - graph.tensors[layer.outputs[0]].shape[-1]
        for layer, c in counts(graph)
        if layer.op in FILTERED
    )


def map_accesses(graph: Graph) -> int:
    """Elements of feature maps read and written."""
    return sum(_map_accesses(layer, c) for layer, c in counts(graph) if layer.op not in ACTIVATIONS)


def _map_accesses(layer: Layer, c: Counts) -> int:
    if layer.op in FILTERED:
        return c.input_elements + c.output_elements
    if layer.op in ARITHMETIC:
        return len(layer.inputs) * c.output_elements
    return c.input_elements


def accesses(graph: Graph) -> int:
    """mac: memory accesses of maps and filters."""
    return map_accesses(graph) + filter_accesses(graph)


def intensity(graph: Graph) -> float:
    """Data reuse: operations per access."""
    return operations(graph) / accesses(graph)


def increase_percent(cost: Callable[[Graph], int], graph: Graph, reference: Graph) -> float:
    """How much more ``graph`` costs than ``reference``, in per cent."""
    return 100 * (cost(graph) / cost(reference) - 1)
