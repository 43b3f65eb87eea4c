"""Damaged ONNX files are refused in one line that names the file."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.onnx.wire import without_payloads
from tests.simulator.readers.reading import FUZZING, read_or_refuse

from .models import (
    FILTER,
    NETWORKS,
    floats,
    integers,
    model,
    node,
)


def _dimension(size):
    return model([node("Relu", "x")], shape=(1, size, 4, 4))


BROKEN = {
    "a cycle": (model([node("Add", "xb", "a"), node("Relu", "a", "b"), node("Relu", "b")]), "form a cycle"),
    "a dangling input": (model([node("Relu", "q")]), "reads 'q', which nothing produces"),
    "a tensor produced twice": (model([node("Relu", "x"), node("Tanh", "x")]), "produces too"),
    "an output of nothing": (model([node("Relu", "x")], outputs=("z",)), "'z' is never produced"),
    "a dimension of zero": (_dimension(0), "at least 1"),
    "a negative dimension": (_dimension(-3), "at least 1"),
    "a huge dimension": (_dimension(1 << 40), "below 2"),
    "groups that do not divide": (model([node("Conv", "xw", group=3)], [FILTER]), "Conv|groups"),
    "a stride of zero": (model([node("Conv", "xw", strides=[0, 1])], [FILTER]), "stride"),
    "control flow without its body": (model([node("Loop", "x")]), "shape inference fails"),
    "a recurrent operator on an image": (model([node("LSTM", "xww", hidden_size=8)], [FILTER]), "LSTM"),
    "a missing operand": (model([node("Conv", "x")]), "Conv"),
    "an attribute of another type": (
        model([node("Softmax", "x", axis="a")]),
        "axis",
    ),
    "parts of another number than outputs": (
        model([node("Split", "x", "yz", num_outputs=1)]),
        "shape inference crashes|Split",
    ),
    "a kernel larger than its input": (
        model(
            [node("Conv", "xw", "a"), node("Slice", "aset")],
            [floats("w", 8, 8, 34, 3), integers("s", 0), integers("e", 4), integers("t", 2)],
        ),
        "shape inference crashes|larger than the padded",
    ),
    "no nodes": (model([]), "no network"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_network_that_cannot_be_gets_one_line(name, saved):
    built, words = BROKEN[name]
    path = saved(built)
    with pytest.raises(ReadError, match=words) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_name_with_control_characters_does_not_reach_the_terminal(saved):
    with pytest.raises(ReadError, match="nothing produces") as caught:
        read(saved(model([node("Relu", ["\x1b[31m\nq"])])))
    assert str(caught.value).isprintable()


nodes_of_all = [NETWORKS[name][:2] for name in ("squeeze and excite", "reshape to what the network computes")]


WHOLE = [model(nodes, stored).SerializeToString() for nodes, stored in nodes_of_all]


@FUZZING
@given(content=st.binary(max_size=400))
def test_random_bytes_never_escape_as_another_error(content, tmp_path):
    path = tmp_path / "random.onnx"
    path.write_bytes(content)
    read_or_refuse(path)


@FUZZING
@given(whole=st.sampled_from(WHOLE), end=st.integers(0, 1 << 20))
def test_a_truncated_file_never_escapes_as_another_error(whole, end, tmp_path):
    path = tmp_path / "truncated.onnx"
    path.write_bytes(whole[: end % len(whole)])
    read_or_refuse(path)


@FUZZING
@given(
    whole=st.sampled_from([without_payloads(BytesIO(whole)) for whole in WHOLE]),
    changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_flipped_bytes_never_escape_as_another_error(whole, changes, tmp_path):
    content = bytearray(whole)
    for position, value in changes:
        content[position % len(content)] = value
    path = tmp_path / "flipped.onnx"
    path.write_bytes(content)
    read_or_refuse(path)
