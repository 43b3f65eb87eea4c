"""Damaged TFLite files are refused in one line that names the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.simulator.readers.reading import FUZZING, ops, read_or_refuse


def damaged(source: Path, target: Path, change) -> Path:
    """The model of ``source`` after ``change`` was applied to its object form in TensorFlow's own schema."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(source.read_bytes(), 0)
    change(model, model.subgraphs[0])
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    target.write_bytes(bytes(builder.Output()))
    return target


def _cycle(_model, graph):
    graph.operators[0].inputs = [graph.operators[-1].outputs[0], *graph.operators[0].inputs[1:]]


def _dangling(_model, graph):
    del graph.operators[1]


def _twice(_model, graph):
    graph.operators[1].outputs = graph.operators[0].outputs


def _self(_model, graph):
    graph.operators[2].inputs = list(graph.operators[2].outputs)


def _beyond(_model, graph):
    graph.operators[0].inputs = [99999]


def _no_code(_model, graph):
    graph.operators[0].opcodeIndex = 77


def _zero(_model, graph):
    graph.tensors[graph.inputs[0]].shape = [1, 0, 16, 3]


def _wrong_output(_model, graph):
    graph.tensors[graph.operators[0].outputs[0]].shape = [1, 7, 8, 8]


def _no_outputs(_model, graph):
    graph.outputs = []


def _no_stride(_model, graph):
    graph.operators[0].builtinOptions.strideW = 0


def _branch(model, _graph):
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 118


def _recurrent(model, _graph):
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 44


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_cycle, "form a cycle"),
        (_self, "form a cycle"),
        (_dangling, "nothing produces"),
        (_twice, "produces too"),
        (_beyond, "names tensor 99999"),
        (_no_code, "code 77"),
        (_zero, "at least 1"),
        (_wrong_output, "stated output"),
        (_no_outputs, "states no outputs"),
        (_no_stride, "stride"),
    ],
)
def test_a_network_that_cannot_be_gets_one_line(change, words, small, tmp_path):
    path = damaged(small, tmp_path / "damaged.tflite", change)
    with pytest.raises(ReadError, match=words) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "op"), [(_branch, "tflite:IF"), (_recurrent, "tflite:UNIDIRECTIONAL_SEQUENCE_LSTM")]
)
def test_what_cannot_be_counted_is_a_layer_of_its_own(change, op, small, tmp_path):
    """A branch, or a recurrent layer that has not the operands of one, is left to --allow-unknown by its name."""
    assert op in ops(read(damaged(small, tmp_path / "strange.tflite", change)))


def test_operators_in_another_order_are_sorted(small, tmp_path):
    path = damaged(small, tmp_path / "turned.tflite", lambda _model, graph: graph.operators.reverse())
    assert sorted(ops(read(path))) == sorted(ops(read(small)))
    assert read(path).shapes(read(path).outputs) == read(small).shapes(read(small).outputs)


def test_a_custom_operator_is_a_layer_with_its_name_and_shape(small, tmp_path):
    def custom(model, graph):
        code = model.operatorCodes[graph.operators[-1].opcodeIndex]
        code.builtinCode = code.deprecatedBuiltinCode = 32
        code.customCode = "Detection_PostProcess"
        graph.operators[-1].builtinOptions, graph.operators[-1].builtinOptionsType = None, 0

    graph = read(damaged(small, tmp_path / "custom.tflite", custom))
    assert graph.layers[-1].op == "tflite:Detection_PostProcess"
    assert graph.shapes(graph.layers[-1].outputs) == ((1, 10),)


@FUZZING
@given(content=st.binary(max_size=400), marked=st.booleans())
def test_random_bytes_never_escape_as_another_error(content, marked, tmp_path):
    path = tmp_path / "random.tflite"
    path.write_bytes(content[:4] + b"TFL3" + content[4:] if marked else content)
    read_or_refuse(path)


@FUZZING
@given(end=st.integers(0, 1 << 20))
def test_a_truncated_file_never_escapes_as_another_error(end, small, tmp_path):
    content = small.read_bytes()
    path = tmp_path / "truncated.tflite"
    path.write_bytes(content[: end % len(content)])
    read_or_refuse(path)


@FUZZING
@given(changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=12))
def test_flipped_bytes_never_escape_as_another_error(changes, small, tmp_path):
    content = bytearray(small.read_bytes())
    for position, value in changes:
        content[position % len(content)] = value
    path = tmp_path / "flipped.tflite"
    path.write_bytes(content)
    read_or_refuse(path)


def test_a_small_file_that_states_forty_million_numbers_is_refused(tmp_path):
    """Two thousand tensors that are one table with a shape of twenty thousand dimensions: 0.1 MB that state 40e6."""
    import flatbuffers
    import tflite

    builder = flatbuffers.Builder(1 << 18)
    shape = builder.CreateNumpyVector(np.ones(20_000, np.int32))
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tensor = tflite.TensorEnd(builder)
    tflite.SubGraphStartTensorsVector(builder, 2000)
    for _ in range(2000):
        builder.PrependUOffsetTRelative(tensor)
    tensors = builder.EndVector()
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    subgraph = tflite.SubGraphEnd(builder)
    tflite.ModelStartSubgraphsVector(builder, 1)
    builder.PrependUOffsetTRelative(subgraph)
    subgraphs = builder.EndVector()
    tflite.ModelStart(builder)
    tflite.ModelAddSubgraphs(builder, subgraphs)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    path = tmp_path / "aliased.tflite"
    path.write_bytes(bytes(builder.Output()))
    assert path.stat().st_size < 100_000
    with pytest.raises(ReadError, match="entries to read"):
        read(path)
