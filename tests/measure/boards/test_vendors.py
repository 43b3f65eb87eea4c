"""Vendors' tools: their output in its documented form, and how they are driven, with stand-ins where they are not."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from stairline.measure import tool_output as imports
from stairline.measure.boards.on_board import on_board
from stairline.measure.models.common import BuildError
from stairline.measure.runtimes.registry import backend
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import DEFAULT
from stairline.measure.tool_output.vendor_tools import k210_driver, rknn_performance, snpe_throughput
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

# snpe-throughput-net-run of SNPE 1.x and 2.x prints a line like this for each thread, then the sum.
SNPE = """
[Thread 0 - dsp_fixed8_tf] 250.000 infs/sec - Number of images processed: 2500 - Build time: 48593 microseconds - \
Elapsed time: 10020649 microseconds - Real time: 10000000 microseconds - Teardown time: 8047 microseconds - Batch : 1
Total throughput: 250.000 infs/sec
"""

# RKNN Toolkit 1.x, as in rockchip-linux/rknn-toolkit#388; without perf_debug the total alone.
RKNN = """
========================================================================
                               Performance
        #### The performance result is just for debugging, ####
        #### may worse than actual performance!            ####
========================================================================
Layer ID    Name                                         Operator            Uid       Time(us)
0           MobilenetV1/MobilenetV1/Conv2d_0/Relu6_1     TENSOR_TRANS        60        361
            _RKNN_mark_perm_60_0
2           MobilenetV1/MobilenetV1/Conv2d_0/Relu6_1     CONVOLUTION         1         920
            _2
Total Time(us): 1281
FPS: 780.64
========================================================================
"""

# lib/drivers/kpu.c of the K210's standalone SDK with KPU_DEBUG, two runs.
K210 = """layer 0 [K210Conv]: 3.250000 ms
layer 1 [GAP]: 0.750000 ms
KPU: 3.250000 ms
CPU: 0.750000 ms
Model: 4.000000 ms
layer 0 [K210Conv]: 3.500000 ms
layer 1 [GAP]: 0.700000 ms
KPU: 3.500000 ms
CPU: 0.700000 ms
Model: 4.200000 ms
"""


def test_snpe_takes_its_time_over_its_images() -> None:
    run = snpe_throughput(SNPE)
    assert run.median_s == pytest.approx(0.004)
    assert run.summary is not None
    assert run.summary.runs == 2500
    with pytest.raises(MeasureError, match="2 threads"):
        snpe_throughput(SNPE + SNPE)


def test_rknn_tells_a_total_and_layers() -> None:
    run = rknn_performance(RKNN)
    assert run.median_s == pytest.approx(1281e-6)
    assert [(c.op, c.time_s) for c in run.counters] == [("TENSOR_TRANS", 361e-6), ("CONVOLUTION", 920e-6)]
    assert rknn_performance("Total Time(us): 7140FPS: 140.06").median_s == pytest.approx(7.14e-3)


def test_the_k210_tells_every_run() -> None:
    run = k210_driver(K210)
    assert run.runs_s == pytest.approx((0.004, 0.0042))
    assert [(c.op, c.time_s) for c in run.counters] == [("K210Conv", 0.0035), ("GAP", pytest.approx(0.0007))]


@pytest.mark.parametrize(("text", "tool"), [(SNPE, "SNPE"), (RKNN, "RKNN"), (K210, "K210")])
def test_what_they_printed_is_imported(tmp_path: Path, text: str, tool: str) -> None:
    (tmp_path / "o.txt").write_text(text, encoding="utf-8")
    found, times = imports.read(tmp_path / "o.txt")
    assert tool in found
    assert len(times) == 1


def network() -> Graph:
    b = GraphBuilder("n")
    return b.build(b.conv2d(b.input((1, 8, 8, 3)), 4, 3))


@pytest.mark.parametrize("name", BOARD_ONLY)
def test_what_runs_elsewhere_says_where(name: str) -> None:
    with pytest.raises(MeasureError, match=r"--on ssh:user@host|stairline measure import"):
        backend(name).conditions(1)


@pytest.mark.parametrize(
    ("name", "dtype", "complaint"),
    [
        ("snpe-dsp", "int8", "snpe-tflite-to-dlc is not installed: install Qualcomm's SNPE SDK"),
        ("nncase-k210", "int8", "ncc is not installed: put nncase 0.2's compiler"),
        ("edgetpu", "int8", "edgetpu_compiler is not installed: install Coral's package edgetpu-compiler"),
        ("rknn", "uint8", "rknn-toolkit is not installed in"),
    ],
)
def test_a_missing_converter_says_what_to_install(tmp_path: Path, name: str, dtype: str, complaint: str) -> None:
    with pytest.raises(BuildError, match=complaint):
        backend(name).build(network(), dtype, tmp_path)


def tool(home: Path, name: str, text: str, interpreter: str = "/bin/sh") -> None:
    home.mkdir(exist_ok=True)
    path = home / name
    path.write_text(f"#!{interpreter}\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


COPY = """# Stands in for a converter: it writes its own command line to the file it is asked for.
while [ $# -gt 0 ]; do
  case "$1" in -o|--output_dlc) out="$2";; compile) out="$3";; esac
  line="$line $1"; shift
