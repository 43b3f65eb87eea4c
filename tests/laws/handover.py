"""A result that leaves an accelerator is converted and copied, whether the host goes on with it or hands it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.prediction import CROSSING, HOST_IO

from .scaling import SLACK, Violation
from .targets import Target


class Result(NamedTuple):
    """The output of a convolution: pixels a side, and channels."""

    side: int
    channels: int


def _network(case: Result, goes_on: bool) -> Graph:
    b = GraphBuilder("result")
    x = b.conv2d(b.input((1, case.side, case.side, case.channels)), case.channels)
    # A layer normalisation runs on the host of every platform that has one.
    return b.build(b.layer("layer_norm", x) if goes_on else x)


def cheaper_as_output(case: Result, target: Target) -> Iterator[Violation]:
    """An output of the network costs no less than the same tensor on its way to the host, fixed costs left out."""
    paths = (target.analytical.predict(_network(case, goes_on)) for goes_on in (True, False))
    crossed, handed = (
        [k for k in prediction.kernels if k.ops == (op,)] if prediction is not None else []
        for prediction, op in zip(paths, (CROSSING, HOST_IO))
    )
    if not crossed:
        return
    crossing_s = crossed[-1].latency_s - crossed[-1].cost.overhead_s
    output_s = handed[-1].latency_s - handed[-1].cost.overhead_s if handed else 0.0
    if output_s < crossing_s * (1.0 - SLACK):
        text = f"{output_s * 1e6:.2f} us as an output, {crossing_s * 1e6:.2f} us to the host's operators"
        yield Violation("output", text)
