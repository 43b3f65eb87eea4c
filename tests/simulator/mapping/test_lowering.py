"""What lowering may change in a network, and what not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import stairline as sl
from stairline.hwmodels import load
from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, GraphError
from stairline.simulator.graph.ops import count
from stairline.simulator.mapping.lowering import Step, applied, lower
from stairline.simulator.pricing.predict import predict
from stairline.simulator.walk import plan, require_rules
from stairline.simulator.zoo import MODELS, build

BORDER = ((0, 0), (1, 1), (1, 1), (0, 0))


def machines() -> list[Machine]:
    """Every shipped platform at every precision."""
    platforms = [sl.load(device.name).platform for device in sl.available()]
    found = [platform.machine(dtype) for platform in platforms for dtype in platform.dtypes]
    for machine in found:
        require_rules(machine)
    return found


def verified(graph: Graph) -> Graph:
    """The graph as its constructor verifies it, layer by layer."""
    return Graph(graph.name, graph.tensors, graph.layers, graph.inputs, graph.outputs, graph.dtype)


def macs(graph: Graph) -> int:
    shapes = graph.shapes
    return sum(count(s.op, shapes(s.inputs), shapes(s.outputs), s.attributes).macs for s in graph.layers)


def padded(groups: int, pads: int, own: tuple[int, int, int, int] = (0, 0, 0, 0), stride: int = 1) -> Graph:
    """A convolution in groups behind so many pads of one pixel, beside what it pads itself."""
    b = GraphBuilder("padded")
    x = b.layer("relu", b.input((1, 14, 14, 16)))
    for _ in range(pads):
        x = b.layer("pad", x, pads=BORDER)
    return b.build(b.layer("relu", b.conv2d(x, 32, 3, stride, padding=own, groups=groups)))


def gated() -> Graph:
    b = GraphBuilder("gated")
    x = b.conv2d(b.input((1, 14, 14, 8)), 16, 3, 2, activation="swish")
    gate = b.conv2d(b.conv2d(b.layer("globalavgpool2d", x, keepdims=True), 4), 16, activation="hard_sigmoid")
    y = b.layer("channel_shuffle", b.layer("hard_swish", b.layer("batch_norm", b.layer("mul", x, gate))), groups=4)
    y = b.layer("concat", y, x, b.layer("pad", y, pads=((0, 0), (0, 0), (0, 0), (2, 2))))
    y = b.layer("strided_slice", y, begin=(0, 0, 0, 0), end=(1, 7, 7, 52), steps=(1, 2, 2, 1))
    return b.build(b.layer("mean", b.conv2d(y, 8, 1, 2), axes=(1, 2)))


def per_channel(stride: int) -> Graph:
    b = GraphBuilder("per channel")
    x = b.layer("pad", b.conv2d(b.input((1, 12, 12, 3)), 8), pads=((0, 0), (0, 1), (0, 1), (0, 0)))
    return b.build(b.dwconv2d(b.conv2d(x, 8, 3, stride, padding="valid", groups=8), 3, 2, padding=(0, 1, 0, 1)))


SMALL: dict[str, Callable[[], Graph]] = {
    "two pads": lambda: padded(1, 2),
    "a pad before groups": lambda: padded(4, 1),
    "own padding in groups": lambda: padded(4, 0, (1, 1, 1, 1)),
    "uneven own padding and stride": lambda: padded(1, 0, (0, 1, 0, 1), 2),
    "a pad and own padding": lambda: padded(2, 1, (1, 0, 0, 1), 2),
    "gates, joins and slices": gated,
    "per channel": lambda: per_channel(1),
    "per channel with stride": lambda: per_channel(2),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_lowered_network_of_the_zoo_is_a_valid_graph(name):
    graph = build(name)
    for machine in machines():
        lowered = lower(graph, machine)
        assert verified(lowered).shapes(lowered.outputs) == graph.shapes(graph.outputs)


@pytest.mark.parametrize("name", SMALL)
def test_every_lowered_small_network_is_a_valid_graph_and_loses_no_product(name):
    graph = SMALL[name]()
    for machine in machines():
        lowered = lower(graph, machine)
        assert verified(lowered).shapes(lowered.outputs) == graph.shapes(graph.outputs)
        assert macs(lowered) >= macs(graph), machine.name


@pytest.mark.parametrize("name", ["mi9-adreno640-tflite2.1", "ethos-u55-128-vela5.2", "ncs2-myriadx-openvino2019r2"])
def test_a_pad_joins_a_convolution_that_is_split_into_groups(name):
    machine = load(name).machine()
    lowered = [layer for layer in lower(padded(4, 1), machine).layers if layer.op in ("pad", "conv2d")]
    assert [layer.op for layer in lowered] == ["conv2d"] * 4
    assert all(layer.attributes.padding == (1, 1, 1, 1) for layer in lowered)


def test_a_convolution_that_needs_a_pad_of_its_own_is_split_into_groups_as_well():
    lowered = lower(padded(4, 0, (1, 1, 1, 1), 2), load("mi9-cortexa76-tflite2.1").machine())
    assert [layer.op for layer in lowered.layers if layer.op in ("pad", "conv2d")] == ["pad", *["conv2d"] * 4]


def test_two_pads_in_a_row_join_the_convolution_one_after_the_other():
    (conv,) = (s for s in lower(padded(1, 2), load("x86-onnxruntime").machine()).layers if s.op in ("conv2d", "pad"))
    assert conv.attributes.padding == (2, 2, 2, 2)


def test_a_pad_that_cuts_stays():
    b = GraphBuilder("cut")
    x = b.layer("pad", b.input((1, 14, 14, 8)), pads=((0, 0), (-1, 1), (0, 0), (0, 0)))
    graph = b.build(b.conv2d(x, 8, 3))
    assert "pad" in [layer.op for layer in lower(graph, load("x86-onnxruntime").machine()).layers]


def test_a_rule_that_changes_what_the_network_gives_is_refused_by_name():
    def half(graph: Graph) -> Graph:
        b = GraphBuilder.rewriting(graph)
        return b.build(b.layer("slice", graph.inputs[0], begin=(0, 0, 0, 0), sizes=(1, 7, 14, 16)))

    with pytest.raises(GraphError, match=r"lowering rule 'half': outputs become \[\(1, 7, 14, 16\)\]"):
        applied(Step("half", half), padded(1, 0))


def test_a_layer_that_stays_may_not_read_another_shape():
    graph = padded(1, 1)
    b = GraphBuilder.rewriting(graph)
    with pytest.raises(GraphError, match=r"reads \(1, 14, 14, 16\) in place of \(1, 16, 16, 16\)"):
        b.keep(graph.layers[2], graph.inputs)


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v1", "resnet_v2_50"])
def test_lowering_changes_operators_but_no_macs(name):
    graph = build(name)
    planned = plan(graph, load("CPU").machine())
    before = predict(graph, load("CPU"))
    assert sum(k.macs for k in before.kernels) == sum(k.work.macs for k in planned.kernels)
