"""What a runtime's converter turns a network into: the platform's rewrites, in its order, layer by layer."""

from __future__ import annotations

from functools import lru_cache

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer

from .layouts import LAYOUTS, with_reorders
from .rewrites import REWRITES, Rewrite, Rule
from .strides import strides_moved_up

PASSES = {strides_moved_up.__name__: strides_moved_up}
"""Rules about the whole network, which follow the rewrites. What a rule's docstring says, users are shown."""


def lower(graph: Graph, machine: Machine) -> Graph:
    """The network as the platform's runtime executes it; the very same object when no rule applies.

    Layouts come last: they are about the operators that all others leave.
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
    rules = _rules_of(machine)
    chosen = {
        index: rewrite
        for index, layer in enumerate(graph.layers)
        if layer.op in rules and (rewrite := _first_match(rules[layer.op], graph, layer)) is not None
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
def _rules_of(machine: Machine) -> dict[str, list[Rule]]:
    rules: dict[str, list[Rule]] = {}
    for rule in (REWRITES[entry.rule] for entry in machine.lowering if entry.rule in REWRITES):
        for op in rule.ops:
            rules.setdefault(op, []).append(rule)
    return rules


def _first_match(rules: list[Rule], graph: Graph, layer: Layer) -> Rewrite | None:
    return next((rewrite for rule in rules if (rewrite := rule.match(graph, layer)) is not None), None)
