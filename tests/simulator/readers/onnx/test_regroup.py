"""Blocks of channels that ONNX files move by reshapes and a transposition are moved by one operator."""

from __future__ import annotations

import numpy as np
import pytest

from stairline.simulator.readers.dispatch import read
from tests.simulator.readers.reading import ops

from .models import CONV, FILTER, floats, integers, model, node


def chain(sizes, order, after):
    turned = node("Transpose", "b", "c", perm=order)
    nodes = [node("Reshape", ["a", "s1"], "b"), turned, node("Reshape", ["c", "s2"])]
    return nodes, [integers("s1", *sizes), integers("s2", *after)]


CASES = {
    "pixel shuffle": ((1, 2, 2, 2, 16, 16), (0, 1, 4, 2, 5, 3), (1, 2, 32, 32), "depth_to_space"),
    "pixel shuffle of blocks first": ((1, 2, 2, 2, 16, 16), (0, 3, 4, 1, 5, 2), (1, 2, 32, 32), "depth_to_space"),
    "pixel unshuffle": ((1, 8, 8, 2, 8, 2), (0, 1, 3, 5, 2, 4), (1, 32, 8, 8), "space_to_depth"),
    "channel shuffle": ((1, 4, 2, 16, 16), (0, 2, 1, 3, 4), (1, 8, 16, 16), "channel_shuffle"),
    "channel shuffle of flat images": ((1, 4, 2, 256), (0, 2, 1, 3), (1, 8, 16, 16), "channel_shuffle"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_chain_is_one_operator_with_the_shape_of_the_runtime(name, saved):
    runtime = pytest.importorskip("onnxruntime")
    sizes, order, after, op = CASES[name]
    nodes, stored = chain(sizes, order, after)
    path = saved(model([CONV, *nodes], [FILTER, *stored]))
    graph = read(path)
    assert ops(graph) == ["conv2d", op]
    (result,) = runtime.InferenceSession(str(path)).run(None, {"x": np.ones((1, 8, 16, 16), np.float32)})
    assert graph.shapes(graph.outputs) == (result.transpose(0, 2, 3, 1).shape,)


def test_another_order_of_axes_is_no_shuffle(saved):
    nodes, stored = chain((1, 2, 2, 2, 16, 16), (0, 1, 4, 3, 5, 2), (1, 2, 32, 32))
    assert "depth_to_space" not in ops(read(saved(model([CONV, *nodes], [FILTER, *stored]))))


def test_a_chain_whose_middle_is_an_output_stays(saved):
    nodes, stored = chain((1, 2, 2, 2, 16, 16), (0, 1, 4, 2, 5, 3), (1, 2, 32, 32))
    graph = read(saved(model([CONV, *nodes], [FILTER, *stored], outputs=("y", "c"))))
    assert "transpose" in ops(graph)


def test_a_normalisation_of_groups_between_reshapes_is_one_operator(saved):
    """PyTorch's export of GroupNorm: each group is an instance, then channels are scaled and shifted."""
    nodes = [
        CONV,
        node("Reshape", ["a", "s1"], "b"),
        node("InstanceNormalization", ["b", "ones", "zeros"], "c"),
        node("Reshape", ["c", "s2"], "d"),
        node("Mul", ["d", "gain"], "e"),
        node("Add", ["e", "gain"], "f"),
        node("Conv", "fw", pads=[1, 1, 1, 1]),
    ]
    stored = [FILTER, integers("s1", 1, 4, -1), integers("s2", 1, 8, 16, 16)]
    stored += [floats("ones", 4), floats("zeros", 4), floats("gain", 8, 1, 1)]
    assert ops(read(saved(model(nodes, stored)))) == ["conv2d", "group_norm", "conv2d"]
