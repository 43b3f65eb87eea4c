"""Networks that a program holds are those of the files that they could be saved to."""

from __future__ import annotations

import pytest

import stairline
from stairline.measure.models.onnx.model import onnx_model
from stairline.simulator.zoo import build_block
from tests.simulator.readers.ncnn.test_ncnn import network
from tests.simulator.readers.reading import macs, ops
from tests.simulator.readers.torch.programs import saved, small

NCNN = network((3, 32, 32), ["Convolution c 1 1 x y 0=16 1=3 3=2 4=1 5=1 6=432"])


@pytest.fixture(scope="module")
def model():
    return onnx_model(build_block("conv", 8, 4, 3, c_out=16))


def test_an_onnx_model_and_its_bytes_are_its_file(model, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    file = stairline.read(path)
    for held in (model, path.read_bytes(), bytearray(path.read_bytes()), memoryview(path.read_bytes())):
        read = stairline.read(held)
        assert (read.tensors, read.layers, read.dtype) == (file.tensors, file.layers, file.dtype)
        assert read.file_dtype == file.file_dtype == "float32"


def test_bytes_are_told_apart_by_how_they_begin(tmp_path):
    program = saved(tmp_path / "net.pt2", small()).read_bytes()
    assert ops(stairline.read(program)) == ["conv2d", "relu", "mean", "dense"]
    assert ops(stairline.read(NCNN.encode())) == ["conv2d"]


def test_the_format_of_bytes_may_be_given(model):
    data = model.SerializeToString()
    assert stairline.read(data, format="onnx") == stairline.read(data, format=".ONNX") == stairline.read(data)
    with pytest.raises(stairline.ReadError, match=r"model\.tflite: bytes 4 to 7"):
        stairline.read(data, format="tflite")
    with pytest.raises(stairline.ReadError, match="format 'onx' is not known: give one of tflite, onnx"):
        stairline.read(data, format="onx")


def test_a_shape_replaces_that_of_a_model_in_memory(model):
    wider = stairline.read(model, (1, 4, 16, 8))
    assert macs(wider) == 2 * macs(stairline.read(model))


def test_a_keras_model_is_its_file(tmp_path):
    keras = pytest.importorskip("tensorflow").keras
    layers = [keras.layers.Input((16, 16, 3)), keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.Flatten()]
    model = keras.Sequential([*layers, keras.layers.Dense(5)], name="net")
    model.save(tmp_path / "net.keras")
    read, file = stairline.read(model), stairline.read(tmp_path / "net.keras")
    assert read.name == file.name == "net"
    assert (read.tensors, read.layers) == (file.tensors, file.layers)
    assert macs(read) == 14 * 14 * 8 * 3 * 9 + 14 * 14 * 8 * 5


def test_what_is_no_network_is_refused_by_its_kind():
    with pytest.raises(stairline.ReadError, match="int: is no network: give a path"):
        stairline.read(3)
    with pytest.raises(stairline.ReadError, match="only bytes need one"):
        stairline.read("mobilenet_v2", format="onnx")


def test_damaged_bytes_are_refused_without_the_name_of_a_temporary_file():
    with pytest.raises(stairline.ReadError) as refused:
        stairline.read(b"\x08\x07nonsense")
    assert str(refused.value).startswith("model.onnx: ")
