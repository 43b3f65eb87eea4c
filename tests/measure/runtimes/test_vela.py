"""Arm's compiler as a device."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.measure.models.build import tflite_bytes
from stairline.measure.plan.configuration import configuration
from stairline.measure.runtimes.registry import backend
from stairline.measure.runtimes.vela import estimate
from stairline.measure.timing.errors import MeasureError
from stairline.simulator.graph.graph import Graph


def convolution(c_in: int, c_out: int, hw: int = 28) -> Graph:
    settings = {"hw": hw, "cin": c_in, "cout": c_out, "kernel": 3}
    return configuration("op", "conv2d", settings, "int8").graph()


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
