"""OpenVINO's own files: a network saved by OpenVINO is the graph that its .onnx file gives."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stairline
from stairline.measure.models.onnx.model import onnx_model
from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.zoo import build
from tests.simulator.readers.reading import FUZZING, macs, ops, read_or_refuse

ov = pytest.importorskip("openvino")
from openvino import opset13 as op  # noqa: E402


@pytest.fixture
def saved(tmp_path):
    def save(result, inputs, name="network"):
        path = tmp_path / f"{name}.xml"
        ov.save_model(ov.Model([result], inputs), path)
        return path

    return save


def image(shape=(1, 8, 16, 16)):
    return op.parameter(list(shape), np.float32, name="x")


def filters(*shape):
    return op.constant(np.full(shape, 0.1, np.float32))


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet_v1_50", "efficientnet_b0"])
def test_a_saved_network_is_predicted_within_one_percent_of_its_onnx_file(name, tmp_path):
    onnx_path, path = tmp_path / "network.onnx", tmp_path / "network.xml"
    onnx_path.write_bytes(onnx_model(build(name)).SerializeToString())
    ov.save_model(ov.convert_model(str(onnx_path)), path)
    theirs, ours = read(onnx_path), read(path)
    assert macs(ours) == macs(theirs)
    device = stairline.load("CPU")
    assert device.predict(ours).latency_s == pytest.approx(device.predict(theirs).latency_s, rel=0.01)


def test_a_convolution_has_the_products_of_its_shapes(saved):
    x = image()
    path = saved(op.convolution(x, filters(4, 8, 3, 3), [2, 2], [1, 1], [1, 1], [1, 1]), [x])
    assert macs(read(path)) == 8 * 8 * 4 * 9 * 8


def test_a_convolution_with_a_group_for_each_channel_is_depthwise(saved):
    x = image()
    path = saved(op.group_convolution(x, filters(8, 1, 1, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]), [x])
    assert ops(read(path)) == ["dwconv2d"]


def test_a_transposed_convolution_in_groups_multiplies_each_input_with_its_groups_filters(saved):
    x = image((1, 8, 4, 4))
    path = saved(op.group_convolution_backprop_data(x, filters(2, 4, 3, 2, 2), [2, 2]), [x])
    graph = read(path)
    assert graph.tensors[graph.outputs[0]].shape == (1, 8, 8, 6)
    assert macs(graph) == 4 * 4 * 8 * 2 * 2 * 3


def test_attention_is_two_products_of_n_n_d_each_and_a_softmax(saved):
    q, k, v = (op.parameter([1, 2, 10, 16], np.float32, name=name) for name in "qkv")
    graph = read(saved(op.scaled_dot_product_attention(q, k, v), [q, k, v]))
    assert macs(graph) == 2 * 2 * 10 * 10 * 16
    assert Counter(ops(graph)) == {"matmul": 2, "mul": 1, "softmax": 1}


def test_a_layer_normalisation_takes_its_scale_and_shift_into_it(saved):
    x = op.parameter([1, 10, 16], np.float32, name="x")
    normal = op.mvn(x, op.constant(np.array([-1], np.int64)), True, 1e-5, "inside_sqrt")
    path = saved(op.add(op.multiply(normal, filters(16)), filters(16)), [x])
    assert ops(read(path)) == ["layer_norm"]


def test_a_spelled_out_shuffle_of_channels_is_one_operator(saved):
    x = image((1, 8, 6, 6))
    split = op.reshape(x, op.constant(np.array([1, 2, 4, 6, 6], np.int64)), False)
    moved = op.transpose(split, op.constant(np.array([0, 2, 1, 3, 4], np.int64)))
    joined = op.reshape(moved, op.constant(np.array([1, 8, 6, 6], np.int64)), False)
    path = saved(op.convolution(joined, filters(4, 8, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1]), [x])
    assert ops(read(path)) == ["channel_shuffle", "conv2d"]


def test_fake_quantisation_states_int8(saved):
    x = image()
    low, high = filters(1), op.constant(np.array([1], np.float32))
    first = op.relu(op.convolution(x, filters(8, 8, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1]))
    marked = op.fake_quantize(first, low, high, low, high, 256)
    path = saved(op.convolution(marked, filters(8, 8, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1]), [x])
    graph = read(path)
    assert graph.dtype == "int8"
    assert ops(graph) == ["conv2d", "relu", "conv2d"]


def test_a_slice_with_masks_has_the_shape_that_openvino_gives_it(saved):
    x = op.parameter([1, 10, 16], np.float32, name="x")
    begin, end, step = (op.constant(np.array(v, np.int64)) for v in ([0, 2, 0], [0, 8, 0], [1, 3, 1]))
    node = op.strided_slice(x, begin, end, step, [0, 0, 1], [0, 0, 1], shrink_axis_mask=[1, 0, 0])
    graph = read(saved(op.relu(node), [x]))
    assert graph.tensors[graph.outputs[0]].shape == tuple(node.get_output_shape(0)) == (2, 16)


def test_an_open_batch_is_one_and_said(saved):
    x = op.parameter([-1, 8, 16, 16], np.float32, name="x")
    path = saved(op.convolution(x, filters(4, 8, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]), [x])
    graph = read(path)
    assert graph.tensors[graph.inputs[0]].shape == (1, 16, 16, 8)
    assert graph.notes == ("input 'x': its open batch is 1: 1,8,16,16",)
    assert macs(read(path, (3, 8, 16, 16))) == 3 * macs(graph)


def test_an_open_size_of_images_is_refused_with_what_to_do(saved):
    x = op.parameter([1, 8, -1, 16], np.float32, name="x")
    with pytest.raises(ReadError, match=r"'x': shape 1,8,\?,16 is open behind the batch.*model.reshape"):
        read(saved(op.relu(x), [x]))


def test_another_shape_than_the_files_is_refused_with_what_to_do(saved):
    x = image()
    with pytest.raises(ReadError, match=r"model.reshape\(...\) and save the model again"):
        read(saved(op.relu(x), [x]), (1, 8, 32, 32))


def test_an_operand_of_a_missing_bin_file_is_named(saved):
    x = image()
    path = saved(op.relu(op.transpose(x, op.constant(np.array([0, 2, 3, 1], np.int64)))), [x])
    path.with_suffix(".bin").unlink()
    with pytest.raises(ReadError, match=r"operand 1 \(order of the axes\) is not known: keep the model's .bin file"):
        read(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE net [<!ENTITY a "b">]><net version="11"/>', "document type"),
        ('<net version="11">' + "<a>" * 100, "64 deep"),
        ('<net version="7"/>', "IR version 7"),
        ("<html/>", "first element is <html>"),
        ('<net version="11"/>', "holds no layers"),
        ("no xml", "is no XML document"),
    ],
)
def test_a_document_that_is_no_model_is_refused_in_one_line(text, message, tmp_path):
    path = tmp_path / "network.xml"
    path.write_text(text)
    with pytest.raises(ReadError, match=message):
        read(path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    x = image()
    y = op.group_convolution(x, filters(2, 4, 4, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1])
    y = op.reduce_mean(op.relu(y), op.constant(np.array([2, 3], np.int64)), True)
    y = op.matmul(op.reshape(y, op.constant(np.array([1, 8], np.int64)), False), filters(10, 8), False, True)
    path = tmp_path_factory.mktemp("sound") / "network.xml"
    ov.save_model(ov.Model([y], [x]), path)
    return path


@FUZZING
@given(data=st.data())
def test_a_damaged_document_is_read_or_refused_in_one_line(sound, data):
    text = sound.read_text()
    words = sorted({part for part in text.replace('"', " ").split() if part[0].isalnum()})
    for _ in range(data.draw(st.integers(1, 3))):
        old = data.draw(st.sampled_from(words))
        text = text.replace(old, data.draw(st.sampled_from(["", "0", "-1", "99999999999", "x", "Gather", *words])), 1)
    damaged = sound.with_name("damaged.xml")
    damaged.write_text(text)
    damaged.with_suffix(".bin").write_bytes(sound.with_suffix(".bin").read_bytes())
    read_or_refuse(damaged)
