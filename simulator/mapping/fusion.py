"""Which operators run as one kernel: the platform's ordered patterns, compiled to a tree that is walked once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.graph import Graph, Layer

from .registry import Registry

Condition = Callable[[Graph, Layer, Layer], bool]
"""(graph, last layer of the kernel so far, candidate) -> may they fuse?"""

CONDITIONS: Registry[Condition] = Registry()


def condition(predicate: Condition) -> Condition:
    """Register a predicate under its name, for platform files to refer to."""
    CONDITIONS.register(predicate.__name__, predicate)
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


_PAIRS = frozenset({"add", "sub", "mul", "div", "maximum", "minimum"})


class Chain:
    """The operators of a kernel so far, as a place in the platform's fusion table: which operators may join next."""

    __slots__ = ("followers", "latest_operand")

    def __init__(self, latest_operand: frozenset[str] = frozenset()) -> None:
        self.followers: dict[str, tuple[Chain, tuple[Condition, ...]]] = {}
        """By operator: the chain with that operator, and the conditions under which it may join."""
        self.latest_operand = latest_operand
        """Operators that join the chain of whichever of their operands is written last."""


@lru_cache(maxsize=256)
def fusion_tree(machine: Machine) -> Chain:
    """The empty chain of the platform's fusion table, from which all others follow; earlier rules win over later ones.

    The followers of the empty chain are the operators that a kernel may begin with.
    """
    operands = {rule.operand for rule in machine.fusion}
    empty = Chain(_PAIRS if "either" in operands else frozenset({"add"} if "latest" in operands else ()))
    for rule in machine.fusion:
        conditions = tuple(CONDITIONS[name] for name in rule.when)
        chains = [empty]
        for place, element in enumerate(rule.pattern):
            ops = element.removesuffix("+").split("|")
            chains = [_extended(chain, op, conditions if place else ()) for chain in chains for op in ops]
            if element.endswith("+"):
                for chain in chains:
                    for op in ops:
                        chain.followers.setdefault(op, (chain, conditions))
    return empty


def _extended(chain: Chain, op: str, conditions: tuple[Condition, ...]) -> Chain:
    return chain.followers.setdefault(op, (Chain(), conditions))[0]


def fuse(graph: Graph, machines: list[Machine]) -> list[list[int]]:
    """Layers grouped into kernels, in execution order of each kernel's last layer; ``machines`` says who runs which.

    A layer joins the kernel that produces its first input (of an addition, where the table says so, the operand
    written last) when that tensor has no other reader, both run on the same machine, and the table has the chain.
    """
    groups: list[list[int]] = []
    group_of: list[int] = []
    chains: list[Chain | None] = []
    """The chain of each group; None where nothing may join it."""
    producer, consumers, final = graph.producer, graph.consumers, frozenset(graph.outputs)
    for index, layer in enumerate(graph.layers):
        empty = fusion_tree(machines[index])
        tensor = _linking_input(layer, producer, layer.op in empty.latest_operand)
        source = producer[tensor] if layer.inputs else -1
        if source >= 0 and machines[source] is machines[index]:
            group = group_of[source]
            chain = chains[group]
            link = chain.followers.get(layer.op) if chain is not None and groups[group][-1] == source else None
            alone = len(consumers[tensor]) == 1 and tensor not in final
            if link is not None and alone and all(holds(graph, graph.layers[source], layer) for holds in link[1]):
                groups[group].append(index)
                group_of.append(group)
                chains[group] = link[0]
                continue
        group_of.append(len(groups))
        groups.append([index])
        first = empty.followers.get(layer.op)
        chains.append(first[0] if first else None)
    return groups


def _linking_input(layer: Layer, producer: tuple[int, ...], latest_operand: bool) -> int:
    if latest_operand:
        return max(layer.inputs, key=producer.__getitem__)
    return layer.inputs[0] if layer.inputs else -1
