"""Subgraphs that operators call, written out in their place: loops step by step, calls and composites once.

A loop is written out where its condition follows from stored counters, as that of a recurrent layer over a fixed number
of steps does. This is what the interpreter runs: the body's operators, once for each step.
"""

from __future__ import annotations

from collections.abc import Sequence

from stairline.simulator.readers.assemble import FileNode, in_order
from stairline.simulator.readers.errors import ReadError

from .contents import File, Subgraph, Values
from .values import follow

MOST_NODES = 100_000
"""Operators up to which loops are written out; a longer one stays a layer of its own."""

_DEEPEST = 16
"""Subgraphs within subgraphs, beyond which a file is called malformed."""

_CALLS = {"CALL": 0, "STABLEHLO_COMPOSITE": 1}
"""Operators that run one subgraph once, and the option that holds its number."""


def written_out(file: File, main: int) -> Subgraph:
    """The subgraph ``main`` with everything that it calls written out. Raises ReadError."""
    called = file.subgraph(main)
    if not called.outputs or not called.inputs:
        raise ReadError(f"states no {'inputs' if called.outputs else 'outputs'}: export the model again")
    stored = {name for name, tensor in called.tensors.items() if tensor.constant}
    ordered = in_order(called.nodes, stored | set(called.inputs))
    flat = Subgraph(inputs=called.inputs)
    writer = _Writer(file, flat)
    flat.outputs = tuple(writer.write(main, ordered, {name: name for name in called.tensors}, 0))
    return flat


class _Writer:
    """The subgraph that is being written, and how often each called one was written into it."""

    def __init__(self, file: File, flat: Subgraph) -> None:
        self.file, self.flat = file, flat

    def write(self, index: int, nodes: Sequence[FileNode], names: dict[str, str], depth: int) -> list[str]:
        """Write the nodes of a subgraph, its tensors under their new ``names``; return the names of its outputs."""
        if depth > _DEEPEST:
            raise ReadError(f"subgraph {index}: calls subgraphs {_DEEPEST} deep: damaged or recursive")
        called = self.file.subgraph(index)
        for name, new in names.items():
            if new not in self.flat.tensors:
                tensor = called.tensors[name]
                self.flat.tensors[new] = tensor._replace(shape=None) if depth and name in called.open else tensor
                if name in called.values:
                    self.flat.values[new] = called.values[name]
                if name in called.samples:
                    self.flat.samples[new] = called.samples[name]
        for node in nodes:
            self._write_node(node, names, depth)
        return [names[name] for name in called.outputs]

    def _write_node(self, node: FileNode, names: dict[str, str], depth: int) -> None:
        inputs = tuple(names[name] if name else "" for name in node.inputs)
        results = None
        if node.op in _CALLS and node.options is not None:
            results = self._called(node.options.scalar(_CALLS[node.op]), inputs, names[node.name], depth)
        elif node.op == "WHILE" and node.options is not None:
            results = self._loop(node, inputs, names[node.name], depth)
        if results is not None and len(results) >= len(node.outputs):
            names.update(zip(node.outputs, results))
            return
        outputs = tuple(names[name] for name in node.outputs)
        written = FileNode(outputs[0], node.op, inputs, outputs, node.options)
        self.flat.nodes.append(written)
        if len(self.flat.nodes) > MOST_NODES:
            raise ReadError(f"more than {MOST_NODES} operators: damaged or not a network")
        follow(written, self.flat.values, lambda _: None)

    def _called(self, index: int, operands: Sequence[str], prefix: str, depth: int) -> list[str]:
        """The outputs of a subgraph that is called once with these operands."""
        called = self.file.subgraph(index)
        if len(called.inputs) != len(operands):
            raise ReadError(f"node '{prefix}': gives subgraph {index} {len(operands)} of {len(called.inputs)} inputs")
        names = {
            name: f"subgraph {index}/{name}" if tensor.constant else f"{prefix}/{name}"
            for name, tensor in called.tensors.items()
        }
        names.update(zip(called.inputs, operands))
        return self.write(index, called.nodes, names, depth + 1)

    def _loop(self, node: FileNode, operands: Sequence[str], prefix: str, depth: int) -> list[str] | None:
        """The results of a loop that is written out; None where its number of steps is not known, or too large."""
        condition, body = node.options.scalar(0), node.options.scalar(1)
        steps = self._steps(condition, body, operands)
        if steps is None or len(self.flat.nodes) + steps * len(self.file.subgraph(body).nodes) > MOST_NODES:
            return None
        results = self._carried(body, operands, prefix)
        for step in range(steps):
            results = self._called(body, results, f"{prefix}/step {step}", depth)
            if len(results) != len(operands):
                raise ReadError(f"node '{prefix}' (WHILE): its body gives {len(results)} of {len(operands)} results")
        return results

    def _carried(self, body: int, operands: Sequence[str], prefix: str) -> list[str]:
        """The operands, a stored one that the body changes under a name of its own, as it is no constant there."""
        called, results = self.file.subgraph(body), list(operands)
        for place, (name, given, kept) in enumerate(zip(operands, called.inputs, called.outputs)):
            tensor = self.flat.tensors.get(name)
            if given != kept and tensor is not None and tensor.constant and name not in self.flat.values:
                results[place] = f"{prefix}/carried {place}"
                self.flat.tensors[results[place]] = tensor._replace(constant=False)
                self.flat.carried.add(results[place])
        return results

    def _steps(self, condition: int, body: int, operands: Sequence[str]) -> int | None:
        """The number of steps after which the condition no longer holds; None where stored counters do not tell it."""
        carried, steps = [self.flat.values.get(name) for name in operands], 0
        while steps <= MOST_NODES:
            holds = self._results(condition, carried)
            if len(holds) != 1 or holds[0] is None or len(holds[0]) != 1:
                return None
            if not holds[0][0]:
                return steps
            carried, steps = self._results(body, carried), steps + 1
        return None

    def _results(self, index: int, operands: Sequence[tuple[int, ...] | None]) -> list[tuple[int, ...] | None]:
        """What is known of a subgraph's outputs, from what is known of its inputs."""
        called = self.file.subgraph(index)
        values: Values = dict(called.values)
        values.update((name, value) for name, value in zip(called.inputs, operands) if value is not None)
        for node in called.nodes:
            follow(node, values, lambda _: None)
        return [values.get(name) for name in called.outputs]
