"""The layer table: edges of known blocks, round trips, and one clear line for each bad input."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, GraphError
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.layer_table.reader import LayerTable, is_layer_table, read_table
from stairline.simulator.readers.layer_table.writer import write_table
from stairline.simulator.zoo import build
from tests.checkout import DATA

HEADER = "net,layer,op,h_in,w_in,c_in,h_out,w_out,c_out,kernel,stride"
NNMETER = DATA / "nnmeter" / "layers.csv.gz"


def table(tmp_path: Path, *layers: str, header: str = HEADER) -> LayerTable:
    """A table of one network 'n'; a layer is 'op in out kernel stride [more]', sizes as HxWxC."""
    lines = [header]
    for number, layer in enumerate(layers):
        op, size, out, *rest = layer.split(" ")
        cells = [*size.split("x"), *out.split("x"), *(rest or ["0", "0"])]
        lines.append(",".join(["n", str(number), op, *(c.replace("_", " ") for c in cells)]))
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_table(path)


def one(tmp_path: Path, *layers: str, header: str = HEADER) -> Graph:
    (graph,) = table(tmp_path, *layers, header=header).networks()
    assert verified(graph) == graph
    return graph


def verified(graph: Graph) -> Graph:
    """The same network through the constructor that verifies order and shapes."""
    return Graph(graph.name, graph.tensors, graph.layers, graph.inputs, graph.outputs, graph.dtype)


def reads(graph: Graph) -> dict[str, list[str]]:
    """Layer name to the names of the tensors it reads."""
    return {layer.name: [graph.tensors[t].name for t in layer.inputs] for layer in graph.layers}


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


def test_optional_columns_say_what_a_plain_table_cannot(tmp_path: Path) -> None:
    graph = one(
        tmp_path,
        "conv2d 8x8x4 8x4x6 3 1 5 2 1 2 relu int8 -1",
        "add 8x4x6 8x4x6 0 0 0 0 1 1  int8 0_0",
        header=HEADER + ",kernel_w,stride_w,dilation,groups,activation,dtype,inputs",
    )
    conv, relu, add = graph.layers
    assert (conv.attributes.kernel, conv.attributes.stride, conv.attributes.groups) == ((3, 5), (1, 2), 2)
    assert (relu.op, graph.dtype) == ("relu", "int8")
    assert (add.op, add.inputs) == ("add", relu.outputs * 2)


GOOD = "n,0,conv2d,8,8,4,8,8,6,3,1"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (HEADER.replace(",c_in", "") + "\n" + GOOD, ["'c_in' is missing"]),
        (HEADER + ",colour\n" + GOOD + ",1", ["'colour' is unknown"]),
        (HEADER + "\n", ["no rows"]),
        ("", ["not a readable layer table"]),
        (f"{HEADER}\n{GOOD}\nn,1,con2d,8,8,6,8,8,6,3,1", ["row 2", "'op'", "con2d", "did you mean 'conv2d'"]),
        (f"{HEADER}\n{GOOD}\nn,1,relu,0,8,6,8,8,6,3,1", ["row 2", "'h_in' is 0", "from 1"]),
        (f"{HEADER}\nn,0,conv2d,8,8,-4,8,8,6,3,1", ["row 1", "'c_in' is -4"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,6.5,3,1", ["row 1", "'c_out' is '6.5'", "whole number"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,,3,1", ["row 1", "'c_out' is empty"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,nan,3,1", ["row 1", "'c_out' is 'nan'"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,inf,3,1", ["row 1", "'c_out' is 'inf'"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,wide,3,1", ["row 1", "'c_out' is 'wide'"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,9999999999,3,1", ["row 1", "'c_out' is 9999999999"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,6,0,1", ["row 1", "'kernel' is 0"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,3,8,6,3,1", ["row 1", "'h_out' is 3", "'same' padding gives 8, none gives 6"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,30,6,3,1", ["row 1", "'w_out' is 30", "no padding gives it"]),
        (f"{HEADER}\nn,0,relu,8,8,4,8,8,6,0,0", ["row 1", "'c_out' is 6", "keeps the 4"]),
        (f"{HEADER}\nn,0,relu,8,8,4,8,7,4,0,0", ["row 1", "'w_out' is 7", "keeps the input's 8"]),
        (f"{HEADER}\nn,0,globalavgpool2d,8,8,4,2,1,4,0,0", ["row 1", "'h_out' is 2"]),
        (f"{HEADER}\nn,0,dwconv2d,8,8,4,8,8,6,3,1", ["row 1", "'c_out' is 6", "multiple of c_in 4"]),
        (f"{HEADER}\n{GOOD}\nn,2,relu,8,8,6,8,8,6,0,0", ["row 2", "'layer' is 2", "expected 1"]),
        (f"{HEADER}\n{GOOD}\nm{GOOD[1:]}\n{GOOD}", ["row 3", "'net' is n", "not consecutive"]),
        (f"{HEADER},groups\n{GOOD},3", ["row 1", "'groups' is 3", "divide"]),
        (f"{HEADER},dtype\n{GOOD},float23", ["row 1", "float23", "did you mean 'float32'"]),
        (f"{HEADER},activation\n{GOOD},rellu", ["row 1", "rellu", "did you mean 'relu'"]),
        (f"{HEADER},inputs\n{GOOD},0", ["row 1", "'inputs' is '0'", "not earlier"]),
        (f"{HEADER},inputs\n{GOOD},7", ["row 1", "'inputs' is '7'", "not earlier"]),
        (f"{HEADER},inputs\n{GOOD},-2", ["row 1", "'inputs' is '-2'", "separated by spaces"]),
        (f"{HEADER},inputs\n{GOOD},x", ["row 1", "'inputs' is 'x'", "separated by spaces"]),
        (f"{HEADER},inputs\n{GOOD},\nn,1,relu,8,8,6,8,8,6,0,0,-1", ["row 2", "states 8x8x6", "give 8x8x4"]),
        (f"{HEADER},inputs\n{GOOD},\nn,1,add,8,8,6,8,8,6,0,0,0", ["row 2", "two rows or more, not 1"]),
        (f"{HEADER},inputs\n{GOOD},\nn,1,relu,8,8,6,8,8,6,0,0,0 0", ["row 2", "one row, not 2"]),
        (f"{HEADER},inputs\n{GOOD},\nn,1,concat,8,8,9,8,8,9,0,0,0 -1", ["row 2", "states 8x8x9"]),
    ],
)
def test_a_bad_table_gets_one_line_with_the_file_the_place_and_the_value(
    tmp_path: Path, text: str, parts: list[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ReadError) as caught:
        read_table(path)
    message = str(caught.value)
    assert all(part in message for part in [str(path), *parts]), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("layers", "parts"),
    [
        (["conv2d 8x8x4 8x8x6 3 1", "conv2d 8x8x7 8x8x6 3 1"], ["row 2", "8x8x7", "no earlier row", "inputs"]),
        (["conv2d 8x8x4 8x8x6 3 1", "concat 8x8x9 8x8x9"], ["row 2", "8x8x9", "no earlier row fits the join"]),
        (["conv2d 8x8x4 8x8x6 3 1", "mul 8x8x6 8x8x6"], ["row 2", "8x8x6", "no earlier row fits the join"]),
        (["conv2d 8x8x4 8x8x6 3 1", "split 8x8x6 8x8x4"], ["row 2", "[4]", "add up to c_in 6"]),
    ],
)
def test_a_row_that_nothing_fits_is_named_when_its_network_is_built(
    tmp_path: Path, layers: list[str], parts: list[str]
) -> None:
    with pytest.raises(ReadError) as caught:
        list(table(tmp_path, *layers).networks())
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
@settings(max_examples=30, deadline=None)
@given(content=st.binary(max_size=200))
def test_random_bytes_are_refused_in_one_line(suffix: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"junk{suffix}"
        path.write_bytes(content)
        with pytest.raises(ReadError) as caught:
            read_table(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_foreign_suffix_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(ReadError, match="suffix"):
        read_table(tmp_path / "model.onnx")
    assert [is_layer_table(p) for p in ("a.csv", "a.CSV.gz", "a.parquet", "a.tflite")] == [True, True, True, False]


def test_networks_come_in_the_order_of_the_file_and_by_name(tmp_path: Path) -> None:
    path = tmp_path / "two.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\nz{GOOD[1:]}\na{GOOD[1:]}\n".encode()))
    networks = read_table(path)
    assert [graph.name for graph in networks.networks()] == list(networks.names) == ["z", "a"]
    assert networks.graph("a").name == "a"
    with pytest.raises(ReadError, match="network 'b' is not in the table"):
        networks.graph("b")


def windowed(draw: st.DrawFn, b: GraphBuilder, x: int, kind: str) -> int:
    _n, h, w, c = b.shape(x)
    kernel, stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3))), (draw(st.integers(1, 2)), 1)
    padding = draw(st.sampled_from(["same", "valid"])) if kernel[0] <= h and kernel[1] <= w else "same"
    if kind == "conv2d":
        groups = 2 if c % 2 == 0 and draw(st.booleans()) else 1
        return b.conv2d(x, draw(st.integers(1, 4)) * 2, kernel, stride, padding=padding, groups=groups)
    if kind == "dwconv2d":
        return b.dwconv2d(x, kernel, stride, multiplier=draw(st.integers(1, 2)), padding=padding)
    return b.pool(kind, x, kernel, stride, padding=padding)


def joined(draw: st.DrawFn, b: GraphBuilder, x: int, tensors: list[int], kind: str) -> int:
    if kind == "gate":
        return b.layer("mul", x, b.layer("globalavgpool2d", x, keepdims=True))
    if kind == "concat":
        beside = [t for t in tensors if b.shape(t)[:3] == b.shape(x)[:3]]
        return b.layer("concat", x, *draw(st.lists(st.sampled_from(beside), max_size=2)))
    same = [t for t in tensors if b.shape(t) == b.shape(x)]
    return b.layer(kind, x, draw(st.sampled_from(same)))


def reshaped(draw: st.DrawFn, b: GraphBuilder, x: int, kind: str) -> tuple[int, ...]:
    _n, h, w, c = b.shape(x)
    if kind == "resize":
        return (b.layer("resize", x, sizes=(draw(st.integers(1, 9)), draw(st.integers(1, 9)))),)
    if kind == "dense":
        return (b.dense(b.layer("reshape", x, sizes=(1, 1, 1, h * w * c)), 3),)
    if kind == "split" and c > 1:
        return b.layers("split", [x], Attributes(sizes=(1, c - 1)))
    return (b.layer("channel_shuffle", x, groups=c),)


WINDOWED, JOINED = ("conv2d", "dwconv2d", "maxpool2d", "avgpool2d"), ("add", "mul", "div", "concat", "gate")
RESHAPED, KEPT = ("resize", "dense", "split", "shuffle"), ("relu", "hard_swish", "softmax", "batch_norm")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Random networks of the operators that a table expresses, with forks, joins and splits."""
    b = GraphBuilder("random")
    entry = b.input((1, draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 4)) * 2))
    tensors = [entry, b.layer("relu", entry)]
    for kind in draw(st.lists(st.sampled_from(WINDOWED + JOINED + RESHAPED + KEPT), min_size=1, max_size=12)):
        x = draw(st.sampled_from(tensors))
        if kind in WINDOWED:
            tensors.append(windowed(draw, b, x, kind))
        elif kind in JOINED:
            tensors.append(joined(draw, b, x, tensors, kind))
        elif kind in RESHAPED:
            tensors += reshaped(draw, b, x, kind)
        else:
            tensors.append(b.layer(kind, x))
    return b.build(tensors[-1])


