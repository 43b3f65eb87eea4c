"""An array's dimensions and the roof that it makes are one statement: neither changes without the other."""

from __future__ import annotations

import pytest

from stairline.hwmodels import PlatformError, load, with_values
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict

NPU, VPU = load("NPU"), load("VPU")


def conv() -> Graph:
    b = GraphBuilder("conv")
    return b.build(b.conv2d(b.input((1, 64, 64, 256)), 640, 3))


@pytest.mark.parametrize(
    ("platform", "key", "value"),
    [
        (NPU, "shared.cores.uint8", 20),
        (NPU, "roofs.compute.uint8.macs_per_cycle", 3840),
        (VPU, "shared.macs_per_step", 512),
        (VPU, "roofs.compute.float16.macs_per_cycle", 512),
    ],
)
def test_one_of_the_two_alone_is_refused_and_both_are_named(platform, key, value):
    with pytest.raises(PlatformError, match=r"is \d+ macs per cycle at \w+, roofs\.compute\.\w+\.macs_per_cycle says"):
        with_values(platform, {key: value})


def test_twice_the_cores_at_twice_the_roof_halve_the_time_of_an_array_that_they_fill():
    twice = with_values(NPU, {"shared.cores.uint8": 20, "roofs.compute.uint8.macs_per_cycle": 3840})
    one, other = (predict(conv(), platform, "uint8").kernels[0].cost for platform in (NPU, twice))
    assert other.compute_s == pytest.approx(one.compute_s / 2)
