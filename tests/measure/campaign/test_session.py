"""Measurements: their statistics, conditions and protocol, plans, and the runtimes themselves."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from stairline.measure.campaign.process import Worker, WorkerError
from stairline.measure.plan import file as plan
from stairline.measure.plan.configuration import configuration
from stairline.measure.runtimes.registry import LIBRARIES, backend
from stairline.measure.timing.errors import ConditionsDifferError, MeasureError
from stairline.measure.timing.record import Conditions, Measurement, Reading, Run, pooled
from stairline.measure.timing.sample import statistics
from tests.checkout import ROOT

CONDITIONS = Conditions(
    *("board", "Cortex-A76", ("asimd",), "performance", 2_400_000_000, (7,), 1, "LiteRT", "2.1", "XNNPACK"),
    dtype="float32",
    model_sha256="ab",
)
PLAN = """schema = 1
[[measure]]
op = "conv2d"
hw = 8
cin = 8
kernel = 3
sweep = { cout = "8:16:8" }
[[measure]]
op = "conv2d"
kernle = 3
[[measure]]
file = "absent.tflite"
"""


def stairline(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stairline", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )


def test_the_statistics_of_five_times_are_those_worked_by_hand() -> None:
    found = statistics([1.0, 2.0, 3.0, 4.0, 10.0])
    assert (found.mean_s, found.min_s, found.median_s) == (4.0, 1.0, 3.0)
    assert found.mad_s == 1.0  # of the distances 2, 1, 0, 1, 7
    assert found.std_s == pytest.approx(12.5**0.5)  # squares 9 + 4 + 1 + 0 + 36 = 50, over 4
    assert found.ci95_s == pytest.approx(2.776445 * (12.5 / 5) ** 0.5)  # t of 4 degrees of freedom, from any table
    assert found.p90_s == pytest.approx(7.6)  # 0.6 of the way from the fourth to the fifth


@given(st.lists(st.floats(1e-6, 10), min_size=2, max_size=60))
def test_the_interval_is_that_of_scipy(times: list[float]) -> None:
    found = statistics(times)
    half = scipy.stats.sem(times) * scipy.stats.t.ppf(0.975, len(times) - 1)
    assert found.ci95_s == pytest.approx(float(half), rel=1e-6, abs=1e-12)
    assert found.mad_s == pytest.approx(float(scipy.stats.median_abs_deviation(times)))


def test_one_time_has_no_interval() -> None:
    with pytest.raises(MeasureError, match="at least 2"):
        statistics([1.0])


def run(*times: float) -> Run:
    return Run((9.0,), times, Reading(1.0), Reading(1.0))


def test_pooling_takes_all_runs_and_no_warm_up() -> None:
    both = pooled([Measurement(CONDITIONS, (run(1.0, 2.0),)), Measurement(CONDITIONS, (run(3.0, 6.0),))])
    assert both.statistics.mean_s == 3.0


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("threads", 4, "threads is 1 in one and 4"),
        ("governor", "powersave", "governor is 'performance' in one and 'powersave'"),
        ("runtime_version", "2.3", "runtime_version is '2.1' in one and '2.3'"),
        ("model_sha256", "cd", "model_sha256 is 'ab' in one and 'cd'"),
    ],
)
def test_different_conditions_do_not_mix(name: str, value: object, shown: str) -> None:
    other = replace(CONDITIONS, **{name: value})
    with pytest.raises(ConditionsDifferError, match=shown):
        pooled([Measurement(CONDITIONS, (run(1.0, 2.0),)), Measurement(other, (run(1.0, 2.0),))])


def test_conditions_survive_their_json() -> None:
    assert Conditions.from_json(CONDITIONS.to_json()) == CONDITIONS


def test_a_session_setting_is_all_but_the_model() -> None:
    setting = CONDITIONS.setting_digest
    assert replace(CONDITIONS, dtype="int8", model_sha256=None).setting_digest == setting
    assert replace(CONDITIONS, governor=None).setting_digest != setting


def test_a_sweep_meets_both_ends() -> None:
    entry = plan.Entry("op", "conv2d", {"hw": 28, "cin": 320}, "float32", plan.sweep("cout", "8:264:8"))
    widths = [dict(c.settings)["cout"] for c in plan.configurations([entry])]
    assert (widths[0], widths[-1], len(widths)) == (8, 264, 33)


def test_a_configuration_builds_the_operator_it_names() -> None:
    graph = configuration("op", "conv2d", {"kernel": 3, "cout": 24, "cin": 5, "hw": 7}, "float32").graph()
    (layer,) = graph.layers
    assert (layer.op, layer.attributes.kernel) == ("conv2d", (3, 3))
    assert graph.shapes(graph.inputs + graph.outputs) == ((1, 7, 7, 5), (1, 7, 7, 24))


def test_the_order_of_settings_makes_no_difference() -> None:
    one, other = ({"hw": 8, "cout": 4}, {"cout": 4, "hw": 8})
    assert configuration("op", "conv2d", one, "int8") == configuration("op", "conv2d", other, "int8")


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    entries = (
        plan.Entry("op", "se", {"hw": 8, "gate": 'a"b'}, "int8", plan.sweep("cin", "8:16:4")),
        plan.Entry("model", "mobilenet_v1", {"width": 0.5}, "float32"),
        plan.Entry("file", "netz größe.tflite", {}, "file"),
    )
    (tmp_path / "p.toml").write_text(plan.write(entries), encoding="utf-8")
    assert plan.read(tmp_path / "p.toml") == entries


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("schema = 1", "asks for nothing"),
        ("schema = 9", "schema = 9"),
        ("schema =", "not TOML"),
        ('schema = 1\n[[measure]]\nop = "se"\nmodel = "x"', "measure 1: name what to measure by exactly one"),
        ('schema = 1\n[[measure]]\nop = "se"\nsweep = { hw = "8:4:1" }', "measure 1: sweep hw=8:4:1"),
        ('schema = 1\n[[measure]]\nop = "se"\nhw = [1]', r"hw = \[1\]"),
        ('schema = 1\n[[measure]]\nfile = "a.tflite"\nhw = 1', "leave hw out"),
        ('schema = 1\n[[measure]]\nmodel = "mobilenet_v1"\ncout = 1', "'cout'"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(plan.PlanError, match=complaint) as caught:
        plan.read(path)
    assert str(path) in str(caught.value)


def test_a_worker_that_is_killed_says_by_what_and_serves_again() -> None:
    network = {"backend": "tflite", "kind": "model", "name": "resnet_v1_50", "settings": {}, "dtype": "float32"}
    with Worker() as worker:
        request = {"duty": "describe", "backend": "onnxruntime", "threads": 1}
        worker.ask(**request)
        assert worker._process is not None
        victim = worker._process.pid
        threading.Timer(0.5, os.kill, (victim, signal.SIGABRT)).start()
        with pytest.raises(WorkerError, match="SIGABRT"):
            worker.ask(duty="build", directory="absent", **network)
        assert "conditions" in worker.ask(**request)


def test_a_worker_does_not_outlive_who_asks_it() -> None:
    code = (
        "import os, signal\nfrom measure.process import Worker\nw = Worker()\n"
        "w.ask(duty='describe', backend='onnxruntime', threads=1)\nprint(w._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    state = Path(f"/proc/{int(done.stdout)}/stat")
    for _ in range(100):
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the worker is still there")


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_plan_is_measured_on_a_real_runtime_and_what_fails_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "p.toml").write_text(PLAN, encoding="utf-8")
    once = ("--visits", 1, "--max-visits", 1)
    arguments = ("measure", "run", "p.toml", "-b", name, "--store", "s.db", *once)
    first = stairline(*arguments, cwd=tmp_path)
    assert (first.returncode, first.stderr.split(";")[0]) == (0, "s.db: 2 measured and 2 failed now, 0 before, 0 left")
    again = stairline(*arguments, cwd=tmp_path)
    assert again.stderr.strip() == "s.db: 0 measured and 0 failed now, 4 before, 0 left; 0 visits"
    shown = stairline("measure", "show", "s.db", cwd=tmp_path).stdout
    assert "conv: has no setting 'kernle'" in shown
    assert shown.index("cout=8 ") < shown.index("cout=16 ")
    assert "absent.tflite: " in shown
    stairline("measure", "plot", "s.db", "--sweep", "cout", "-o", "p.svg", cwd=tmp_path)
    assert "</svg>" in (tmp_path / "p.svg").read_text(encoding="utf-8")
    stairline("measure", "export", "s.db", "--csv", "out.csv", cwd=tmp_path)
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    package = {"tflite": "ai-edge-litert", "tflite-builtin": "ai-edge-litert"}.get(name, name)
    assert {row["net"] for row in rows} == {f"conv2d hw=8 cin=8 cout={c} kernel=3" for c in (8, 16)}
    for row in rows:
        assert 0 < float(row["min_ms"]) <= float(row["latency_ms"]) <= float(row["median_ms"]) <= float(row["p95_ms"])
        assert row["runtime_version"].startswith(version(package))
        assert float(row["drift"]) >= 1


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [
        ("tflite", "ai_edge_litert", "ai-edge-litert"),
        ("onnxruntime", "onnxruntime", "onnxruntime"),
        ("openvino", "openvino", "openvino"),
    ],
)
def test_a_missing_runtime_is_one_sentence(tmp_path: Path, name: str, module: str, package: str) -> None:
    (tmp_path / "p.toml").write_text(PLAN, encoding="utf-8")
    hidden = f"import sys\nsys.modules['{module}'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(hidden, encoding="utf-8")
    done = stairline(
        *("measure", "run", "p.toml", "-b", name, "--store", "s.db"),
        cwd=tmp_path,
        PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}",
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{package} is not installed" in done.stderr
    assert "pip install 'stairline[measure]'" in done.stderr
    assert not (tmp_path / "s.db").exists()


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_broken_model_file_is_a_failure_in_the_words_of_the_runtime(tmp_path: Path, name: str) -> None:
    broken = tmp_path / f"broken{backend(name).formats[0]}"
    broken.write_bytes(b"no model at all")
    with Worker() as worker, pytest.raises(WorkerError, match=r"Error: .{20}|InvalidProtobuf: .*broken"):
        worker.ask(duty="measure", backend=name, threads=1, path=str(broken))


def test_openvino_computes_float32_in_float32(tmp_path: Path) -> None:
    import onnx
    import openvino

    from stairline.measure.models.build import onnx_model
    from stairline.measure.runtimes.openvino import load

    graph = configuration("op", "conv2d", {"hw": 8, "cin": 64, "cout": 64}, "float32").graph()
    path = tmp_path / "m.onnx"
    onnx.save(onnx_model(graph), path)
    infer = load(path, 1)
    request = infer.__closure__[0].cell_contents  # type: ignore[attr-defined]
    assert request.get_compiled_model().get_property("INFERENCE_PRECISION_HINT") == openvino.Type.f32


def test_the_command_writes_the_plan_it_was_asked_for(tmp_path: Path) -> None:
    done = stairline(
        *("measure", "plan", "--op", "conv2d", "--hw", 28, "--cin", 320, "--kernel", 3, "--sweep", "cout=8:264:8"),
        *("-o", "p.toml"),
        cwd=tmp_path,
    )
    assert done.stderr.strip() == "p.toml: 33 configurations"
    (entry,) = plan.read(tmp_path / "p.toml")
    assert entry == plan.Entry("op", "conv2d", {"hw": 28, "cin": 320, "kernel": 3}, "float32", entry.sweep)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("plan", "mobilenet_v9", "-o", "p.toml"), "mobilenet_v9"),
        (("plan", "absent.onnx", "-o", "p.toml"), "absent.onnx: no such file"),
        (("plan", "--op", "conv2d", "--sweep", "cout=8", "-o", "p.toml"), "first:last:step"),
        (("plan", "-o", "p.toml"), "nothing to measure"),
        (("show", "absent.db"), "absent.db: no such file"),
        (("run", "absent.toml", "-b", "tflite", "--store", "s.db"), "absent.toml: cannot be read"),
        (("run", "good.toml", "-b", "onnxruntime", "--store", "s.db", "--threads", "9999"), "--threads 9999"),
        (("run", "good.toml", "-b", "tflite", "--store", "s.db", "--max-visits", "1"), "--visits 5 asks for more"),
        (("run", "good.toml", "-b", "onnxruntime", "--store", "absent/s.db"), "absent/s.db: cannot be used as a store"),
        (("show", "good.toml"), "good.toml: cannot be used as a store"),
        (("export", "good.toml"), "give --csv, --parquet or both"),
        (("plot", "absent.db", "--sweep", "cout", "-o", "p.png"), "absent.db: no such file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    (tmp_path / "good.toml").write_text(PLAN, encoding="utf-8")
    done = stairline("measure", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert complaint in done.stderr


def test_the_percentiles_of_101_times_are_the_times_in_their_order() -> None:
    times = np.random.default_rng(1).lognormal(size=101)
    found = statistics(list(times))
    ordered = np.sort(times)  # of 101 values, the p-th percentile is the p-th above the least
    assert (found.p90_s, found.p95_s, found.p99_s) == pytest.approx(tuple(ordered[[90, 95, 99]]))
