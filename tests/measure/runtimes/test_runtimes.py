"""Backends beside plain timing: Arm's compiler as a device, the operators' own times, quantised models, the cache."""

from __future__ import annotations

import os
import shutil
import time
from itertools import count
from pathlib import Path

import pytest

from stairline.measure.campaign.agreement import Pace, is_converged, is_due, is_settled
from stairline.measure.campaign.session import Progress, measure, session
from stairline.measure.models import cache as model_cache
from stairline.measure.models.build import tflite_bytes
from stairline.measure.plan.configuration import configuration, depth_difference_s, sha256
from stairline.measure.runtimes.registry import backend
from stairline.measure.runtimes.vela import estimate
from stairline.measure.store.store import opened
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import DEFAULT, Protocol
from stairline.measure.timing.record import Conditions, Measurement, Run
from stairline.simulator.graph.graph import Graph
from stairline.simulator.zoo import ZooError

QUICK = DEFAULT._replace(warmups=1, runs=2, max_runs=2, counters=True)


def convolution(c_in: int, c_out: int, hw: int = 28) -> Graph:
    settings = {"hw": hw, "cin": c_in, "cout": c_out, "kernel": 3}
    return configuration("op", "conv2d", settings, "int8").graph()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "stairline" / "models"


def test_vela_climbs_in_steps_of_eight_channels(tmp_path: Path) -> None:
    # Cycles of Vela 5.2 for an Ethos-U55-128, 3x3 over 28x28x64, as its users report them, at 500 MHz.
    expected_cycles = {8: 35.3e3, 24: 95.9e3, 25: 124.4e3, 32: 124.4e3, 33: 152.7e3}
    for c_out, cycles in expected_cycles.items():
        path = tmp_path / f"{c_out}.tflite"
        path.write_bytes(tflite_bytes(convolution(64, c_out), "int8"))
        run = estimate("ethos-u55-128", path)
        assert run.runs_s[0] * 500e6 == pytest.approx(cycles, rel=0.015)  # Weights differ, and how well they compress.
        assert sum(c.time_s for c in run.counters) == pytest.approx(run.runs_s[0], rel=1e-6)


def test_a_network_that_vela_leaves_to_the_host_has_no_latency(tmp_path: Path) -> None:
    path = tmp_path / "float.tflite"
    path.write_bytes(tflite_bytes(convolution(8, 8), "float32"))
    with pytest.raises(MeasureError, match="on the host"):
        estimate("ethos-u55-128", path)


def test_the_conditions_of_an_accelerator_are_those_of_its_system_file() -> None:
    found = backend("vela-ethos-u85-256").conditions(1)
    # Arm/vela.ini: [System_Config.Ethos_U85_SYS_DRAM_Mid] core_clock=1e9
    assert (found.device, found.clock_hz, found.cpus) == ("ethos-u85-256", 1_000_000_000, ())
    with pytest.raises(MeasureError, match="no threads"):
        backend("vela-ethos-u85-256").conditions(2)


def test_a_computed_time_needs_one_visit_and_has_no_spread() -> None:
    run = Run((), (0.25,), exact=True)
    conditions = Conditions("npu", "", (), None, None, (), 1, "Vela", "5.2", "none")
    measurement = Measurement(conditions, (run,))
    assert (measurement.statistics.mean_s, measurement.statistics.ci95_s) == (0.25, 0.0)
    assert is_settled([run], Pace())
    assert is_converged(measurement)
    assert not is_due([run], Pace(), DEFAULT)
    assert is_due([], Pace(), DEFAULT)


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_the_operators_of_a_convolution_are_told_by_its_runtime(tmp_path: Path, name: str) -> None:
    found = backend(name)
    run = found.visit(model_cache.built(found, convolution(64, 64, 56), "float32", tmp_path), 1, QUICK)
    slowest = max(run.counters, key=lambda counter: counter.time_s)
    assert slowest.op in ("Conv", "Convolution")
    assert 0 < slowest.time_s < 1


def test_litert_is_asked_for_no_operators(tmp_path: Path) -> None:
    found = backend("tflite")
    path = model_cache.built(found, convolution(8, 8), "float32", tmp_path)
    with pytest.raises(MeasureError, match="without --counters"):
        found.visit(path, 1, QUICK)


def test_int8_on_openvino_runs_in_int8(tmp_path: Path) -> None:
    found = backend("openvino")
    path = model_cache.built(found, convolution(64, 64), "int8", tmp_path)
    run = found.visit(path, 1, QUICK)
    kernels = {counter.kernel for counter in run.counters if counter.op == "Convolution"}
    assert all(kernel.endswith("I8") for kernel in kernels)
    assert kernels


def test_int8_on_onnxruntime_runs_the_quantised_convolution(tmp_path: Path) -> None:
    found = backend("onnxruntime")
    path = model_cache.built(found, convolution(64, 64), "int8", tmp_path)
    run = found.visit(path, 1, QUICK)
    assert "QLinearConv" in {counter.op for counter in run.counters}


def test_weights_in_float16_take_half_the_space(tmp_path: Path) -> None:
    found, sizes = backend("openvino"), []
    for dtype in ("float32", "float16"):
        (tmp_path / dtype).mkdir()
        path = model_cache.built(found, convolution(64, 64), dtype, tmp_path / dtype)
        sizes.append(path.with_suffix(".bin").stat().st_size)
    assert sizes[0] / sizes[1] == pytest.approx(2, rel=0.01)


