"""What a runtime's converter turns a network into: the platform's rules, each in turn over the whole graph.

A rule sees what the rules before it left, and the graph that it leaves is held to the same terms as any other: new
layers are verified as they are appended, a layer that stays must read tensors of the shapes that it was verified with,
and the network must give what it gave before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, GraphError

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


class Step(NamedTuple):
    """One rule of a platform: its name, and what it makes of a network."""

    rule: str
    apply: Pass


def lower(graph: Graph, machine: Machine) -> Graph:
    """The network as the platform's runtime executes it; the very same object when no rule applies.

    Raises GraphError, which names the rule, where a rule leaves a network that is not valid.
    """
    for step in steps(machine):
        graph = applied(step, graph)
    return graph


@lru_cache(maxsize=256)
def steps(machine: Machine) -> tuple[Step, ...]:
    """The platform's rules in its order."""
    return tuple(Step(entry.rule, _pass(entry.rule)) for entry in machine.lowering)


def applied(step: Step, graph: Graph) -> Graph:
    """The network that a rule leaves; the same object where the rule finds nothing. Raises GraphError."""
    try:
        left = step.apply(graph)
    except GraphError as error:
        raise GraphError(f"{graph.name}: lowering rule '{step.rule}': {error}") from None
    if left is not graph and left.shapes(left.outputs) != graph.shapes(graph.outputs):
        raise GraphError(
            f"{graph.name}: lowering rule '{step.rule}': outputs become {list(left.shapes(left.outputs))}, but must "
            f"stay {list(graph.shapes(graph.outputs))}: mend the rule, or leave it out of the platform file"
        )
    return left


def _pass(rule: str) -> Pass:
    if rule in REWRITES:
        return partial(rewritten, rewrite=REWRITES[rule])
    if rule in LAYOUTS:
        return partial(with_reorders, uses=LAYOUTS[rule])
    return PASSES[rule]


def rewritten(graph: Graph, rewrite: Rewrite) -> Graph:
    """The network with every match of a rewrite replaced, again and again for as long as it loses layers by it.

    So a pad before a pad before a convolution is merged twice, and a rule whose replacement holds its own operator, as
    a sum and a scale in place of a mean do, is applied once.
    """
    while not graph.operators.isdisjoint(rewrite.ops):
        replaced = _replaced(graph, rewrite)
        if len(replaced.layers) >= len(graph.layers):
            return replaced
        graph = replaced
    return graph


def _replaced(graph: Graph, rewrite: Rewrite) -> Graph:
    chosen: dict[int, Replacement] = {}
    for index, layer in enumerate(graph.layers):
        if layer.op in rewrite.ops:
            owned = rewrite.match(graph, index)
            if owned and chosen.keys().isdisjoint(owned):
                chosen.update(owned)
    if not chosen:
        return graph
    builder = GraphBuilder.rewriting(graph)
    renamed: dict[int, int] = {}
    for index, layer in enumerate(graph.layers):
        inputs = layer.inputs
        if not renamed.keys().isdisjoint(inputs):
            inputs = tuple([renamed.get(t, t) for t in inputs])
        if index in chosen:
            renamed[layer.outputs[0]] = chosen[index](builder, layer, inputs)
        else:
            builder.keep(layer, inputs)
    return builder.build(tuple(renamed.get(t, t) for t in graph.outputs))
