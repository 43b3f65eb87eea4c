"""What other tools report: samples in the form of their documented output, and files that the tools here write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stairline.measure.store.store import Record, opened
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import Measurement
from stairline.measure.tool_output.benchmark_model import parse
from stairline.measure.tool_output.onnxruntime_profile import operator_times
from stairline.measure.tool_output.reading import read
from tests.checkout import ROOT

# In the form of TensorFlow Lite's benchmark_model 2.x, as in tensorflow/tensorflow#42507.
PRINTED = """STARTING!
Num threads: [4]
Initialized session in 0.855ms.
count=15 first=49060 curr=33682 min=32825 max=49060 avg=34825.1 std=3930

count=50 first=32891 curr=33978 min=32641 max=34005 avg=33209.4 std=450

Inference timings in us: Init: 855, First inference: 49060, Warmup (avg): 34825.1, Inference (avg): 33209.4
Profiling Info for Benchmark Initialization:
============================== Run Order ==============================
\t             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t         AllocateTensors\t    0.124\t    0.124\t100.000%\t100.000%\t     0.000\t        1\tAllocateTensors/0

Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
\t             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t                 CONV_2D\t   20.081\t   20.083\t 60.120%\t 60.120%\t     0.000\t        1\t[net/Conv/Relu]:0
\t       DEPTHWISE_CONV_2D\t   13.100\t   13.126\t 39.880%\t100.000%\t     0.000\t        1\t[net/Conv_1/Relu]:1

============================== Top by Computation Time ==============================
\t                 CONV_2D\t   20.081\t   20.083\t 60.120%\t 60.120%\t     0.000\t        1\t[net/Conv/Relu]:0
"""

# In the form of version 1.13, with a column for the start, as in tensorflow/tensorflow#27948.
OLD = """count=50 first=948543 curr=944078 min=944078 max=955061 avg=947350 std=2060

============================== Run Order ==============================
\t       [node type]\t  [start]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t DEPTHWISE_CONV_2D\t    0.000\t  538.139\t  536.830\t 56.668%\t 56.668%\t     0.000\t        1\t[srnetwork/Relu]
"""

COUNTERS = """layerName;execStatus;layerType;execType;realTime (ms);cpuTime (ms);
conv1;EXECUTED;Convolution;jit_avx512_FP32;0.750;0.740;
relu1;OPTIMIZED_OUT;ReLU;undef;0.000;0.000;
fc;EXECUTED;InnerProduct;gemm_FP32;0,250;0.250;
Total;;;;1.000;0.990;
"""


def test_the_timed_runs_of_benchmark_model_are_its_last_block() -> None:
    run = parse(PRINTED)
    assert run.summary is not None
    assert (run.summary.runs, run.median_s) == (50, pytest.approx(0.0332094))
    assert (run.summary.std_s, run.summary.min_s) == (pytest.approx(450e-6), pytest.approx(0.032641))
    assert [(c.name, c.op) for c in run.counters] == [
        ("net/Conv/Relu", "CONV_2D"),
        ("net/Conv_1/Relu", "DEPTHWISE_CONV_2D"),
    ]
    assert [c.time_s for c in run.counters] == pytest.approx([0.020083, 0.013126])


def test_older_versions_print_when_an_operator_started() -> None:
    (counter,) = parse(OLD).counters
    assert (counter.op, counter.name, counter.time_s) == ("DEPTHWISE_CONV_2D", "srnetwork/Relu", 0.536830)


def test_one_run_alone_has_no_average() -> None:
    assert parse("count=1 curr=980043\n").median_s == pytest.approx(0.980043)


def test_an_android_log_and_its_averages_alone_are_enough() -> None:
    line = (
        "INFO: Inference timings in us: Init: 630, First inference: 3678, Warmup (avg): 3751, Inference (avg): 3790.92"
    )
    assert parse(line).median_s == pytest.approx(3790.92e-6)


def written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


# In the form of the report that benchmark_app 2026.4 writes beside its counters.
REPORT = """Command line parameters
-api;sync

