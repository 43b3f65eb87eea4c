"""The shapes that are computed in this process are those of ONNX's own inference, without a process of its own."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.onnx.shapes.known import with_known_shapes

from .models import CONV, FILTER, NETWORKS, floats, helper, integers, model, node, numpy_helper, onnx

SEVERAL = settings(max_examples=150, deadline=2000)


def scales(name, *factors):
    return numpy_helper.from_array(np.array(factors, np.float32), name)


def one(op, operands, stored=(), shape=(1, 8, 16, 16), outputs=("y",), opset=18, **attributes):
    return model([node(op, operands, outputs, **attributes)], stored, shape, outputs, opset)


MODELS = {
    "relu": one("Relu", "x"),
    "comparison": one("Greater", "xx"),
    "cast": one("Cast", "x", to=onnx.TensorProto.INT32),
    "broadcast along leading axes": one("Add", "xw", [floats("w", 3, 8, 1, 16)]),
    "choice": model([node("Less", "xw", "c"), node("Where", "cxw")], [floats("w", 16)]),
    "product of matrices": one("MatMul", "xw", [floats("w", 8, 16, 5)]),
    "product that broadcasts": one("MatMul", "xw", [floats("w", 4, 1, 1, 16, 5)]),
    "product of transposed operands": one("Gemm", "xw", [floats("w", 5, 16)], (16, 3), transA=1, transB=1),
    "reshape that keeps and infers": one("Reshape", "xs", [integers("s", 0, -1, 4)]),
    "flatten from a late axis": one("Flatten", "x", axis=-1),
    "transpose without order": one("Transpose", "x"),
    "transpose": one("Transpose", "x", perm=[0, 2, 3, 1]),
    "concat": one("Concat", "xw", [floats("w", 1, 5, 16, 16)], axis=-3),
    "split that leaves a rest": one("Split", "x", outputs="abc", axis=1, num_outputs=3),
    "split by sizes": one("Split", "xs", [integers("s", 3, 5)], outputs="ab", axis=1),
    "split of an old operator set": one("Split", "x", outputs="ab", axis=1, opset=11),
    "slice backwards": one(
        "Slice", "xseat", [integers("s", -1), integers("e", -99), integers("a", 2), integers("t", -3)]
    ),
    "gather of a scalar": one("Gather", "xi", [numpy_helper.from_array(np.array(3), "i")], axis=1),
    "gather of many": one("Gather", "xi", [numpy_helper.from_array(np.zeros((2, 3), np.int64), "i")], axis=-1),
    "squeeze of all": one("Squeeze", "x", shape=(1, 8, 1, 4)),
    "squeeze of one": one("Squeeze", "xa", [integers("a", -2)], (1, 8, 1, 4)),
    "unsqueeze": one("Unsqueeze", "xa", [integers("a", 0, -1)]),
    "unsqueeze of an old operator set": one("Unsqueeze", "x", axes=[1, 4], opset=11),
    "mean of two axes": one("ReduceMean", "x", axes=[2, -1], keepdims=0, opset=13),
    "sum of all": one("ReduceSum", "x"),
    "sum of none": one("ReduceSum", "x", noop_with_empty_axes=1),
    "largest place": one("ArgMax", "x", axis=-1, keepdims=0),
    "largest few": one("TopK", "xk", [integers("k", 3)], outputs="ab", axis=1),
    "expand": one("Expand", "xs", [integers("s", 2, 1, 8, 16, 1)]),
    "tile": one("Tile", "xs", [integers("s", 1, 2, 1, 3)]),
    "dropout with its mask": one("Dropout", "x", outputs="ab"),
    "reshape to the shape of a tensor": model(
        [node("Shape", "x", "s"), node("Flatten", "x", "f"), node("Reshape", "fs")]
    ),
    "resize by factors": one("Resize", ["x", "", "s"], [scales("s", 1, 1, 1.5, 0.3)]),
    "resize to sizes": one("Resize", ["x", "", "", "s"], [integers("s", 1, 8, 7, 9)]),
    "resize of an old operator set": one("Resize", "xs", [scales("s", 1, 1, 2, 2)], opset=10),
    "upsample": one("Upsample", "xs", [scales("s", 1, 1, 2, 3)], opset=9),
    "pad": one("Pad", "xp", [integers("p", 0, 0, 1, 2, 0, 0, 3, 4)]),
    "pad of two axes": one("Pad", ["x", "p", "", "a"], [integers("p", 1, 2, 3, 4), integers("a", -1, 2)]),
    "depth to space": one("DepthToSpace", "x", blocksize=2),
    "space to depth": one("SpaceToDepth", "x", blocksize=4),
    "mean of a map": one("GlobalAveragePool", "x"),
    "transposed convolution": one(
        "ConvTranspose", "xw", [floats("w", 8, 3, 4, 3)], strides=[3, 2], output_padding=[1, 0], group=2, pads=[1] * 4
    ),
    "recurrent in two directions": one(
        "LSTM", "xwr", [floats("w", 2, 20, 6), floats("r", 2, 20, 5)], (7, 1, 6), "abc", hidden_size=5,
        direction="bidirectional",
    ),
    "gated recurrent": one(
        "GRU", "xwr", [floats("w", 1, 15, 6), floats("r", 1, 15, 5)], (7, 1, 6), "ab", hidden_size=5
    ),
    "quantised and back": model(
        [node("QuantizeLinear", "xsz", "q"), node("DequantizeLinear", "qsz")],
        [floats("s"), numpy_helper.from_array(np.array(3, np.int8), "z")],
    ),
    "constants": model(
        [helper.make_node("Constant", [], ["c"], value_ints=[1, 8, -1]), node("Reshape", "xc")],
    ),
    **{name: model(*NETWORKS[name][:2]) for name in ("squeeze and excite", "channel shuffle", "slice of rows")},
}  # fmt: skip


def facts(inferred):
    found = {}
    for info in (*inferred.graph.value_info, *inferred.graph.output):
        kind = info.type.tensor_type
        found[info.name] = (kind.elem_type, [dimension.dim_value for dimension in kind.shape.dim])
    return found


def of_onnx(asked):
    return facts(onnx.shape_inference.infer_shapes(asked, data_prop=True))


def copied(original):
    copy = onnx.ModelProto()
    copy.CopyFrom(original)
    return copy


@pytest.mark.parametrize("name", MODELS)
def test_shapes_and_element_types_are_those_of_onnx(name):
    asked = copied(MODELS[name])
    # A graph's output has the element type that the file states.
    for info in asked.graph.output:
        info.type.tensor_type.elem_type = 0
    expected = of_onnx(asked)
    assert with_known_shapes(asked)
    assert facts(asked) == expected


def test_a_slice_of_an_old_operator_set_is_counted_although_onnx_loses_it_where_it_propagates_values():
    asked = one("Slice", "x", starts=[1], ends=[1 << 40], axes=[-1], opset=9)
    assert with_known_shapes(asked)
    assert facts(asked)["y"][1] == [1, 8, 16, 15]


@SEVERAL
@given(st.data())
def test_windows_count_their_places_as_onnx_does(data):
    pair = st.tuples(st.integers(1, 4), st.integers(1, 4)).map(list)
    attributes = {"strides": data.draw(pair), "dilations": data.draw(pair)}
    if data.draw(st.booleans()):
        attributes["auto_pad"] = data.draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER", "VALID"]))
    else:
        attributes["pads"] = data.draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
    kernel, size = data.draw(pair), data.draw(st.integers(17, 33))
    if data.draw(st.booleans()):
        asked = one("Conv", "xw", [floats("w", 6, 4, *kernel)], (1, 8, size, 20), group=2, **attributes)
    else:
        attributes["ceil_mode"] = data.draw(st.integers(0, 1))
        asked = one("MaxPool", "x", (), (1, 8, size, 20), kernel_shape=kernel, **attributes)
    expected = of_onnx(asked)
    if with_known_shapes(asked):
        assert facts(asked)["y"] == expected["y"]
    else:
        assert attributes.get("ceil_mode")


def test_a_convolutional_network_is_read_without_a_second_process(saved, monkeypatch):
    path = saved(model([CONV, node("Relu", "a", "b"), node("MaxPool", "b", kernel_shape=[2, 2])], [FILTER]))

    def no_fork():
        raise AssertionError("a process was started")

    monkeypatch.setattr(os, "fork", no_fork)
    assert [layer.op for layer in read(path).layers] == ["conv2d", "relu", "maxpool2d"]


LEFT_TO_ONNX = {
    "an operator without a rule": one("NonZero", "x"),
    "a target that the network computes": model(
        [node("Cast", "x", "s", to=onnx.TensorProto.INT64), node("Reshape", "xs")], shape=(2,)
    ),
    "operands that do not fit": one("Add", "xw", [floats("w", 3)]),
    "a target of another size": one("Reshape", "xs", [integers("s", 3, -1)]),
    "an attribute of another type": one("Concat", "xx", axis="a"),
}


@pytest.mark.parametrize("name", LEFT_TO_ONNX)
def test_a_graph_of_which_one_shape_does_not_follow_is_left_to_onnx_as_it_is(name):
    asked = copied(LEFT_TO_ONNX[name])
    assert not with_known_shapes(asked)
    assert asked == LEFT_TO_ONNX[name]


def test_a_stated_shape_that_contradicts_the_operands_is_refused(saved):
    contradicting = model([CONV, node("Relu", "a")], [FILTER])
    contradicting.graph.value_info.append(helper.make_tensor_value_info("a", onnx.TensorProto.FLOAT, (1, 8, 9, 9)))
    with pytest.raises(ReadError, match="9"):
        read(saved(contradicting))
