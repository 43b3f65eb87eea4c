"""The walk from graph to kernels: what fuses, what falls back, what crosses, and that nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline import hwmodels
from stairline.hwmodels import load, with_values
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.plan import UnknownOperatorError, plan
from stairline.simulator.pricing.predict import CROSSING, HOST_IO, predict
from stairline.simulator.zoo import MODELS, build, build_block

HEAD = """
schema = 2
name = "{name}"
title = "A made-up device: 1 GMAC/s, 1 GB/s, 1 us a kernel"
[platform]
device = "d"
processor = "{name}"
runtime = "r"
dtypes = ["float32"]
default_dtype = "float32"
clock_hz = {{ value = 1e9, source = "made" }}
[roofs]
overlap = {{ value = {overlap}, source = "made" }}
[roofs.compute.float32]
macs_per_cycle = {{ value = 1, source = "made" }}
[roofs.memory.dram]
bandwidth_bytes_per_s = {{ value = 1e9, source = "made" }}
[roofs.memory.link]
bandwidth_bytes_per_s = {{ value = 1e8, source = "made" }}
[overheads]
inference_s = {{ value = 0, source = "made" }}
kernel_s = {{ value = 1e-6, source = "made" }}
epilogue_s_per_element = {{ value = 0, source = "made" }}
{io}
[kernels."conv2d|dwconv2d|dense"]
model = "tiled_gemm"
efficiency = {{ value = 1, source = "made" }}
[kernels."relu|relu6|add|mul|sigmoid|concat|globalavgpool2d|softmax"]
model = "streaming"
[uncertainty]
factor = {{ value = 1.5, source = "made" }}
[sources]
made = {{ kind = "assumed", cite = "round numbers for arithmetic by hand" }}
[partition]
source = "made"
{partition}
{rest}
"""


@pytest.fixture
def device(tmp_path, monkeypatch):
    """Writes a platform file of round numbers and loads it; its fallback is found in the same folder."""
    monkeypatch.setattr(hwmodels.files.loading, "_shipped", lambda: {p.stem: p for p in tmp_path.glob("*.toml")})

    def make(name="main", partition='rule = "everything"', rest="", io="", overlap=0):
        path: Path = tmp_path / f"{name}.toml"
        path.write_text(
            HEAD.format(name=name, partition=partition, rest=rest, io=io, overlap=overlap), encoding="utf-8"
        )
        return load(path)

    return make


FUSION = """
[[fusion]]
pattern = ["conv2d|dwconv2d", "relu|relu6", "add"]
source = "made"
[[fusion]]
pattern = ["add", "relu+"]
when = ["same_shape"]
source = "made"
"""


def groups(graph: Graph, platform: hwmodels.Platform) -> list[tuple[str, ...]]:
    planned = plan(graph, platform.machine())
    return [tuple(planned.graph.layers[i].op for i in kernel.layers) for kernel in planned.kernels]


def test_a_producer_fuses_with_its_only_reader_and_no_further_than_the_table_goes(device):
    b = GraphBuilder("g")
    x = b.input((1, 8, 8, 4))
    y = b.conv2d(x, 4, activation="relu")
    z = b.layer("relu", b.layer("add", y, x))
    assert groups(b.build(z), device(rest=FUSION)) == [("conv2d", "relu", "add"), ("relu",)]


def test_a_tensor_with_two_readers_stays_and_so_does_an_output(device):
    b = GraphBuilder("g")
    c = b.conv2d(b.input((1, 8, 8, 4)), 4)
    r = b.layer("relu", c)
    s = b.layer("add", c, r)
    platform = device(rest=FUSION)
    assert groups(b.build(s), platform) == [("conv2d",), ("relu",), ("add",)]
    b = GraphBuilder("g")
    c = b.conv2d(b.input((1, 8, 8, 4)), 4)
    r = b.layer("relu", c)
    assert groups(b.build((c, r)), platform) == [("conv2d",), ("relu",)]


def test_only_the_first_input_links_a_reader_to_its_producer_unless_the_platform_reorders_additions(device):
    b = GraphBuilder("g")
    x = b.input((1, 8, 8, 4))
    y = b.conv2d(x, 4, activation="relu")
    graph = b.build(b.layer("add", x, y))
    assert groups(graph, device(rest=FUSION)) == [("conv2d", "relu"), ("add",)]
    latest = FUSION.replace("source", 'operand = "latest"\nsource', 1)
    assert groups(graph, device(rest=latest)) == [("conv2d", "relu", "add")]


def test_conditions_and_repetition_of_a_pattern_hold(device):
    b = GraphBuilder("g")
    x = b.input((1, 8, 8, 4))
    v = b.constant((4,))
    same = b.layer("relu", b.layer("relu", b.layer("relu", b.layer("add", x, x))))
    assert groups(b.build(same), device(rest=FUSION)) == [("add", "relu", "relu", "relu")]
    assert b.shape(b.layer("add", x, v)) == (1, 8, 8, 4)


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


def chain() -> Graph:
    b = GraphBuilder("chain")
    x = b.conv2d(b.input((1, 10, 10, 8)), 8)
    x = b.layer("sigmoid", x)
    x = b.conv2d(x, 8)
    return b.build(x)


SUPPORT = '[[support]]\nops = ["conv2d"]\nsource = "made"'
CROSSING_TERMS = """
fallback = "host"
boundary_s = { value = 1e-3, source = "made" }
boundary_s_per_element = { value = 1e-6, source = "made" }
memory = "link"
"""


@pytest.mark.parametrize(
    ("rule", "hosts", "crossings"), [("operator_by_operator", 1, 2), ("maximal_runs", 1, 2), ("single_split", 2, 1)]
)
def test_an_unsupported_operator_leaves_and_every_crossing_is_paid(device, rule, hosts, crossings):
    device("host")
    prediction = predict(chain(), device(partition=f'rule = "{rule}"' + CROSSING_TERMS, rest=SUPPORT))
    assert prediction.status == "falls_back"
    assert prediction.reasons == ("sigmoid: sigmoid is not in the operator list of main",)
    assert sum(k.processor == "host" for k in prediction.kernels) == hosts
    moved = [k for k in prediction.kernels if k.ops == (CROSSING,)]
    assert len(moved) == crossings
    # 800 elements of 4 bytes: 1 ms + 800 us of conversion + 3200 bytes at 0.1 GB/s.
    assert all(k.latency_s == pytest.approx(1e-3 + 800e-6 + 32e-6) for k in moved)


def test_an_operator_with_nowhere_to_go_cannot_run_and_the_analysis_still_stands(device):
    device("host", rest='[[support]]\nops = ["conv2d"]\nsource = "made"')
    prediction = predict(chain(), device(partition='rule = "maximal_runs"' + CROSSING_TERMS, rest=SUPPORT))
    assert prediction.status == "cannot_run"
    assert prediction.reasons == ("sigmoid: sigmoid is not in the operator list of host",)
    assert prediction.latency_s > 0


def test_network_inputs_and_outputs_cross_the_link_but_are_no_part_of_a_block(device):
    prediction = predict(chain(), device(io='io_memory = "link"'))
    moved = [k for k in prediction.kernels if k.ops == (HOST_IO,)]
    assert [k.latency_s for k in moved] == pytest.approx([32e-6, 32e-6])
    assert prediction.latency_s - prediction.operators_s == pytest.approx(64e-6)


def test_parameters_beyond_the_cache_are_streamed_in_execution_order(device):
    def stack(filters: int) -> Graph:
        b = GraphBuilder("stack")
        x = b.input((1, 1, 1, filters))
        for _ in range(3):
            x = b.conv2d(x, filters)
        return b.build(x)

    cache = """