done
case "$out" in *kmodel) ;; *) ;; esac
echo "$line" > "$out"
"""


def test_converters_are_given_shapes_and_calibration_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("snpe-tflite-to-dlc", "snpe-dlc-quantize", "ncc"):
        tool(tmp_path / "bin", name, COPY)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    words = {}
    for name in ("snpe-gpu", "snpe-dsp"):
        (tmp_path / name).mkdir()
        dtype = backend(name).dtypes[0]
        words[name] = backend(name).build(network(), dtype, tmp_path / name).read_text(encoding="utf-8").split()
    assert words["snpe-gpu"][words["snpe-gpu"].index("-d") + 1 :][:2] == ["input_0", "1,8,8,3"]
    listing = Path(words["snpe-dsp"][words["snpe-dsp"].index("--input_list") + 1])
    for line in listing.read_text(encoding="utf-8").splitlines():
        assert Path(line).stat().st_size == 8 * 8 * 3 * 4  # float32


def test_ncc_is_asked_for_a_k210_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path / "bin", "ncc", 'echo "$@" > "$3"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    result = backend("nncase-k210").build(network(), "int8", tmp_path)
    assert "-i tflite -o kmodel -t k210" in result.read_text(encoding="utf-8")


class Board:
    """Stands in for a board with SNPE's tool: it answers what it is known to answer and notes what it was asked."""

    name, directory = "board", "home"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def push(self, _local: Path, name: str) -> str:
        return f"{self.directory}/{name}"

    def run(self, command: list[str], _timeout_s: float) -> str:
        self.asked.append(list(command))
        if command[0] != "snpe-throughput-net-run":
            return "Pixel 3 XL\n" if command[0] == "getprop" else ""
        return "SNPE v1.30.0.480\n" if "--version" in command else SNPE


def test_snpe_is_run_on_the_processor_that_the_backend_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    monkeypatch.setattr("measure.boards.transport", lambda _target: board)
    found = on_board(backend("snpe-dsp"), "adb")
    conditions = found.conditions(1)
    assert (conditions.device, conditions.runtime_version, conditions.delegate) == ("Pixel 3 XL", "1.30.0.480", "dsp")
    assert found.visit(tmp_path / "model.dlc", 1, DEFAULT).median_s == pytest.approx(0.004)
    (run,) = [words for words in board.asked if "--container" in words]
    assert "--use_dsp" in run
    assert board.asked[-1][0] == "rm"


TOOLKIT = f'''
class RKNN:
    """Stands in for rknn.api.RKNN: it takes what the real one takes and prints what it prints."""
    def config(self, quantized_dtype): self.dtype = quantized_dtype
    def load_tflite(self, model): return 0 if open(model, "rb").read(8)[4:] == b"TFL3" else 1
    def build(self, do_quantization, dataset):
        import os
        return 0 if do_quantization and all(os.path.exists(line) for line in open(dataset).read().split()) else 1
    def export_rknn(self, path): return 0 if open(path, "w").write(self.dtype) else 1
    def load_rknn(self, path): return 0 if open(path).read() else 1
    def init_runtime(self, target, perf_debug): return 0 if target == "rk3399pro" else 1
    def eval_perf(self, is_print): print({RKNN!r})
    def release(self): pass
'''


def test_the_rknn_toolkit_builds_and_measures_in_a_python_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rknn").mkdir()
    (tmp_path / "rknn" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "rknn" / "api.py").write_text(TOOLKIT, encoding="utf-8")
    (tmp_path / "rknn_toolkit-1.2.1.dist-info").mkdir()
    metadata = "Metadata-Version: 2.1\nName: rknn-toolkit\nVersion: 1.2.1\n"
    (tmp_path / "rknn_toolkit-1.2.1.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
    monkeypatch.setenv("STAIRLINE_RKNN_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = backend("rknn")
    assert found.conditions(1).runtime_version == "1.2.1"
    model = found.build(network(), "dfp8", tmp_path)
    assert model.read_text(encoding="utf-8") == "dynamic_fixed_point-8"
    assert found.visit(model, 1, DEFAULT).median_s == pytest.approx(1281e-6)
    monkeypatch.setenv("STAIRLINE_RKNN_TARGET", "rk9999")
    with pytest.raises(MeasureError, match="init_runtime failed with code 1"):
        backend("rknn").visit(model, 1, DEFAULT)
