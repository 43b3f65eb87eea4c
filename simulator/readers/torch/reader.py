"""The reader of exported PyTorch programs: the archive that ``torch.export.save`` writes, and modules in this process.

A module is exported and saved in memory first, so that both are read from the same text. It states the shape of every
tensor; its operators are restated as those of ONNX and converted as those are.
"""

from __future__ import annotations

from pathlib import Path

from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.assemble import FileNode, constants_among, in_order, input_shapes
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import Shapes
from stairline.simulator.readers.onnx.reader import converted, needed
from stairline.simulator.readers.onnx.regroup import regrouped

from .archive import program_text
from .operators import FILLS, restated
from .program import Program, parsed
from .rules import Restated


def read_torch(path: Path, shape: Shapes = None) -> Graph:
    """The network of a .pt2 file; ``shape`` is in PyTorch's order of axes (batch, channels, height, width).

    Open sizes are those of the example that the program was exported with. Layers are named after the modules that call
    them. An operator without a canonical one becomes a layer "torch:NAME". Raises ReadError, also for a shape other
    than the file's, which states that of every tensor.
    """
    return graph_of(parsed(program_text(path)), path, shape)


def graph_of(program: Program, path: Path, shape: Shapes = None) -> Graph:
    """The network of a program; ``path`` names it."""
    declared = {name: program.tensors[name].shape for name in program.inputs}
    shapes = input_shapes(declared, shape)
    for name, given in shapes.items():
        if given != (declared[name] or (1,)):
            raise ReadError(
                f"--shape {','.join(map(str, given))}: input '{name}' is {declared[name]}, and the file states all "
                "shapes that follow: export the module with an example of this shape"
            )
    known = _known(program)
    tensors = {name: tensor._replace(constant=name in known) for name, tensor in program.tensors.items()}
    read = {name for call in program.calls for name in call.tensors()} | set(program.outputs)
    found = Restated(tensors, {}, set(known), frozenset(read))
    running = [call for call in program.calls if not known.issuperset(call.outputs)]
    nodes = in_order([part for call in running for part in restated(found, call)], {*shapes, *found.stored})
    outputs = [name for name in dict.fromkeys(program.outputs) if name not in known] or list(program.outputs)
    lost = [call for call in running if call.in_place and not read.intersection(call.outputs)]
    notes = tuple(f"{call.where}: writes into part of a tensor, and its time is left out" for call in lost)
    kept = regrouped(needed(_direct(nodes, set(outputs)), outputs, found.stored), found.tensors, outputs)
    return converted(path, kept, found.tensors, found.values, shapes, outputs, program.notes + notes, "torch")


def _direct(nodes: list[FileNode], outputs: set[str]) -> list[FileNode]:
    """The nodes without those that hand their operand on, such as a copy, which stand between parts of a pattern."""
    behind: dict[str, str] = {}
    kept = []
    for node in nodes:
        node = node._replace(inputs=tuple(behind.get(name, name) for name in node.inputs))
        if node.op == "Identity" and not outputs.intersection(node.outputs):
            behind[node.outputs[0]] = node.inputs[0]
        else:
            kept.append(node)
    return kept


def _known(program: Program) -> set[str]:
    """All tensors that are known before the network runs."""
    fills = {name for call in program.calls if call.op in FILLS for name in call.outputs}
    nodes = [FileNode(call.name, call.op, call.tensors(), call.outputs) for call in program.calls]
    return constants_among(nodes, program.stored | fills)
