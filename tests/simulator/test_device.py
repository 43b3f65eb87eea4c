"""A device as a program uses it: what it predicts, how it shows itself, and that threads may share it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

import stairline
from stairline.simulator.readers.layer_table.writer import write_table
from tests.simulator.readers.ncnn.test_ncnn import network

NAMES = ["mobilenet_v1", "mobilenet_v2", "shufflenet_v2", "mnasnet_a1"]


def test_a_device_predicts_a_graph_a_built_in_name_and_a_file(tmp_path):
    device = stairline.load("CPU")
    assert device.predict("mobilenet_v2") == device.predict(stairline.read("mobilenet_v2"))
    path = tmp_path / "small.param"
    path.write_text(network((3, 32, 32), ["Convolution c 1 1 x y 0=16 1=3 3=2 4=1 5=1 6=432"]))
    assert device.predict(path).latency_s == device.predict(str(path)).latency_s > 0


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(stairline.ReadError, match=r"missing\.onnx: no such file"):
        stairline.load("CPU").predict("missing.onnx")


def test_a_device_shows_itself_by_its_name():
    device = stairline.load("CPU")
    assert repr(device) == f"Device('{device.name}')"


def test_threads_share_a_device_and_get_what_one_thread_gets():
    device = stairline.load("CPU")
    alone = [device.predict(name) for name in NAMES]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(device.predict, NAMES * 4))
    assert together == alone * 4


def test_several_networks_are_a_table_with_what_each_alone_is_predicted(tmp_path):
    device, path = stairline.load("CPU"), tmp_path / "small.param"
    path.write_text(network((3, 32, 32), ["Convolution c 1 1 x y 0=16 1=3 3=2 4=1 5=1 6=432"]))
    asked = ["mobilenet_v1", path, stairline.read("mnasnet_a1")]
    table = device.predict(iter(asked))
    assert table["latency_s"].tolist() == [device.predict(one).latency_s for one in asked]
    assert table["model"].tolist() == ["mobilenet_v1", str(path), "mnasnet_a1"]


def test_a_network_that_cannot_be_read_has_a_row_that_says_why(tmp_path):
    table = stairline.load("CPU").predict(["mobilenet_v1", tmp_path / "missing.onnx", "mobilenet_v2"])
    assert table["status"].tolist() == ["ok", "failed", "ok"]
    assert table["latency_s"].isna().tolist() == [False, True, False]
    assert "missing.onnx: no such file" in table["reason"][1]


def test_files_are_predicted_at_their_own_precision_in_a_table_too(tmp_path):
    path = tmp_path / "int8.param"
    path.write_text(network((3, 32, 32), ["Convolution c 1 1 x y 0=16 1=3 3=2 4=1 5=1 6=432 8=2"]))
    assert stairline.load("CPU").predict([path, "mobilenet_v1"])["dtype"].tolist() == ["int8", "float32"]


def test_the_networks_of_a_table_are_predicted_as_often_as_asked(tmp_path):
    path = tmp_path / "nets.csv"
    write_table([stairline.read("mobilenet_v1"), stairline.read("mobilenet_v2")], path)
    networks, device = stairline.networks(path), stairline.load("CPU")
    first, second = device.predict(networks), device.predict(networks)
    assert len(networks) == 2
    assert first.equals(second)
    assert first["latency_s"].tolist() == [device.predict(name).latency_s for name in ("mobilenet_v1", "mobilenet_v2")]


def test_a_residual_can_be_left_out():
    device = stairline.load("mi9-adreno640-tflite2.1-nnmeter")
    corrected, plain = device.predict("mobilenet_v2"), device.predict("mobilenet_v2", residual=False)
    assert plain.latency_s == plain.summary.analytical_s == corrected.summary.analytical_s != corrected.latency_s


def test_a_prediction_and_a_graph_show_themselves_in_one_line():
    prediction = stairline.load("CPU").predict("mobilenet_v2")
    for shown in (repr(prediction), repr(stairline.read("mobilenet_v2"))):
        assert "mobilenet_v2" in shown
        assert len(shown) < 100


def test_a_prediction_as_a_dictionary_is_json_and_its_kernels_sum_to_it():
    prediction = stairline.load("TPU").predict("mobilenet_v2")
    found = json.loads(json.dumps(prediction.to_dict()))
    assert found["latency_s"] == prediction.latency_s
    total_s = found["fixed_s"] + sum(kernel["latency_s"] for kernel in found["kernels"])
    assert total_s == pytest.approx(found["latency_s"])
