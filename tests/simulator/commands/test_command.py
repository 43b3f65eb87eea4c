"""The command as its users meet it: in a terminal, in a pipe, from a script, and with input that is wrong."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper

import stairline as sl
from docs.generate import PAGE, page
from stairline.command import main
from stairline.hwmodels import schema
from stairline.hwmodels.provenance import Closed
from tests.checkout import ROOT, STAIRLINE
from tests.interrupts import take_interrupts

CPU = "mi9-cortexa76-tflite2.1"
CSV_HEADER = "net,platform,dtype,latency_ms,lower_ms,upper_ms,energy_mj,coverage,flags"

TOY = """
schema = 1
name = "NAME"
title = "A processor of round numbers"
[platform]
device = "board"
processor = "engine"
runtime = "none"
dtypes = ["float32"]
default_dtype = "float32"
clock_hz = { value = 1e9, source = "us" }
[roofs]
overlap = { value = 0, source = "us" }
[roofs.compute.float32]
macs_per_cycle = { value = 8, source = "us" }
[roofs.memory.dram]
bandwidth_bytes_per_s = { value = 4e9, source = "us" }
[overheads]
inference_s = { value = 0, source = "us" }
kernel_s = { value = 0, source = "us" }
epilogue_s_per_element = { value = 0, source = "us" }
[kernels."conv2d|dwconv2d|dense"]
model = "tiled_gemm"
efficiency = { value = 1, source = "us" }
tile_n = { value = 8, source = "us" }
[kernels."add|mul|relu|relu6|hard_swish|hard_sigmoid|softmax|globalavgpool2d"]
model = "streaming"
[[fusion]]
pattern = ["conv2d|dwconv2d|dense|add", "relu|relu6"]
source = "us"
SUPPORT
[partition]
RULE
source = "us"
[uncertainty]
factor = { value = 1.25, source = "us" }
POWER
[sources]
us = { kind = "assumed", cite = "chosen for this test" }
"""
SUPPORT = """
[[support]]
ops = ["conv2d", "add", "mul", "relu", "relu6", "dense", "softmax"]
source = "us"
[[support]]
ops = ["dwconv2d"]
constraints = ["kernel_at_most"]
limits = { kernel_max = 3 }
source = "us"
"""
"""A processor without global pooling, so that every MobileNet has layers that it does not run."""


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def printed(*args: object) -> str:
    result = run(*args)
    assert result.exit_code == 0, result.output
    return result.stdout


def records(*args: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed(*args, "--json").splitlines()]


def process(*args: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [*STAIRLINE, *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **options)


def in_terminal(*args: object, columns: int = 80) -> str:
    """What a person sees: standard output and error are a pseudo-terminal."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    command = [*STAIRLINE, *map(str, args)]
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as child:
        os.close(theirs)
        seen = b""
        try:
            while data := os.read(ours, 65536):
                seen += data
        except OSError:  # Linux reports the end of a pseudo-terminal as an error.
            pass
        assert child.wait(timeout=60) == 0, seen
    os.close(ours)
    return seen.decode()


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


@pytest.fixture
def platform_file(tmp_path: Path) -> Any:
    """Writes a platform that runs everything, or what SUPPORT lists under another rule."""

    def write(name: str, support: str = "", rule: str = 'rule = "everything"', power: str = "") -> Path:
        text = TOY.replace("NAME", name).replace("SUPPORT", support).replace("RULE", rule).replace("POWER", power)
        path = tmp_path / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def toy(platform_file: Any) -> Path:
    path: Path = platform_file("toy")
    return path


@pytest.fixture
def accelerator(platform_file: Any) -> Path:
    """Sends what it does not run to the CPU and back, 2 ms a tensor, and draws 2.5 W."""
    rule = f'rule = "maximal_runs"\nfallback = "{CPU}"\nboundary_s = {{ value = 0.002, source = "us" }}'
    path: Path = platform_file("accelerator", SUPPORT, rule, '[power]\nactive_w = { value = 2.5, source = "us" }')
    return path


@pytest.fixture
def island(platform_file: Any) -> Path:
    """The same processor with nowhere to send what it does not run."""
    path: Path = platform_file("island", SUPPORT)
    return path


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


