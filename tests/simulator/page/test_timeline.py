"""The waterfall and the timeline account for every microsecond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline import hwmodels
from stairline.simulator.page.axes import Axis, decade_ticks, decades, round_ticks
from stairline.simulator.page.timeline import chrome_trace, node_data, timeline
from stairline.simulator.page.waterfall import waterfall
from stairline.simulator.pricing.predict import predict_plan
from stairline.simulator.walk import plan
from stairline.simulator.zoo import build

CASES = [
    *(("mobilenet_v1", "CPU"), ("mobilenet_v3_large", "TPU"), ("efficientnet_b0", "KPU"), ("shufflenet_v1", "GPU")),
    *(("mnasnet_a1", "NPU"), ("inception_v1", "VPU"), ("mobilenet_v1", "ethos-u55-128-vela5.2")),
    ("mobilenet_v1", "pixel3xl-adreno630-tflite2.1-nnmeter"),
]


def planned(name: str, alias: str):
    found = plan(build(name), hwmodels.load(alias).machine())
    return found, predict_plan(found)


@pytest.mark.parametrize(("name", "alias"), CASES)
def test_the_waterfall_ends_at_the_latency(name, alias):
    found, prediction = planned(name, alias)
    assert sum(step.time_s for step in waterfall(found, prediction)) == pytest.approx(prediction.latency_s, rel=1e-12)


def test_the_waterfall_begins_at_the_peak_rate():
    found, prediction = planned("mobilenet_v1", "CPU")
    steps = {step.name: step.time_s for step in waterfall(found, prediction)}
    # Table 2 of the paper: 23 GOPs a core, which is 8 MACs a cycle at 2.84 GHz; 569 million MACs.
    assert steps["ideal"] == pytest.approx(0.569 / (8 * 2.84), rel=0.01)
    assert steps["padding"] > 0.0


@pytest.mark.parametrize(("name", "alias"), CASES)
def test_kernels_and_transfers_follow_each_other_without_a_gap(name, alias):
    found, prediction = planned(name, alias)
    events = timeline(found, prediction)
    assert sorted(e.kernel.name for e in events) == sorted(k.name for k in prediction.kernels)
    ends = [prediction.fixed_s, *(event.start_s + event.kernel.latency_s for event in events)]
    assert [event.start_s for event in events] == pytest.approx(ends[:-1])
    assert ends[-1] == pytest.approx(prediction.latency_s)


def test_a_tensor_crosses_behind_the_kernel_that_produces_it():
    found, prediction = planned("mobilenet_v3_large", "TPU")
    names = [("crossing" in event.kernel.ops, event.kernel.on_host) for event in timeline(found, prediction)]
    place = names.index((True, False))
    assert not any(on_host for _, on_host in names[:place])
    assert names[place + 1] == (False, True)


def test_a_trace_has_what_perfetto_needs_to_draw_it():
    """Google's Trace Event Format: complete events have ph X, ts and dur in microseconds, pid and tid."""
    found, prediction = planned("mobilenet_v3_large", "TPU")
    trace = chrome_trace(timeline(found, prediction), prediction)
    complete = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert sum(event["dur"] for event in complete) == pytest.approx(prediction.latency_s * 1e6)
    assert all({"name", "ts", "pid", "tid"} <= set(event) for event in complete)
    rows = {e["tid"]: e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "thread_name"}
    assert {event["tid"] for event in complete} == set(rows)
    assert len(set(rows.values())) == 3


def test_node_data_gives_every_kernel_to_one_layer():
    _, prediction = planned("mobilenet_v1", "CPU")
    data = node_data(prediction, "main")["main"]
    total_ms = sum(node["value"] for node in data["results"].values())
    assert total_ms == pytest.approx((prediction.latency_s - prediction.fixed_s) * 1e3)
    assert [stop["stop"] for stop in data["gradient"]] == [0.0, 1.0]


@given(st.lists(st.floats(1e-9, 1e15), min_size=1, max_size=20))
def test_an_axis_of_decades_holds_its_values_and_has_few_ticks(values):
    axis = decades(values, 0.0, 100.0)
    assert all(-0.1 <= axis.place(value) <= 100.1 for value in values)
    assert 2 <= len(decade_ticks(axis)) <= 8


@given(st.floats(0.0, 1e6), st.floats(1e-3, 1e6))
def test_round_ticks_stand_on_their_axis(low, span):
    axis = Axis(low, low + span, 0.0, 100.0)
    ticks = round_ticks(axis)
    assert len(ticks) <= 6
    assert all(-0.1 <= tick.place <= 100.1 for tick in ticks)
