"""``stairline predict``: text, JSON and CSV agree with each other and with published figures."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

import stairline as sl

from .running import CPU, CSV_HEADER, printed, records, run


def test_a_prediction_names_the_published_work_of_mobilenet_v2() -> None:
    text = printed("predict", "mobilenet_v2", "-p", "CPU")
    assert "mobilenet_v2 on mi9-cortexa76-tflite2.1, float32" in text
    assert "300.8 MMAC" in text
    assert re.search(r"^latency +[\d.]+ ms$", text, re.MULTILINE)
    assert re.search(r"^status +ok", text, re.MULTILINE)


def test_the_command_the_table_and_python_agree() -> None:
    [record] = records("predict", "mobilenet_v2", "-p", "CPU")
    [row] = csv.DictReader(io.StringIO(printed("predict", "mobilenet_v2", "-p", "CPU", "--csv", "-")))
    prediction = sl.load("CPU").predict(sl.read("mobilenet_v2"))
    assert record["latency_ms"] == prediction.latency_s * 1e3
    assert float(row["latency_ms"]) == pytest.approx(record["latency_ms"], rel=1e-5)
    assert (row["net"], row["platform"], row["dtype"]) == ("mobilenet_v2", CPU, "float32")


def test_the_kernels_of_a_record_add_up_and_each_names_its_longest_bound() -> None:
    [record] = records("predict", "mobilenet_v2", "-p", "CPU")
    kernels = record["kernels"]
    assert sum(k["latency_ms"] for k in kernels) == pytest.approx(record["latency_ms"])
    assert sum(k["macs"] for k in kernels) == pytest.approx(300.78e6, rel=2e-3)
    for kernel in kernels:
        assert kernel["bounds"][f"{kernel['limited_by']}_ms"] == max(kernel["bounds"].values())
        assert kernel["padded_macs"] == 0 or kernel["padded_macs"] >= kernel["macs"]
    assert record["lower_ms"] < record["latency_ms"] < record["upper_ms"]
    assert {"schema_version", "model_digest", "platform_digest", "peak_memory_bytes", "provenance"} <= record.keys()


def test_the_digest_of_a_model_follows_its_structure() -> None:
    twice = records("predict", "mobilenet_v2", "mobilenet_v2", "-p", "CPU")
    [wider] = records("predict", "mobilenet_v2", "-p", "CPU", "--width", "1.4")
    assert twice[0]["model_digest"] == twice[1]["model_digest"] != wider["model_digest"]


def test_every_kernel_is_listed_on_request() -> None:
    [record] = records("predict", "mobilenet_v2", "-p", "CPU")
    text = printed("predict", "mobilenet_v2", "-p", "CPU", "--kernels")
    for kernel in record["kernels"]:
        assert re.search(rf"^{re.escape(kernel['name'])} +.* {kernel['latency_ms']:.4f}", text, re.MULTILINE)


def test_more_pixels_and_more_width_mean_more_work() -> None:
    macs = [
        sum(k["macs"] for k in records("predict", "mobilenet_v2", "-p", "CPU", *how)[0]["kernels"])
        for how in (("--input", "192"), (), ("--width", "1.4"))
    ]
    # Sandler et al., table 4 and the published checkpoints: 221 M at 192 pixels, 300 M, and 582 M at width 1.4.
    assert macs == [pytest.approx(221e6, rel=0.01), pytest.approx(300e6, rel=0.01), pytest.approx(582e6, rel=0.01)]


def test_without_a_precision_the_default_is_used_and_others_by_name() -> None:
    assert [r["dtype"] for r in records("predict", "mobilenet_v2", "-p", "cpu")] == ["float32"]
    assert [r["dtype"] for r in records("predict", "mobilenet_v2", "-p", "CPU", "--dtype", "int8")] == ["int8"]


def test_a_csv_has_the_documented_columns_and_a_row_per_prediction(
    tmp_path: Path, toy: Path, accelerator: Path
) -> None:
    path = tmp_path / "out.csv"
    result = run("predict", "mobilenet_v2", "mobilenet_v1", "-p", toy, "-p", accelerator, "--csv", path)
    assert (result.exit_code, result.stdout) == (0, "")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == CSV_HEADER
    rows = list(csv.DictReader(lines))
    assert [(r["net"], r["platform"]) for r in rows] == [
        (net, platform) for net in ("mobilenet_v2", "mobilenet_v1") for platform in ("toy", "accelerator")
    ]
    for row in rows:
        assert 0 < float(row["lower_ms"]) < float(row["latency_ms"]) < float(row["upper_ms"])
        assert float(row["coverage"]) == 1
    assert [(r["energy_mj"] != "", r["flags"]) for r in rows[:2]] == [(False, ""), (True, "falls_back")]


def test_what_falls_back_says_which_layers_and_why_and_what_it_costs(toy: Path, accelerator: Path) -> None:
    [record] = records("predict", "mobilenet_v2", "-p", accelerator)
    assert record["status"] == "falls_back"
    assert ["globalavgpool2d" in reason for reason in record["reasons"]] == [True]
    host_ms = sum(k["latency_ms"] for k in record["kernels"] if k["processor"] == "cortex-a76")
    host_w = sl.load(CPU).platform.file.power.active_w.value
    assert record["energy_mj"] == pytest.approx(2.5 * (record["latency_ms"] - host_ms) + host_w * host_ms)
    # Into the fallback processor and out again, 2 ms each.
    [alone] = records("predict", "mobilenet_v2", "-p", toy)
    assert record["latency_ms"] - alone["latency_ms"] == pytest.approx(4.0, abs=0.2)
    text = printed("predict", "mobilenet_v2", "-p", accelerator)
    assert re.search(r"^status +falls_back", text, re.MULTILINE)
    assert "globalavgpool2d is not in the operator list of accelerator" in text
    # The sum of what falls off: its kernels, and the two crossings of 2 ms each with a few microseconds of bytes.
    assert record["host_ms"] == pytest.approx(host_ms)
    assert record["crossings_ms"] == pytest.approx(4.0, abs=0.2)
    falls = re.search(r"^on the host +([\d.]+) of [\d.]+ ms in (\d+) kernels?, crossings 4\.\d+ ms$", text, re.M)
    assert falls
    assert float(falls[1]) == pytest.approx(host_ms, rel=0.01)
    assert int(falls[2]) == sum(k["processor"] == "cortex-a76" for k in record["kernels"])


def test_the_reasons_for_a_fallback_stand_with_the_longest_time_first(accelerator: Path) -> None:
    text = printed("predict", "mobilenet_v3_large", "-p", accelerator)
    times = [float(time) for time in re.findall(r"^reason .*\(([\d.]+) ms\)$", text, re.MULTILINE)]
    assert len(times) > 1
    assert times == sorted(times, reverse=True)


def test_what_cannot_run_is_analysed_all_the_same(island: Path) -> None:
    [record] = records("predict", "mobilenet_v2", "-p", island)
    assert record["status"] == "cannot_run"
    assert record["reasons"]
    assert len(record["kernels"]) > 50
    assert re.search(r"^status +cannot_run", printed("predict", "mobilenet_v2", "-p", island), re.MULTILINE)
    assert "cannot_run" in printed("predict", "mobilenet_v2", "mobilenet_v1", "-p", island)


def test_a_constraint_gives_its_reason_once_for_all_its_layers(accelerator: Path) -> None:
    text = printed("predict", "mobilenet_v3_large", "-p", accelerator)
    assert text.count("the kernel must be at most 3 wide and high") == 1
    # Howard et al. 2019, table 1: three blocks of 40 channels and three of 160 have 5x5 kernels.
    assert re.search(r"6 layers, the first \S+: dwconv2d: the kernel must be at most 3", text)


def test_all_platforms_leave_out_those_without_the_precision_and_name_them() -> None:
    result = run("predict", "mobilenet_v2", "-p", "all", "--dtype", "dfp8", "--csv", "-")
    answered = {row["platform"] for row in csv.DictReader(io.StringIO(result.stdout))}
    able = {d.name for d in sl.available() if "dfp8" in d.dtypes}
    assert answered == able
    for device in sl.available():
        own_right = not device.platform.file.fallback_only
        assert (f"left out {device.name}" in result.stderr) == (own_right and device.name not in able)


def test_a_layer_table_gives_a_line_per_network(tmp_path: Path) -> None:
    path = tmp_path / "nets.csv"
    path.write_text(
        "net,layer,op,h_in,w_in,c_in,h_out,w_out,c_out,kernel,stride\n"
        "a,0,conv2d,8,8,16,8,8,32,1,1\n"
        "b,0,conv2d,8,8,16,8,8,32,3,1\n"
        "b,1,relu,8,8,32,8,8,32,0,0\n",
        encoding="utf-8",
    )
    found = records("predict", path, "-p", "CPU")
    assert [(r["model"], sum(k["macs"] for k in r["kernels"])) for r in found] == [
        ("a", 8 * 8 * 16 * 32),
        ("b", 8 * 8 * 16 * 32 * 9),
    ]
    assert [line.split()[0] for line in printed("predict", path, "-p", "CPU").splitlines()[1:3]] == ["a", "b"]


def test_a_shape_opens_a_model_file_that_leaves_it_open(tmp_path: Path) -> None:
    path = tmp_path / "open.onnx"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 8, "a", "b"])
    weights = helper.make_tensor("w", TensorProto.FLOAT, (8, 3, 3, 3), [0.0] * 216)
    conv = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3])
    onnx.save(helper.make_model(helper.make_graph([conv], "open", [x], [y], [weights])), path)
    refused = run("predict", path, "-p", "CPU")
    assert refused.exit_code == 2
    assert "--shape" in refused.stderr
    for shape in ("1,3,10,10", "x=1,3,10,10"):
        [record] = records("predict", path, "-p", "CPU", "--shape", shape)
        assert sum(k["macs"] for k in record["kernels"]) == 8 * 8 * 8 * 27
