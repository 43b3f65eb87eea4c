"""An Ethos-U55 of another size, made of one by numbers of its platform alone."""

from __future__ import annotations

import pytest

from benchmarks.compilers.ethos_u_sizes import changes
from stairline.hwmodels import PlatformError, derive, load
from stairline.hwmodels.files.changes import Value
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build

BASE = load("ethos-u55-128-vela5.2")

VELA_32 = {"conv2d": 0.020880722, "maxpool2d": 0.000905484}
"""What Vela 5.2 says that the first layers of ResNetV1_50 take on a U55-32 at 500 MHz, in seconds."""


@pytest.mark.parametrize("macs", [64, 256])
def test_the_numbers_of_another_size_make_the_platform_of_that_size(macs):
    made, shipped = derive(BASE, list(changes(BASE, macs))), load(f"ethos-u55-{macs}-vela5.2")
    for model in ("mobilenet_v2", "inception_v1"):
        there, here = predict(build(model), shipped), predict(build(model), made)
        assert here.latency_s == pytest.approx(there.latency_s, rel=5e-3)


def test_a_u55_32_takes_what_vela_says():
    b = GraphBuilder("stem")
    x = b.conv2d(b.input((1, 224, 224, 3)), 64, 7, 2, activation="relu")
    x = b.conv2d(b.pool("maxpool2d", x, 3, 2, padding="same"), 64, activation="relu")
    found = predict(b.build(x), derive(BASE, list(changes(BASE, 32)))).kernels
    times_s = {kernel.ops[0]: kernel.latency_s for kernel in found[:2]}
    assert times_s == pytest.approx(VELA_32, rel=0.01)


@pytest.mark.parametrize("name", ["ethos-u55-128-vela5.2", "ethos-u85-256-vela5.2"])
def test_a_size_whose_blocks_are_not_known_is_refused(name):
    other = derive(load(name), [Value("roofs.compute.int8.macs_per_cycle", 100.0)])
    with pytest.raises(PlatformError, match="blocks are known of engines with"):
        predict(build("mobilenet_v2"), other)
