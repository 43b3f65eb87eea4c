"""The spaces that come with the package: what their sources say of them, and their networks' latencies."""

from __future__ import annotations

import numpy as np
import pytest

from stairline import hwmodels
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.pricing.predict import predict
from stairline.simulator.spaces.catalogue import space
from stairline.simulator.spaces.errors import SpaceError
from stairline.simulator.spaces.mnasnet import mnasnet
from stairline.simulator.spaces.mobile import ofa_mobilenet_v3
from stairline.simulator.spaces.space import Space
from stairline.simulator.spaces.structure import Choice, Flow, Position, read_codes, settling
from stairline.simulator.spaces.transformer import vision_transformer
from stairline.simulator.spaces.widths import candidates
from stairline.simulator.zoo import build

SMALL = {
    "ofa_mobilenet_v3": lambda: ofa_mobilenet_v3((96,)),
    "proxylessnas": lambda: space("proxylessnas"),
    "fbnet": lambda: space("fbnet"),
    "mnasnet": lambda: mnasnet(96, blocks=1),
    "vision_transformer": lambda: vision_transformer(64),
    "resnet50_widths": lambda: space("resnet50_widths"),
}
"""Spaces that are compiled in about a second."""

PAIRS = [
    *(("ofa_mobilenet_v3", platform) for platform in ("CPU", "KPU")),
    *(("proxylessnas", p) for p in ("GPU", "DSP", "VPU", "KPU", "NPU", "pixel4-cortexa76-tflite2.1-nnmeter", "TPU")),
    *(("fbnet", platform) for platform in ("GPU", "VPU", "KPU", "x86-openvino")),
    *(("mnasnet", platform) for platform in ("DSP", "NPU")),
    *(("vision_transformer", platform) for platform in ("CPU", "GPU", "KPU")),
    *(("resnet50_widths", platform) for platform in ("NPU", "TPU")),
]


@pytest.mark.parametrize(("name", "platform"), PAIRS)
def test_a_network_of_a_space_takes_what_it_takes_alone(name, platform):
    of, device = SMALL[name](), hwmodels.load(platform)
    codes = of.sample(6, seed=3)
    found = of.predict(codes, device)
    alone = [predict(of.graph(code), device, device.machine().dtype) for code in codes]
    assert found.latency_s == pytest.approx([p.latency_s for p in alone], rel=1e-12)
    assert found.status.tolist() == [p.status for p in alone]
    energies = [np.nan if p.energy_j is None else p.energy_j for p in alone]
    assert found.energy_j == pytest.approx(energies, rel=1e-12, nan_ok=True)


def test_a_placement_that_weighs_the_whole_network_is_named_as_the_reason_for_the_slow_way():
    of = SMALL["mnasnet"]()
    assert "parameter_cache" in of.slow_reason(hwmodels.load("TPU"))
    assert of.slow_reason(hwmodels.load("CPU")) == ""


@pytest.mark.parametrize(
    ("name", "size"),
    [
        # Cai et al. 2020: depths of 2 to 4 in five stages of blocks with 9 settings; four resolutions here.
        ("ofa_mobilenet_v3", 4 * (3 * 9**4) ** 5),
        # Wu et al. 2019: "the search space contains 9^22 possible architectures".
        ("fbnet", 9**22),
        # Tan et al. 2019: 432 settings of each of five blocks.
        ("mnasnet", 432**5),
        # Cai et al. 2019: 6 settings in six first blocks, 7 in fifteen others.
        ("proxylessnas", 6**6 * 7**15),
    ],
)
def test_a_space_has_the_size_that_its_source_states(name, size):
    assert space(name).size == size


def test_the_widths_of_the_first_layer_of_mobilenet_v1_are_the_thirty_of_the_paper():
    assert candidates(32) == tuple(range(3, 33))


def test_the_widest_code_of_mobilenet_v1_is_mobilenet_v1():
    of = space("mobilenet_v1_channels")
    graph = of.graph([width - 1 for width in of.widths])
    zoo = build("mobilenet_v1")
    shapes = [(layer.op, graph.tensors[layer.outputs[0]].shape) for layer in graph.layers if "conv" in layer.op]
    assert shapes == [(layer.op, zoo.tensors[layer.outputs[0]].shape) for layer in zoo.layers if "conv" in layer.op]


