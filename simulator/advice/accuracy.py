"""What is known of the accuracy that INT8 costs: the paper's Finding 6, its section 4.5 and its Table 4."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph

from .findings import ACCURACY


class Measured(NamedTuple):
    """Points of ImageNet top-1 accuracy that a network lost at some precisions on one platform."""

    platform: str
    dtypes: tuple[str, ...]
    network: str
    points: float


_CPU, _NPU = "mi9-cortexa76-tflite2.1", "rk3399pro-npu-rknn1.2.1"
_TPU, _DSP = "coral-edgetpu-tflite", "pixel3xl-hexagon685-snpe1.30"

MEASURED = (
    Measured(_CPU, ("int8",), "mobilenet_v3_large", 75.8 - 17.4),
    Measured(_CPU, ("int8",), "shufflenet_v1", 67.6 - 0.1),
    Measured(_NPU, ("dfp8",), "mobilenet_v1", 71.0 - 50.5),
    Measured(_NPU, ("dfp8",), "mobilenet_v2", 71.8 - 59.1),
    Measured(_NPU, ("dfp8",), "mobilenet_v3_large", 75.8 - 0.2),
    Measured(_NPU, ("dfp8",), "inception_v1", 69.8 - 66.2),
    Measured(_NPU, ("dfp8",), "resnet_v1_50", 75.1 - 72.9),
    Measured(_NPU, ("dfp8",), "resnet_v2_50", 75.9 - 72.0),
    Measured(_NPU, ("uint8",), "mobilenet_v1", 71.0 - 65.9),
    Measured(_NPU, ("uint8",), "mobilenet_v2", 71.8 - 69.3),
    Measured(_NPU, ("uint8",), "mobilenet_v3_large", 75.8 - 0.44),
    Measured(_TPU, ("int8",), "mnasnet_a1", 64.7),
    Measured(_DSP, ("int8",), "mobilenet_v2", 70.0),
)
"""Losses above two points. Source: the paper's Table 4 (CPU, NPU) and section 4.5 (Edge TPU, DSP)."""

_POORLY_QUANTISED = {_TPU: ("relu6", "swish"), _DSP: ("relu6", "swish")}
"""Activations that the quantisers of two platforms do not support well. Source: the paper's section 4.5."""


def caution(graph: Graph, platform: Platform, dtype: str) -> str:
    """What the paper knows of the accuracy of this network at an 8-bit precision; empty where it knows nothing."""
    for known in MEASURED:
        if known.network == graph.name and dtype in known.dtypes and _is(platform, known.platform):
            return f"{ACCURACY}: {graph.name} lost {known.points:.1f} points of top-1 accuracy"
    for name, activations in _POORLY_QUANTISED.items():
        present = [op for op in activations if op in graph.operators]
        if dtype == "int8" and present and _is(platform, name):
            return f"{ACCURACY}: this runtime quantises {' and '.join(present)} poorly"
    return ""


def _is(platform: Platform, name: str) -> bool:
    """Whether a platform is the paper's, or calibrated over it."""
    return platform.name == name or platform.name.startswith(f"{name}-")
