"""The rules by which a platform file asks for Vela: how operators chain, and the schedule of a whole network."""

from __future__ import annotations

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.mapping.fusion import condition
from stairline.simulator.mapping.placement import Placement, nothing_streamed, placement_rule
from stairline.simulator.mapping.schedules import SCHEDULES, Schedule

from .activations import PASSED_THROUGH
from .network.order import depth_first
from .network.regrouping import in_rows, regroups
from .schedule.schedule import schedule


@condition
def regrouped_alike(graph: Graph, last: Layer, candidate: Layer) -> bool:
    """Vela takes the maps of both for ones of more channels, or of neither."""
    return regroups(graph, last) == regroups(graph, candidate)


@condition
def in_one_pass(graph: Graph, last: Layer, candidate: Layer) -> bool:
    """Vela runs both in one pass: a convolution of images takes nothing in, a product of many rows only activations.

    No activation follows another one.
    """
    if last.op in PASSED_THROUGH and candidate.op in PASSED_THROUGH:
        return False
    if last.op == "conv2d":
        return graph.tensors[last.outputs[0]].shape[0] == 1
    return candidate.op in PASSED_THROUGH or not in_rows(graph, last)


@placement_rule
def vela(_graph: Graph, groups: list[list[int]], _machines: list[Machine], _main: Machine) -> Placement:
    """The schedule of the whole network decides what lives where."""
    return nothing_streamed(groups)


SCHEDULES.register("vela", Schedule(depth_first, schedule))
