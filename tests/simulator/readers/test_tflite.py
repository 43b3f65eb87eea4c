"""TFLite files made by TensorFlow's own converter: what the interpreter reports is what a graph must say."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stairline.measure.models.build import tflite_bytes
from stairline.measure.models.parameters import with_weights
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import count
from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def tf():
    import tensorflow

    return tensorflow


@pytest.fixture(scope="session")
def converted(tf, tmp_path_factory):
    """A function of (network, input shapes..., quantised) to the path of its .tflite file."""
    folder = tmp_path_factory.mktemp("tflite")

    def convert(network, *shapes, quantised=False):
        specs = [tf.TensorSpec(shape) for shape in shapes]
        concrete = tf.function(network, input_signature=specs).get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], tf.Module())
        if quantised:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: [[tf.random.uniform(shape) for shape in shapes]]
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        path = folder / f"network{len(list(folder.iterdir()))}.tflite"
        path.write_bytes(converter.convert())
        return path

    return convert


@pytest.fixture(scope="session")
def small(tf, converted) -> Path:
    """Every kind of structure in one small file."""

    def network(x):
        y = tf.nn.relu6(tf.nn.conv2d(x, tf.ones((3, 3, 3, 8)), 2, "SAME"))
        y = tf.nn.depthwise_conv2d(y, tf.ones((3, 3, 8, 1)), (1, 1, 1, 1), "SAME")
        a, b = tf.split(y, 2, axis=-1)
        y = tf.pad(tf.concat([a * b, b], -1), [[0, 0], [1, 1], [1, 1], [0, 0]])
        y = tf.reshape(tf.transpose(y, (0, 3, 1, 2))[:, 1:5, ::2, :], (1, -1))
        return tf.nn.softmax(tf.matmul(y, tf.ones((y.shape[1], 10))))

    return converted(network, (1, 16, 16, 3))


def ops(graph: Graph) -> list[str]:
    return [layer.op for layer in graph.layers]


def macs(graph: Graph) -> int:
    return sum(
        count(layer.op, graph.shapes(layer.inputs), graph.shapes(layer.outputs), layer.attributes).macs
        for layer in graph.layers
    )


def interpreter_shapes(tf, path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors by name, after the interpreter has allocated them."""
    interpreter = tf.lite.Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    return {t["name"]: tuple(map(int, t["shape"])) for t in interpreter.get_tensor_details()}


def conv(kernel, c_in, c_out, **options):
    """A network of one convolution; written as a function of tf, because TensorFlow is imported late."""
    return lambda tf: lambda x: tf.nn.conv2d(x, tf.ones((*kernel, c_in, c_out)), **options)


