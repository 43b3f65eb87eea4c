"""A network as Vela schedules it: its kernels in order of execution, called nodes, and the tensors between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stairline.simulator.runtimes.vela.blocks.query import Kind, Size

from .operator import Operator


class Stored(NamedTuple):
    """A tensor in memory: its size, the positions of the nodes that write and read it, and its layout."""

    bytes: int
    writers: tuple[int, ...]
    readers: tuple[int, ...]
    bricks: bool
    outside: bool
    """Whether it is an input or output of the network."""
    constant: bool

    @property
    def whole(self) -> bool:
        """Whether all of the tensor must be in memory at once, so that no buffer of a few rows can replace it."""
        return self.outside or len(self.writers) != 1 or len(self.readers) != 1 or not self.bricks


class Node(NamedTuple):
    """One kernel of the Ethos-U before its block is chosen."""

    number: int
    """Index of its kernel among the planned kernels."""
    kind: Kind
    op: Operator
    inputs: tuple[int, ...]
    """Stored tensors that its first operator reads; of two operands the larger one comes first."""
    chained_operands: tuple[tuple[int, Size], ...]
    """Stored tensors, and their sizes, that the operators chained behind this one read besides its result."""
    output: int
    second: Size | None
    """Size of the second operand of an element-wise operator."""
    table: bool
    """Whether an activation is fused that looks up a table."""
    chained: bool
    """Whether other operators are chained behind the first one."""
    striped: bool
    """Whether it may run stripe by stripe: a window, product or element-wise operator with nothing chained behind."""
    shared: bool = False
    """Whether other operators have the same weights: those of the other images of a batch."""
    stages: bool = False
    """Whether it only copies the input of the next node to the fast memory, and belongs to that node's kernel."""

    upscale: int = 1
    """How many times as many rows and columns the engine sees as the input has, zeros between them."""

    @property
    def reads(self) -> tuple[int, ...]:
        """Stored tensors that the node reads, each once."""
        return tuple(dict.fromkeys((*self.inputs, *(t for t, _ in self.chained_operands))))


class Network(NamedTuple):
    """Nodes in order of execution, and the stored tensors between them by their number in the graph."""

    nodes: tuple[Node, ...]
    tensors: dict[int, Stored]

    def movable(self, node: Node) -> bool:
        """Whether the input of ``node`` could be kept in the fast memory: a node writes it, and that is no copy.

        Of several writers the last one decides, because Vela holds them in the opposite order.
        """
        writers = self.tensors[node.inputs[0]].writers
        return bool(writers) and self.nodes[writers[-1]].kind != "copy"


def connected(nodes: Sequence[Node], tensors: dict[int, Stored]) -> dict[int, Stored]:
    """The tensors with the positions of the nodes that write and read each of them filled in."""
    writers: dict[int, list[int]] = {}
    readers: dict[int, list[int]] = {}
    for position, node in enumerate(nodes):
        writers.setdefault(node.output, []).append(position)
        for tensor in node.reads:
            readers.setdefault(tensor, []).append(position)
    return {
        tensor: one._replace(writers=tuple(writers.get(tensor, ())), readers=tuple(readers.get(tensor, ())))
        for tensor, one in tensors.items()
    }
