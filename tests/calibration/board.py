"""A small board for tests: a base platform of round numbers, networks of three families, their latencies, a store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result

from stairline.calibration.records.families import family
from stairline.command import main
from stairline.hwmodels import Platform
from stairline.measure.plan.configuration import configuration
from stairline.measure.store.store import Key, opened
from stairline.measure.timing.record import Conditions, Reading, Run
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict

BASE = """
schema = 1
name = "board-engine-runtime"
title = "A processor of round numbers"
[platform]
device = "board"
processor = "engine"
runtime = "none"
dtypes = ["float32", "int8"]
default_dtype = "float32"
clock_hz = { value = 1e9, source = "us" }
[roofs]
overlap = { value = 0, source = "us" }
[roofs.compute.float32]
macs_per_cycle = { value = 8, source = "us" }
[roofs.compute.int8]
macs_per_cycle = { value = 32, source = "us" }
[roofs.memory.dram]
bandwidth_bytes_per_s = { value = 4e9, source = "us", fit = true, min = 1e8, max = 1e11 }
[overheads]
inference_s = { value = 0, source = "us" }
kernel_s = { value = 1e-5, source = "us", fit = true, min = 1e-7, max = 1e-3 }
epilogue_s_per_element = { value = 0, source = "us" }
[kernels."conv2d|dwconv2d"]
model = "tiled_gemm"
efficiency = { value = 0.5, source = "us", fit = true, min = 0.05, max = 1 }
tile_n = { value = 8, source = "us" }
[kernels.dense]
model = "gemv"
efficiency = { value = 0.5, source = "us" }
[partition]
rule = "everything"
source = "us"
[uncertainty]
factor = { value = 2, source = "us" }
[sources]
us = { kind = "assumed", cite = "made for this test" }
"""
TRUTH = {
    "roofs.memory.dram.bandwidth_bytes_per_s": 2.5e9,
    "overheads.kernel_s": 4e-5,
    "kernels.conv2d|dwconv2d.efficiency": 0.8,
}
FAMILIES = ("plain", "wide", "deep")
PER_FAMILY = 12
EFFICIENCY = 'efficiency = { value = 0.5, source = "us", fit = true, min = 0.05, max = 1 }'
CONDITIONS = Conditions("board", "cpu", (), None, None, (0,), 1, "runtime", "1", "none", dtype="float32")


def layer_rows(name: str, random: np.random.Generator) -> list[str]:
    """A chain of convolutions of random widths and kernels."""
    kind = family(name)
    size, channels, rows = int(random.choice([14, 28, 56])), 16, []
    for layer in range(int(random.integers(*((12, 20) if kind == "deep" else (3, 8))))):
        op, kernel = str(random.choice(["conv2d", "dwconv2d"])), int(random.choice([1, 3, 5]))
        wide = int(random.integers(64, 400) if kind == "wide" else random.integers(8, 96))
        out = channels if op == "dwconv2d" else wide
        rows.append(f"{name},{layer},{op},{size},{size},{channels},{size},{size},{out},{kernel},1")
        channels = out
    return rows


def write_records(path: Path, rows: dict[str, float] | list[tuple[str, float]]) -> Path:
    pairs = rows.items() if isinstance(rows, dict) else rows
    path.write_text("\n".join(["net,latency_ms", *(f"{n},{ms!r}" for n, ms in pairs)]), encoding="utf-8")
    return path


def run_fit(place: Path, records: Path, output: Path, *more: str, base: Path | None = None) -> Result:
    fixed = ["--layers", str(place / "layers.csv"), "-p", str(base or place / "base.toml"), "-o", str(output)]
    return CliRunner().invoke(main, ["fit", str(records), *fixed, *more])


def measured_store(store_file: Path, device: Platform, conditions: Conditions = CONDITIONS, backend: str = "b") -> None:
    """Two visits to convolutions of many widths, each as long as ``device`` predicts."""
    with opened(store_file, create=True) as store:
        for c_out in range(8, 328, 16):
            for op, more in (("conv2d", {"cout": c_out}), ("dwconv2d", {})):
                one = configuration("op", op, {"hw": 28 + c_out % 5, "cin": c_out + 8, "kernel": 3} | more, "float32")
                time_s = predict(one.graph(), device).latency_s
                run = Run((), (time_s, 1.01 * time_s, 0.99 * time_s), Reading(1.0), Reading(1.0))
                key = Key(one.digest, backend, one.dtype, conditions.setting_digest)
                for visit in (1, 2):
                    store.add(key, visit, one, conditions, run)


def convolution(c_out: int, hw: int = 28, op: str = "conv2d") -> Graph:
    settings = {"hw": hw, "cin": c_out if op == "dwconv2d" else 64, "kernel": 3}
    one = configuration("op", op, settings | ({"cout": c_out} if op == "conv2d" else {}), "float32")
    return replace(one.graph(), name=one.label)
