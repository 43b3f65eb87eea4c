"""Which operators run as one kernel, worked out by hand from a table of two chains."""

from __future__ import annotations

from stairline.hwmodels import Platform
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.walk import plan

FUSION = """
[[fusion]]
pattern = ["conv2d|dwconv2d", "relu|relu6", "add"]
source = "made"
[[fusion]]
pattern = ["add", "relu+"]
when = ["same_shape"]
source = "made"
"""


def groups(graph: Graph, platform: Platform) -> list[tuple[str, ...]]:
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
