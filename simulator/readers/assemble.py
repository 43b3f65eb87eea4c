"""From named nodes to a graph: order, dangling names, input shapes. What all model files have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import MAX_DIMENSION, Graph
from stairline.simulator.graph.ops import Shape

from .errors import ReadError
from .formats import Shapes

Dimensions = tuple[int | None, ...]
"""A shape in which None is a dimension that the file leaves open."""


class Node(NamedTuple):
    """One operator as a file states it, its tensors by name; an empty input name is an operand left out."""

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: Any = None
    """What the format says about the operator, for the format's own reader."""


class Fact(NamedTuple):
    """What a file says about a tensor; no shape when it does not say."""

    shape: Shape | None
    dtype: str
    constant: bool = False


Convert = Callable[[Node], Sequence[int]]
"""Adds a node's layers to the builder and returns the builder's indices of the outputs that have a name."""


def assemble(
    builder: GraphBuilder, nodes: Sequence[Node], tensors: dict[str, int], outputs: Iterable[str], convert: Convert
) -> Graph:
    """Convert the nodes in execution order; ``tensors`` maps names to builder indices and grows on the way.

    The nodes must be in order already (see ``in_order``). Raises ReadError for a network without layers or outputs.
    """
    for node in nodes:
        tensors.update(zip(filter(None, node.outputs), convert(node)))
    names = list(outputs)
    missing = [name for name in names if name not in tensors]
    if missing or not names:
        what = f"output '{missing[0]}' is never produced" if missing else "states no outputs"
        raise ReadError(f"graph '{builder.name}': {what}: export the model again")
    return builder.build([tensors[name] for name in names])


def in_order(nodes: Sequence[Node], given: Collection[str]) -> list[Node]:
    """The nodes in execution order: the file's own when it is one. ``given`` are inputs and stored operands.

    Raises ReadError naming a cycle, an operand that nothing produces, or a tensor that is produced twice.
    """
    producer = _producers(nodes, given)
    for node in nodes:
        for name in node.inputs:
            if name and name not in given and name not in producer:
                raise ReadError(f"node '{node.name}' ({node.op}): reads '{name}', which nothing produces")
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for index, node in enumerate(nodes):
        sorter.add(index, *{producer[name] for name in node.inputs if name in producer})
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        path = " -> ".join(f"'{nodes[index].name}'" for index in error.args[1][:8])
        raise ReadError(f"nodes {path}: form a cycle: a network must be free of cycles") from None
    ready = all(producer[name] < index for index, node in enumerate(nodes) for name in node.inputs if name in producer)
    return list(nodes) if ready else [nodes[index] for index in order]


def _producers(nodes: Sequence[Node], given: Collection[str]) -> dict[str, int]:
    producer: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in filter(None, node.outputs):
            if name in producer or name in given:
                first = f"node '{nodes[producer[name]].name}' produces too" if name in producer else "is an input"
                raise ReadError(f"node '{node.name}' ({node.op}): produces '{name}', which {first}")
            producer[name] = index
    return producer


def constants_among(nodes: Sequence[Node], constants: Collection[str], free: Collection[str] = ()) -> set[str]:
    """Names of all tensors that can be computed before the network runs.

    They are the ``constants`` and what nodes (in order) make of constants alone; an operator in ``free`` looks at no
    values. Runtimes compute these once, when they load a model.
    """
    known = set(constants)
    for node in nodes:
        if node.op in free or (any(node.inputs) and all(name in known for name in node.inputs if name)):
            known.update(filter(None, node.outputs))
    return known


def input_shapes(declared: Mapping[str, Dimensions | None], shape: Shapes) -> dict[str, Shape]:
    """The shape of every input in the file's axis order, ``shape`` taking precedence over what is declared.

    Raises ReadError when an override names no input or has another rank, and when a dimension stays open.
    """
    given = _by_name(declared, shape)
    return {name: _resolved(name, dimensions, given.get(name)) for name, dimensions in declared.items()}


def _by_name(declared: Mapping[str, Dimensions | None], shape: Shapes) -> Mapping[str, Sequence[int]]:
    if shape is None:
        return {}
    if not isinstance(shape, Mapping):
        if len(declared) != 1:
            raise ReadError(f"--shape {_text(shape)}: there are {len(declared)} inputs: name one of {_names(declared)}")
        return {next(iter(declared)): shape}
    for name in shape:
        if name not in declared:
            raise ReadError(f"--shape: '{name}' is no input: the inputs are {_names(declared)}")
    return shape


def _resolved(name: str, dimensions: Dimensions | None, given: Sequence[int] | None) -> Shape:
    if given is not None:
        if dimensions is not None and len(given) != len(dimensions):
            raise ReadError(
                f"--shape {_text(given)}: input '{name}' has {len(dimensions)} dimensions: {_text(dimensions)}"
            )
        dimensions = tuple(given)
    if dimensions is None or None in dimensions:
        stated = _text(dimensions) if dimensions else "missing"
        raise ReadError(
            f"input '{name}': shape {stated} is not fixed: give it with --shape, such as --shape 1,224,224,3"
        )
    fixed = tuple(d for d in dimensions if d is not None)
    if any(not 0 < d < MAX_DIMENSION for d in fixed):
        raise ReadError(f"input '{name}': shape {_text(fixed)}: every dimension must be at least 1 and below 2^31")
    return fixed or (1,)


def _text(dimensions: Sequence[int | None]) -> str:
    return ",".join("?" if d is None else str(d) for d in dimensions)


def _names(declared: Mapping[str, object]) -> str:
    return ", ".join(f"'{name}'" for name in list(declared)[:8])
