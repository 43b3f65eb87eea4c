"""The operators that MediaPipe adds to TFLite, as custom codes in files of the converter."""

from __future__ import annotations

import struct

import pytest

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.simulator.readers.reading import macs, ops

from .test_damaged import damaged


def _custom(name: str, options: bytes = b"", inputs=None, outputs=1):
    """A change that makes the last operator of a file the custom one ``name``, with these bytes as its options."""

    def change(model, graph):
        operator = graph.operators[-1]
        code = model.operatorCodes[operator.opcodeIndex]
        code.builtinCode = code.deprecatedBuiltinCode = 32
        code.customCode = name
        operator.builtinOptions, operator.builtinOptionsType = None, 0
        operator.customOptions = list(options) or None
        operator.inputs = [operator.inputs[i] for i in inputs] if inputs else operator.inputs
        operator.outputs = list(operator.outputs) * outputs
        if outputs > 1:
            graph.tensors.append(graph.tensors[operator.outputs[0]].__class__())
            graph.tensors[-1].shape = list(graph.tensors[operator.outputs[0]].shape)
            graph.tensors[-1].name, graph.tensors[-1].type = "positions", 2
            operator.outputs[1] = len(graph.tensors) - 1

    return change


def test_a_transposed_convolution_with_bias_counts_as_one_without(tf, converted, tmp_path):
    """Every input element is multiplied by each of the 2 x 2 taps of its 6 filters: 8 x 8 x 4 x 4 x 6 MACs."""
    plain = converted(lambda x: tf.nn.conv2d_transpose(x, tf.ones((2, 2, 6, 4)), (1, 16, 16, 6), 2), (1, 8, 8, 4))
    graph = read(damaged(plain, tmp_path / "t.tflite", _custom("Convolution2DTransposeBias", inputs=(2, 1))))
    assert ops(graph) == ["conv2d_transpose"]
    assert macs(graph) == macs(read(plain)) == 8 * 8 * 4 * 4 * 6


def test_a_pooling_with_positions_has_two_outputs(tf, converted, tmp_path):
    plain = converted(lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME"), (1, 8, 8, 4))
    options = struct.pack("<5i", 1, 2, 2, 2, 2)
    graph = read(damaged(plain, tmp_path / "p.tflite", _custom("MaxPoolingWithArgmax2D", options, outputs=2)))
    (layer,) = graph.layers
    assert layer.op == "maxpool2d_argmax"
    assert graph.shapes(layer.outputs) == ((1, 4, 4, 4), (1, 4, 4, 4))


@pytest.mark.parametrize("options", [b"", b"\x01", struct.pack("<5i", 1, 0, 2, 2, 2)])
def test_a_pooling_without_the_options_of_one_is_refused(options, tf, converted, tmp_path):
    plain = converted(lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME"), (1, 8, 8, 4))
    with pytest.raises(ReadError, match=r"MaxPoolingWithArgmax2D"):
        read(damaged(plain, tmp_path / "p.tflite", _custom("MaxPoolingWithArgmax2D", options, outputs=2)))
