"""What the rules that restate PyTorch's operators as those of ONNX read, and the forms that many of them share.

PyTorch keeps ONNX's order of axes: restated, its operators go through one conversion with those of ONNX files, so that
both forms of a network give one graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode, FileTensor
from stairline.simulator.readers.errors import ReadError

from .program import Call, Name


class Restated(NamedTuple):
    """The tensors of a program, to which rules add those between the operators that one call becomes."""

    tensors: dict[str, FileTensor]
    values: dict[str, tuple[float, ...]]
    """The elements of stored operands that arguments state."""
    stored: set[str]
    read: frozenset[str]
    """The tensors that a call reads or the program gives back."""

    def shape(self, name: str) -> Shape:
        """The shape of a tensor in PyTorch's order of axes."""
        return self.tensors[name].shape or ()

    def tensor(self, c: Call, argument: str) -> str:
        """The name of the tensor that is an argument. Raises ReadError for an argument that is none."""
        value = c.arguments.get(argument)
        if not isinstance(value, Name) or value not in self.tensors:
            raise ReadError(f"{c.where}: argument '{argument}' is {value!r}, not a tensor: export the module again")
        return value

    def data(self, c: Call) -> str:
        """The name of the tensor that the operator works on, which some schemas call ``self`` and others ``input``."""
        return self.tensor(c, "self" if "self" in c.arguments else "input")

    def used(self, c: Call) -> tuple[str, ...]:
        """The outputs with "" in the place of those that nothing reads."""
        return tuple(name if name in self.read else "" for name in c.outputs)

    def several(self, c: Call, argument: str) -> tuple[str, ...]:
        """The names of the tensors that are an argument. Raises ReadError where there are none."""
        value = c.arguments.get(argument)
        names = value if isinstance(value, tuple) else ()
        if not names or not all(isinstance(name, Name) and name in self.tensors for name in names):
            raise ReadError(f"{c.where}: argument '{argument}' is {value!r}, not tensors: export the module again")
        return tuple(map(str, names))

    def operand(self, c: Call, argument: str, dtype: str | None = None) -> str:
        """The name of an argument that is a tensor or a number; a number becomes a stored operand."""
        value = c.arguments.get(argument)
        if isinstance(value, (bool, int, float)):
            return self.number(f"{c.outputs[0]}/{argument}", float(value), dtype or self.tensors[c.outputs[0]].dtype)
        return self.tensor(c, argument)

    def number(self, name: str, value: float, dtype: str = "float32") -> str:
        """A stored operand of one element."""
        self.tensors[name], self.values[name] = FileTensor((), dtype, True), (value,)
        self.stored.add(name)
        return name

    def parameter(self, name: str, shape: Shape, dtype: str = "float32") -> str:
        """A stored operand of which nothing but its shape counts."""
        self.tensors[name] = FileTensor(shape, dtype, True)
        self.stored.add(name)
        return name

    def between(self, c: Call, suffix: str, shape: Shape, dtype: str | None = None) -> str:
        """The name of a new tensor between two operators that one call becomes."""
        name = f"{c.outputs[0]}/{suffix}"
        self.tensors[name] = FileTensor(shape, dtype or self.tensors[c.outputs[0]].dtype)
        return name

    def axis(self, c: Call, axis: int, rank: int) -> int:
        """An axis counted from the front. Raises ReadError for one outside of the rank."""
        if not -max(rank, 1) <= axis < max(rank, 1):
            raise ReadError(f"{c.where}: axis {axis} is outside rank {rank}: export the module again")
        return axis % max(rank, 1)


Rule = Callable[[Restated, Call], list[FileNode]]
"""A function from a call to the operators of ONNX that it is."""


def number(c: Call, argument: str, default: int) -> int:
    """A whole number. Raises ReadError for another argument."""
    value = c.arguments.get(argument, default)
    value = default if value is None else value
    if not isinstance(value, int):
        raise ReadError(f"{c.where}: argument '{argument}' is {value!r}, not a whole number: export the module again")
    return int(value)


def real(c: Call, argument: str, default: float) -> float:
    """A number. Raises ReadError for another argument."""
    value = c.arguments.get(argument)
    value = default if value is None else value
    if not isinstance(value, (int, float)):
        raise ReadError(f"{c.where}: argument '{argument}' is {value!r}, not a number: export the module again")
    return float(value)


def numbers(c: Call, argument: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Whole numbers; one stands for itself. Raises ReadError for another argument."""
    value = c.arguments.get(argument)
    value = default if value is None else value
    value = (value,) if isinstance(value, int) else value
    if not isinstance(value, tuple) or not all(isinstance(item, int) for item in value):
        raise ReadError(f"{c.where}: argument '{argument}' is {value!r}, not whole numbers: export the module again")
    return tuple(item for item in value if isinstance(item, int))


def node(c: Call, op: str, inputs: tuple[str, ...], outputs: tuple[str, ...] = (), **options: Any) -> FileNode:
    """The call as one operator of ONNX with these attributes."""
    return FileNode(c.name, op, inputs, outputs or c.outputs[:1], options)


def part(c: Call, suffix: str, op: str, inputs: tuple[str, ...], output: str, **options: Any) -> FileNode:
    """One of several operators that a call becomes."""
    return FileNode(f"{c.name}/{suffix}", op, inputs, (output,), options)


def on_data(op: str, **options: Any) -> Rule:
    """The rule of an operator that is ONNX's ``op`` on one tensor, none of whose other arguments counts."""
    return lambda s, c: [node(c, op, (s.data(c),), **options)]


def renamed(op: str, *arguments: str) -> Rule:
    """The rule of an operator that is ONNX's ``op`` on these arguments, tensors or numbers."""
    return lambda s, c: [node(c, op, tuple(s.operand(c, name) for name in arguments))]


def same(s: Restated, c: Call) -> list[FileNode]:
    """An operator that changes nothing but, perhaps, the precision of its tensor."""
    x = s.data(c)
    return [node(c, "Cast" if s.tensors[x].dtype != s.tensors[c.outputs[0]].dtype else "Identity", (x,))]