def test_the_hash_of_an_openvino_model_covers_its_weights(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_text("<net/>", encoding="utf-8")
    hashes = []
    for weights in (b"one", b"two"):
        (tmp_path / "m.bin").write_bytes(weights)
        hashes.append(sha256(tmp_path / "m.xml"))
    assert hashes[0] != hashes[1]


def test_onnxruntime_events_give_the_median_of_the_last_runs() -> None:
    def event(name: str, dur: int, cat: str = "Node") -> dict[str, object]:
        return {"cat": cat, "name": name, "dur": dur, "args": {"op_name": "Conv"}}

    events = [event("model_run", 500, "Session")]
    events += [event(f"{node}_kernel_time", dur) for dur in (90, 10, 70, 20) for node in ("a", "b")]
    events.append(event("a_fence_before", 7))
    found = operator_times(events, 3)
    assert [(c.name, c.op) for c in found] == [("a", "Conv"), ("b", "Conv")]
    assert [c.time_s for c in found] == pytest.approx([20e-6, 20e-6])


def test_a_layer_is_the_thirtieth_part_of_what_forty_take_more_than_ten() -> None:
    assert depth_difference_s(0.047, 40, 0.017, 10) == pytest.approx(0.001)  # 7 ms around, 1 ms each
    with pytest.raises(MeasureError, match="deeper"):
        depth_difference_s(1.0, 10, 1.0, 10)


def test_only_what_keeps_its_shape_is_piled_up() -> None:
    settings = {"hw": 14, "cin": 16, "kernel": 3, "depth": 10}
    assert len(configuration("op", "dwconv2d", settings, "float32").graph().layers) == 10
    for other in ({"cout": 24}, {"stride": 2, "depth": 2}):
        with pytest.raises(ZooError, match="keeps its shape"):
            configuration("op", "conv2d", settings | other, "float32").graph()


class Builder:
    """Stands in for a backend's ``build``: it counts its calls and writes what the graph is called."""

    __module__ = "measure.backends.onnxruntime"

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, graph: Graph, dtype: str, directory: Path) -> Path:
        self.calls += 1
        path = directory / "model.onnx"
        path.write_bytes(f"{graph.name} {dtype}".encode() * 1000)
        return path


class Cache:
    """Builds through the cache, each time into a directory of its own."""

    def __init__(self, place: Path) -> None:
        self.build, self._place, self._number = Builder(), place, 0

    def built(self, graph: Graph, dtype: str = "float32") -> bytes:
        self._number += 1
        directory = self._place / str(self._number)
        directory.mkdir()
        return model_cache.built(
            backend("onnxruntime")._replace(build=self.build), graph, dtype, directory
        ).read_bytes()


def test_a_model_is_built_once_for_each_precision(tmp_path: Path) -> None:
    found = Cache(tmp_path)
    assert found.built(convolution(8, 8)) == found.built(convolution(8, 8)) == b"conv float32" * 1000
    assert found.built(convolution(8, 8), "int8") == b"conv int8" * 1000
    assert found.build.calls == 2


@pytest.mark.parametrize("harm", ["cut", "lost", "list lost", "list garbled", "all lost"])
def test_an_entry_that_is_not_whole_is_built_again(tmp_path: Path, cache: Path, harm: str) -> None:
    found = Cache(tmp_path)
    expected = found.built(convolution(8, 8))
    (entry,) = cache.iterdir()
    if harm == "cut":
        (entry / "model.onnx").unlink()
        (entry / "model.onnx").write_bytes(expected[:10])
    elif harm == "lost":
        (entry / "model.onnx").unlink()
    elif harm == "list garbled":
        (entry / "files.json").write_text("[", encoding="utf-8")
    else:
        for path in entry.iterdir():
            if harm == "all lost" or path.name == "files.json":
                path.unlink()
    assert found.built(convolution(8, 8)) == expected
    assert found.built(convolution(8, 8)) == expected
    assert found.build.calls == 2


def test_a_model_survives_its_cache_entry(tmp_path: Path, cache: Path) -> None:
    found = Cache(tmp_path)
    found.built(convolution(8, 8))
    for entry in cache.iterdir():
        shutil.rmtree(entry)
    assert (tmp_path / "1" / "model.onnx").stat().st_size == len(b"conv float32" * 1000)


def test_the_cache_drops_what_was_unused_for_longest(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Cache(tmp_path)
    monkeypatch.setattr(model_cache, "MAX_BYTES", 45_000)  # Three entries of 12 kB, and no fourth.
    graphs = [convolution(8, 8 * number) for number in range(1, 6)]
    clock, touch = count(int(time.time()) + 10), os.utime
    monkeypatch.setattr(model_cache.os, "utime", lambda path: touch(path, (now := next(clock), now)))
    for graph in (*graphs[:3], graphs[0], *graphs[3:]):
        found.built(graph)
    assert found.build.calls == 5
    found.built(graphs[0])
    assert found.build.calls == 5  # Used since, and so still there.
    assert len(list(cache.iterdir())) <= 3


def test_what_a_killed_builder_left_is_swept_away_after_a_day(tmp_path: Path, cache: Path) -> None:
    found = Cache(tmp_path)
    found.built(convolution(8, 8))
    for name, age_s in (("building-old", 100_000), ("building-now", 0)):
        (cache / name).mkdir()
        os.utime(cache / name, (time.time() - age_s,) * 2)
    found.built(convolution(8, 16))
    assert sorted(path.name for path in cache.glob("building-*")) == ["building-now"]


def test_what_outside_converters_build_is_not_kept(tmp_path: Path) -> None:
    found = Cache(tmp_path)
    found.build.__module__ = "measure.backends.edgetpu"
    found.built(convolution(8, 8))
    found.built(convolution(8, 8))
    assert found.build.calls == 2


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
