"""Which operators run as one kernel: the platform's ordered patterns, compiled to a tree that is walked once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.runtimes.vela.regrouping import regroups

Condition = Callable[[Graph, Layer, Layer], bool]
"""(graph, last layer of the kernel so far, candidate) -> may they fuse?"""

CONDITIONS: dict[str, Condition] = {}


def condition(predicate: Condition) -> Condition:
    """Register a predicate under its name, for platform files to refer to."""
    CONDITIONS[predicate.__name__] = predicate
    return predicate


@condition
def same_shape(graph: Graph, _last: Layer, candidate: Layer) -> bool:
    """The candidate's output has the shape of all its inputs."""
    out = graph.tensors[candidate.outputs[0]].shape
    return all(shape == out for shape in graph.shapes(candidate.inputs))


@condition
def same_shape_or_constant(graph: Graph, _last: Layer, candidate: Layer) -> bool:
    """Every operand of the candidate is a stored constant or has the shape of its output."""
    out = graph.tensors[candidate.outputs[0]].shape
    return all(graph.tensors[t].constant or graph.tensors[t].shape == out for t in candidate.inputs)


@condition
def regrouped_alike(graph: Graph, last: Layer, candidate: Layer) -> bool:
    """Vela takes the maps of both for ones of more channels, or of neither."""
    return regroups(graph, last) == regroups(graph, candidate)


@condition
def halves_even_map(graph: Graph, _last: Layer, candidate: Layer) -> bool:
    """An unpadded 2x2 pooling of stride 2 over a map of even height and width."""
    a, (_, h, w, _) = candidate.attributes, graph.tensors[candidate.inputs[0]].shape
    return a.kernel == (2, 2) and a.stride == (2, 2) and not any(a.padding) and h % 2 == 0 and w % 2 == 0


@condition
def all_parts_convolved_for_it(graph: Graph, _last: Layer, candidate: Layer) -> bool:
    """Every input of the candidate leaves a convolution, its ReLU included, and has no other reader."""
    return all(len(graph.consumers[t]) == 1 and _convolved(graph, graph.producer[t]) for t in candidate.inputs)


def _convolved(graph: Graph, index: int) -> bool:
    if index >= 0 and graph.layers[index].op == "relu":
        index = graph.producer[graph.layers[index].inputs[0]]
    return index >= 0 and graph.layers[index].op in ("conv2d", "dwconv2d")


@condition
def engine_pools_below_32(graph: Graph, _last: Layer, candidate: Layer) -> bool:
    """An unpadded pooling of stride 2: 2x2 over an even map, or 3x3 over an odd one narrower than 32."""
    return _engine_pools(graph, candidate, 32)


@condition
def engine_pools_below_64(graph: Graph, _last: Layer, candidate: Layer) -> bool:
    """An unpadded pooling of stride 2: 2x2 over an even map, or 3x3 over an odd one narrower than 64."""
    return _engine_pools(graph, candidate, 64)


def _engine_pools(graph: Graph, pool: Layer, width: int) -> bool:
    a, (h, w) = pool.attributes, graph.tensors[pool.inputs[0]].shape[1:3]
    if a.stride != (2, 2) or any(a.padding):
        return False
    return (a.kernel == (2, 2) and h % 2 == w % 2 == 0) or (a.kernel == (3, 3) and h % 2 == w % 2 == 1 and w < width)


_PAIRS = frozenset({"add", "sub", "mul", "div", "maximum", "minimum"})


class Node:
    """A kernel in the making: what may still join it, and under which conditions."""

    __slots__ = ("children", "latest_operand")

    def __init__(self, latest_operand: frozenset[str] = frozenset()) -> None:
        self.children: dict[str, tuple[Node, tuple[Condition, ...]]] = {}
        self.latest_operand = latest_operand


@lru_cache(maxsize=256)
def fusion_tree(machine: Machine) -> Node:
    """The platform's fusion table as a tree over operators; earlier rules win over later ones."""
    operands = {rule.operand for rule in machine.fusion}
    root = Node(_PAIRS if "either" in operands else frozenset({"add"} if "latest" in operands else ()))
    for rule in machine.fusion:
        conditions = tuple(CONDITIONS[name] for name in rule.when)
        level = [root]
        for depth, element in enumerate(rule.pattern):
            names = element.removesuffix("+").split("|")
            level = [_child(node, name, conditions if depth else ()) for node in level for name in names]
            if element.endswith("+"):
                for node in level:
                    for name in names:
                        node.children.setdefault(name, (node, conditions))
    return root


def _child(node: Node, op: str, conditions: tuple[Condition, ...]) -> Node:
    return node.children.setdefault(op, (Node(), conditions))[0]


def fuse(graph: Graph, machines: list[Machine]) -> list[list[int]]:
    """Layers grouped into kernels, in execution order of each kernel's last layer; ``machines`` says who runs which.

    A layer joins the kernel that produces its first input (of an addition, where the table says so, the operand
    written last) when that tensor has no other reader, both run on the same machine, and the table has the chain.
    """
    groups: list[list[int]] = []
    group_of: list[int] = []
    nodes: list[Node | None] = []
    producer, consumers, final = graph.producer, graph.consumers, frozenset(graph.outputs)
    for index, layer in enumerate(graph.layers):
        tree = fusion_tree(machines[index])
        tensor = _linking_input(layer, producer, layer.op in tree.latest_operand)
        source = producer[tensor] if layer.inputs else -1
        if source >= 0 and machines[source] is machines[index]:
            group = group_of[source]
            node = nodes[group]
            link = node.children.get(layer.op) if node is not None and groups[group][-1] == source else None
            alone = len(consumers[tensor]) == 1 and tensor not in final
            if link is not None and alone and all(holds(graph, graph.layers[source], layer) for holds in link[1]):
                groups[group].append(index)
                group_of.append(group)
                nodes[group] = link[0]
                continue
        group_of.append(len(groups))
        groups.append([index])
        child = tree.children.get(layer.op)
        nodes.append(child[0] if child else None)
    return groups


def _linking_input(layer: Layer, producer: tuple[int, ...], latest_operand: bool) -> int:
    if latest_operand:
        return max(layer.inputs, key=producer.__getitem__)
    return layer.inputs[0] if layer.inputs else -1
