"""What a runtime's converter turns a network into: the platform's rewrites, in its order, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer

from .layouts import LAYOUTS, with_reorders
from .registry import Registry
from .rewrites import REWRITES, Replacement, Rewrite

Pass = Callable[[Graph], Graph]
"""A transformation of a whole network; its docstring is the explanation that users are shown."""

PASSES: Registry[Pass] = Registry()


def graph_pass(transform: Pass) -> Pass:
    """Register a transformation of the whole network under its name, for platform files to refer to."""
    PASSES.register(transform.__name__, transform)
    return transform


def lower(graph: Graph, machine: Machine) -> Graph:
    """The network as the platform's runtime executes it; the very same object when no rule applies.

    Rewrites of single layers come first, passes over the whole network second. Layouts come last: they are about the
    operators that all others leave.
    """
    rewritten = _rewritten(graph, machine)
    for entry in machine.lowering:
        if entry.rule in PASSES:
            rewritten = PASSES[entry.rule](rewritten)
    for entry in machine.lowering:
        if entry.rule in LAYOUTS:
            rewritten = with_reorders(rewritten, LAYOUTS[entry.rule])
    return rewritten


def _rewritten(graph: Graph, machine: Machine) -> Graph:
    rewrites = _rewrites_by_operator(machine)
    chosen = {
        index: replacement
        for index, layer in enumerate(graph.layers)
        if layer.op in rewrites and (replacement := _first_match(rewrites[layer.op], graph, layer)) is not None
    }
    if not chosen:
        return graph
    builder = GraphBuilder.rewriting(graph)
    renamed: dict[int, int] = {}
    for index, layer in enumerate(graph.layers):
        inputs = tuple([renamed.get(t, t) for t in layer.inputs])
        if index in chosen:
            renamed[layer.outputs[0]] = chosen[index](builder, layer, inputs)
        else:
            builder.keep(layer, inputs)
    return builder.build(tuple(renamed.get(t, t) for t in graph.outputs))


@lru_cache(maxsize=256)
def _rewrites_by_operator(machine: Machine) -> dict[str, list[Rewrite]]:
    rewrites: dict[str, list[Rewrite]] = {}
    for rewrite in (REWRITES[entry.rule] for entry in machine.lowering if entry.rule in REWRITES):
        for op in rewrite.ops:
            rewrites.setdefault(op, []).append(rewrite)
    return rewrites


def _first_match(rewrites: list[Rewrite], graph: Graph, layer: Layer) -> Replacement | None:
    return next((found for rewrite in rewrites if (found := rewrite.match(graph, layer)) is not None), None)
