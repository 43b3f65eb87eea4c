"""What lowering may change in a network, and what not."""

from __future__ import annotations

import pytest

from stairline.hwmodels import load
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.walk import plan
from stairline.simulator.zoo import build


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v1", "resnet_v2_50"])
def test_lowering_changes_operators_but_neither_macs_nor_what_the_network_gives(name):
    graph = build(name)
    planned = plan(graph, load("CPU").machine())
    assert planned.graph.shapes(planned.graph.outputs) == graph.shapes(graph.outputs)
    verified = Graph(graph.name, planned.graph.tensors, planned.graph.layers, graph.inputs, planned.graph.outputs)
    assert verified.layers == planned.graph.layers
    before = predict(graph, load("CPU"))
    assert sum(k.macs for k in before.kernels) == sum(k.work.macs for k in planned.kernels)