def test_compare_prints_networks_by_platforms(toy: Path, accelerator: Path) -> None:
    text = printed("compare", "mobilenet_v2", "mobilenet_v1", "-p", toy, "-p", accelerator)
    header, first, second = text.splitlines()[:3]
    assert header.split() == ["ms", "toy", "float32", "accelerator", "float32"]
    assert [line.split()[0] for line in (first, second)] == ["mobilenet_v2", "mobilenet_v1"]
    assert first.endswith("*")
    assert "* falls_back" in text
    assert "globalavgpool2d is not in the operator list" in text


def test_platforms_are_listed_with_alias_and_precisions() -> None:
    text = printed("platforms")
    assert re.search(rf"^CPU +{re.escape(CPU)} +float32, int8 ", text, re.MULTILINE)
    listed = json.loads(printed("platforms", "--json"))
    assert [p["name"] for p in listed] == [d.name for d in sl.available()]
    assert listed[0]["aliases"] == ["CPU"]


def test_a_platform_is_explained_down_to_its_sources(toy: Path, accelerator: Path) -> None:
    text = printed("platforms", "show", toy)
    # 8 MAC a cycle at 1 GHz; over 4 GB/s that is 2 MAC for every byte.
    assert re.search(r"^float32 +8\.0 +2\.00$", text, re.MULTILINE)
    assert re.search(r"^tile_n +8 +us$", text, re.MULTILINE)
    assert "conv2d or dwconv2d or dense or add, then relu or relu6" in text
    # Ten numbers: clock, MAC per cycle, bandwidth, overlap, three overheads, factor, and two of the convolution.
    assert re.search(r"^us +assumed +10 +chosen for this test$", text, re.MULTILINE)
    explained = printed("platforms", "show", accelerator)
    assert "the kernel must be at most 3 wide and high" in explained
    assert f"goes to {CPU}" in explained


def test_an_all_precision_question_leaves_out_who_cannot_answer_and_says_so() -> None:
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


BAD = {
    "an unknown model": (("predict", "mobilnet_v2", "-p", "CPU"), "did you mean 'mobilenet_v2'"),
    "a missing file": (("predict", "nowhere/x.tflite", "-p", "CPU"), "nowhere/x.tflite: no such file"),
    "an unknown platform": (("predict", "mobilenet_v2", "-p", "CPUX"), "did you mean 'CPU'"),
    "a missing platform file": (("predict", "mobilenet_v2", "-p", "nowhere.toml"), "nowhere.toml"),
    "a misspelt precision": (("predict", "mobilenet_v2", "-p", "CPU", "--dtype", "flaot32"), "did you mean 'float32'"),
    "a precision that it lacks": (("predict", "mobilenet_v2", "-p", "CPU", "--dtype", "uint8"), "float32, int8"),
    "no pixels": (("predict", "mobilenet_v2", "-p", "CPU", "--input", "0"), "at least 1"),
    "a negative width": (("predict", "mobilenet_v2", "-p", "CPU", "--width", "-1"), "positive"),
    "a width where there is none": (("predict", "resnet_v1_50", "-p", "CPU", "--width", "1"), "no width multiplier"),
    "a shape for the zoo": (("predict", "mobilenet_v2", "-p", "CPU", "--shape", "1,2"), "input size"),
    "a shape that is none": (("predict", "mobilenet_v2", "-p", "CPU", "--shape", "a,b"), "--shape 'a,b'"),
    "an unwritable file": (("predict", "mobilenet_v2", "-p", "CPU", "--csv", "/nowhere/x.csv"), "/nowhere/x.csv"),
    "two outputs": (("predict", "mobilenet_v2", "-p", "CPU", "--csv", "x.csv", "--json"), "exclude each other"),
    "no platform": (("predict", "mobilenet_v2"), "--platform"),
    "no model": (("predict", "-p", "CPU"), "MODEL"),
    "an unknown verb": (("predikt",), "predict"),
    "an unknown option": (("platforms", "--jsn"), "--json"),
    "an unknown platform to show": (("platforms", "show", "CPX"), "did you mean 'CPU'"),
}


