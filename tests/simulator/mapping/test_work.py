"""What a kernel copies, reads and multiplies, counted by hand, whatever the order of its operands."""

from __future__ import annotations

from itertools import permutations
from math import prod

import pytest

from stairline.hwmodels.kernels.base import Work
from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.work import work_of


def joined(shapes: tuple[tuple[int, ...], ...], axis: int) -> Graph:
    b = GraphBuilder("joined")
    inputs = [b.input(shape, f"x{i}") for i, shape in enumerate(shapes)]
    return b.build(b.layer("concat", *inputs, axis=axis))


def counted(graph: Graph, group: list[int] | None = None, line: int = 1) -> Work:
    return work_of(graph, group or [0], 0, line)


@pytest.mark.parametrize("channels", list(permutations((3, 96, 40))))
def test_a_concatenation_of_channels_copies_a_run_of_each_operand_at_every_pixel(channels):
    assert counted(joined(tuple((1, 14, 14, c) for c in channels), -1)).runs == 14 * 14 * 3


def test_a_concatenation_of_rows_copies_each_operand_at_once():
    assert counted(joined(((1, 5, 14, 8), (1, 9, 14, 8)), 1)).runs == 2


def test_a_split_copies_a_run_to_each_part_at_every_pixel():
    b = GraphBuilder("split")
    parts = b.layers("split", [b.input((2, 7, 7, 12))], Attributes(sizes=(4, 4, 4), axis=-1))
    assert counted(b.build(parts)).runs == 2 * 7 * 7 * 3


@pytest.mark.parametrize("channels", list(permutations((3, 96, 40))))
def test_each_operand_is_padded_to_lines_of_its_own(channels):
    graph = joined(tuple((1, 14, 14, c) for c in channels), -1)
    assert counted(graph, line=64).input_line_elements == 14 * 14 * (64 + 128 + 64)


@pytest.mark.parametrize("first", [True, False])
def test_an_operator_that_joins_a_kernel_reads_all_but_what_the_kernel_has_just_computed(first):
    b = GraphBuilder("joins")
    x, pixel = b.input((1, 14, 14, 16)), b.input((1, 1, 1, 16), "pixel")
    y = b.conv2d(x, 16)
    graph = b.build(b.layer("add", y, pixel) if first else b.layer("add", pixel, y))
    work = counted(graph, [0, 1])
    assert work.input_elements == 14 * 14 * 16 + 16
    assert work.operands == 2


@pytest.mark.parametrize("shape", [(196, 16), (4, 49, 16), (1, 14, 14, 16)])
def test_all_axes_but_the_last_are_the_rows_of_a_fully_connected_layer(shape):
    b = GraphBuilder("dense")
    work = counted(b.build(b.dense(b.input(shape), 64)))
    assert work.n * work.h_out * work.w_out == prod(shape[:-1])
    assert work.macs == 196 * 16 * 64
