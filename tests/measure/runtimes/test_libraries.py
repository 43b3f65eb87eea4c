"""Runtimes of this machine: precisions that are what they are called, and the times of operators."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.measure.campaign.session import Progress, measure, session
from stairline.measure.models.build import onnx_model, tflite_bytes
from stairline.measure.plan.configuration import configuration
from stairline.measure.runtimes.registry import backend
from stairline.measure.store.store import opened
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import DEFAULT, Protocol
from stairline.simulator.graph.graph import Graph

QUICK = DEFAULT._replace(warmups=1, runs=2, max_runs=2, counters=True)


def convolution(c_in: int, c_out: int, hw: int = 28) -> Graph:
    settings = {"hw": hw, "cin": c_in, "cout": c_out, "kernel": 3}
    return configuration("op", "conv2d", settings, "int8").graph()


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_the_operators_of_a_convolution_are_told_by_its_runtime(tmp_path: Path, name: str) -> None:
    found = backend(name)
    run = found.visit(found.build(convolution(64, 64, 56), "float32", tmp_path), 1, QUICK)
    slowest = max(run.counters, key=lambda counter: counter.time_s)
    assert slowest.op in ("Conv", "Convolution")
    assert 0 < slowest.time_s < 1


def test_litert_is_asked_for_no_operators(tmp_path: Path) -> None:
    found = backend("tflite")
    path = found.build(convolution(8, 8), "float32", tmp_path)
    with pytest.raises(MeasureError, match="without --counters"):
        found.visit(path, 1, QUICK)


def test_int8_on_openvino_runs_in_int8(tmp_path: Path) -> None:
    found = backend("openvino")
    path = found.build(convolution(64, 64), "int8", tmp_path)
    run = found.visit(path, 1, QUICK)
    kernels = {counter.kernel for counter in run.counters if counter.op == "Convolution"}
    assert all(kernel.endswith("I8") for kernel in kernels)
    assert kernels


def test_int8_on_onnxruntime_runs_the_quantised_convolution(tmp_path: Path) -> None:
    found = backend("onnxruntime")
    path = found.build(convolution(64, 64), "int8", tmp_path)
    run = found.visit(path, 1, QUICK)
    assert "QLinearConv" in {counter.op for counter in run.counters}


def test_weights_in_float16_take_half_the_space(tmp_path: Path) -> None:
    found, sizes = backend("openvino"), []
    for dtype in ("float32", "float16"):
        (tmp_path / dtype).mkdir()
        path = found.build(convolution(64, 64), dtype, tmp_path / dtype)
        sizes.append(path.with_suffix(".bin").stat().st_size)
    assert sizes[0] / sizes[1] == pytest.approx(2, rel=0.01)


def test_openvino_computes_float32_in_float32(tmp_path: Path) -> None:
    import onnx
    import openvino

    from stairline.measure.runtimes.openvino import load

    graph = configuration("op", "conv2d", {"hw": 8, "cin": 64, "cout": 64}, "float32").graph()
    path = tmp_path / "m.onnx"
    onnx.save(onnx_model(graph), path)
    infer = load(path, 1)
    request = infer.__closure__[0].cell_contents  # type: ignore[attr-defined]
    assert request.get_compiled_model().get_property("INFERENCE_PRECISION_HINT") == openvino.Type.f32


def test_a_model_file_that_the_backend_does_not_read_is_built_for_it_in_float32(tmp_path: Path) -> None:
    for precision in ("float32", "int8"):
        (tmp_path / f"{precision}.tflite").write_bytes(tflite_bytes(convolution(4, 8, hw=6), precision))
    files = [configuration("file", str(tmp_path / f"{p}.tflite"), {}, "file") for p in ("float32", "int8")]
    current = session(backend("onnxruntime"), 1)
    with opened(tmp_path / "s.db", create=True) as store:
        quick = Protocol(visits=1, max_visits=1, warmups=1, runs=2, max_runs=2)
        visits = measure(Progress(files, current, store, quick), current.backend)
        failures = {visit.configuration: str(visit.failure) for visit in visits}
    assert failures[files[0]] == "None"
    assert "int8.tflite: is int8: onnxruntime does not read it, and only float32 is built anew" in failures[files[1]]
