"""The order in which Vela runs the layers of a graph."""

from __future__ import annotations

from stairline.simulator.graph.graph import Graph


def depth_first(graph: Graph) -> Graph:
    """The graph in the order of a walk back from its outputs: the branch of an operator's last input runs first.

    The parts of a concatenation run in their order, then those that are copied to their place, the last of them first.
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
            waiting += [(source, False) for source in reversed(_sources(graph, index))]
    order += [index for index in range(len(graph.layers)) if index not in seen]
    layers = tuple(graph.layers[index] for index in order)
    return Graph.trusted(
        graph.name, graph.tensors, layers, graph.inputs, graph.outputs, graph.dtype, graph.source, graph.notes
    )


def _sources(graph: Graph, index: int) -> list[int]:
    """Indices of the layers that a layer reads from, in the order in which Vela runs them."""
    layer = graph.layers[index]
    sources = [graph.producer[t] for t in layer.inputs if graph.producer[t] >= 0]
    if layer.op == "concat":
        copies = [source for source in sources if _copies(graph, source)]
        return [source for source in sources if source not in copies] + copies[::-1]
    return sources[::-1]


def _copies(graph: Graph, index: int) -> bool:
    """Whether a layer is a copy, or the copies of all images of a batch."""
    layer = graph.layers[index]
    if layer.op != "concat":
        return layer.op == "copy"
    return all(graph.producer[t] >= 0 and graph.layers[graph.producer[t]].op == "copy" for t in layer.inputs)
