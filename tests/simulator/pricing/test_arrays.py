"""Networks as arrays: priced as predict does, also at other rates, also in part."""

from __future__ import annotations

import numpy as np
import pytest

from stairline.hwmodels import load, with_values
from stairline.simulator.pricing.arrays import Request, plan_networks
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build


@pytest.mark.parametrize("platform", ["CPU", "GPU", "VPU", "TPU"])
@pytest.mark.parametrize("operators_only", [False, True])
def test_arrays_price_a_network_as_predict_does_also_at_other_rates(platform, operators_only):
    """ShuffleNet leaves the GPU for the CPU and crosses back and forth; the TPU has a host link."""
    base = load(platform)
    dtype, graphs = base.dtypes[0], [build("shufflenet_v2"), build("mobilenet_v1")]
    networks = plan_networks(base, [Request(g, dtype, operators_only) for g in graphs])
    other = with_values(base, {"overheads.inference_s": 0.003, "platform.clock_hz": 7e8})
    for changed in (base, other):
        predictions = [predict(g, changed, dtype) for g in graphs]
        expected_s = [p.operators_s if operators_only else p.latency_s for p in predictions]
        assert networks.latencies_s(changed) == pytest.approx(expected_s, rel=1e-12)
    assert networks.only(np.array([False, True])).latencies_s(base) == pytest.approx(networks.latencies_s(base)[1:])


def test_equal_kernels_are_held_once_and_networks_without_kernels_take_nothing():
    """A network twice has twice the kernels and no more unique ones; its total is the sum over its own."""
    base, graph = load("CPU"), build("mobilenet_v1")
    one, two = (plan_networks(base, [Request(graph, "float32")] * times) for times in (1, 2))
    assert len(two.kernels) == 2 * len(one.kernels)
    assert len(two.works) == len(one.works) < len(one.kernels)
    assert two.totals(np.ones(len(two.kernels))).tolist() == [len(one.kernels)] * 2
    assert two.network_of_kernel.tolist() == [0] * len(one.kernels) + [1] * len(one.kernels)
    none = plan_networks(base, [])
    assert len(none) == 0
    assert none.latencies_s(base).tolist() == []
