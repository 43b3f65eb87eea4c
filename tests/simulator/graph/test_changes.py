"""Networks changed, and the widths that layers share."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.changes import changed, part, with_batch
from stairline.simulator.graph.graph import Graph, GraphError
from stairline.simulator.graph.widths import widths, with_channels
from stairline.simulator.zoo import build
from tests.build_graphs import GRAPHS, gated, mobile_network


def described(graph: Graph) -> list[tuple[object, ...]]:
    return [(s.op, s.attributes, graph.shapes(s.inputs), graph.shapes(s.outputs)) for s in graph.layers]


def macs(graph: Graph) -> int:
    return sum(graph.counts(layer).macs for layer in graph.layers)


def verified(graph: Graph) -> Graph:
    """The graph held to every rule anew: a builder is trusted, the constructor is not."""
    return Graph(graph.name, graph.tensors, graph.layers, graph.inputs, graph.outputs, graph.dtype)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_network_of_which_nothing_changes_is_the_same(name):
    assert described(changed(GRAPHS[name])) == described(GRAPHS[name])


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v2", "inception_v1", "nasnet_a_mobile"])
def test_a_batch_multiplies_the_work(name):
    graph = build(name)
    assert macs(verified(with_batch(graph, 3))) == 3 * macs(graph)


def test_a_slice_of_part_of_an_axis_that_changes_is_refused():
    b = GraphBuilder("images")
    graph = b.build(b.layer("slice", b.input((2, 4, 4, 3)), begin=(0, 0, 0, 0), sizes=(1, 4, 4, 3)))
    with pytest.raises(GraphError, match="part of axis 0"):
        with_batch(graph, 2)


def test_other_channels_change_the_layers_before_and_behind_by_hand():
    b = GraphBuilder("two")
    x = b.conv2d(b.input((1, 8, 8, 3)), 16, 3, activation="relu")
    graph = b.build(b.conv2d(x, 8))
    wider = verified(with_channels(graph, {0: 24}))
    assert macs(wider) == 8 * 8 * (24 * 3 * 9 + 8 * 24)
    assert wider.shapes(wider.outputs) == graph.shapes(graph.outputs)


def test_the_outputs_of_a_network_keep_their_shapes():
    b = GraphBuilder("one")
    with pytest.raises(GraphError, match="outputs become"):
        with_channels(b.build(b.conv2d(b.input((1, 8, 8, 3)), 16)), {0: 24})


def test_the_ends_of_a_residual_connection_and_a_gate_and_its_map_share_a_width():
    b = GraphBuilder("residual")
    x = b.conv2d(b.input((1, 8, 8, 3)), 16)
    y = b.dwconv2d(b.conv2d(x, 48, activation="relu6"))
    gate = b.conv2d(b.layer("globalavgpool2d", y, keepdims=True), 48, activation="sigmoid")
    x = b.layer("add", x, b.conv2d(b.layer("mul", y, gate), 16))
    found = widths(b.build(b.conv2d(x, 10)))
    assert [(width.channels, len(width.producers)) for width in found] == [(16, 2), (48, 2)]


@settings(max_examples=15)
@given(grain=st.sampled_from([1, 4, 8]), share=st.floats(0.3, 2.0))
@pytest.mark.parametrize("graph", [mobile_network(), build("mobilenet_v3_large"), build("resnet_v1_50")])
def test_all_widths_of_a_network_can_change_together(graph, grain, share):
    chosen = {i: max(grain, int(w.channels * share) // grain * grain) for w in widths(graph) for i in w.producers}
    other = verified(with_channels(graph, chosen))
    assert [other.layers[i].attributes.c_out for i in chosen] == list(chosen.values())


def test_a_layer_that_is_left_out_takes_those_with_it_that_it_alone_reads():
    graph = gated()
    (place,) = (i for i, layer in enumerate(graph.layers) if layer.op == "mul")
    assert [s.op for s in changed(graph, leaving_out={place: graph.layers[place].inputs[0]}).layers] == [
        "conv2d",
        "relu",
    ]


def test_a_part_reads_what_others_produce_and_stores_what_the_network_stores():
    graph = GRAPHS["constants"]
    alone = part(graph, frozenset({1, 2}))
    assert [s.op for s in alone.layers] == ["mul", "add"]
    assert alone.inputs == graph.layers[0].outputs
    assert alone.outputs == graph.outputs
