"""The canonical form: one graph for each network, whatever file and spelling it came in.

The rules stand in one table, by the operator that ends what they find. Operators that change nothing go first, so that
they part no spelling; then spelled-out operators get their name; then constants fold into the layer before them, which
would take the first addition from a hard sigmoid if it came earlier.
"""

from __future__ import annotations

from collections.abc import Mapping

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

from .constants import constant_folded, folded_hard_sigmoid
from .found import Finder, Found
from .identities import IDENTITIES
from .normalisations import grouped_normalisation, normalisation
from .remembered import spelling
from .spellings import ANCHORS, spelled

Table = Mapping[str, tuple[Finder, ...]]

_SPELLED: dict[str, tuple[Finder, ...]] = {
    **dict.fromkeys(ANCHORS, (spelled,)),
    **dict.fromkeys(("mul", "div"), (spelled, folded_hard_sigmoid)),
    "reshape": (grouped_normalisation,),
    **dict.fromkeys(("sqrt", "onnx:Sqrt", "tflite:SQRT", "rsqrt", "tflite:RSQRT"), (normalisation,)),
    **dict.fromkeys(("pow", "onnx:Pow"), (normalisation, spelled)),
}

PHASES: tuple[Table, ...] = (
    IDENTITIES,
    _SPELLED,
    dict.fromkeys(("add", "sub", "mul", "div", "batch_norm"), (constant_folded,)),
)
"""The rules of each phase by operator. All phases are repeated until none of them finds anything."""


_ALL: dict[str, tuple[Finder, ...]] = {}
for _table in PHASES:
    for _op, _finders in _table.items():
        _ALL[_op] = (*_ALL.get(_op, ()), *_finders)


def canonical(graph: Graph) -> Graph:
    """The network in its canonical form; the very same object where it has that form already."""
    while _any_found(graph):
        for table in PHASES:
            graph = _settled(graph, table)
    return graph


def _any_found(graph: Graph) -> bool:
    """Whether any rule finds anything, in one pass: most networks are in canonical form."""
    for index, layer in enumerate(graph.layers):
        for find in _ALL.get(layer.op, ()):
            if find(graph, index) is not None:
                return True
    return False


def _settled(graph: Graph, table: Table) -> Graph:
    """The network in which the rules of a table find nothing more; each replacement leaves less for them to find."""
    while found := _all_found(graph, table):
        graph = _replaced(graph, found)
    return graph


def _all_found(graph: Graph, table: Table) -> dict[int, Found]:
    """What the rules find, by its last layer; of two that share a layer the earlier one."""
    all_found: dict[int, Found] = {}
    taken: set[int] = set()
    for index, layer in enumerate(graph.layers):
        for find in table.get(layer.op, ()):
            found = find(graph, index)
            if found is not None and taken.isdisjoint(found.layers):
                all_found[found.last] = found
                taken |= found.layers
                break
    return all_found


def _replaced(graph: Graph, all_found: Mapping[int, Found]) -> Graph:
    """The network with one layer, or none, in place of each chain of layers that was found."""
    builder = GraphBuilder.rewriting(graph)
    dropped = frozenset[int]().union(*(found.layers for found in all_found.values()))
    replaced: dict[int, int] = {}
    for index, layer in enumerate(graph.layers):
        found = all_found.get(index)
        if found is not None:
            source = replaced.get(found.source, found.source)
            if found.op:
                dtype = graph.tensors[layer.outputs[0]].dtype
                source = builder.layers(
                    found.op,
                    [source],
                    found.attributes,
                    name=layer.name,
                    dtype=dtype,
                    weights=found.weights,
                    spelling=spelling(graph, found),
                )[0]
            replaced[layer.outputs[0]] = source
        elif index not in dropped:
            builder.keep(layer, tuple([replaced.get(t, t) for t in layer.inputs]))
    return builder.build(tuple(replaced.get(t, t) for t in graph.outputs))
