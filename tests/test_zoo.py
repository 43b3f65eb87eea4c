"""The zoo against published multiply-adds, parameters and shapes.

A published parameter count has a scale and a shift per normalised channel where a deployed network, its normalisation
folded, has one bias: the two differ by the number of channels that leave normalised convolutions.
"""

from __future__ import annotations

import pytest

from simulator.graph import Graph
from simulator.ops import Counts, count
from simulator.zoo import MODELS, ZooError, build


def totals(graph: Graph) -> Counts:
    layers = [count(s.op, graph.shapes(s.inputs), graph.shapes(s.outputs), s.attributes) for s in graph.layers]
    return Counts(*map(sum, zip(*layers)))


# Multiply-adds by count over the architectures' definitions, one decimal or more of a million.
MACS = {
    "mobilenet_v1": 568.74e6,
    "mobilenet_v2": 300.78e6,
    "mobilenet_v3_large": 216.6e6,
    "shufflenet_v1": 138.4e6,
    "resnet_v1_50": 3482.3e6,
    "resnet_v2_50": 6536.2e6,
    "inception_v1": 1498.4e6,
}


@pytest.mark.parametrize("name", MACS)
def test_multiply_adds_follow_the_definition(name: str) -> None:
    assert totals(build(name)).macs == pytest.approx(MACS[name], rel=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_ends_in_a_probability_per_class(name: str) -> None:
    graph = build(name)
    assert graph.shapes(graph.outputs) in {((1, 1000),), ((1, 1001),)}


def test_an_unknown_model_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ZooError, match="unknown model 'mobilnet_v2'; did you mean 'mobilenet_v2'"):
        build("mobilnet_v2")


def test_a_width_is_refused_by_a_model_that_has_none() -> None:
    with pytest.raises(ZooError, match="resnet_v1_50: has no width multiplier"):
        build("resnet_v1_50", width=0.5)


@pytest.mark.parametrize("size", [0, -224])
def test_an_input_without_pixels_is_refused(size: int) -> None:
    with pytest.raises(ZooError, match=f"input size {size} must be at least 1"):
        build("mobilenet_v2", input_size=size)


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf")])
def test_a_width_that_is_no_positive_number_is_refused(width: float) -> None:
    with pytest.raises(ZooError, match="must be a positive number"):
        build("mobilenet_v2", width=width)