NETWORKS = {
    "a convolution": (conv((3, 3), 3, 8, strides=2, padding="SAME"), (1, 15, 15, 3), ["conv2d"]),
    "a dilated convolution": (
        conv((3, 3), 4, 8, strides=1, padding="VALID", dilations=2),
        (1, 16, 16, 4),
        ["conv2d"],
    ),
    "a depthwise multiplier": (
        lambda tf: lambda x: tf.nn.depthwise_conv2d(x, tf.ones((3, 3, 4, 2)), (1, 2, 2, 1), "SAME"),
        (1, 9, 9, 4),
        ["dwconv2d"],
    ),
    "a transposed convolution": (
        lambda tf: lambda x: tf.nn.conv2d_transpose(x, tf.ones((3, 3, 6, 4)), (1, 14, 14, 6), 2, "SAME"),
        (1, 7, 7, 4),
        ["conv2d_transpose"],
    ),
    "a maximum pool": (lambda tf: lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME"), (1, 15, 13, 4), ["maxpool2d"]),
    "an average pool of the whole map": (
        lambda tf: lambda x: tf.nn.avg_pool2d(x, (7, 5), 1, "VALID"),
        (1, 7, 5, 8),
        ["globalavgpool2d"],
    ),
    "an average pool of a part": (
        lambda tf: lambda x: tf.nn.avg_pool2d(x, 3, 2, "VALID"),
        (1, 7, 7, 8),
        ["avgpool2d"],
    ),
    "a mean": (lambda tf: lambda x: tf.reduce_mean(x, (1, 2)), (1, 7, 7, 8), ["mean"]),
    "a mean that keeps its axes": (lambda tf: lambda x: tf.reduce_mean(x, (1, 2), True), (1, 7, 7, 8), ["mean"]),
    "a resize": (lambda tf: lambda x: tf.image.resize(x, (14, 21)), (1, 7, 7, 8), ["resize"]),
    "a nearest resize": (
        lambda tf: lambda x: tf.raw_ops.ResizeNearestNeighbor(images=x, size=[14, 14]),
        (1, 7, 7, 8),
        ["resize"],
    ),
    "a split into unequal parts": (
        lambda tf: lambda x: tf.concat(tf.split(x, [2, 5, 1], -1)[::-1], -1),
        (1, 4, 4, 8),
        ["split", "concat"],
    ),
    "a slice": (lambda tf: lambda x: tf.slice(x, (0, 1, 2, 0), (1, 2, -1, 8)), (1, 4, 4, 8), ["slice"]),
    "a strided slice that drops an axis": (
        lambda _tf: lambda x: x[:, 1, ::-2, 3:],
        (1, 4, 5, 8),
        ["strided_slice"],
    ),
    "paddings that differ": (
        lambda tf: lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [0, 0]]),
        (1, 4, 4, 8),
        ["pad"],
    ),
    "mirrored paddings": (
        lambda tf: lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [0, 0]], "REFLECT"),
        (1, 4, 4, 8),
        ["pad"],
    ),
    "a matrix product of two activations": (
        lambda tf: lambda x: tf.matmul(x, x, transpose_b=True),
        (1, 2, 5, 8),
        ["matmul"],
    ),
    "activations": (
        lambda tf: lambda x: tf.nn.gelu(tf.nn.leaky_relu(tf.tanh(tf.sigmoid(x)))),
        (1, 4, 4, 8),
        ["sigmoid", "tanh", "leaky_relu", "gelu"],
    ),
    "element-wise operators with broadcasting": (
        lambda tf: lambda x: tf.maximum(tf.minimum(x / tf.reduce_mean(x, (1, 2), True), x), 0.5) - x,
        (1, 4, 4, 8),
        ["mean", "div", "minimum", "maximum", "sub"],
    ),
    "squeezed and expanded axes": (
        lambda tf: lambda x: tf.expand_dims(tf.squeeze(x, (1, 2)), 1),
        (1, 1, 1, 8),
        ["reshape"],
    ),
    "operators without a rule": (
        lambda tf: lambda x: tf.nn.depth_to_space(tf.sin(x), 2),
        (1, 4, 4, 8),
        ["tflite:SIN", "tflite:DEPTH_TO_SPACE"],
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_shapes_are_those_of_the_interpreter(name, tf, converted):
    make, shape, expected = NETWORKS[name]
    path = converted(make(tf), shape)
    graph, reported = read(path), interpreter_shapes(tf, path)
    assert [op for op in ops(graph) if op != "reshape" or "reshape" in expected] == expected
    named = {graph.tensors[t].name: graph.tensors[t].shape for layer in graph.layers for t in layer.outputs}
    shared = named.keys() & reported.keys()
    assert shared
    assert {n: named[n] for n in shared} == {n: reported[n] for n in shared}
    interpreter = tf.lite.Interpreter(model_path=str(path))
    assert graph.shapes(graph.outputs) == tuple(tuple(map(int, o["shape"])) for o in interpreter.get_output_details())


def test_a_quantised_layer_brings_a_sample_of_its_weights(tf, tmp_path):
    b = GraphBuilder("weights")
    x = b.dwconv2d(b.conv2d(b.input((1, 6, 6, 3)), 8, 3), 3)
    graph = b.build(b.dense(b.layer("reshape", x, sizes=(1, 288)), 500))
    path = tmp_path / "weights.tflite"
    path.write_bytes(tflite_bytes(graph, "int8"))
    small, _, large = brought = [layer.weights for layer in read(path).layers if layer.weights]
    interpreter = tf.lite.Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    held = {
        tuple(t["shape"]): interpreter.get_tensor(t["index"]).tobytes()
        for t in interpreter.get_tensor_details()
        if tuple(t["shape"]) in ((8, 3, 3, 3), (500, 288))
    }
    assert small == held[8, 3, 3, 3]
    assert len(large) == 65536
    assert large[:1024] == held[500, 288][:1024]
    assert large[-1024:] in held[500, 288]
    assert [layer.weights for layer in with_weights(graph).layers if layer.weights] == brought


CONVOLUTIONS = {
    "plain": ((1, 56, 56, 64), (3, 3), 64, {}, 56 * 56 * 64 * 9 * 64),
    "batch of 16": ((16, 56, 56, 64), (3, 3), 64, {}, 16 * 56 * 56 * 64 * 9 * 64),
    "width of 224": ((1, 56, 224, 64), (3, 3), 64, {}, 56 * 224 * 64 * 9 * 64),
    "dilation": ((1, 56, 56, 64), (3, 3), 64, {"dilations": 2, "padding": "VALID"}, 52 * 52 * 64 * 9 * 64),
    "groups": ((1, 56, 56, 64), (3, 3), 16, {}, 56 * 56 * 64 * 9 * 16),
    "1x3 kernel": ((1, 56, 56, 64), (1, 3), 64, {}, 56 * 56 * 64 * 3 * 64),
    "stride (2, 1)": ((1, 56, 56, 64), (3, 3), 64, {"strides": (2, 1)}, 28 * 56 * 64 * 9 * 64),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_batch_width_dilation_groups_kernel_and_stride_survive_reading(name, tf, converted):
    shape, kernel, c_filter, options, expected = CONVOLUTIONS[name]
    options = {"strides": 1, "padding": "SAME", **options}
    graph = read(converted(conv(kernel, c_filter, 64, **options)(tf), shape))
    (layer,) = graph.layers
    assert macs(graph) == expected
    assert layer.attributes.kernel == kernel
    assert layer.attributes.groups == 64 // c_filter
    assert layer.attributes.stride == ((2, 1) if name.startswith("stride") else (1, 1))
    assert layer.attributes.dilation == ((2, 2) if name == "dilation" else (1, 1))


def test_same_padding_becomes_numbers_with_the_odd_element_at_the_end(tf, converted):
    graph = read(converted(conv((3, 3), 3, 8, strides=2, padding="SAME")(tf), (1, 224, 225, 3)))
    assert graph.layers[0].attributes.padding == (0, 1, 1, 1)


def test_a_fused_activation_is_a_layer_of_its_own(small):
    graph = read(small)
    assert ops(graph)[:3] == ["conv2d", "relu6", "dwconv2d"]
    assert graph.layers[1].inputs == graph.layers[0].outputs


def test_a_stored_operand_of_an_elementwise_operator_is_a_constant_tensor(tf, converted):
    graph = read(converted(lambda x: x * tf.constant([1.0, 2.0, 3.0]), (1, 4, 4, 3)))
    (layer,) = graph.layers
    stored = [graph.tensors[t] for t in layer.inputs if graph.tensors[t].constant]
    assert [t.shape for t in stored] == [(3,)]


def test_a_dense_layer_sees_its_input_flattened(tf, converted):
    weights = tf.ones((4 * 4 * 8, 10))
    graph = read(converted(lambda x: tf.matmul(tf.reshape(x, (1, -1)), weights), (1, 4, 4, 8)))
    assert ops(graph)[-1] == "dense"
    assert macs(graph) == 4 * 4 * 8 * 10


def test_a_quantised_file_has_the_layers_of_the_float_one_and_their_precision(tf, converted):
    def network(x):
        y = tf.nn.relu(tf.nn.conv2d(x, tf.random.normal((3, 3, 3, 8), seed=1), 1, "SAME"))
        return tf.nn.avg_pool2d(y + y, 8, 8, "VALID")

    plain, quantised = (read(converted(network, (1, 8, 8, 3), quantised=q)) for q in (False, True))
    assert (plain.dtype, quantised.dtype) == ("float32", "int8")
    assert ops(plain) == ops(quantised) == ["conv2d", "relu", "add", "globalavgpool2d"]
    assert {quantised.tensors[t].dtype for layer in quantised.layers for t in layer.outputs} == {"int8"}


def test_half_precision_weights_are_no_layers(tf, tmp_path):
    concrete = tf.function(
        conv((3, 3), 3, 8, strides=1, padding="SAME")(tf), input_signature=[tf.TensorSpec((1, 8, 8, 3))]
    ).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], tf.Module())
    converter.optimizations, converter.target_spec.supported_types = [tf.lite.Optimize.DEFAULT], [tf.float16]
    path = tmp_path / "half.tflite"
    path.write_bytes(converter.convert())
    assert ops(read(path)) == ["conv2d"]


