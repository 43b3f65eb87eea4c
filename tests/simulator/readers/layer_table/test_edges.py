"""Edges of a layer table that states none: known blocks, whole networks, and measured families."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from stairline.simulator.readers.layer_table.reader import read_table
from stairline.simulator.readers.layer_table.writer import write_table
from stairline.simulator.zoo import build
from tests.checkout import DATA

from .tables import one, reads, verified

NNMETER = DATA / "nnmeter" / "layers.csv.gz"


def test_a_plain_row_reads_the_row_before_and_the_first_reads_the_input(tmp_path: Path) -> None:
    graph = one(tmp_path, "conv2d 8x8x3 8x8x16 3 1", "relu 8x8x16 8x8x16", "maxpool2d 8x8x16 4x4x16 2 2")
    assert reads(graph) == {"conv2d_0": ["input"], "relu_1": ["conv2d_0"], "maxpool2d_2": ["relu_1"]}
    assert graph.tensors[graph.outputs[0]].shape == (1, 4, 4, 16)


def test_an_identity_residual_joins_the_block_input_not_the_tensors_inside_the_block(tmp_path: Path) -> None:
    graph = one(
        tmp_path,
        "maxpool2d 8x8x4 4x4x4 2 2",
        *(
            "conv2d 4x4x4 4x4x4 3 1",
            "relu 4x4x4 4x4x4",
            "conv2d 4x4x4 4x4x4 3 1",
            "add 4x4x4 4x4x4",
            "relu 4x4x4 4x4x4",
        ),
        *(
            "conv2d 4x4x4 4x4x4 3 1",
            "relu 4x4x4 4x4x4",
            "conv2d 4x4x4 4x4x4 3 1",
            "add 4x4x4 4x4x4",
            "relu 4x4x4 4x4x4",
        ),
    )
    assert reads(graph)["add_4"] == ["conv2d_3", "maxpool2d_0"]
    assert reads(graph)["add_9"] == ["conv2d_8", "relu_5"]


def test_a_projection_shortcut_reads_the_block_input_even_where_the_bottleneck_has_its_shape(tmp_path: Path) -> None:
    # The first block of ResNet-50: 64 channels enter, 64 run inside, 256 leave.
    graph = one(
        tmp_path,
        "maxpool2d 8x8x64 4x4x64 2 2",
        "conv2d 4x4x64 4x4x64 1 1",
        "relu 4x4x64 4x4x64",
        "conv2d 4x4x64 4x4x64 3 1",
        "relu 4x4x64 4x4x64",
        "conv2d 4x4x64 4x4x256 1 1",
        "conv2d 4x4x64 4x4x256 1 1",
        "add 4x4x256 4x4x256",
    )
    assert reads(graph)["conv2d_6"] == ["maxpool2d_0"]
    assert set(reads(graph)["add_7"]) == {"conv2d_5", "conv2d_6"}


def test_an_inverted_residual_joins_the_linear_projection_before_it(tmp_path: Path) -> None:
    graph = one(
        tmp_path,
        "conv2d 4x4x24 4x4x8 1 1",
        *("conv2d 4x4x8 4x4x8 1 1", "relu6 4x4x8 4x4x8", "dwconv2d 4x4x8 4x4x8 3 1", "relu6 4x4x8 4x4x8"),
        *("conv2d 4x4x8 4x4x8 1 1", "add 4x4x8 4x4x8"),
    )
    assert reads(graph)["add_6"] == ["conv2d_5", "conv2d_0"]


SE_BLOCK = (
    "conv2d 4x4x24 4x4x8 1 1",
    *("conv2d 4x4x8 4x4x16 1 1", "add 4x4x16 4x4x16", "dwconv2d 4x4x16 4x4x16 3 1"),
    *("globalavgpool2d 4x4x16 1x1x16", "conv2d 1x1x16 1x1x4 1 1", "relu 1x1x4 1x1x4", "conv2d 1x1x4 1x1x16 1 1"),
    *("relu6 1x1x16 1x1x16", "mul 4x4x16 4x4x16", "add 4x4x16 4x4x16", "conv2d 4x4x16 4x4x8 1 1", "add 4x4x8 4x4x8"),
)


def test_a_squeeze_and_excitation_gate_multiplies_the_map_that_it_was_pooled_from(tmp_path: Path) -> None:
    assert reads(one(tmp_path, *SE_BLOCK))["mul_9"] == ["dwconv2d_3", "relu6_8"]


def test_an_add_with_nothing_to_join_is_the_hard_swish_of_mobilenet_v3(tmp_path: Path) -> None:
    graph = one(tmp_path, *SE_BLOCK)
    assert [layer.name for layer in graph.layers if layer.op == "hard_swish"] == ["add_2", "add_10"]
    assert reads(graph)["add_12"] == ["conv2d_11", "conv2d_0"]


@pytest.mark.parametrize("expand", [32, 16], ids=["wider than the squeeze", "as wide as the squeeze"])
def test_a_fire_module_expands_one_squeeze_twice_and_joins_both(tmp_path: Path, expand: int) -> None:
    graph = one(
        tmp_path,
        "maxpool2d 8x8x96 4x4x96 2 2",
        *("conv2d 4x4x96 4x4x16 1 1", "relu 4x4x16 4x4x16"),
        *(f"conv2d 4x4x16 4x4x{expand} 1 1", f"relu 4x4x{expand} 4x4x{expand}"),
        *(f"conv2d 4x4x16 4x4x{expand} 3 1", f"relu 4x4x{expand} 4x4x{expand}"),
        f"concat 4x4x{2 * expand} 4x4x{2 * expand}",
    )
    assert reads(graph)["conv2d_5"] == ["relu_2"]
    assert reads(graph)["concat_7"] == ["relu_4", "relu_6"]


@pytest.mark.parametrize("first", [64, 192], ids=["narrower than the fork", "as wide as the fork"])
def test_an_inception_module_forks_four_times_and_joins_four_branches(tmp_path: Path, first: int) -> None:
    joined = first + 128 + 32 + 32
    graph = one(
        tmp_path,
        "maxpool2d 8x8x192 4x4x192 2 2",
        *(f"conv2d 4x4x192 4x4x{first} 1 1", f"relu 4x4x{first} 4x4x{first}"),
        *("conv2d 4x4x192 4x4x96 1 1", "relu 4x4x96 4x4x96", "conv2d 4x4x96 4x4x128 3 1", "relu 4x4x128 4x4x128"),
        *("conv2d 4x4x192 4x4x16 1 1", "relu 4x4x16 4x4x16", "conv2d 4x4x16 4x4x32 3 1", "relu 4x4x32 4x4x32"),
        *("maxpool2d 4x4x192 4x4x192 3 1", "conv2d 4x4x192 4x4x32 1 1", "relu 4x4x32 4x4x32"),
        f"concat 4x4x{joined} 4x4x{joined}",
    )
    edges = reads(graph)
    assert [edges[f"conv2d_{i}"] for i in (1, 3, 7)] == [["maxpool2d_0"]] * 3
    assert edges["maxpool2d_11"] == ["maxpool2d_0"]
    assert edges["concat_14"] == ["relu_2", "relu_6", "relu_10", "relu_13"]


def test_a_dense_block_joins_everything_before_its_activation(tmp_path: Path) -> None:
    def layer(c: int) -> tuple[str, ...]:
        inside = (f"relu 4x4x{c} 4x4x{c}", f"conv2d 4x4x{c} 4x4x64 1 1", "relu 4x4x64 4x4x64")
        return (*inside, "conv2d 4x4x64 4x4x32 3 1", f"concat 4x4x{c + 32} 4x4x{c + 32}")

    edges = reads(one(tmp_path, "maxpool2d 8x8x64 4x4x64 2 2", *layer(64), *layer(96)))
    assert edges["concat_5"] == ["maxpool2d_0", "conv2d_4"]
    assert edges["concat_10"] == ["concat_5", "conv2d_9"]


def test_a_row_that_reads_half_of_a_shuffle_splits_it_and_the_other_half_passes_by(tmp_path: Path) -> None:
    graph = one(
        tmp_path,
        *("conv2d 4x4x3 4x4x8 1 1", "channel_shuffle 4x4x8 4x4x8", "conv2d 4x4x4 4x4x4 1 1", "relu 4x4x4 4x4x4"),
        "concat 4x4x8 4x4x8",
    )
    edges = reads(graph)
    assert edges["conv2d_2:split"] == ["channel_shuffle_1"]
    assert edges["conv2d_2"] == ["conv2d_2:split:1"]
    assert edges["concat_4"] == ["conv2d_2:split:0", "relu_3"]


def test_a_dense_row_over_a_map_reads_it_flattened(tmp_path: Path) -> None:
    graph = one(tmp_path, "maxpool2d 14x14x8 7x7x8 2 2", "dense 1x1x392 1x1x10", "dense 1x1x10 1x1x5")
    assert [layer.op for layer in graph.layers] == ["maxpool2d", "reshape", "dense", "dense"]
    assert graph.tensors[graph.layers[2].inputs[0]].shape == (1, 1, 1, 392)


@pytest.mark.parametrize(
    ("row", "padding"),
    [
        ("conv2d 224x224x3 112x112x8 3 2", (0, 1, 0, 1)),  # TensorFlow "SAME"
        ("conv2d 224x224x3 54x54x8 11 4", (0, 0, 0, 0)),  # "VALID": (224 - 11) // 4 + 1 = 54
        ("conv2d 224x224x3 55x55x8 11 4", (2, 2, 2, 2)),  # torchvision's AlexNet pads 2; 3 in all would do
        ("conv2d 7x7x3 9x9x8 3 1", (2, 2, 2, 2)),  # full convolution
        ("conv2d 7x7x3 6x6x8 4 1", (1, 1, 1, 1)),
        ("avgpool2d 8x8x3 4x4x3 2 2", (0, 0, 0, 0)),
    ],
)
def test_padding_is_what_explains_the_stated_output(tmp_path: Path, row: str, padding: tuple[int, ...]) -> None:
    assert one(tmp_path, row).layers[0].attributes.padding == padding


@pytest.mark.parametrize(
    "model",
    [
        *(
            "mobilenet_v1",
            "mobilenet_v2",
            "mobilenet_v3_large",
            "shufflenet_v2",
            "resnet_v1_50",
            "inception_v1",
        ),
        *("proxyless_mobile", "mnasnet_a1", "efficientnet_b0"),
    ],
)
def test_edges_are_recovered_from_shapes_alone(tmp_path: Path, model: str) -> None:
    path = tmp_path / "model.csv"
    write_table([build(model)], path)
    stated = read_table(path).graph(model)
    pd.read_csv(path).drop(columns="inputs").to_csv(path, index=False)
    inferred = read_table(path).graph(model)
    assert {k: set(v) for k, v in reads(inferred).items()} == {k: set(v) for k, v in reads(stated).items()}


@pytest.mark.skipif(not NNMETER.exists(), reason="nn-Meter's layer table is not here")
def test_networks_of_one_family_with_the_same_operators_have_the_same_edges() -> None:
    # A family's networks differ in channels and kernels only, so that edges found from shapes must agree between them.
    edges: dict[tuple[str, ...], set[tuple[tuple[int, ...], ...]]] = {}
    ambiguous = 0
    for number, graph in enumerate(read_table(NNMETER).networks()):
        if number % 40 == 0:
            assert verified(graph) == graph
        assert len(graph.outputs) == 1
        seen = edges.setdefault(tuple(layer.name for layer in graph.layers), set())
        mine = tuple(layer.inputs for layer in graph.layers)
        ambiguous += bool(seen) and mine not in seen
        seen.add(mine)
    # Some SqueezeNets have a squeeze exactly as wide as its input: two readings of their shapes.
    assert ambiguous <= 10
