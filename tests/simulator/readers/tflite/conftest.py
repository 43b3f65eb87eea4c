"""TFLite files that TensorFlow's own converter writes for the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
