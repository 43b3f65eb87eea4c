"""Small ONNX models for tests, and the networks that most operators are tested on."""

from __future__ import annotations

import numpy as np
import pytest

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
        ["conv2d"],
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
        ["clip", "relu", "clip"],
    ),
    "activations": (
        [node("LeakyRelu", "x", "a"), node("Tanh", "a", "b"), node("HardSwish", "b", "c"), node("Sigmoid", "c")],
        [],
        ["leaky_relu", "tanh", "hard_swish", "sigmoid"],
    ),
    "operators without a rule": (
        [CONV, node("LpPool", "a", "b", kernel_shape=[2, 2]), node("Relu", "b")],
        [FILTER],
        ["conv2d", "onnx:LpPool", "relu"],
    ),
}