[placement]
rule = "parameter_cache"
capacity_bytes = { value = 10000, source = "made" }
memory = "link"
source = "made"
"""
    # 32 filters: (32 + 1) * 32 * 4 = 4,224 bytes a layer; two layers fit in 10,000, the third comes over the link.
    works = [k.work for k in plan(stack(32), device(rest=cache).machine()).kernels]
    assert [w.streamed_elements for w in works] == [0, 0, 33 * 32]
    fits = [k.work.streamed_elements for k in plan(stack(16), device(rest=cache).machine()).kernels]
    assert fits == [0, 0, 0]


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


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_ends_in_exactly_one_kernel(name):
    planned = plan(build(name), load("CPU").machine())
    covered = sorted(i for kernel in planned.kernels for i in kernel.layers)
    assert covered == list(range(len(planned.graph.layers)))


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v1", "resnet_v2_50"])
def test_lowering_changes_operators_but_neither_macs_nor_what_the_network_gives(name):
    graph = build(name)
    planned = plan(graph, load("CPU").machine())
    assert planned.graph.shapes(planned.graph.outputs) == graph.shapes(graph.outputs)
    verified = Graph(graph.name, planned.graph.tensors, planned.graph.layers, graph.inputs, planned.graph.outputs)
    assert verified.layers == planned.graph.layers
    before = predict(graph, load("CPU"))
    assert sum(k.macs for k in before.kernels) == sum(k.work.macs for k in planned.kernels)


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
