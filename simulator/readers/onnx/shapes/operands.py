"""What a rule of shapes is given of a node: its operands' shapes and small values, and its attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from stairline.simulator.graph.ops import Shape


class NotKnownError(Exception):
    """The shape of an output does not follow from what is known before the network runs."""


class Operands(NamedTuple):
    """A node as the rules of shapes see it; an operand that the file leaves out has the shape None."""

    shapes: Sequence[Shape | None]
    value_at: Callable[[int], tuple[Any, ...] | None]
    """The elements of the operand at a position, flattened; None where they are not known."""
    options: Mapping[str, Any]
    version: int
    """The version of the operator set."""
    outputs: int
    """How many outputs the node names."""

    def shape(self, position: int) -> Shape:
        """The shape of an operand. Raises NotKnownError where it is missing."""
        found = self.shapes[position] if position < len(self.shapes) else None
        if found is None:
            raise NotKnownError
        return found

    def has(self, position: int) -> bool:
        """Whether the node names an operand at this position."""
        return position < len(self.shapes) and self.shapes[position] is not None

    def numbers(self, position: int) -> tuple[Any, ...]:
        """The elements of an operand. Raises NotKnownError where the network computes them."""
        found = self.value_at(position) if self.has(position) else None
        if found is None:
            raise NotKnownError
        return found

    def option(self, name: str, default: Any) -> Any:
        """An attribute, or ``default`` where the file leaves it out."""
        return self.options.get(name, default)

    def listed(self, name: str, position: int) -> tuple[int, ...] | None:
        """Integers that are an attribute in older operator sets and an operand in newer ones; None without them."""
        if self.has(position):
            return tuple(int(number) for number in self.numbers(position))
        found = self.options.get(name)
        return None if found is None else tuple(found)

    def axis(self, default: int, rank: int) -> int:
        """The attribute ``axis``, counted from the front. Raises NotKnownError outside the rank."""
        axis = self.option("axis", default)
        if not -rank <= axis < rank:
            raise NotKnownError
        return int(axis % rank)


Rule = Callable[[Operands], Sequence[Shape]]
"""A function that gives the shapes of a node's outputs, or raises NotKnownError."""


def broadcast(*shapes: Shape) -> Shape:
    """The shape of an element-wise operator with these operands. Raises NotKnownError where they do not fit."""
    rank = max(map(len, shapes))
    columns = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes))
    found = []
    for sizes in columns:
        larger = {size for size in sizes if size != 1}
        if len(larger) > 1:
            raise NotKnownError
        found.append(larger.pop() if larger else 1)
    return tuple(found)
