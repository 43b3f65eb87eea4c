"""PyTorch's operators restated as those of ONNX (see ``rules.py``); argument names are those of ATen's schemas."""

from __future__ import annotations

from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .elements import ELEMENTS
from .moves import MOVES
from .products import PRODUCTS
from .program import Call
from .recurrent import RECURRENT
from .rules import Restated, Rule
from .selections import SELECTIONS
from .windows import WINDOWS

FILLS = frozenset(
    {
        *("arange", "empty", "eye", "full", "linspace", "ones", "scalar_tensor", "zeros"),
        *("empty_like", "full_like", "ones_like", "zeros_like"),
        *("new_empty", "new_full", "new_ones", "new_zeros", "empty_permuted"),
    }
)
"""Operators whose result depends on shapes alone, so that it is known before the network runs."""

_RULES: dict[str, Rule] = {**WINDOWS, **ELEMENTS, **PRODUCTS, **MOVES, **SELECTIONS, **RECURRENT}


def restated(s: Restated, c: Call) -> list[FileNode]:
    """The operators of ONNX that the call is; one that has none keeps its own name, which ONNX does not know.

    Raises ReadError for a call whose result has no elements, or whose arguments do not fit.
    """
    empty = next((name for name in (c.outputs[0], *filter(None, s.used(c))) if min(s.shape(name), default=1) < 1), None)
    if empty is not None:
        raise ReadError(f"{c.where}: its output '{empty}' is {s.shape(empty)}, without elements: export without it")
    rule = _RULES.get(c.op) if c.target.startswith("aten.") else None
    return [FileNode(c.name, c.target, c.tensors(), c.outputs, {})] if rule is None else rule(s, c)
