"""A platform file of round numbers, for arithmetic by hand."""

from __future__ import annotations

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

_TEXT = """
schema = 2
name = "{name}"
title = "A made-up device: 1 GMAC/s, 1 GB/s, 1 us a kernel"
[platform]
device = "d"
processor = "{name}"
runtime = "r"
dtypes = ["float32"]
default_dtype = "float32"
clock_hz = {{ value = 1e9, source = "made" }}
[roofs]
overlap = {{ value = {overlap}, source = "made" }}
[roofs.compute.float32]
macs_per_cycle = {{ value = 1, source = "made" }}
[roofs.memory.dram]
bandwidth_bytes_per_s = {{ value = 1e9, source = "made" }}
[roofs.memory.link]
bandwidth_bytes_per_s = {{ value = 1e8, source = "made" }}
[overheads]
inference_s = {{ value = 0, source = "made" }}
kernel_s = {{ value = 1e-6, source = "made" }}
epilogue_s_per_element = {{ value = 0, source = "made" }}
{io}
[kernels."conv2d|dwconv2d|dense"]
model = "tiled_gemm"
efficiency = {{ value = 1, source = "made" }}
[kernels."relu|relu6|add|mul|maximum|minimum|sigmoid|concat|globalavgpool2d|softmax"]
model = "streaming"
[uncertainty]
factor = {{ value = 1.5, source = "made" }}
[sources]
made = {{ kind = "assumed", cite = "round numbers for arithmetic by hand" }}
[partition]
source = "made"
{partition}
{rest}
"""


def platform_text(
    name: str = "main", partition: str = 'rule = "everything"', rest: str = "", io: str = "", overlap: float = 0
) -> str:
    """The TOML text with the lines ``partition``, ``rest`` and ``io``, and with the ``overlap`` of its roofs."""
    return _TEXT.format(name=name, partition=partition, rest=rest, io=io, overlap=overlap)


def chain() -> Graph:
    """A convolution, a sigmoid that ``SUPPORT`` leaves out, and a convolution, each of 800 elements."""
    b = GraphBuilder("chain")
    x = b.conv2d(b.input((1, 10, 10, 8)), 8)
    x = b.layer("sigmoid", x)
    x = b.conv2d(x, 8)
    return b.build(x)


SUPPORT = '[[support]]\nops = ["conv2d"]\nsource = "made"'


CROSSING_TERMS = """
fallback = "host"
boundary_s = { value = 1e-3, source = "made" }
boundary_s_per_element = { value = 1e-6, source = "made" }
memory = "link"
"""
