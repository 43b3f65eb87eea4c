"""Orders of execution that a compiler gives a graph."""

from __future__ import annotations

from .graph import Graph


def depth_first(graph: Graph) -> Graph:
    """The graph in the order of a walk back from its outputs: the branch of an operator's last input runs first.

    Layers that no output needs stand behind all others.
    """
    order: list[int] = []
    seen: set[int] = set()
    waiting = [(graph.producer[t], False) for t in graph.outputs if graph.producer[t] >= 0]
    while waiting:
        index, ready = waiting.pop()
        if ready:
            order.append(index)
        elif index not in seen:
            seen.add(index)
            waiting.append((index, True))
            waiting += [(graph.producer[t], False) for t in graph.layers[index].inputs if graph.producer[t] >= 0]
    order += [index for index in range(len(graph.layers)) if index not in seen]
    layers = tuple(graph.layers[index] for index in order)
    return Graph.trusted(
        graph.name, graph.tensors, layers, graph.inputs, graph.outputs, graph.dtype, graph.source
    )