def test_the_arithmetic_of_a_reshape_of_open_batch_is_no_layer(tf, tmp_path):
    layers = tf.keras.layers
    keras = tf.keras.Sequential([layers.Input((4, 4, 8)), layers.GlobalAveragePooling2D(), layers.Reshape((1, 1, 8))])
    path = tmp_path / "reshaped.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(keras).convert())
    assert ops(read(path)) == ["mean", "reshape"]


def test_the_layers_are_the_operators_that_the_schema_package_counts(small):
    import tflite

    subgraph = tflite.Model.GetRootAsModel(small.read_bytes(), 0).Subgraphs(0)
    fused = ["relu6"]
    assert len(read(small).layers) == subgraph.OperatorsLength() + len(fused)


def test_mobilenet_v2_has_the_published_multiply_accumulates(tf, tmp_path):
    model = tf.keras.applications.MobileNetV2(weights=None)
    path = tmp_path / "mobilenet_v2.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    assert macs(read(path)) == pytest.approx(300e6, rel=0.01)  # Sandler et al. 2018, Table 4


def test_a_batch_can_be_given(tf, converted):
    path = converted(conv((3, 3), 3, 8, strides=2, padding="SAME")(tf), (None, 16, 16, 3))
    assert read(path).shapes(read(path).outputs) == ((1, 8, 8, 8),)
    assert read(path, (4, 16, 20, 3)).shapes(read(path, (4, 16, 20, 3)).outputs) == ((4, 8, 10, 8),)


