"""Ridges, tornados and goals against arithmetic by hand and brute force."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.hwmodels import derive, load, quantities
from stairline.hwmodels.files.changes import Value
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.pricing.predict import predict
from stairline.simulator.whatif.answers import answer, goal, ways, weights
from stairline.simulator.whatif.errors import WhatIfError
from stairline.simulator.whatif.goals import way
from stairline.simulator.whatif.points import axis
from stairline.simulator.whatif.ridges import bindings, ridges
from stairline.simulator.whatif.scenario import Scenario
from stairline.simulator.whatif.searches import bisected
from stairline.simulator.whatif.suite import Suite
from stairline.simulator.whatif.tornado import tornado
from stairline.simulator.zoo import build

DRAM = "roofs.memory.dram.bandwidth_bytes_per_s"


def pointwise():
    """10 x 10 pixels, 8 channels to 8: 6400 MAC, 1600 elements moved, 64 weights and 8 biases."""
    b = GraphBuilder("pointwise")
    return b.build(b.conv2d(b.input((1, 10, 10, 8)), 8))


def alone(platform, graph=None):
    return Suite(platform, (graph or pointwise(),), ("one",), (1.0,))


def test_a_sweep_through_the_ridge_point_finds_it(device):
    # 6400 MAC at 1 GMAC/s take 6.4 us, and 6400 bytes at 1 GB/s take as long.
    [ridge] = ridges(alone(device(overlap=1)), axis(device(overlap=1), f"{DRAM}=1e8:1e10:log4"))
    assert ridge.low == pytest.approx(1e9, rel=1e-9)
    assert ridge.high == pytest.approx(1e9, rel=1e-9)
    assert (ridge.below, ridge.above) == ("memory", "compute")


def test_no_ridge_is_found_where_one_bound_binds_throughout(device):
    found, swept = alone(device()), axis(device(), f"{DRAM}=2e9:1e10:lin5")
    assert not ridges(found, swept)


def test_the_binding_bound_is_the_one_that_most_of_the_time_is_under(device):
    found = alone(device())
    [binding] = bindings(found, found.base)
    # The kernel takes 6.4 us of computing and as many of moving, so it is under the first of both.
    assert binding.limit == "compute"
    assert binding.share == 1.0


def test_the_order_of_a_tornado_is_that_of_brute_force():
    platform, graph = load("CPU"), build("mobilenet_v2")
    base_s = predict(graph, platform).latency_s

    def effect(key, value):
        return abs(log(predict(graph, derive(platform, [Value(key, value)])).latency_s / base_s))

    swings = tornado(alone(platform, graph))
    assert {swing.key for swing in swings} == {key for key, _ in quantities(platform.file)}
    forced = {s.key: max(effect(s.key, s.halved), effect(s.key, s.doubled)) for s in swings}
    assert [s.size for s in swings] == pytest.approx([forced[s.key] for s in swings], rel=1e-6, abs=1e-9)
    assert [s.size for s in swings] == sorted((s.size for s in swings), reverse=True)


def test_a_tornado_stays_within_what_a_key_allows_and_says_what_cannot_change_alone():
    swings = {swing.key: swing for swing in tornado(alone(load("VPU"), build("mobilenet_v2")))}
    efficiency = next(s for key, s in swings.items() if key.endswith(".efficiency"))
    assert efficiency.doubled <= 1.0
    assert "change both alike" in swings["roofs.compute.float16.macs_per_cycle"].refusal


def test_a_goal_is_reached_at_the_value_that_arithmetic_gives(device):
    # 6.4 us of computing, 1 us of dispatch and 6400 + 288 bytes moved, added up: 10 us at 2.57 GB/s.
    found = way(alone(device()), DRAM, 10e-6)
    assert found.is_reached
    assert found.needed == pytest.approx(6688 / 2.6e-6, rel=1e-9)
    assert found.latency_s == pytest.approx(10e-6, rel=1e-9)


def test_a_goal_that_is_met_needs_no_change(device):
    found = way(alone(device()), DRAM, 1.0)
    assert (found.needed, found.is_reached) == (1e9, True)


def test_a_goal_out_of_reach_is_refused_with_the_closest_point_and_what_binds_there(device):
    with pytest.raises(
        WhatIfError, match=r"out of reach by .*dram.*closest is 0\.007407 ms at .*= 1 TB/s, where compute binds"
    ):
        ways(alone(device()), 5e-6, [DRAM])


def test_of_all_numbers_those_that_reach_a_goal_come_first_by_how_far_they_go(device):
    found = ways(alone(device()), 10e-6, [])
    reached = [one for one in found if one.is_reached]
    assert {one.key for one in reached} >= {DRAM, "platform.clock_hz"}
    assert [one.distance for one in reached] == sorted(one.distance for one in reached)
    assert [one.is_reached for one in found] == sorted((one.is_reached for one in found), reverse=True)
    for one in reached:
        there = derive(device(), [Value(one.key, one.needed)])
        assert predict(pointwise(), there).latency_s <= 10e-6 * (1 + 1e-9)


@given(st.floats(1e-3, 1e3), st.booleans())
def test_bisection_ends_at_the_place_where_a_condition_turns(place, is_log):
    low, high = bisected(1e-4, 1e4, lambda value: value < place, is_log=is_log)
    assert low < place <= high
    assert high - low <= 1e-9 * max(place, 1.0)


@given(st.integers(1, 1000))
def test_bisection_over_whole_numbers_gives_neighbours(place):
    assert bisected(0.0, 1000.0, lambda value: value < place, is_log=False, whole=True) == (place - 1, place)


@pytest.mark.parametrize("text", ["5", "five", "5MB", "0ms", "-1ms"])
def test_a_goal_is_a_time_above_nothing(text):
    if text == "5":
        assert goal(text) == 5.0
        return
    with pytest.raises(WhatIfError, match="--reach"):
        goal(text)


def test_weights_name_networks():
    assert weights(["a", "bc"], ["bc=3"]) == (1.0, 3.0)
    for text, complaint in (("bd=3", "did you mean 'bc'"), ("bc=x", "no number"), ("bc=-1", "at least 0")):
        with pytest.raises(WhatIfError, match=complaint):
            weights(["a", "bc"], [text])
    with pytest.raises(WhatIfError, match="all networks weigh 0"):
        weights(["a"], ["a=0"])


def test_an_answer_asks_the_changed_platform(device):
    scenario = Scenario(models=("one",), platforms=("main",), numbers=(f"{DRAM}=x2",), sweeps=(f"{DRAM}=2e9,4e9",))
    found = answer(scenario, alone(device()))
    assert found.swept is not None
    assert found.swept.latency_s[0] == pytest.approx(found.effects[0].after.latency_s, rel=1e-12)
    assert found.ratios == pytest.approx([(7.4 + 3.344) / (7.4 + 6.688)], rel=1e-12)


def test_a_network_that_takes_no_time_is_refused(device):
    b = GraphBuilder("nothing")
    empty = b.build(b.layer("reshape", b.input((1, 8, 8, 4)), sizes=(1, 256)))
    free = device(rest='[kernels.reshape]\nmodel = "free"')
    with pytest.raises(WhatIfError, match=r"^one: no time on main"):
        answer(Scenario(models=("one",), platforms=("main",), tornado=True), alone(free, empty))
