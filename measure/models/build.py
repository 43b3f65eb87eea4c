"""Graph to the files that devices run: TFLite, ONNX, frozen GraphDef, SavedModel and Keras, with seeded weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stairline.simulator.graph.graph import Graph

from .common import BuildError, import_tensorflow
from .onnx.model import onnx_model
from .quantize import samples
from .tensorflow.keras import keras_model, save_keras
from .tensorflow.operators import tensorflow_module

__all__ = [
    "TFLITE_PRECISIONS",
    "BuildError",
    "frozen_graph",
    "keras_model",
    "onnx_model",
    "save_keras",
    "save_saved_model",
    "tensorflow_module",
    "tflite_bytes",
]

TFLITE_PRECISIONS = ("float32", "float16", "dynamic", "int8")
"""float16 and dynamic store smaller weights (float16, int8) and compute in float32; int8 is integer throughout."""


def tflite_bytes(graph: Graph, precision: str = "float32", seed: int = 0) -> bytes:
    """The graph as a .tflite file's content, quantised after training as ``precision`` says.

    Raises BuildError for an unknown precision and for an operator that TensorFlow Lite does not have.
    """
    if precision not in TFLITE_PRECISIONS:
        raise BuildError(f"TFLite precision '{precision}': choose one of {', '.join(TFLITE_PRECISIONS)}")
    tf = import_tensorflow()
    module = tensorflow_module(graph, seed)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.predict.get_concrete_function()], module)
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = lambda: samples(graph, seed)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    try:
        return bytes(converter.convert())
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        raise BuildError(f"graph '{graph.name}': TensorFlow Lite refuses it: {_first_line(error)}") from error


def frozen_graph(graph: Graph, seed: int = 0) -> Any:
    """The graph as a GraphDef whose variables are constants; ``SerializeToString()`` gives the content of a .pb."""
    import_tensorflow()
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    module = tensorflow_module(graph, seed)  # Its variables live as long as it does.
    return convert_variables_to_constants_v2(module.predict.get_concrete_function()).graph.as_graph_def()


def save_saved_model(graph: Graph, directory: Path, seed: int = 0) -> None:
    """Write the graph as a SavedModel directory with one serving signature."""
    tf = import_tensorflow()
    module = tensorflow_module(graph, seed)
    signature = module.predict.get_concrete_function()
    tf.saved_model.save(module, str(directory), signatures={"serving_default": signature})


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
