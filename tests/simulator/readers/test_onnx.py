"""ONNX files: what ONNX Runtime computes is what a graph must say, with channels last."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import count
from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.onnx.wire import without_payloads

onnx = pytest.importorskip("onnx")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto


def floats(name: str, *shape: int):
    return numpy_helper.from_array(np.ones(shape, np.float32), name)


def integers(name: str, *values: int):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def model(nodes, stored=(), shape=(1, 8, 16, 16), outputs=("y",), opset=18, inputs=None):
    """A model that reads "x" (or ``inputs``) and gives ``outputs``, whose shapes it does not state."""
    given_shapes = inputs or {"x": shape}
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in given_shapes.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        list(stored),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


@pytest.fixture
def saved(tmp_path):
    def save(built, name="network.onnx") -> Path:
        path = tmp_path / name
        path.write_bytes(built.SerializeToString())
        return path

    return save


def ops(graph: Graph) -> list[str]:
    return [layer.op for layer in graph.layers]


def macs(graph: Graph) -> int:
    return sum(
        count(layer.op, graph.shapes(layer.inputs), graph.shapes(layer.outputs), layer.attributes).macs
        for layer in graph.layers
    )


def node(op, inputs, outputs=("y",), **attributes):
    return helper.make_node(op, list(inputs), list(outputs), **attributes)


CONV = node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1])
FILTER = floats("w", 8, 8, 3, 3)

NETWORKS = {
    "convolution": ([node("Conv", "xw", strides=[2, 1], pads=[0, 1, 2, 3])], [FILTER], ["conv2d"]),
    "convolution padded to the same size": (
        [node("Conv", "xw", strides=[2, 2], auto_pad="SAME_LOWER")],
        [FILTER],
        ["conv2d"],
    ),
    "depthwise with a multiplier": ([node("Conv", "xw", group=8)], [floats("w", 16, 1, 3, 3)], ["dwconv2d"]),
    "grouped": ([node("Conv", "xw", group=2)], [floats("w", 6, 4, 3, 3)], ["conv2d"]),
    "transposed": (
        [node("ConvTranspose", "xw", strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])],
        [floats("w", 8, 6, 3, 3)],
        ["conv2d_transpose"],
    ),
    "maximum pool rounding up": (
        [node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)],
        [],
        ["maxpool2d"],
    ),
    "maximum pool rounding up into its padding": (
        [node("MaxPool", "x", kernel_shape=[2, 2], strides=[3, 3], pads=[0, 0, 1, 1], ceil_mode=1)],
        [],
        ["maxpool2d"],
    ),
    "average pool of the whole map": ([node("AveragePool", "x", kernel_shape=[16, 16])], [], ["globalavgpool2d"]),
    "global pools": (
        [node("GlobalAveragePool", "x", ["a"]), node("GlobalMaxPool", "x", ["b"]), node("Add", "ab")],
        [],
        ["globalavgpool2d", "globalmaxpool2d", "add"],
    ),
    "concat of channels": ([CONV, node("Concat", "xa", axis=1)], [FILTER], ["conv2d", "concat"]),
    "split of channels": (
        [CONV, node("Split", "ap", ["b", "c"], axis=1), node("Concat", "cb", axis=1)],
        [FILTER, integers("p", 3, 5)],
        ["conv2d", "split", "concat"],
    ),
    "slice of rows": (
        [CONV, node("Slice", ["a", "s", "e", "d", "t"])],
        [FILTER, integers("s", -2, 1), integers("e", -100, 7), integers("d", 2, 1), integers("t", -3, 2)],
        ["conv2d", "strided_slice"],
    ),
    "pad of rows": (
        [CONV, node("Pad", "ap")],
        [FILTER, integers("p", 0, 0, 1, 2, 0, 0, 3, 4)],
        ["conv2d", "pad"],
    ),
    "resize": ([node("Resize", ["x", "", "s"])], [numpy_helper.from_array(np.float32([1, 1, 2, 3]), "s")], ["resize"]),
    "flatten": (
        [CONV, node("Flatten", "a", "f"), node("Gemm", "fgb", transB=1)],
        [FILTER, floats("g", 10, 2048), floats("b", 10)],
        ["conv2d", "reshape", "dense"],
    ),
    "reshape to what the network computes": (
        [
            CONV,
            node("Shape", "a", "s"),
            node("Gather", "si", "n"),
            node("Unsqueeze", "nz", "u"),
            node("Concat", "um", "t", axis=0),
            node("Reshape", "at"),
        ],
        [FILTER, numpy_helper.from_array(np.int64(0), "i"), integers("z", 0), integers("m", -1)],
        ["conv2d", "reshape"],
    ),
    "channel shuffle": (
        [
            CONV,
            node("Reshape", "as", "b"),
            node("Transpose", "b", "c", perm=[0, 2, 1, 3, 4]),
            node("Reshape", "ct", "d"),
            node("Conv", "dw", pads=[1, 1, 1, 1]),
        ],
        [FILTER, integers("s", 1, 2, 4, 16, 16), integers("t", 1, 8, 16, 16)],
        ["conv2d", "reshape", "transpose", "reshape", "conv2d"],
    ),
    "mean of rows and columns": (
        [CONV, node("ReduceMean", "am", keepdims=0)],
        [FILTER, integers("m", 2, 3)],
        ["conv2d", "mean"],
    ),
    "mean of columns, whose axes are reordered first": (
        [CONV, node("ReduceMean", "am", keepdims=0)],
        [FILTER, integers("m", 3)],
        ["conv2d", "transpose", "mean"],
    ),
    "layout changes of another framework": (
        [
            node("Transpose", "x", "a", perm=[0, 3, 1, 2]),
            node("Conv", "aw", "b"),
            node("Transpose", "b", perm=[0, 2, 3, 1]),
        ],
        [floats("w", 4, 16, 3, 3)],
        ["conv2d"],
    ),
    "squeeze and excite": (
        [
            CONV,
            node("GlobalAveragePool", "a", "p"),
            node("Conv", "pv", "q"),
            node("HardSigmoid", "q", "r"),
            node("Mul", "ar"),
        ],
        [FILTER, floats("v", 8, 8, 1, 1)],
        ["conv2d", "globalavgpool2d", "conv2d", "hard_sigmoid", "mul"],
    ),
    "channel constants": (
        [CONV, node("Mul", "ac", "b"), node("Add", "bd")],
        [FILTER, floats("c", 8, 1, 1), floats("d")],
        ["conv2d", "mul", "add"],
    ),
    "attention over pixels": (
        [
            CONV,
            node("Reshape", "as", "b"),
            node("Transpose", "b", "k", perm=[0, 1, 3, 2]),
            node("MatMul", "bk", "m"),
            node("Softmax", "m", "p", axis=-1),
            node("MatMul", "pb"),
        ],
        [FILTER, integers("s", 1, 2, 256, 4)],
        ["conv2d", "reshape", "transpose", "matmul", "softmax", "matmul"],
    ),
    "layer norm and a biased product": (
        [node("LayerNormalization", "xs", "a"), node("MatMul", "aw", "b"), node("Add", "bc")],
        [floats("s", 16), floats("w", 16, 4), floats("c", 4)],
        ["layer_norm", "dense"],
    ),
    "folded batch normalisation": ([CONV, node("BatchNormalization", "assss")], [FILTER, floats("s", 8)], ["conv2d"]),
    "batch normalisation in front": (
        [node("BatchNormalization", "xssss", "b"), node("Conv", "bw")],
        [FILTER, floats("s", 8)],
        ["batch_norm", "conv2d"],
    ),
    "clips": (
        [node("Clip", "xls", "a"), node("Clip", "al", "b"), node("Clip", ["b", "", "s"])],
        [floats("s"), numpy_helper.from_array(np.float32(0), "l")],
        ["onnx:Clip", "relu", "onnx:Clip"],
    ),
    "activations": (
        [node("LeakyRelu", "x", "a"), node("Tanh", "a", "b"), node("HardSwish", "b", "c"), node("Sigmoid", "c")],
        [],
        ["leaky_relu", "tanh", "hard_swish", "sigmoid"],
    ),
    "operators without a rule": (
        [CONV, node("DepthToSpace", "a", "b", blocksize=2), node("Erf", "b")],
        [FILTER],
        ["conv2d", "onnx:DepthToSpace", "onnx:Erf"],
    ),
}

IN_THE_FILES_ORDER = {
    "flatten",
    "reshape to what the network computes",
    "mean of rows and columns",
    "mean of columns, whose axes are reordered first",
    "layout changes of another framework",
    "attention over pixels",
    "layer norm and a biased product",
    "clips",
    "activations",
}
"""Networks whose result is no image: all others are stored channels last."""


@pytest.mark.parametrize("name", NETWORKS)
def test_the_shapes_are_those_of_the_runtime(name, saved):
    runtime = pytest.importorskip("onnxruntime")
    nodes, stored, expected = NETWORKS[name]
    path = saved(model(nodes, stored))
    graph = read(path)
    assert ops(graph) == expected
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": np.ones((1, 8, 16, 16), np.float32)})
    if name not in IN_THE_FILES_ORDER:
        result = result.transpose(0, 2, 3, 1)
    assert graph.shapes(graph.outputs) == (result.shape,)


CONVOLUTIONS = {
    "plain": ((1, 64, 56, 56), (64, 64, 3, 3), {}, 56 * 56 * 64 * 9 * 64),
    "batch of 16": ((16, 64, 56, 56), (64, 64, 3, 3), {}, 16 * 56 * 56 * 64 * 9 * 64),
    "width of 224": ((1, 64, 56, 224), (64, 64, 3, 3), {}, 56 * 224 * 64 * 9 * 64),
    "dilation": ((1, 64, 56, 56), (64, 64, 3, 3), {"dilations": [2, 2], "pads": [0] * 4}, 52 * 52 * 64 * 9 * 64),
    "groups": ((1, 64, 56, 56), (64, 16, 3, 3), {"group": 4}, 56 * 56 * 64 * 9 * 16),
    "1x3 kernel": ((1, 64, 56, 56), (64, 64, 1, 3), {"pads": [0, 1, 0, 1]}, 56 * 56 * 64 * 3 * 64),
    "stride (2, 1)": ((1, 64, 56, 56), (64, 64, 3, 3), {"strides": [2, 1]}, 28 * 56 * 64 * 9 * 64),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_batch_width_dilation_groups_kernel_and_stride_survive_reading(name, saved):
    shape, filters, options, expected = CONVOLUTIONS[name]
    convolution = node("Conv", "xw", **{"pads": [1, 1, 1, 1], **options})
    graph = read(saved(model([convolution], [floats("w", *filters)], shape)))
    attributes = graph.layers[0].attributes
    assert macs(graph) == expected
    assert attributes.kernel == filters[2:]
    assert attributes.groups == options.get("group", 1)
    assert attributes.stride == tuple(options.get("strides", (1, 1)))
    assert attributes.dilation == tuple(options.get("dilations", (1, 1)))


def test_paddings_are_top_bottom_left_right(saved):
    graph = read(saved(model([node("Conv", "xw", pads=[1, 2, 3, 4])], [FILTER])))
    assert graph.layers[0].attributes.padding == (1, 3, 2, 4)


def test_a_convolution_along_one_axis_is_kept_with_its_shape(saved):
    graph = read(saved(model([node("Conv", "xw")], [floats("w", 4, 8, 3)], (1, 8, 16))))
    assert ops(graph) == ["onnx:Conv"]
    assert graph.shapes(graph.outputs) == ((1, 4, 14),)


def test_batch_normalisation_stays_when_something_else_reads_the_convolution(saved):
    nodes = [CONV, node("BatchNormalization", "assss", "b"), node("Add", "ab")]
    assert ops(read(saved(model(nodes, [FILTER, floats("s", 8)])))) == ["conv2d", "batch_norm", "add"]


def test_quantise_pairs_say_the_precision_and_are_no_layers(saved):
    zero, scale = numpy_helper.from_array(np.int8(0), "z"), floats("s")
    weights = numpy_helper.from_array(np.ones((8, 8, 3, 3), np.int8), "v")
    nodes = [
        node("QuantizeLinear", "xsz", "a"),
        node("DequantizeLinear", "asz", "b"),
        node("DequantizeLinear", "vsz", "w"),
        node("Conv", "bw", "c"),
        node("QuantizeLinear", "csz", "d"),
        node("DequantizeLinear", "dsz", "e"),
        node("Relu", "e", "f"),
        node("QuantizeLinear", "fsz", "g"),
        node("DequantizeLinear", "gsz", "y"),
    ]
    graph = read(saved(model(nodes, [zero, scale, weights])))
    assert graph.dtype == "int8"
    assert ops(graph) == ["quantize", "conv2d", "relu", "dequantize"]


def test_an_operator_of_another_domain_is_kept_when_its_shape_is_stated(saved):
    built = model([helper.make_node("Fancy", ["x"], ["a"], domain="org.example"), node("Relu", "a")])
    built.opset_import.append(helper.make_opsetid("org.example", 1))
    with pytest.raises(ReadError, match=r"org\.example\.Fancy.*states no shape of 'a'"):
        read(saved(built))
    built.graph.value_info.append(helper.make_tensor_value_info("a", TensorProto.FLOAT, (1, 4, 2)))
    graph = read(saved(built))
    assert ops(graph) == ["onnx:org.example.Fancy", "relu"]
    assert graph.shapes(graph.outputs) == ((1, 4, 2),)


def test_nodes_that_no_output_needs_are_left_out(saved):
    assert ops(read(saved(model([node("Relu", "x"), node("Tanh", "x", "z")])))) == ["relu"]


def test_nodes_in_another_order_are_sorted(saved):
    assert ops(read(saved(model([node("Relu", "a"), node("Tanh", "x", "a")])))) == ["tanh", "relu"]


def test_open_dimensions_ask_for_a_shape_in_the_files_order_and_take_it(saved):
    path = saved(model([CONV, node("Relu", "a")], [FILTER], ("batch", 8, None, 16)))
    with pytest.raises(ReadError, match=r"shape \?,8,\?,16 is not fixed: give it with --shape"):
        read(path)
    for given_shape in ((2, 8, 10, 16), {"x": (2, 8, 10, 16)}):
        graph = read(path, given_shape)
        assert graph.shapes(graph.outputs) == ((2, 10, 16, 8),)


def test_one_shape_for_two_inputs_asks_which(saved):
    path = saved(model([node("Add", "xz")], inputs={"x": (1, 4), "z": (1, 4)}))
    with pytest.raises(ReadError, match="'x', 'z'"):
        read(path, (1, 5))


def test_weights_are_not_loaded_and_external_data_is_not_opened(saved, tmp_path):
    big = model([CONV, node("Relu", "a")], [FILTER])
    whole = big.SerializeToString()
    emptied = without_payloads(BytesIO(whole))
    assert len(emptied) < len(whole) - 8 * 8 * 3 * 3 * 4 + 64
    stripped = onnx.ModelProto.FromString(emptied)
    assert [(t.name, list(t.dims), len(t.raw_data)) for t in stripped.graph.initializer] == [("w", [8, 8, 3, 3], 0)]
    stripped.graph.initializer[0].raw_data = big.graph.initializer[0].raw_data
    assert stripped == big
    weight = big.graph.initializer[0]
    onnx.external_data_helper.set_external_data(weight, location="nowhere/at/all.bin")
    weight.ClearField("raw_data")
    assert ops(read(saved(big))) == ["conv2d", "relu"]
    assert not (tmp_path / "nowhere").exists()


RESNET = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"


@pytest.mark.skipif(not RESNET.exists(), reason="this build of onnx carries no test models")
def test_resnet_50_has_the_published_multiply_accumulates_and_parameters():
    graph = read(RESNET)
    parameters = sum(
        count(n.op, graph.shapes(n.inputs), graph.shapes(n.outputs), n.attributes).weight_elements for n in graph.layers
    )
    assert macs(graph) == pytest.approx(4.1e9, rel=0.01)  # torchvision's table: 4.09 GFLOPs, 25.6 M parameters
    assert parameters == pytest.approx(25.557e6, rel=0.002)


def _dimension(size):
    return model([node("Relu", "x")], shape=(1, size, 4, 4))


BROKEN = {
    "a cycle": (model([node("Add", "xb", "a"), node("Relu", "a", "b"), node("Relu", "b")]), "form a cycle"),
    "a dangling input": (model([node("Relu", "q")]), "reads 'q', which nothing produces"),
    "a tensor produced twice": (model([node("Relu", "x"), node("Tanh", "x")]), "produces too"),
    "an output of nothing": (model([node("Relu", "x")], outputs=("z",)), "'z' is never produced"),
    "a dimension of zero": (_dimension(0), "at least 1"),
    "a negative dimension": (_dimension(-3), "at least 1"),
    "a huge dimension": (_dimension(1 << 40), "below 2"),
    "groups that do not divide": (model([node("Conv", "xw", group=3)], [FILTER]), "Conv|groups"),
    "a stride of zero": (model([node("Conv", "xw", strides=[0, 1])], [FILTER]), "stride"),
    "control flow": (model([node("Loop", "x")]), "control flow cannot be read"),
    "a recurrent operator": (model([node("LSTM", "xww")], [FILTER]), "recurrent"),
    "a missing operand": (model([node("Conv", "x")]), "Conv"),
    "an attribute of another type": (
        model([node("Softmax", "x", axis="a")]),
        "axis",
    ),
    "parts of another number than outputs": (
        model([node("Split", "x", "yz", num_outputs=1)]),
        "shape inference crashes|Split",
    ),
    "a kernel larger than its input": (
        model(
            [node("Conv", "xw", "a"), node("Slice", "aset")],
            [floats("w", 8, 8, 34, 3), integers("s", 0), integers("e", 4), integers("t", 2)],
        ),
        "shape inference crashes|larger than the padded",
    ),
    "no nodes": (model([]), "no network"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_network_that_cannot_be_gets_one_line(name, saved):
    built, words = BROKEN[name]
    path = saved(built)
    with pytest.raises(ReadError, match=words) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.onnx", b"", "is empty"),
        ("empty.tflite", b"", "is empty"),
        ("text.onnx", b"not a model at all, just words", "not an ONNX model|damaged|truncated"),
        ("text.tflite", b"not a model at all, just words", "not a TFLite model"),
        ("other.onnx", b"\x1c\0\0\0TFL3" + b"\0" * 40, "rename it to .tflite"),
        ("model.xyz", b"whatever it is", "suffix '.xyz'"),
        ("no_suffix", b"whatever it is", "suffix ''"),
    ],
)
def test_a_file_that_is_no_model_gets_one_line(name, content, words, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ReadError, match=words) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_get_one_line(tmp_path):
    with pytest.raises(ReadError, match="No such file"):
        read(tmp_path / "missing.onnx")
    with pytest.raises(ReadError, match=r"directory without saved_model\.pb"):
        read(tmp_path)


def test_a_name_with_control_characters_does_not_reach_the_terminal(saved):
    with pytest.raises(ReadError, match="nothing produces") as caught:
        read(saved(model([node("Relu", ["\x1b[31m\nq"])])))
    assert str(caught.value).isprintable()


def _read_or_refuse(path: Path) -> None:
    """A graph or one line that names the file; anything else fails the test."""
    try:
        graph, message = read(path), f"{path}: "
    except ReadError as error:
        graph, message = None, str(error)
    assert graph is None or graph.layers
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


fuzzing = settings(max_examples=200, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
nodes_of_all = [NETWORKS[name][:2] for name in ("squeeze and excite", "reshape to what the network computes")]
WHOLE = [model(nodes, stored).SerializeToString() for nodes, stored in nodes_of_all]


@fuzzing
@given(content=st.binary(max_size=400))
def test_random_bytes_never_escape_as_another_error(content, tmp_path):
    path = tmp_path / "random.onnx"
    path.write_bytes(content)
    _read_or_refuse(path)


@fuzzing
@given(whole=st.sampled_from(WHOLE), end=st.integers(0, 1 << 20))
def test_a_truncated_file_never_escapes_as_another_error(whole, end, tmp_path):
    path = tmp_path / "truncated.onnx"
    path.write_bytes(whole[: end % len(whole)])
    _read_or_refuse(path)


@fuzzing
@given(
    whole=st.sampled_from([without_payloads(BytesIO(whole)) for whole in WHOLE]),
    changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_flipped_bytes_never_escape_as_another_error(whole, changes, tmp_path):
    content = bytearray(whole)
    for position, value in changes:
        content[position % len(content)] = value
    path = tmp_path / "flipped.onnx"
    path.write_bytes(content)
    _read_or_refuse(path)
