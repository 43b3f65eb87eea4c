"""The layers of a TFLite file: fused activations, folded constants, weights and precisions."""

from __future__ import annotations

import pytest

from stairline.measure.models.build import tflite_bytes
from stairline.measure.models.parameters import with_weights
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.readers.dispatch import read
from tests.simulator.readers.reading import macs, ops

from .networks import conv


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
    assert "float16" in read(path).notes[0]


def test_int8_weights_behind_float_maps_are_said(tf, tmp_path):
    """Dynamic-range quantisation stores weights of 1024 elements or more in int8 and leaves the maps in float32."""
    layers = tf.keras.layers
    keras = tf.keras.Sequential([layers.Input((8, 8, 32)), layers.Conv2D(64, 3)])
    converter = tf.lite.TFLiteConverter.from_keras_model(keras)
    plain, path = tmp_path / "plain.tflite", tmp_path / "dynamic.tflite"
    plain.write_bytes(converter.convert())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    path.write_bytes(converter.convert())
    assert read(plain).notes == ()
    assert read(path).dtype == "float32"
    assert "stored in int8" in read(path).notes[0]


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
