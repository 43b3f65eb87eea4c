"""onnxruntime's blocked layout, by hand and against the nodes that it reports."""

from __future__ import annotations

from collections import Counter

import pytest

from stairline.hwmodels import load
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.walk import plan

from .profiles import BLOCKS, predicted, reported

ONNXRUNTIME = "x86-onnxruntime"


def test_a_map_is_reordered_once_for_all_that_read_it_in_the_other_layout():
    b = GraphBuilder("two readers")
    x = b.conv2d(b.input((1, 28, 28, 32)), 64)
    y = b.layer("add", b.layer("resize", x, sizes=(56, 56)), b.layer("resize", x, sizes=(56, 56)))
    lowered = plan(b.build(b.conv2d(y, 32)), load(ONNXRUNTIME).machine()).graph
    # In front of either convolution, one behind the first for both resizes, one behind the last.
    assert Counter(layer.op for layer in lowered.layers)["reorder"] == 4


@pytest.mark.parametrize("graph", BLOCKS, ids=lambda graph: graph.name)
def test_onnxruntime_reorders_and_fuses_as_often_as_predicted(graph, tmp_path):
    pytest.importorskip("onnxruntime")
    found, expected = reported("onnxruntime", graph, tmp_path), predicted(ONNXRUNTIME, graph)
    assert found["ReorderInput"] + found["ReorderOutput"] == expected["reorder"]
    assert found["Conv"] + found["FusedConv"] == expected["conv2d"] + expected["dwconv2d"]
    assert found["Add"] == expected["add"]
