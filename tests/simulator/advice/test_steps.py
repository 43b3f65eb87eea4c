"""The staircase of latency over the channels of a layer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline import hwmodels
from stairline.simulator.advice.steps import edges, layer_steps
from stairline.simulator.graph.builder import GraphBuilder


@given(step=st.integers(1, 16), steps=st.integers(1, 6))
def test_the_edges_of_a_staircase_are_the_multiples_of_its_step(step, steps):
    channels = range(1, step * steps + 1)
    assert edges(channels, [1.0 + (c - 1) // step for c in channels], 0.0) == [step * k for k in range(1, steps + 1)]


def test_a_dip_hides_the_narrower_widths_before_it():
    assert edges([1, 2, 3, 4], [1.0, 3.0, 2.0, 4.0], 0.0) == [1, 3, 4]


@pytest.mark.parametrize(("platform", "step"), [("CPU", 8), ("GPU", 4)])
def test_a_layer_below_an_edge_may_grow_to_it_for_free(platform, step):
    """The paper's Fig. 4: a convolution's latency climbs every 8 output channels on the CPU, every 4 on the GPU."""
    b = GraphBuilder("layer")
    graph = b.build(b.conv2d(b.input((1, 28, 28, 64)), 6 * step - 1, 3))
    (found,) = layer_steps(graph, hwmodels.load(platform))
    assert found.free_up_to == 6 * step
    assert found.step_below in range(step, 6 * step, step)
    assert found.below_s is not None
    assert found.below_s < found.latency_s


def test_equal_layers_are_one_row():
    b = GraphBuilder("twins")
    x = b.conv2d(b.input((1, 8, 8, 16)), 16, 3)
    (found,) = layer_steps(b.build(b.conv2d(x, 16, 3)), hwmodels.load("CPU"))
    assert found.layers == 2