@pytest.mark.parametrize(("args", "part"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_told_in_one_line_with_exit_code_2(args: tuple[str, ...], part: str) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    [line] = result.stderr.splitlines()
    assert line.startswith("stairline: ")
    assert part in line


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.tflite", b"\x1c\0\0\0TFL3" + b"\xff" * 64), ("x.onnx", b"\x08\xff" * 40), ("x.csv", b"net,layer\na,1\n")],
)
def test_a_broken_file_is_told_in_one_line_with_its_path(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = process("predict", path, "-p", "CPU")
    assert (result.returncode, result.stdout) == (2, "")
    [line] = result.stderr.splitlines()
    assert line.startswith(f"stairline: {path}: ")


def test_a_platform_file_with_an_unknown_key_names_file_and_key(platform_file: Any) -> None:
    path = platform_file("typo")
    path.write_text(path.read_text(encoding="utf-8").replace("tile_n = ", "tile_nn = "), encoding="utf-8")
    result = process("platforms", "show", path)
    assert result.returncode == 2
    [line] = result.stderr.splitlines()
    assert f"{path}: " in line
    assert "did you mean 'tile_n'" in line


def test_a_csv_is_left_alone_when_the_question_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    path.write_text("mine\n", encoding="utf-8")
    assert run("predict", "mobilnet_v2", "-p", "CPU", "--csv", path).exit_code == 2
    assert path.read_text(encoding="utf-8") == "mine\n"


def test_a_terminal_gets_colour_and_a_pipe_gets_the_same_words_without() -> None:
    seen = in_terminal("predict", "mobilenet_v2", "-p", "CPU", columns=120)
    piped = process("predict", "mobilenet_v2", "-p", "CPU").stdout
    assert "\x1b[" in seen
    assert "\x1b" not in piped
    words = [word for word in without_colour(seen).split() if set(word) != {"─"}]
    assert words == piped.split()


@pytest.mark.parametrize("args", [("predict", "mobilenet_v3_large", "-p", "CPU", "--kernels"), ("platforms",)])
def test_a_narrow_terminal_is_not_overrun(args: tuple[str, ...]) -> None:
    lines = without_colour(in_terminal(*args, columns=80)).splitlines()
    assert max(map(len, lines)) <= 80


def test_a_long_batch_shows_its_progress_in_a_terminal_only() -> None:
    many = ("predict", *["mobilenet_v1"] * 60, "-p", "CPU", "--csv", os.devnull)
    assert "predicting" in in_terminal(*many)
    assert "predicting" not in process(*many).stderr


def test_a_reader_that_stops_reading_ends_the_command_quietly() -> None:
    command = [*STAIRLINE, "predict", *["mobilenet_v2"] * 50, "-p", "CPU", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == ""


def test_an_interrupt_ends_the_command_quietly_with_130() -> None:
    command = [*STAIRLINE, "predict", *["nasnet_a_mobile"] * 500, "-p", "CPU", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, preexec_fn=take_interrupts, **pipes) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        _, complaint = child.communicate(timeout=60)
    assert (child.returncode, complaint.strip()) == (130, "")


def test_predicting_one_network_loads_nothing_heavy() -> None:
    code = (
        "import sys, stairline\n"
        "try:\n    stairline.main(['predict', 'mobilenet_v2', '-p', 'CPU'])\n"
        "except SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    heavy = {"numba", "numpy", "onnx", "pandas", "scipy", "sklearn", "tensorflow", "xgboost"}
    assert heavy.isdisjoint(done.stderr.split())


def test_the_front_door_offers_what_it_lists() -> None:
    assert all(hasattr(sl, name) for name in sl.__all__)
    assert sl.load("CPU").dtypes == ("float32", "int8")


def test_the_readme_has_one_line_to_predict_and_one_to_test_from_nothing_but_python() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)
    assert ["stairline predict" in line for line in lines] == [True, False]
    assert ["pytest" in line for line in lines] == [False, True]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_page_on_platform_files_names_every_key() -> None:
    page = (ROOT / "docs" / "platform-files.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    code = {word for span in re.findall(r"`([^`]+)`", prose) for word in re.findall(r"\w+", span)}
    records = [m for m in vars(schema).values() if isinstance(m, type) and issubclass(m, Closed)]
    keys = {field.alias or name for record in records for name, field in record.model_fields.items()}
    # A kernel's parameters stand directly under it.
    assert keys - code == {"parameters"}


def test_the_page_on_kernel_models_says_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python docs/generate.py writes it anew"
