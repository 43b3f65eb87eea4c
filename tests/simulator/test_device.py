"""A device as a program uses it: what it predicts, how it shows itself, and that threads may share it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import stairline
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
