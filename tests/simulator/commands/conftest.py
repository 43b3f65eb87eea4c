"""Platforms of round numbers on which the commands are tested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .running import CPU

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
