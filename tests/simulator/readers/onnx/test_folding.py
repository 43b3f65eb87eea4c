"""Shapes that ONNX files compute, branches whose condition is known, and sizes that depend on the data."""

from __future__ import annotations

import numpy as np
import pytest

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.simulator.readers.reading import ops

from .models import FILTER, TensorProto, floats, helper, model, node


def whole(name, *values):
    return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)


def number(name, value):
    return helper.make_tensor(name, TensorProto.INT64, [], [value])


def with_input(built, shape):
    built.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, shape))
    return built


def test_a_reshape_to_computed_sizes_is_read(saved):
    """Half of the channels, as many rows as there are pixels: Shape, Gather, Div, Unsqueeze and Concat."""
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", ["s", "one"], "c"),
        node("Div", ["c", "two"], "h"),
        node("Unsqueeze", ["h", "axes"], "u"),
        node("Concat", ["minus", "u"], "t", axis=0),
        node("Reshape", ["x", "t"]),
    ]
    stored = [number("one", 1), number("two", 2), whole("axes", 0), whole("minus", -1)]
    graph = read(saved(model(nodes, stored)))
    assert graph.shapes(graph.outputs) == ((1 * 8 * 16 * 16 // 4, 4),)


def test_positions_of_a_sequence_are_known_before_the_network_runs(saved):
    """Range over the length of the input, looked up in a table of positions and added."""
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", ["s", "one"], "n"),
        node("Range", ["zero", "n", "one"], "r"),
        node("Gather", ["table", "r"], "p"),
        node("Add", ["x", "p"]),
    ]
    stored = [number("zero", 0), number("one", 1), floats("table", 512, 32)]
    built = with_input(model(nodes, stored), (1, 200, 32))
    graph = read(saved(built))
    assert ops(graph) == ["add"]
    assert graph.shapes(graph.outputs) == ((1, 200, 32),)


def branches(then, otherwise):
    def graph(name, op):
        out = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node(op, ["x"], [f"{name}_out"])], name, [], [out])

    return {"then_branch": graph("t", then), "else_branch": graph("e", otherwise)}


@pytest.mark.parametrize(("rank", "taken"), [(4, "relu"), (3, "tanh")])
def test_the_branch_of_a_known_condition_is_taken(rank, taken, saved):
    nodes = [
        node("Shape", "x", "s"),
        node("Size", "s", "n"),
        node("Equal", ["n", "wanted"], "c"),
        node("If", ["c"], **branches("Relu", "Tanh")),
    ]
    graph = read(saved(model(nodes, [number("wanted", rank)])))
    assert ops(graph) == [taken]
    assert graph.notes == ()


def test_a_condition_that_depends_on_the_data_takes_the_larger_branch_and_is_noted(saved):
    built = model([node("If", ["c"], **branches("Relu", "Tanh"))], [])
    built.graph.input.append(helper.make_tensor_value_info("c", TensorProto.BOOL, []))
    large = built.graph.node[0].attribute[1].g
    large.initializer.append(helper.make_tensor("w", TensorProto.FLOAT, [1000], np.ones(1000)))
    graph = read(saved(built))
    assert ops(graph) == ["tanh" if large.name == "e" else "relu"]
    assert "its condition depends on the data" in graph.notes[0]


def test_an_open_batch_is_one_and_said(saved):
    built = with_input(model([node("Conv", "xw")], [FILTER]), ("N", 8, 16, 16))
    graph = read(saved(built))
    assert graph.shapes(graph.inputs) == ((1, 16, 16, 8),)
    assert graph.notes == ("input 'x': its open batch is 1: 1,8,16,16",)
    assert read(saved(built), (3, 8, 16, 16)).notes == ()


def test_another_open_axis_is_refused_with_a_hint_that_keeps_the_fixed_ones(saved):
    built = with_input(model([node("Relu", "x")], []), ("N", 8, "H", 16))
    with pytest.raises(ReadError, match="--shape x=1,8,1,16"):
        read(saved(built))


def test_what_depends_on_the_data_has_its_largest_size_and_is_noted(saved):
    built = model([node("NonZero", "x"), node("Relu", "x", "z")], [])
    built.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.INT64, None))
    graph = read(saved(built))
    assert graph.shapes(graph.outputs) == ((4, 8 * 16 * 16),)
    assert "NonZero" in graph.notes[0]
    assert "4 x 2048" in graph.notes[0]


def test_a_range_of_billions_is_not_computed(saved):
    nodes = [node("Range", ["zero", "limit", "one"], "r"), node("Gather", ["table", "r"], "g"), node("Add", ["x", "g"])]
    stored = [number("zero", 0), number("one", 1), number("limit", 1 << 40), floats("table", 4, 16)]
    with pytest.raises(ReadError):
        read(saved(model(nodes, stored)))
