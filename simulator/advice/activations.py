"""Activations that cost time, and what could stand in for them."""

from __future__ import annotations

from collections.abc import Iterator

from stairline.hwmodels.spelling import first
from stairline.simulator.graph.changes import changed

from .case import Candidate, Case
from .findings import ACTIVATIONS

STAND_INS: dict[str, tuple[str, ...]] = {
    "swish": ("hard_swish", "relu6", "relu"),
    "gelu": ("hard_swish", "relu6", "relu"),
    "mish": ("hard_swish", "relu6", "relu"),
    "hard_swish": ("relu6", "relu"),
    "softplus": ("relu",),
    "elu": ("leaky_relu", "relu"),
    "leaky_relu": ("relu",),
    "prelu": ("leaky_relu", "relu"),
    "relu6": ("relu",),
    "sigmoid": ("hard_sigmoid",),
}
"""What may stand in for an activation, the most similar function first: piecewise linear forms, then rectifiers."""


def activation_changes(case: Case) -> Iterator[list[Candidate]]:
    """Every kind of activation replaced, in all of its layers, by each function that may stand in for it."""
    for op, stand_ins in STAND_INS.items():
        found = [index for index, layer in enumerate(case.graph.layers) if layer.op == op]
        if found:
            yield [_replaced(case, found, op, stand_in) for stand_in in stand_ins]


def _replaced(case: Case, found: list[int], op: str, stand_in: str) -> Candidate:
    layers = case.graph.layers
    names = tuple(layers[index].name for index in found)
    graph = changed(case.graph, {index: layers[index]._replace(op=stand_in, spelling=None) for index in found})
    what = f"Replace {op} by {stand_in} in {first(names, 'layers')}"
    return Candidate("activation", what, ACTIVATIONS, graph, case.dtype, names, caution="train it again")
