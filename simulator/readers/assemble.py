"""Operators with named tensors, as every model format states them, put in order and assembled into a graph."""

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
"""A shape, in elements, in which None is a dimension that the file leaves open."""


class FileNode(NamedTuple):
    """One operator as a file states it, its tensors given by name; an empty input name is an omitted operand."""

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: Any = None
    """The operator's attributes in the format's own form, which the format's own reader interprets."""


class FileTensor(NamedTuple):
    """Shape, precision and constancy of a tensor as a file states them; ``shape`` is None where it states none."""

    shape: Shape | None
    dtype: str
    constant: bool = False
    value: float | None = None
    """The value of all elements of a stored tensor, where it is known and one."""


Convert = Callable[[FileNode], Sequence[int]]
"""A function that appends a node's layers to the builder and returns the tensor indices of the node's named outputs."""


def assemble(
    builder: GraphBuilder, nodes: Sequence[FileNode], tensors: dict[str, int], outputs: Iterable[str], convert: Convert
) -> Graph:
    """Convert the nodes one after the other and build the graph with these ``outputs``, given by name.

    The nodes must be in execution order already (see ``in_order``). ``tensors`` maps names to the builder's tensor
    indices; the outputs of each node are added to it. Raises ReadError for an output that no node produces, and for a
    network without outputs.
    """
    for node in nodes:
        tensors.update(zip(filter(None, node.outputs), convert(node)))
    names = list(outputs)
    missing = [name for name in names if name not in tensors]
    if missing or not names:
        what = f"output '{missing[0]}' is never produced" if missing else "no outputs are stated"
        raise ReadError(f"graph '{builder.name}': {what}: export the model again")
    return builder.build([tensors[name] for name in names])


def in_order(nodes: Sequence[FileNode], given: Collection[str]) -> list[FileNode]:
    """The nodes in execution order, which is the file's own order where every node stands behind its producers.

    ``given`` are the names of inputs and stored operands. Raises ReadError, which names a cycle, an operand that
    nothing produces, or a tensor that is produced twice.
    """
    producer = _producers(nodes, given)
    for node in nodes:
        for name in node.inputs:
            if name and name not in given and name not in producer:
                raise ReadError(
                    f"node '{node.name}' ({node.op}): reads '{name}', which nothing produces: export the model again"
                )
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for index, node in enumerate(nodes):
        sorter.add(index, *{producer[name] for name in node.inputs if name in producer})
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        path = " -> ".join(f"'{nodes[index].name}'" for index in error.args[1][:8])
        raise ReadError(f"nodes {path}: form a cycle: export the network without cycles") from None
    ready = all(producer[name] < index for index, node in enumerate(nodes) for name in node.inputs if name in producer)
    return list(nodes) if ready else [nodes[index] for index in order]


def _producers(nodes: Sequence[FileNode], given: Collection[str]) -> dict[str, int]:
    """Position of the node that produces each named tensor. Raises ReadError for one that is produced twice."""
    producer: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in filter(None, node.outputs):
            if name in producer or name in given:
                first = f"node '{nodes[producer[name]].name}' produces too" if name in producer else "is an input"
                raise ReadError(
                    f"node '{node.name}' ({node.op}): produces '{name}', which {first}: export the model again"
                )
            producer[name] = index
    return producer


def constants_among(nodes: Sequence[FileNode], constants: Collection[str], free: Collection[str] = ()) -> set[str]:
    """Names of all tensors that can be computed before the network runs, as runtimes do once when they load a model.

    They are the ``constants`` and the outputs of every node, in execution order, whose operands are constant. An
    operator in ``free`` depends on its operands' shapes only, so its outputs are constant whatever it reads.
    """
    known = set(constants)
    for node in nodes:
        if node.op in free or (any(node.inputs) and all(name in known for name in node.inputs if name)):
            known.update(filter(None, node.outputs))
    return known


def input_shapes(declared: Mapping[str, Dimensions | None], shape: Shapes) -> dict[str, Shape]:
    """The shape of every input in the file's axis order; ``shape``, given by the user, replaces a declared one.

    Raises ReadError when ``shape`` names no input or has another rank, and when a dimension remains open.
    """
    given = _by_name(declared, shape)
    return {name: _resolved(name, dimensions, given.get(name)) for name, dimensions in declared.items()}


def _by_name(declared: Mapping[str, Dimensions | None], shape: Shapes) -> Mapping[str, Sequence[int]]:
    if shape is None:
        return {}
    if not isinstance(shape, Mapping):
        if len(declared) != 1:
            raise ReadError(
                f"--shape {_text(shape)}: the network has {len(declared)} inputs: give NAME=DIMS for each of"
                f" {_names(declared)}"
            )
        return {next(iter(declared)): shape}
    for name in shape:
        if name not in declared:
            raise ReadError(f"--shape {name}=...: '{name}' is no input: the inputs are {_names(declared)}")
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
        example = _text(tuple(1 if d is None else d for d in dimensions or (1,)))
        raise ReadError(
            f"input '{name}': shape {stated} is not fixed: give it with --shape, such as --shape {name}={example}"
        )
    fixed = tuple(d for d in dimensions if d is not None)
    if any(not 0 < d < MAX_DIMENSION for d in fixed):
        raise ReadError(f"input '{name}': shape {_text(fixed)}: every dimension must be at least 1 and below 2^31")
    return fixed or (1,)


def _text(dimensions: Sequence[int | None]) -> str:
    return ",".join("?" if d is None else str(d) for d in dimensions)


def _names(declared: Mapping[str, object]) -> str:
    return ", ".join(f"'{name}'" for name in list(declared)[:8])