def meaning(graph: Graph) -> list[object]:
    """Operators, attributes, output shapes and edges; names and tensor numbers do not matter."""
    place: dict[int, object] = dict.fromkeys(graph.inputs, "input")
    layers: list[object] = []
    for number, layer in enumerate(graph.layers):
        place.update((t, (number, k)) for k, t in enumerate(layer.outputs))
        layers.append((layer.op, layer.attributes, [place[t] for t in layer.inputs], graph.shapes(layer.outputs)))
    return layers


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
@settings(max_examples=60, deadline=None)
@given(networks=st.lists(graphs(), min_size=1, max_size=3))
def test_a_written_table_reads_back_as_the_same_networks(suffix: str, networks: list[Graph]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        write_table([Graph(f"net{i}", *list(vars(g).values())[1:6]) for i, g in enumerate(networks)], path)
        back = list(read_table(path).networks())
    assert [meaning(g) for g in back] == [meaning(g) for g in networks]
    assert [verified(g) for g in back] == back


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "reason"),
    [
        ("transpose", 1, {"axes": (0, 2, 1, 3)}, "no such operator"),
        ("concat", 2, {"axis": 1}, "along channels"),
        ("maxpool2d", 1, {"dilation": (1, 2)}, "one for both axes"),
        ("reshape", 1, {"sizes": (2, 4, 4, 2)}, "holds (1, H, W, C)"),
    ],
)
def test_what_a_row_cannot_express_is_refused_when_writing(
    tmp_path: Path, op: str, inputs: int, attributes: dict[str, object], reason: str
) -> None:
    b = GraphBuilder("g")
    x = b.input((1, 4, 4, 4))
    graph = b.build(b.layer(op, *[x] * inputs, **attributes))
    with pytest.raises(GraphError) as caught:
        write_table([graph], tmp_path / "t.csv")
    assert reason in str(caught.value)


def test_a_stored_operand_and_a_second_input_cannot_be_written(tmp_path: Path) -> None:
    b = GraphBuilder("g")
    graph = b.build(b.layer("mul", b.input((1, 4, 4, 4)), b.constant((1, 1, 1, 4), "scale")))
    with pytest.raises(GraphError, match="operand 'scale' is stored"):
        write_table([graph], tmp_path / "t.csv")
    b = GraphBuilder("g")
    x = b.input((1, 4, 4, 4))
    graph = b.build(b.layer("concat", x, x))
    with pytest.raises(GraphError, match="a join hides its size"):
        write_table([graph], tmp_path / "t.csv")
    b = GraphBuilder("g")
    graph = b.build(b.layer("add", b.input((1, 4, 4, 4)), b.input((1, 4, 4, 4), "other")))
    with pytest.raises(GraphError, match="2 inputs"):
        write_table([graph], tmp_path / "t.csv")


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
