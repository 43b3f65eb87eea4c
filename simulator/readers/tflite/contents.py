"""What a .tflite file states: its subgraphs, each with operators and tensors by name, and its signatures."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

from stairline.simulator.graph.weights import sampled
from stairline.simulator.readers.assemble import Dimensions, FileNode, FileTensor
from stairline.simulator.readers.errors import ReadError

from .flatbuffer import Flatbuffer, Table
from .names import DTYPES, operator_names
from .uniform import uniform

_SMALL_BYTES = 1024
"""Stored tensors up to this size are read, because shapes may depend on them; larger ones are weights."""

_SAMPLED_FOR_ONE = 16
"""Bytes of samples that are charged as one entry, which limits the samples of a file to 256 MB."""

_LAYOUTS = {"int32": "i", "int64": "q", "bool": "?"}

_WITHOUT_OUTPUTS = frozenset({"ASSIGN_VARIABLE", "CALL_ONCE"})
"""Operators that act on variables and need give no tensor; one is made up, so that they can stand in a graph."""

_OWN_BYTES = "MaxPoolingWithArgmax2D"
"""The operator whose options are bytes in its own table."""

Values = dict[str, tuple[int, ...]]
"""The elements of small integer tensors that are known before the network runs, by the tensor's name."""


@dataclass
class Subgraph:
    """One subgraph as the file states it; tensors are given by name."""

    nodes: list[FileNode] = field(default_factory=list)
    tensors: dict[str, FileTensor] = field(default_factory=dict)
    values: Values = field(default_factory=dict)
    samples: dict[str, bytes] = field(default_factory=dict)
    """A sample of the bytes of each stored int8 tensor."""
    inputs: dict[str, Dimensions | None] = field(default_factory=dict)
    """Dimensions of each input, None where the file leaves one open."""
    outputs: tuple[str, ...] = ()
    open: set[str] = field(default_factory=set)
    """The tensors whose first axis is open: in the network that is the batch, in what a loop runs it may be a part."""
    carried: set[str] = field(default_factory=set)
    """Stored tensors that a loop starts from and changes: nothing that is computed from them is known beforehand."""


class File:
    """The subgraphs of a file, each parsed when it is first asked for."""

    def __init__(self, buffer: Flatbuffer) -> None:
        self._buffer, model = buffer, buffer.root()
        self._tables, self._buffers = model.tables(2), model.tables(4)
        self._codes = [_operator_name(code) for code in model.tables(1)]
        self._signatures = {table.text(2): table.scalar(4, "I") for table in model.tables(7)}
        self._parsed: dict[int, Subgraph] = {}
        self._sample = cache(lambda index: _sample(buffer, self._buffers[index]))
        if not self._tables:
            raise ReadError("holds no subgraph: export the model again")

    def main(self, signature: str | None) -> int:
        """The subgraph that a signature names; the first one where None and the file leaves no choice."""
        names = ", ".join(f"'{name}'" for name in list(self._signatures)[:8])
        if signature is None:
            if len(set(self._signatures.values())) > 1:
                raise ReadError(f"holds the signatures {names}: choose one with --signature")
            return next(iter(self._signatures.values()), 0)
        if signature not in self._signatures:
            raise ReadError(f"--signature {signature}: the file holds {names or 'no signatures'}: give one of them")
        return self._signatures[signature]

    def subgraph(self, index: int) -> Subgraph:
        """A subgraph by its number. Raises ReadError where the file has no such."""
        if not 0 <= index < len(self._tables):
            raise ReadError(f"names subgraph {index} of {len(self._tables)}: truncated or damaged")
        if index not in self._parsed:
            self._parsed[index] = self._parse(self._tables[index])
        return self._parsed[index]

    def _parse(self, main: Table) -> Subgraph:
        tables, found = main.tables(0), Subgraph()
        names = _unique_names([table.text(3) for table in tables])
        produced = {index for table in main.tables(3) for index in table.integers(2) or ()}
        inputs = [_inside(i, len(tables), "network input") for i in main.integers(1) or ()]
        for place, (name, table) in enumerate(zip(names, tables)):
            given = place in produced or place in inputs
            self._add(found, name, table, given)
        for place, table in enumerate(main.tables(3)):
            found.nodes += self._node(found, table, names, place)
        found.inputs = {names[i]: _signature(tables[i]) for i in inputs}
        found.outputs = tuple(names[_inside(i, len(tables), "network output")] for i in main.integers(2) or ())
        return found

    def _add(self, found: Subgraph, name: str, table: Table, given: bool) -> None:
        """Add a tensor; one that is neither stored nor given is constant where it is empty or holds a state."""
        stored = _stored(self._buffer, self._buffers, table)
        shape, is_state = table.integers(0) or (), table.scalar(5, "?")
        if stored is None and not given and (0 in shape or is_state):
            stored = b""
        tensor = found.tensors[name] = _file_tensor(table, stored)
        if (table.integers(7) or (0,))[0] < 0:
            found.open.add(name)
        layout = _LAYOUTS.get(tensor.dtype)
        if stored and layout and len(stored) % struct.calcsize(layout) == 0:
            found.values[name] = struct.unpack(f"<{len(stored) // struct.calcsize(layout)}{layout}", stored)
        elif stored is not None and 0 in shape:
            found.values[name] = ()
        if stored is not None and tensor.dtype == "int8" and table.scalar(2, "I"):
            found.samples[name] = self._sample(table.scalar(2, "I"))

    def _node(self, found: Subgraph, table: Table, names: list[str], place: int) -> list[FileNode]:
        index = table.scalar(0, "I")
        if index >= len(self._codes):
            raise ReadError(f"operator {place}: has code {index} of {len(self._codes)}: truncated or damaged")
        op = self._codes[index]
        where = f"operator {place} ({op})"
        inputs = tuple("" if i == -1 else names[_inside(i, len(names), where)] for i in table.integers(1) or ())
        outputs = tuple(names[_inside(i, len(names), where)] for i in table.integers(2) or ())
        if op == "CALL_ONCE" and not outputs:
            return []
        if not outputs and op in _WITHOUT_OUTPUTS and len(inputs) == 2:
            outputs = (f"{inputs[0]}/{op.lower()}_{place}",)
            found.tensors[outputs[0]] = found.tensors[inputs[1]]._replace(constant=False)
        if not outputs:
            raise ReadError(f"{where}: has no outputs: damaged")
        options = table.table(12) if op.startswith("STABLEHLO") else table.table(4)
        return [FileNode(outputs[0], op, inputs, outputs, table if op == _OWN_BYTES else options)]


