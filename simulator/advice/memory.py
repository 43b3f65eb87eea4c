"""Networks that find no room in a platform's memories, and how much narrower they would."""

from __future__ import annotations

from collections.abc import Iterator

from stairline.simulator.graph.graph import Graph, GraphError
from stairline.simulator.graph.widths import widths, with_channels
from stairline.simulator.mapping.plan import Plan
from stairline.simulator.walk import plan

from .case import Candidate, Case
from .findings import ROOM, SPILL

_SHARES = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5)
"""Widths that are tried, as shares of all the network's, the widest first."""
_GRAIN = 8
"""Channels are rounded down to a multiple of this."""


def spill_changes(case: Case) -> Iterator[list[Candidate]]:
    """The widest network that keeps all parameters on chip, or finds room at all, where the present one does not."""
    spilled, runs = spilled_bytes(case.plan), case.before.status != "cannot_run"
    if runs and not spilled:
        return
    for share in _SHARES:
        graph = narrower(case.graph, share)
        if graph is None:
            continue
        planned = plan(graph, case.plan.machine)
        if planned.unsupported or (runs and spilled_bytes(planned)):
            continue
        kept = f"all parameters stay on chip, of which {spilled / 1e6:.2f} MB have no room" if runs else "it runs"
        what = f"Narrow all widths to {share:.0%}: then {kept}"
        yield [Candidate("narrower", what, SPILL if runs else ROOM, graph, case.dtype, caution="train it again")]
        return


def spilled_bytes(planned: Plan) -> float:
    """Bytes of parameters that arrive with every inference."""
    return sum(kernel.work.streamed_elements * kernel.machine.element_bytes for kernel in planned.kernels)


def narrower(graph: Graph, share: float) -> Graph | None:
    """The network with a share of each of its widths, rounded; None where one of them cannot follow."""
    channels = {
        index: max(_GRAIN, int(width.channels * share) // _GRAIN * _GRAIN)
        for width in widths(graph)
        for index in width.producers
        if width.channels > _GRAIN
    }
    try:
        return with_channels(graph, channels)
    except GraphError:
        return None
