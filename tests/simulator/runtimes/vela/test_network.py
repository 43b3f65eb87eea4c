"""The order of execution and the regrouping of maps against what any of them must keep."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.simulator import zoo
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.runtimes.vela.network.order import depth_first
from stairline.simulator.runtimes.vela.network.regrouping import regrouped


@given(st.tuples(st.integers(1, 300), st.integers(1, 300), st.integers(1, 7)))
def test_a_regrouped_map_has_as_many_elements_and_more_channels(size: tuple[int, int, int]) -> None:
    h, w, c = regrouped(size)
    assert h * w * c == prod(size)
    assert c >= min(16, prod(size))


@pytest.mark.parametrize("name", ["resnet_v1_50", "inception_v1", "nasnet_a_mobile"])
def test_a_graph_in_depth_first_order_is_still_a_graph(name: str) -> None:
    graph = zoo.build(name)
    ordered = depth_first(graph)
    # Building it anew verifies that no layer reads what is not there yet.
    again = Graph(ordered.name, ordered.tensors, ordered.layers, ordered.inputs, ordered.outputs)
    assert sorted(layer.name for layer in again.layers) == sorted(layer.name for layer in graph.layers)


def test_the_main_path_runs_before_the_shortcut_that_is_read_first() -> None:
    b = GraphBuilder("residual")
    x = b.input((1, 8, 8, 16))
    shortcut = b.conv2d(x, 16, 1, name="shortcut")
    main = b.conv2d(x, 16, 3, name="main")
    ordered = depth_first(b.build(b.layer("add", shortcut, main)))
    assert [layer.name for layer in ordered.layers][:2] == ["main", "shortcut"]
