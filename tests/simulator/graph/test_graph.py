"""Graphs: shapes by hand, counts by Table 3, and networks that cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.simulator.canonical.form import canonical
from stairline.simulator.graph.attributes import Attributes, same_padding
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, GraphError, Layer, Tensor, infer
from stairline.simulator.graph.ops import count


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "expected"),
    [
        # TensorFlow's rule: total = max((ceil(n / s) - 1) s + (k - 1) d + 1 - n, 0), the odd one at the end.
        (224, 3, 2, 1, (0, 1)),
        (224, 7, 2, 1, (2, 3)),
        (56, 3, 1, 1, (1, 1)),
        (5, 2, 1, 1, (0, 1)),
        (28, 3, 1, 2, (2, 2)),
        (7, 1, 2, 1, (0, 0)),
    ],
)
def test_same_padding_puts_the_odd_element_last(size, kernel, stride, dilation, expected):
    top, bottom, left, right = same_padding(size, size, (kernel,) * 2, (stride,) * 2, (dilation,) * 2)
    assert (top, bottom) == (left, right) == expected


@given(
    st.integers(1, 300),
    st.integers(1, 11),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(1, 64),
    st.integers(1, 64),
)
def test_same_convolution_gives_the_input_size_over_the_stride_rounded_up(size, kernel, stride, dilation, c_in, c_out):
    b = GraphBuilder("g")
    x = b.conv2d(b.input((1, size, size, c_in)), c_out, kernel, stride, dilation=dilation)
    assert b.shape(x) == (1, -(-size // stride), -(-size // stride), c_out)


SHAPE_CASES = [
    ("conv2d", [(2, 224, 112, 3)], {"kernel": (3, 5), "stride": (2, 1), "c_out": 8}, [(2, 111, 108, 8)]),
    ("dwconv2d", [(1, 10, 10, 4)], {"kernel": (3, 3), "multiplier": 2}, [(1, 8, 8, 8)]),
    ("conv2d_transpose", [(1, 4, 4, 8)], {"kernel": (4, 4), "stride": (2, 2), "padding": (1, 1, 1, 1), "c_out": 2},
     [(1, 8, 8, 2)]),
    ("matmul", [(2, 3, 4), (4, 5)], {}, [(2, 3, 5)]),
    ("matmul", [(2, 3, 4), (2, 5, 4)], {"transpose_b": True}, [(2, 3, 5)]),
    ("dense", [(1, 7, 1280)], {"c_out": 10}, [(1, 7, 10)]),
    ("mean", [(1, 7, 7, 9)], {"axes": (1, 2)}, [(1, 9)]),
    ("mean", [(1, 7, 7, 9)], {"axes": (1, 2), "keepdims": True}, [(1, 1, 1, 9)]),
    ("mul", [(1, 7, 7, 9), (1, 1, 1, 9)], {}, [(1, 7, 7, 9)]),
    ("sub", [(9,), (1, 7, 7, 9)], {}, [(1, 7, 7, 9)]),
    ("concat", [(1, 2, 2, 3), (1, 2, 2, 5)], {"axis": 3}, [(1, 2, 2, 8)]),
    ("split", [(1, 2, 2, 8)], {"sizes": (3, 5)}, [(1, 2, 2, 3), (1, 2, 2, 5)]),
    ("slice", [(4, 6)], {"begin": (1, 2), "sizes": (3, 4)}, [(3, 4)]),
    ("strided_slice", [(1, 9, 9, 4)], {"begin": (0, 0, 0, 0), "end": (1, 9, 9, 4), "steps": (1, 2, 2, 1)},
     [(1, 5, 5, 4)]),
    ("pad", [(1, 7, 7, 4)], {"pads": ((0, 0), (0, 1), (2, 1), (0, 0))}, [(1, 8, 10, 4)]),
    ("reshape", [(1, 7, 7, 4)], {"sizes": (1, -1)}, [(1, 196)]),
    ("transpose", [(1, 2, 3, 4)], {"axes": (0, 3, 1, 2)}, [(1, 4, 2, 3)]),
    ("channel_shuffle", [(1, 2, 2, 12)], {"groups": 3}, [(1, 2, 2, 12)]),
    ("resize", [(1, 4, 5, 6)], {"sizes": (8, 10)}, [(1, 8, 10, 6)]),
    ("globalavgpool2d", [(1, 7, 7, 5)], {}, [(1, 5)]),
]  # fmt: skip


@pytest.mark.parametrize(("op", "inputs", "attributes", "expected"), SHAPE_CASES)
def test_operators_give_the_shape_worked_out_by_hand(op, inputs, attributes, expected):
    assert list(infer(op, "x", inputs, Attributes(**attributes))) == expected


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "words"),
    [
        ("conv2d", [(1, 8, 8, 6)], {"c_out": 8, "groups": 4}, "groups 4 must divide"),
        ("conv2d", [(1, 8, 8, 6)], {"c_out": 0}, "c_out 0"),
        ("conv2d", [(1, 2, 2, 6)], {"c_out": 4, "kernel": (5, 5)}, "larger than the padded 2x2"),
        ("conv2d", [(8, 8, 6)], {"c_out": 4}, "rank 4"),
        ("add", [(1, 3), (1, 4)], {}, "do not broadcast"),
        ("add", [(1, 3)], {}, "needs 2 inputs"),
        ("concat", [(1, 2, 3), (1, 3, 3)], {"axis": 2}, "cannot join"),
        ("split", [(1, 8)], {"sizes": (4, 5)}, "add up to 8"),
        ("reshape", [(1, 8)], {"sizes": (3, -1)}, "cannot be reshaped"),
        ("transpose", [(1, 8)], {"axes": (0, 0)}, "a permutation of the axes"),
        ("matmul", [(2, 3), (4, 5)], {}, "inner dimensions differ"),
        ("slice", [(4, 4)], {"begin": (2, 0), "sizes": (3, 4)}, "leaves"),
        ("channel_shuffle", [(1, 2, 2, 10)], {"groups": 3}, "must divide"),
        ("resize", [(1, 2, 2, 3)], {"sizes": (-4, 8)}, "at least 1"),
    ],
)
def test_a_layer_that_cannot_be_names_itself_the_value_and_the_rule(op, inputs, attributes, words):
    with pytest.raises(GraphError, match=words) as error:
        infer(op, "stem", inputs, Attributes(**attributes))
    assert "'stem'" in str(error.value)
    assert "\n" not in str(error.value)


# nn-Meter gives one answer for all of these; each must count differently here.
BASE = {"kernel": (3, 3), "padding": (1, 1, 1, 1), "c_out": 64}
DISTINCT = [
    ((1, 56, 56, 64), BASE, 56 * 56 * 64 * 64 * 9),
    ((16, 56, 56, 64), BASE, 16 * 56 * 56 * 64 * 64 * 9),
    ((1, 56, 224, 64), BASE, 56 * 224 * 64 * 64 * 9),
    ((1, 56, 56, 64), BASE | {"dilation": (2, 2)}, 54 * 54 * 64 * 64 * 9),
    ((1, 56, 56, 64), BASE | {"groups": 4}, 56 * 56 * 64 * 16 * 9),
    ((1, 56, 56, 64), BASE | {"kernel": (1, 3), "padding": (0, 0, 1, 1)}, 56 * 56 * 64 * 64 * 3),
    ((1, 56, 56, 64), BASE | {"stride": (2, 1)}, 28 * 56 * 64 * 64 * 9),
]


@pytest.mark.parametrize(("shape", "attributes", "macs"), DISTINCT)
def test_macs_see_batch_width_dilation_groups_kernel_and_stride(shape, attributes, macs):
    a = Attributes(**attributes)
    assert count("conv2d", (shape,), infer("conv2d", "x", [shape], a), a).macs == macs


def test_counts_follow_table_3():
    h, c_in, c_out, k = 28, 320, 264, 3
    a = Attributes(kernel=(k, k), padding=(1, 1, 1, 1), c_out=c_out)
    counts = count("conv2d", ((1, h, h, c_in),), ((1, h, h, c_out),), a)
    assert counts.macs == h * h * c_in * c_out * k * k
    assert counts.weight_elements == k * k * c_in * c_out + c_out
    assert (counts.input_elements, counts.output_elements) == (h * h * c_in, h * h * c_out)
    added = count("add", ((1, h, h, c_in),) * 2, ((1, h, h, c_in),), Attributes())
    assert added.element_ops == h * h * c_in, "n - 1 operations for n operands"


def test_a_layer_cannot_read_what_nothing_has_produced():
    tensors = (Tensor("x", (1, 4)), Tensor("y", (1, 4)), Tensor("z", (1, 4)))
    loop = (Layer("a", "relu", (2,), (1,)), Layer("b", "relu", (1,), (2,)))
    with pytest.raises(GraphError, match="'a': reads tensor 'z' that no earlier layer produces"):
        Graph("cycle", tensors, loop, (0,), (2,))
    with pytest.raises(GraphError, match="never produced"):
        Graph("dangling", tensors, (Layer("a", "relu", (0,), (1,)),), (0,), (2,))
    with pytest.raises(GraphError, match="a second time"):
        Graph("twice", tensors, (Layer("a", "relu", (0,), (1,)), Layer("b", "relu", (0,), (1,))), (0,), (1,))


def test_a_stated_shape_that_the_inputs_do_not_give_is_refused():
    b = GraphBuilder("g")
    x = b.input((1, 8, 8, 3))
    with pytest.raises(GraphError, match=r"stated output \[\(1, 4, 4, 3\)\]"):
        b.layers("relu", [x], stated=[(1, 4, 4, 3)])


@pytest.mark.parametrize("shape", [(), (0, 3), (1, -1), (1, 1 << 31)])
def test_dimensions_are_positive_and_bounded(shape):
    with pytest.raises(GraphError, match="at least 1"):
        GraphBuilder("g").input(shape)


def swish_spelled_out(reverse: bool = False, extra_reader: bool = False) -> Graph:
    b = GraphBuilder("g")
    x = b.conv2d(b.input((1, 8, 8, 4)), 4)
    gate = b.layer("sigmoid", x)
    y = b.layer("mul", *((gate, x) if reverse else (x, gate)))
    return b.build((y, gate) if extra_reader else y)


@pytest.mark.parametrize("reverse", [False, True])
def test_x_times_its_sigmoid_is_a_swish(reverse):
    graph = canonical(swish_spelled_out(reverse))
    assert [layer.op for layer in graph.layers] == ["conv2d", "swish"]
    assert Graph(graph.name, graph.tensors, graph.layers, graph.inputs, graph.outputs) == graph


def test_a_sigmoid_that_something_else_reads_stays():
    graph = swish_spelled_out(extra_reader=True)
    assert canonical(graph) is graph
    b = GraphBuilder("gate")
    x = b.input((1, 8, 8, 4))
    scaled = b.build(b.layer("mul", b.conv2d(x, 4), b.layer("sigmoid", x)))
    assert canonical(scaled) is scaled


def normalisation(b: GraphBuilder, x: int, *, distributed: bool) -> int:
    """(x - mean) * scale + beta as TensorFlow Lite's operators, or with the product distributed over the difference."""
    n, h, w, c = b.shape(x)
    mean = b.layer("mean", x, axes=(-1,), keepdims=True)
    squares = b.layers("tflite:SQUARED_DIFFERENCE", [x, mean], stated=[(n, h, w, c)])[0]
    variance = b.layer("mean", squares, axes=(-1,), keepdims=True)
    root = b.layers("tflite:RSQRT", [b.layer("add", variance, b.constant((1,)))], stated=[(n, h, w, 1)])[0]
    if not distributed:
        y = b.layer("mul", b.layer("mul", b.layer("sub", x, mean), root), b.constant((c,)))
        return b.layer("add", y, b.constant((c,)))
    scale = b.layer("mul", root, b.constant((c,)))
    shift = b.layer("mul", b.layers("tflite:NEG", [mean], stated=[(n, h, w, 1)])[0], scale)
    return b.layer("add", b.layer("mul", x, scale), shift)


@pytest.mark.parametrize("distributed", [False, True])
def test_a_normalisation_that_is_spelled_out_has_its_name(distributed):
    b = GraphBuilder("g")
    x = b.dwconv2d(b.input((1, 7, 7, 96)), 7)
    y = b.dense(normalisation(b, x, distributed=distributed), 384)
    graph = canonical(b.build(b.layer("add", normalisation(b, y, distributed=distributed), y)))
    assert [layer.op for layer in graph.layers] == ["dwconv2d", "layer_norm", "dense", "layer_norm", "add"]
    assert Graph(graph.name, graph.tensors, graph.layers, graph.inputs, graph.outputs) == graph


def test_a_normalisation_whose_mean_is_read_elsewhere_stays_spelled_out():
    b = GraphBuilder("g")
    normalised = normalisation(b, b.input((1, 7, 7, 96)), distributed=True)
    spelled = b.build(normalised)
    mean = spelled.layers[0].outputs[0]
    both = Graph(spelled.name, spelled.tensors, spelled.layers, spelled.inputs, (normalised, mean))
    assert canonical(both) is both
