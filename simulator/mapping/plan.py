"""A planned network: everything about a prediction that depends on structure and not on rates."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.platform import Machine, Rule
from stairline.simulator.graph.graph import Graph

from .partition import Crossing


class UnknownOperatorError(ValueError):
    """A network holds operators that no model of the platform covers."""


class Kernel(NamedTuple):
    """Layers that run as one: indices into the lowered graph, the rule they run under, and their work."""

    layers: tuple[int, ...]
    machine: Machine
    rule: Rule | None
    """None where the platform has no model for the operator."""
    work: Work


class Plan(NamedTuple):
    """A lowered network divided into kernels, each with the machine that runs it."""

    graph: Graph
    machine: Machine
    kernels: tuple[Kernel, ...]
    crossings: tuple[Crossing, ...]
    fallbacks: tuple[str, ...]
    """One reason per layer that had to leave the main processor."""
    unsupported: tuple[str, ...]
    """Reasons why the network cannot run: operators that no processor runs, and memories that it exceeds."""


def require_models(planned: Plan) -> None:
    """Raise UnknownOperatorError naming the first kernel of a plan that no model covers."""
    for kernel in planned.kernels:
        if kernel.rule is None:
            layer = planned.graph.layers[kernel.layers[0]]
            raise UnknownOperatorError(
                f"{planned.graph.name}: layer '{layer.name}': no model for operator '{layer.op}' on "
                f"{kernel.machine.name}; allow_unknown (predict --allow-unknown) gives a lower bound without it, and "
                f"--change alike={layer.op},OTHER prices it as another operator"
            )
