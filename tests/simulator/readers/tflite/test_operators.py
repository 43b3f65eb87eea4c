"""TFLite operators: a graph has the shapes that the interpreter reports."""

from __future__ import annotations

import pytest

from stairline.simulator.graph.ops import count
from stairline.simulator.readers.dispatch import read
from tests.simulator.readers.reading import macs, ops

from .further import FURTHER
from .networks import NETWORKS, conv, interpreter_shapes

ALL = NETWORKS | FURTHER


@pytest.mark.parametrize("name", ALL)
def test_the_shapes_are_those_of_the_interpreter(name, tf, converted):
    make, shape, expected = ALL[name]
    path = converted(make(tf), shape)
    graph, reported = read(path), interpreter_shapes(tf, path)
    assert [op for op in ops(graph) if op != "reshape" or "reshape" in expected] == expected
    named = {graph.tensors[t].name: graph.tensors[t].shape for layer in graph.layers for t in layer.outputs}
    shared = named.keys() & reported.keys()
    assert shared
    assert {n: named[n] for n in shared} == {n: reported[n] for n in shared}
    interpreter = tf.lite.Interpreter(model_path=str(path))
    assert graph.shapes(graph.outputs) == tuple(tuple(map(int, o["shape"])) for o in interpreter.get_output_details())


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


def test_a_convolution_over_three_axes_counts_the_taps_of_all_three(tf, converted):
    make, shape, _ = FURTHER["a convolution over three axes"]
    assert macs(read(converted(make(tf), shape))) == 6 * 4 * 4 * 8 * 27 * 4


def test_an_embedding_reads_only_the_rows_that_it_gives(tf, converted):
    """100 rows are stored, 9 are read, by 9 indices."""
    make, shape, _ = FURTHER["rows of an embedding"]
    graph = read(converted(make(tf), shape))
    gather = graph.layers[-1]
    counts = count(gather.op, graph.shapes(gather.inputs), graph.shapes(gather.outputs), gather.attributes)
    assert (counts.input_elements, counts.output_elements) == (9 * 32 + 9, 9 * 32)