def _operator_name(code: Table) -> str:
    number = max(code.scalar(0, "b"), code.scalar(3))
    if number == 32:
        return code.text(1) or "CUSTOM"
    return operator_names().get(number) or f"BUILTIN_{number}"


def _inside(index: int, count: int, where: str) -> int:
    if not 0 <= index < count:
        raise ReadError(f"{where}: names tensor {index} of {count}: truncated or damaged")
    return index


def _unique_names(names: list[str]) -> list[str]:
    seen = Counter(names)
    return [name if name and seen[name] == 1 else f"{name}#{index}" for index, name in enumerate(names)]


def _file_tensor(table: Table, stored: bytes | None) -> FileTensor:
    shape, signature = table.integers(0) or (), table.integers(7) or ()
    number = table.scalar(1, "b")
    dtype = DTYPES.get(number, f"type{number}")
    open_sizes = any(size < 0 for size in signature[1:])
    fixed = None if open_sizes else shape or (1,)
    return FileTensor(fixed, dtype, stored is not None, uniform(table, dtype, stored))


def _signature(table: Table) -> Dimensions | None:
    shape, signature = table.integers(0) or (), table.integers(7) or ()
    if len(signature) != len(shape):
        return shape or None
    return tuple(None if i and signature[i] < 0 else size for i, size in enumerate(shape))


def _stored(buffer: Flatbuffer, buffers: list[Table], tensor: Table) -> bytes | None:
    """The bytes of a stored tensor, b"" for more than _SMALL_BYTES; None for a tensor that is not stored."""
    index = tensor.scalar(2, "I")
    if index == 0 or index >= len(buffers) or tensor.scalar(5, "?"):
        return None
    entry = buffers[index]
    if entry.length(0):
        return entry.bytes(0, _SMALL_BYTES) or b""
    start, size = entry.scalar(1, "Q"), entry.scalar(2, "Q")
    if start <= 1:
        return None
    return buffer.data[start : start + size] if size <= _SMALL_BYTES else b""


def _sample(buffer: Flatbuffer, entry: Table) -> bytes:
    place = entry.place(0) if entry.length(0) else (entry.scalar(1, "Q"), entry.scalar(2, "Q"))
    sample = sampled(buffer.data, *place)
    buffer.charge(len(sample) // _SAMPLED_FOR_ONE)
    return sample