Execution results
total number of iterations;222
latency (ms);12.82
avg latency;13.37
min latency;7.27
max latency;20.09
"""


def test_the_latency_of_openvino_is_its_reports_and_not_the_sum_of_its_layers(tmp_path: Path) -> None:
    written(tmp_path / "benchmark_report.csv", REPORT)
    for name, content in (("average.csv", COUNTERS), ("detailed.csv", COUNTERS.replace("0.750", "9.000") + COUNTERS)):
        tool, (found,) = read(written(tmp_path / name, content))
        assert "OpenVINO" in tool
        assert [(c.name, c.kernel, c.time_s) for c in found.run.counters] == [
            ("conv1", "jit_avx512_FP32", 750e-6),
            ("fc", "gemm_FP32", 250e-6),
        ]
        assert found.run.median_s == pytest.approx(13.37e-3)
        assert found.run.summary is not None
        assert (found.run.summary.runs, found.run.summary.min_s) == (222, pytest.approx(7.27e-3))
    _, (alone,) = read(tmp_path / "benchmark_report.csv")
    assert (alone.run.counters, alone.run.median_s) == ((), pytest.approx(13.37e-3))


def test_counters_of_openvino_alone_are_no_latency(tmp_path: Path) -> None:
    with pytest.raises(MeasureError, match=r"keep the benchmark_report.csv of the same run beside them"):
        read(written(tmp_path / "c.csv", COUNTERS))


def test_an_onnxruntime_profile_has_every_run(tmp_path: Path) -> None:
    def event(cat: str, name: str, dur: int) -> dict[str, object]:
        return {"cat": cat, "ts": 1, "dur": dur, "name": name, "args": {"op_name": "Conv"} if cat == "Node" else {}}

    events = [event("Session", "session_initialization", 5000)]
    for dur in (900, 300, 500):
        events += [event("Node", "c_kernel_time", dur - 50), event("Session", "model_run", dur)]
    _, (found,) = read(written(tmp_path / "p.json", events))
    assert (found.run.warmups_s, found.run.runs_s) == ((900e-6,), (300e-6, 500e-6))
    assert [c.time_s for c in found.run.counters] == pytest.approx([350e-6])


def test_trtexec_exports_runs_and_layers(tmp_path: Path) -> None:
    times = [{"startEnqMs": 0.1, "latencyMs": ms, "computeMs": ms / 2} for ms in (2.0, 4.0)]
    _, (runs,) = read(written(tmp_path / "t.json", times))
    assert runs.run.runs_s == (0.002, 0.004)
    layers = [{"count": 10}, {"name": "conv", "timeMs": 15.0, "averageMs": 1.5, "medianMs": 1.4, "percentage": 100}]
    _, (profile,) = read(written(tmp_path / "l.json", layers))
    assert [(c.name, c.time_s) for c in profile.run.counters] == [("conv", 0.0015)]


def test_layers_of_vela_need_the_clock_of_its_summary(tmp_path: Path) -> None:
    layers = "Original Operator,NNG Operator,Target,Op Cycles,Name\nConv2D,Conv2D,NPU,500,c\n"
    path = written(tmp_path / "net_per-layer.csv", layers)
    with pytest.raises(MeasureError, match="keep the summary"):
        read(path)
    summary = "experiment,network,accelerator_configuration,core_clock,inference_time\nx,net,U55,500e6,2e-6\n"
    written(tmp_path / "net_summary_System.csv", summary)
    _, (found,) = read(path)
    assert (found.net, found.run.runs_s, found.run.counters[0].time_s) == ("net", (2e-6,), 1e-6)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("net,latency_ms\na,x\n", "could not convert string to float: 'x'"),
        ("net,latency_ms\na,-1\n", "-1 ms is no time"),
        ("net,latency_ms\na,nan\n", "nan ms is no time"),
        ("net,latency_ms\n", "holds no time"),
        ("experiment,network,accelerator_configuration,core_clock,inference_time\n", "as Vela table: IndexError"),
        ('[1, {"cat": "Session", "dur": 3}]', "as onnxruntime profile: AttributeError"),
        (f"Total Time(us): {'9' * 400}\n", "as RKNN eval_perf: OverflowError"),
        ("nothing known\n", "from no tool known; it may be"),
        ('[{"latencyMs": 1', "not JSON"),
        ('[{"cat": "Node", "dur": 1}]', "KeyError|holds no time|StatisticsError"),
        ("layerName;execStatus;layerType;execType;\nx;EXECUTED;y;z;\n", "keep the benchmark_report.csv"),
        ("count=5 first=1\n", "KeyError"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(MeasureError, match=complaint) as caught:
        read(written(tmp_path / "f.txt", content))
    assert str(caught.value).startswith(str(tmp_path / "f.txt"))
    assert "\n" not in str(caught.value)


def imported(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stairline", "measure", "import", *map(str, arguments)]
    return subprocess.run(
        [*command, "--store", "s.db", "--device", "board"],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def records(path: Path) -> list[Record]:
    with opened(path) as store:
        return store.records()


def test_imports_are_kept_in_a_store_and_told_from_what_was_measured(tmp_path: Path) -> None:
    written(tmp_path / "b.txt", PRINTED)
    written(tmp_path / "t.csv", "net,latency_ms,std_ms,dtype\none,1.5,0.1,int8\ntwo,2.5,,\n")
    assert imported("b.txt", "t.csv", cwd=tmp_path).stderr == "s.db: 3 imported from 2 files\n"
    found = records(tmp_path / "s.db")
    assert [(r.configuration.name, r.configuration.dtype) for r in found] == [
        ("b", "float32"),
        ("one", "int8"),
        ("two", "float32"),
    ]
    assert {r.backend for r in found} == {"imported"}
    first = found[0].outcome
    assert isinstance(first, Measurement)
    assert first.statistics.ci95_s == pytest.approx(2.0096 * 450e-6 / 50**0.5, rel=1e-3)  # t of 49 degrees of freedom
    again = imported("b.txt", cwd=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "is in the store already" in again.stderr


def test_nothing_is_imported_when_one_file_is_bad(tmp_path: Path) -> None:
    written(tmp_path / "good.csv", "net,latency_ms\na,1\n")
    written(tmp_path / "bad.csv", "net,latency_ms\nb,0\n")
    assert imported("good.csv", "bad.csv", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "s.db").exists()


def test_onnxruntime_events_give_the_median_of_the_last_runs() -> None:
    def event(name: str, dur: int, cat: str = "Node") -> dict[str, object]:
        return {"cat": cat, "name": name, "dur": dur, "args": {"op_name": "Conv"}}

    events = [event("model_run", 500, "Session")]
    events += [event(f"{node}_kernel_time", dur) for dur in (90, 10, 70, 20) for node in ("a", "b")]
    events.append(event("a_fence_before", 7))
    found = operator_times(events, 3)
    assert [(c.name, c.op) for c in found] == [("a", "Conv"), ("b", "Conv")]
    assert [c.time_s for c in found] == pytest.approx([20e-6, 20e-6])
