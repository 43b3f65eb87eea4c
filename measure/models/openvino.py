"""Graph to OpenVINO's own format: an .xml file and the weights in a .bin file beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stairline.simulator.graph.graph import Graph

from .common import BuildError
from .onnx.model import onnx_model
from .quantize import SAMPLES, channels_first, samples


def save_ir(graph: Graph, dtype: str, path: Path, seed: int = 0) -> Path:
    """Write the graph: float32, float16 (weights; the plugin widens them) or int8 (quantised after training by nncf).

    Raises BuildError where OpenVINO or nncf is missing.
    """
    try:
        import openvino
    except ImportError as error:
        raise BuildError(f"building for OpenVINO needs it ({error}): pip install 'stairline[measure]'") from None
    onnx_path = path.with_suffix(".onnx")
    onnx_path.write_bytes(onnx_model(graph, seed).SerializeToString())
    model: Any = openvino.Core().read_model(str(onnx_path))
    if dtype == "int8":
        model = _quantized(graph, model, seed)
    openvino.save_model(model, str(path), compress_to_fp16=dtype == "float16")
    del model  # It may map the file of its weights.
    onnx_path.unlink()
    return path


def _quantized(graph: Graph, model: Any, seed: int) -> Any:
    try:
        import nncf
    except ImportError as error:
        raise BuildError(f"int8 for OpenVINO needs nncf ({error}): pip install 'stairline[measure]'") from None
    inputs = [[channels_first(value) for value in values] for values in samples(graph, seed)]
    dataset = nncf.Dataset(inputs, lambda values: values)
    return nncf.quantize(model, dataset, subset_size=SAMPLES, fast_bias_correction=True)
