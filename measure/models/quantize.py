"""Quantisation after training, each runtime's own tool on seeded inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stairline.simulator.graph.graph import Graph

from .common import BuildError
from .parameters import Array, input_values

SAMPLES = 4
"""Inputs that ranges are taken from. The values do not matter to a latency; that ranges are not empty does."""


def samples(graph: Graph, seed: int) -> Iterator[list[Array]]:
    """Seeded values of the graph's inputs, channels last."""
    for number in range(SAMPLES):
        yield input_values(graph, seed + number)


def channels_first(value: Array) -> Array:
    """An input of rank 4 as the ONNX and OpenVINO files take it."""
    import numpy as np

    return np.moveaxis(value, -1, 1) if value.ndim == 4 else value


def quantized_onnx(graph: Graph, path: Path, seed: int = 0) -> Path:
    """An ONNX file with int8 weights per channel and uint8 activations between quantise and dequantise nodes."""
    try:
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise BuildError(f"quantising needs onnxruntime ({error}): pip install 'stairline[measure]'") from None

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = samples(graph, seed)

        def get_next(self) -> dict[str, Any] | None:
            values = next(self._left, None)
            if values is None:
                return None
            return {f"input_{i}": channels_first(value) for i, value in enumerate(values)}

    ready, result = path.with_suffix(".ready.onnx"), path.with_suffix(".int8.onnx")
    quant_pre_process(str(path), str(ready), skip_symbolic_shape=True)
    quantize_static(
        str(ready),
        str(result),
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    result.replace(path)
    ready.unlink()
    return path
