"""What a change does by itself, why one does nothing, and how much less certain it leaves a prediction."""

from __future__ import annotations

from math import exp, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.hwmodels import derive, load, quantities
from stairline.hwmodels.files.changes import Fused, Times, Unfused, Value
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.whatif.effects import effect, widened
from stairline.simulator.zoo import build

DRAM, MACS = "roofs.memory.dram.bandwidth_bytes_per_s", "roofs.compute.float32.macs_per_cycle"


def pointwise():
    b = GraphBuilder("pointwise")
    return b.build(b.conv2d(b.input((1, 10, 10, 8)), 8, activation="relu"))


def why(platform, change, graph=None, dtype=None):
    [one] = effect(graph or pointwise(), platform, [change], dtype).alone
    return one.why_none


def test_a_bound_that_hides_a_change_is_named(device):
    # At half a gigabyte a second the 6400 bytes take 12.8 us, and 6400 MAC 6.4 us at most.
    slow = derive(device(overlap=1), [Value(DRAM, 5e8)])
    assert why(slow, Times(MACS, 2.0)) == "the kernel that it touches is bound by memory throughout"


def test_a_change_that_the_network_does_not_meet_says_why():
    cpu, v2 = load("CPU"), build("mobilenet_v2")
    assert why(cpu, Value("roofs.compute.int8.macs_per_cycle", 64.0), v2) == "the network runs at float32"
    concat = "kernels.concat.copy_setup_s"
    assert why(cpu, Times(concat, 2.0), v2) == "no kernel of this network is priced under kernels.concat"
    assert why(cpu, Times("power.active_w", 2.0), v2) == "it bears on the energy alone"
    assert why(cpu, Times("uncertainty.factor.float32", 2.0), v2) == "it bears on the interval alone"
    assert why(load("TPU"), Times("placement.capacity_bytes", 2.0), v2).startswith("no more and no less")
    assert why(cpu, Fused(("conv2d", "tanh")), v2) == "no kernel of this network changes"
    assert why(cpu, Unfused("relu6"), v2) == ""


def test_numbers_that_must_agree_have_their_effect_together():
    vpu, v2 = load("VPU"), build("mobilenet_v2")
    arrays = [key for key, _ in quantities(vpu.file) if key.endswith("macs_per_step")]
    changes = [Times("roofs.compute.float16.macs_per_cycle", 2.0), *(Times(key, 2.0) for key in arrays)]
    found = effect(v2, vpu, changes)
    assert {(one.latency_s, one.is_joint) for one in found.alone} == {(found.after.latency_s, True)}
    assert len(found.separate) == 1


@given(st.floats(1.0, 3.0), st.lists(st.floats(0.2, 5.0), max_size=4))
def test_a_change_never_makes_a_prediction_more_certain(factor, ratios):
    found = widened(factor, ratios)
    assert found >= factor * (1 - 1e-12)
    assert widened(factor, [*ratios, 1.0]) == pytest.approx(found)


def test_the_widening_is_half_of_each_effect_in_squares():
    # ln 1.0 = 0, so that what remains is half of ln 4 and half of ln 4, at right angles.
    assert widened(1.0, [4.0, 0.25]) == pytest.approx(exp(sqrt(2.0) * 0.5 * 1.3862943611))
