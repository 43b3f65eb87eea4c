"""The form of a rule that restates one of OpenVINO's operators."""

from __future__ import annotations

from collections.abc import Callable

from stairline.simulator.readers.assemble import FileNode

from .contents import Contents
from .document import IrLayer

Rule = Callable[[Contents, IrLayer], list[FileNode]]
"""A function from a layer to the operators of ONNX that it is."""


def renamed(op: str) -> Rule:
    """The rule of an operator that is ONNX's ``op`` with the same operands, none of its attributes counting."""
    return lambda found, layer: [found.node(layer, op)]
