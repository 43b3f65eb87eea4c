"""Advice: what it claims is what the changed network gives, and it says nothing where there is nothing to gain."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline import hwmodels
from stairline.hwmodels import Platform
from stairline.simulator.advice.advise import Advised, advise
from stairline.simulator.advice.blocks import squeeze_excites
from stairline.simulator.advice.memory import spilled_bytes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.walk import plan
from stairline.simulator.zoo import build
from tests.build_graphs import single
from tests.simulator.commands.conftest import TOY

ZOO = (
    *(("mobilenet_v1", "CPU", {}), ("mobilenet_v1", "NPU", {"width": 0.55}), ("mobilenet_v1", "VPU", {"width": 0.3})),
    *(("mobilenet_v1", "DSP", {"width": 0.4}), ("mobilenet_v1", "ethos-u55-128-vela5.2", {"width": 0.25})),
    *(("mobilenet_v2", "TPU", {}), ("mobilenet_v2", "GPU", {"width": 0.6}), ("mobilenet_v2", "DSP", {})),
    *(("mobilenet_v3_large", "TPU", {}), ("mobilenet_v3_large", "GPU", {}), ("shufflenet_v1", "TPU", {})),
    *(("shufflenet_v1", "GPU", {}), ("shufflenet_v2", "CPU", {}), ("resnet_v1_50", "TPU", {})),
    *(("resnet_v2_50", "NPU", {}), ("inception_v1", "DSP", {}), ("inception_v1", "VPU", {})),
    *(("proxyless_mobile", "NPU", {}), ("mnasnet_a1", "KPU", {}), ("efficientnet_b0", "VPU", {})),
)


@pytest.fixture
def toy(tmp_path: Path) -> Platform:
    """Eight MACs a cycle at 1 GHz over tiles of 8 output channels, 4 GB/s, ReLU fused, no cost of anything else."""
    filled = {"NAME": "toy", "SUPPORT": "", "RULE": 'rule = "everything"', "POWER": ""}
    text = TOY
    for key, value in filled.items():
        text = text.replace(key, value)
    (tmp_path / "toy.toml").write_text(text, encoding="utf-8")
    return hwmodels.load(tmp_path / "toy.toml")


def two_convolutions(channels: int, activation: str = "relu") -> Graph:
    b = GraphBuilder("two")
    x = b.conv2d(b.input((1, 64, 64, 64)), channels, 3, activation=activation)
    return b.build(b.conv2d(x, 64, 3))


def kinds(found: Advised) -> list[str]:
    return [one.change.kind for one in found.advice]


def verified(graph: Graph) -> Graph:
    """The graph held to every rule anew, since advice builds its graphs layer by layer."""
    return Graph(graph.name, graph.tensors, graph.layers, graph.inputs, graph.outputs, graph.dtype, graph.source)


@pytest.mark.parametrize(("name", "alias", "how"), ZOO)
def test_the_gain_claimed_is_the_gain_of_the_changed_network(name, alias, how):
    platform = hwmodels.load(alias)
    graph = build(name, how.get("input"), how.get("width"))
    before_s = predict(graph, platform).latency_s
    for one in advise(graph, platform, platform.dtypes[0]).advice:
        after = predict(verified(one.change.graph), platform, one.change.dtype)
        assert before_s - after.latency_s / one.change.images == one.gain_s
        least_s = -0.001 * before_s if one.change.adds else 0.005 * before_s
        assert one.gain_s >= least_s or one.makes_it_run


def test_nothing_is_said_where_there_is_nothing_to_gain(toy):
    assert advise(two_convolutions(64), toy, "float32").advice == ()


def test_a_width_just_past_an_edge_is_dropped_to_it(toy):
    (one,) = advise(two_convolutions(65), toy, "float32").advice
    assert one.change.what == "Drop 1 of 65 output channels (1.5%) of conv2d"
    # The first layer runs as 72 channels, then as 64; the second reads one channel less.
    saved_macs = 64 * 64 * 9 * (8 * 64 + 64)
    assert one.gain_s == pytest.approx(saved_macs / 8e9, rel=0.01)


def test_a_width_before_an_edge_may_grow_to_it(toy):
    b = GraphBuilder("features")
    x = b.conv2d(b.input((1, 64, 64, 64)), 63, 5, activation="relu")
    graph = b.build(b.dense(b.layer("globalavgpool2d", x), 10))
    (one,) = advise(graph, toy, "float32").advice
    assert (one.change.adds, one.change.what) == (True, "Widen from 63 to 64 output channels of conv2d")


def test_an_activation_that_does_not_fuse_costs_its_own_kernel(toy):
    found = advise(two_convolutions(64, "hard_swish"), toy, "float32")
    (kernel,) = (k for k in found.before.kernels if k.ops == ("hard_swish",))
    (one,) = found.advice
    assert one.change.kind == "activation"
    assert one.gain_s == pytest.approx(kernel.latency_s, rel=1e-9)


def test_a_squeeze_and_excite_is_found_by_its_shape_whichever_operand_is_the_gate():
    b = GraphBuilder("gates")
    x = b.conv2d(b.input((1, 8, 8, 3)), 16)
    gate = b.conv2d(b.layer("globalavgpool2d", x, keepdims=True), 16, activation="sigmoid")
    y = b.layer("mul", gate, x)
    graph = b.build(b.layer("mul", y, x))
    assert squeeze_excites(graph) == {4: x}


@pytest.mark.parametrize(("name", "alias"), [("mobilenet_v3_large", "TPU"), ("shufflenet_v1", "GPU")])
def test_what_falls_back_adds_up_to_the_host_and_the_crossings(name, alias):
    found = advise_of_fallback(name, alias)
    assert sum(run.host_s for run in found.host_runs) == pytest.approx(found.before.host_s)
    assert sum(run.crossings_s for run in found.host_runs) == pytest.approx(found.before.crossings_s)
    assert all(run.refused for run in found.host_runs)


def advise_of_fallback(name: str, alias: str) -> Advised:
    platform = hwmodels.load(alias)
    return advise(build(name), platform, platform.dtypes[0])


def test_parameters_that_spill_fit_in_the_narrower_network():
    b = GraphBuilder("wide")
    x = b.dense(b.input((1, 2048)), 4096, activation="relu")
    graph = b.build(b.dense(b.dense(x, 1024, activation="relu"), 10))
    platform = hwmodels.load("TPU")
    (spill,) = (one for one in advise(graph, platform, "int8").advice if one.change.kind == "narrower")
    machine = platform.machine("int8")
    assert spilled_bytes(plan(graph, machine)) > 0.0
    assert spilled_bytes(plan(spill.change.graph, machine)) == 0.0


def test_what_int8_cost_in_the_paper_stands_beside_the_time_that_it_saves():
    found = advise(build("mobilenet_v3_large"), hwmodels.load("CPU"), "float32")
    (precision,) = (one for one in found.advice if one.change.kind == "precision")
    # Table 4 of the paper: 75.8 % in floating point, 17.4 % in INT8; section 4.5: an addition is slower in INT8.
    assert "58.4 points" in precision.change.caution
    assert "add 4." in precision.change.caution


def test_squeeze_and_excite_costs_an_accelerator_more_than_the_cpu():
    """The paper's Finding 2: it barely adds time on the CPU and multiplies it on the GPU."""
    shares = {}
    for alias in ("CPU", "GPU"):
        platform = hwmodels.load(alias)
        found = advise(build("efficientnet_b0", 128), platform, platform.dtypes[0]).advice
        shares[alias] = next(one.gain_share for one in found if one.change.kind == "squeeze-and-excite")
    assert shares["GPU"] > 3.0 * shares["CPU"]


def test_a_change_that_lets_a_network_run_stands_first():
    platform = hwmodels.load("NPU")
    found = advise(build("shufflenet_v1"), platform, "uint8")
    assert found.before.status == "cannot_run"
    assert found.advice[0].makes_it_run
    assert found.advice[0].after.status == "ok"


def test_a_network_that_exceeds_the_memory_is_narrowed_until_it_runs():
    # The K210 has 6 MB for code, parameters and maps; MobileNetV1's parameters alone take 4.2 MB.
    platform = hwmodels.load("KPU")
    found = advise(build("mobilenet_v1"), platform, "int8")
    assert (found.before.status, found.advice[0].change.kind) == ("cannot_run", "narrower")
    assert predict(found.advice[0].change.graph, platform).status == "falls_back"


def test_a_network_that_takes_no_time_has_nothing_to_gain():
    # No model covers its only operator, so that the lower bound is 0.
    platform = hwmodels.load("ethos-u85-256-vela5.2")
    found = advise(single("batch_norm"), platform, "int8", allow_unknown=True)
    assert (found.before.latency_s, found.advice) == (0.0, ())