def test_an_open_width_asks_for_a_shape_and_takes_it(tf, converted):
    path = converted(conv((3, 3), 3, 8, strides=1, padding="SAME")(tf), (1, None, None, 3))
    with pytest.raises(ReadError, match=r"1,\?,\?,3 is not fixed: give it with --shape"):
        read(path)
    name = read(path, (1, 10, 12, 3)).tensors[0].name
    graph = read(path, {name: (1, 10, 12, 3)})
    assert graph.shapes(graph.outputs) == ((1, 10, 12, 8),)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 16, 16), "has 4 dimensions"),
        ((1, 0, 16, 3), "at least 1"),
        ((1, -16, 16, 3), "at least 1"),
        ((1, 1 << 40, 16, 3), "below 2"),
        ({"nobody": (1, 16, 16, 3)}, "'nobody' is no input"),
        ((1, 16, 16, 4), "groups|divide"),
    ],
)
def test_a_shape_that_does_not_fit_gets_one_line(shape, words, small):
    with pytest.raises(ReadError, match=words) as caught:
        read(small, shape)
    assert str(caught.value).startswith(str(small))
    assert "\n" not in str(caught.value)


def damaged(source: Path, target: Path, change) -> Path:
    """The model of ``source`` after ``change`` was applied to its object form in TensorFlow's own schema."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(source.read_bytes(), 0)
    change(model, model.subgraphs[0])
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    target.write_bytes(bytes(builder.Output()))
    return target


def _cycle(_model, graph):
    graph.operators[0].inputs = [graph.operators[-1].outputs[0], *graph.operators[0].inputs[1:]]


def _dangling(_model, graph):
    del graph.operators[1]


def _twice(_model, graph):
    graph.operators[1].outputs = graph.operators[0].outputs


def _self(_model, graph):
    graph.operators[2].inputs = list(graph.operators[2].outputs)


def _beyond(_model, graph):
    graph.operators[0].inputs = [99999]


def _no_code(_model, graph):
    graph.operators[0].opcodeIndex = 77


def _zero(_model, graph):
    graph.tensors[graph.inputs[0]].shape = [1, 0, 16, 3]


def _wrong_output(_model, graph):
    graph.tensors[graph.operators[0].outputs[0]].shape = [1, 7, 8, 8]


def _no_outputs(_model, graph):
    graph.outputs = []


def _no_stride(_model, graph):
    graph.operators[0].builtinOptions.strideW = 0


def _loop(model, _graph):
    model.operatorCodes[0].builtinCode = 119
    model.operatorCodes[0].deprecatedBuiltinCode = 119


def _recurrent(model, _graph):
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 44


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_cycle, "form a cycle"),
        (_self, "form a cycle"),
        (_dangling, "nothing produces"),
        (_twice, "produces too"),
        (_beyond, "names tensor 99999"),
        (_no_code, "code 77"),
        (_zero, "at least 1"),
        (_wrong_output, "stated output"),
        (_no_outputs, "states no outputs"),
        (_no_stride, "stride"),
        (_loop, "control flow"),
        (_recurrent, "recurrent"),
    ],
)
def test_a_network_that_cannot_be_gets_one_line(change, words, small, tmp_path):
    path = damaged(small, tmp_path / "damaged.tflite", change)
    with pytest.raises(ReadError, match=words) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_operators_in_another_order_are_sorted(small, tmp_path):
    path = damaged(small, tmp_path / "turned.tflite", lambda _model, graph: graph.operators.reverse())
    assert sorted(ops(read(path))) == sorted(ops(read(small)))
    assert read(path).shapes(read(path).outputs) == read(small).shapes(read(small).outputs)


def test_a_custom_operator_is_a_layer_with_its_name_and_shape(small, tmp_path):
    def custom(model, graph):
        code = model.operatorCodes[graph.operators[-1].opcodeIndex]
        code.builtinCode = code.deprecatedBuiltinCode = 32
        code.customCode = "Detection_PostProcess"
        graph.operators[-1].builtinOptions, graph.operators[-1].builtinOptionsType = None, 0

    graph = read(damaged(small, tmp_path / "custom.tflite", custom))
    assert graph.layers[-1].op == "tflite:Detection_PostProcess"
    assert graph.shapes(graph.layers[-1].outputs) == ((1, 10),)


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


@fuzzing
@given(content=st.binary(max_size=400), marked=st.booleans())
def test_random_bytes_never_escape_as_another_error(content, marked, tmp_path):
    path = tmp_path / "random.tflite"
    path.write_bytes(content[:4] + b"TFL3" + content[4:] if marked else content)
    _read_or_refuse(path)


@fuzzing
@given(end=st.integers(0, 1 << 20))
def test_a_truncated_file_never_escapes_as_another_error(end, small, tmp_path):
    content = small.read_bytes()
    path = tmp_path / "truncated.tflite"
    path.write_bytes(content[: end % len(content)])
    _read_or_refuse(path)


@fuzzing
@given(changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=12))
def test_flipped_bytes_never_escape_as_another_error(changes, small, tmp_path):
    content = bytearray(small.read_bytes())
    for position, value in changes:
        content[position % len(content)] = value
    path = tmp_path / "flipped.tflite"
    path.write_bytes(content)
    _read_or_refuse(path)


def test_a_small_file_that_states_forty_million_numbers_is_refused(tmp_path):
    """Two thousand tensors that are one table with a shape of twenty thousand dimensions: 0.1 MB that state 40e6."""
    import flatbuffers
    import tflite

    builder = flatbuffers.Builder(1 << 18)
    shape = builder.CreateNumpyVector(np.ones(20_000, np.int32))
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tensor = tflite.TensorEnd(builder)
    tflite.SubGraphStartTensorsVector(builder, 2000)
    for _ in range(2000):
        builder.PrependUOffsetTRelative(tensor)
    tensors = builder.EndVector()
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    subgraph = tflite.SubGraphEnd(builder)
    tflite.ModelStartSubgraphsVector(builder, 1)
    builder.PrependUOffsetTRelative(subgraph)
    subgraphs = builder.EndVector()
    tflite.ModelStart(builder)
    tflite.ModelAddSubgraphs(builder, subgraphs)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    path = tmp_path / "aliased.tflite"
    path.write_bytes(bytes(builder.Output()))
    assert path.stat().st_size < 100_000
    with pytest.raises(ReadError, match="entries to read"):
        read(path)
