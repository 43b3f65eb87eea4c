"""The latency, coverage and energy of a network, by arithmetic on a device of round numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.hwmodels import load, with_values
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.mapping.plan import UnknownOperatorError
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import HOST_IO
from stairline.simulator.zoo import build_block
from tests.made_up_device import CROSSING_TERMS, SUPPORT, chain


def test_the_latency_is_what_the_arithmetic_says(device):
    b = GraphBuilder("g")
    b_out = b.conv2d(b.input((1, 10, 10, 8)), 16, 3)
    prediction = predict(b.build(b_out), device())
    macs = 10 * 10 * 16 * 9 * 8  # 115,200
    moved = 4 * (10 * 10 * 8 + 10 * 10 * 16 + 9 * 8 * 16 + 16)  # 14,272 bytes
    assert prediction.latency_s == pytest.approx(macs / 1e9 + moved / 1e9 + 1e-6, rel=1e-12)
    assert predict(b.build(b_out), device(overlap=1)).latency_s == pytest.approx(macs / 1e9 + 1e-6, rel=1e-12)
    assert (prediction.summary.lower_s, prediction.summary.upper_s) == pytest.approx(
        (prediction.latency_s / 1.5, prediction.latency_s * 1.5)
    )


def test_network_inputs_and_outputs_cross_the_link_but_are_no_part_of_a_block(device):
    prediction = predict(chain(), device(io='io_memory = "link"'))
    moved = [k for k in prediction.kernels if k.ops == (HOST_IO,)]
    assert [k.latency_s for k in moved] == pytest.approx([32e-6, 32e-6])
    assert prediction.latency_s - prediction.operators_s == pytest.approx(64e-6)


def test_an_operator_without_a_model_stops_the_prediction_by_name(device):
    b = GraphBuilder("g")
    x = b.conv2d(b.input((1, 8, 8, 4)), 4)
    y = b.layer("tanh", x, name="squash")
    graph = b.build(y)
    with pytest.raises(UnknownOperatorError, match="'squash': no model for operator 'tanh' on main"):
        predict(graph, device())
    bound = predict(graph, device(), allow_unknown=True)
    assert bound.summary.flags == ("lower_bound",)
    assert bound.summary.coverage.operators == 0.5
    assert bound.summary.coverage.macs == 1.0


@settings(max_examples=30, deadline=None)
@given(st.floats(1.0, 8.0), st.sampled_from(["mobilenet_v1_block", "mobilenet_v2_se_block", "dense_block"]))
def test_a_faster_machine_is_never_slower(factor, block):
    base, graph = load("CPU"), build_block(block)
    key = "roofs.compute.float32.macs_per_cycle"
    faster = with_values(base, {key: 8 * factor})
    assert predict(graph, faster).latency_s <= predict(graph, base).latency_s


def test_energy_is_each_processors_power_times_its_time_and_unknown_when_one_is(device):
    power = '[power]\nactive_w = {{ value = {}, source = "made" }}\n'
    partition = 'rule = "maximal_runs"' + CROSSING_TERMS
    device("host", rest=power.format(10))
    prediction = predict(chain(), device(partition=partition, rest=SUPPORT + "\n" + power.format(2)))
    host_s = sum(k.latency_s for k in prediction.kernels if k.processor == "host")
    assert prediction.energy_j == pytest.approx(2 * (prediction.latency_s - host_s) + 10 * host_s)
    device("host")
    unknown = predict(chain(), device(partition=partition, rest=SUPPORT + "\n" + power.format(2)))
    assert unknown.energy_j is None
