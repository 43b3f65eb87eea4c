"""Model files of the formats that runtimes on this machine read, each by a Python package."""

from __future__ import annotations

from pathlib import Path

from stairline.simulator.graph.graph import Graph


def tflite_file(graph: Graph, dtype: str, directory: Path) -> Path:
    """Write model.tflite, quantised after training as ``dtype`` says. Raises BuildError."""
    from .build import tflite_bytes  # Converters take seconds to import.

    path = directory / "model.tflite"
    path.write_bytes(tflite_bytes(graph, dtype))
    return path


def onnx_file(graph: Graph, dtype: str, directory: Path) -> Path:
    """Write model.onnx; int8 is quantised after training, with quantise and dequantise nodes. Raises BuildError."""
    from .onnx.model import onnx_model
    from .quantize import quantized_onnx

    path = directory / "model.onnx"
    path.write_bytes(onnx_model(graph).SerializeToString())
    return quantized_onnx(graph, path) if dtype == "int8" else path


def openvino_files(graph: Graph, dtype: str, directory: Path) -> Path:
    """Write model.xml, and its weights into model.bin beside it: see ``save_ir`` for the precisions."""
    from .openvino import save_ir

    return save_ir(graph, dtype, directory / "model.xml")