def test_a_sample_repeats_with_its_seed_and_stays_in_the_space():
    of = space("fbnet")
    assert np.array_equal(of.sample(50, seed=1), of.sample(50, seed=1))
    assert not np.array_equal(of.sample(50, seed=1), of.sample(50, seed=2))
    assert of.valid(of.sample(50, seed=1)).shape == (50, len(of.positions))


def test_neighbours_differ_in_one_position_each():
    of = space("resnet50_widths")
    code = of.sample(1, seed=0)[0]
    found = of.neighbours(code)
    assert len(found) == sum(width - 1 for width in of.widths)
    assert set((found != code).sum(axis=1)) == {1}
    assert len({tuple(row) for row in found.tolist()}) == len(found)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([[0, 0]], "a code has 6 positions"),
        ([[0, 28, 0, 0, 0, 0]], "row 0, position 'stage 1': choice 28 does not exist; it has choices 0 to 20"),
        ([[0, -1, 0, 0, 0, 0]], "position 'stage 1': choice -1 does not exist"),
        ([[0, 0.5, 0, 0, 0, 0]], "give integers"),
    ],
)
def test_a_code_outside_its_space_is_refused(codes, message):
    with pytest.raises(SpaceError, match=message):
        space("resnet50_widths").predict(codes, hwmodels.load("CPU"))


@pytest.mark.parametrize(
    ("positions", "message"), [((), "has no positions"), ((Position("empty", ()),), "'empty': has 0 choices")]
)
def test_a_space_without_choices_is_refused(positions, message):
    with pytest.raises(SpaceError, match=message):
        Space("made_up", positions)


def test_codes_are_read_from_text_and_a_bad_line_is_named(tmp_path):
    of, path = space("resnet50_widths"), tmp_path / "codes.txt"
    path.write_text("0-1-2-3-4-0\n0-20-0-0-0-0\n")
    assert read_codes(of, path).tolist() == [[0, 1, 2, 3, 4, 0], [0, 20, 0, 0, 0, 0]]
    path.write_text("0-1-2-3-4-0\n0-1-x-3-4-0\n")
    with pytest.raises(SpaceError, match="line 2: '0-1-x-3-4-0' is no code"):
        read_codes(of, path)
    path.write_text("")
    with pytest.raises(SpaceError, match="no codes"):
        read_codes(of, path)


def test_a_kernel_that_joins_two_fragments_makes_a_space_slow_and_stays_right():
    """An activation at a position of its own joins the convolution before it: its kernel is of two fragments."""

    def stem(b: GraphBuilder, _flow: Flow) -> Flow:
        return Flow(b.conv2d(b.input((1, 32, 32, 8)), 16, 3))

    def activated(op: str, b: GraphBuilder, flow: Flow) -> Flow:
        return Flow(b.layer(op, flow.tensor))

    choices = tuple(Choice(op, lambda b, flow, op=op: activated(op, b, flow)) for op in ("relu", "tanh"))
    of = Space("made_up", (Position("stem", (Choice("stem", stem),)), Position("activation", choices)))
    device = hwmodels.load("CPU")
    assert "position 'stem'" in of.slow_reason(device)
    alone = [predict(of.graph([0, choice]), device, "float32").latency_s for choice in (0, 1)]
    assert of.predict([[0, 0], [0, 1]], device).latency_s == pytest.approx(alone, rel=1e-12)


def test_a_settled_value_reaches_the_fragment_behind():
    def grow(b: GraphBuilder, flow: Flow) -> Flow:
        (width,) = flow.settled
        return Flow(b.conv2d(b.input((1, 8, 8, 4)), width))

    of = Space("made_up", (settling("width", (8, 24)), Position("layer", (Choice("layer", grow),))))
    assert [of.graph([i, 0]).tensors[-1].shape[-1] for i in (0, 1)] == [8, 24]
