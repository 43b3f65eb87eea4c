"""The scores that a model file gives to an image, by the runtime for its format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.measure.runtimes.backend import import_runtime
from stairline.measure.timing.errors import MeasureError

Image = NDArray[np.float32]
"""(height, width, 3), as the network wants its values."""
Scores = NDArray[np.float64]
"""One score for each class."""


class Predictor(NamedTuple):
    """A model that is ready to answer."""

    size: tuple[int, int]
    """Height and width of its image, in pixels."""
    takes_bytes: bool
    """Whether it wants values from 0 to 255 whatever it was trained with: its input is unsigned and has no scale."""
    answer: Callable[[Image], Scores]


def predictor(model: Path) -> Predictor:
    """A model file, ready to answer.

    Raises MeasureError for a file that no runtime here reads and for a network that takes no RGB image.
    """
    if model.suffix not in _LOADERS:
        raise MeasureError(f"{model}: accuracy is taken of {', '.join(_LOADERS)} files")
    if not model.is_file():
        raise MeasureError(f"{model}: no such file")
    try:
        return _LOADERS[model.suffix](model)
    except (RuntimeError, ValueError) as error:
        if isinstance(error, MeasureError):
            raise
        raise MeasureError(f"{model}: cannot be loaded: {str(error).splitlines()[0]}") from None


def _image_axes(model: Path, shape: tuple[int, ...]) -> tuple[tuple[int, int], bool]:
    """Height and width of the image that a model takes, and whether channels come first. Raises MeasureError."""
    if len(shape) == 4 and shape[0] == 1 and min(shape) > 0:
        if shape[3] == 3:
            return (shape[1], shape[2]), False
        if shape[1] == 3:
            return (shape[2], shape[3]), True
    raise MeasureError(f"{model}: takes {shape}, not one RGB image")


def _only(model: Path, inputs: Sequence[Any]) -> Any:
    """The one input of a model. Raises MeasureError where it has several, or none."""
    if len(inputs) != 1:
        raise MeasureError(f"{model}: takes {len(inputs)} inputs, not one image")
    return inputs[0]


def _laid_out(image: Image, channels_first: bool) -> Image:
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None] if channels_first else image[None])


def _tflite(model: Path) -> Predictor:
    litert: Any = import_runtime("ai_edge_litert.interpreter", "ai-edge-litert")
    interpreter = litert.Interpreter(model_path=str(model))
    interpreter.allocate_tensors()
    entry, result = _only(model, interpreter.get_input_details()), interpreter.get_output_details()[0]
    size, channels_first = _image_axes(model, tuple(map(int, entry["shape"])))
    kind = np.dtype(entry["dtype"])
    scale, zero_point = entry["quantization"]

    def answer(image: Image) -> Scores:
        value: Any = _laid_out(image, channels_first)
        if kind.kind in "iu":
            limits = np.iinfo(kind)
            value = np.clip(np.round(value / (scale or 1.0) + zero_point), limits.min, limits.max)
        interpreter.set_tensor(entry["index"], value.astype(kind))
        interpreter.invoke()
        out_scale, out_zero = result["quantization"]
        scores = interpreter.get_tensor(result["index"]).ravel().astype(np.float64)
        return np.asarray((scores - out_zero) * (out_scale or 1.0))

    return Predictor(size, kind.kind == "u" and not scale, answer)


def _onnx(model: Path) -> Predictor:
    runtime: Any = import_runtime("onnxruntime", "onnxruntime")
    try:
        session = runtime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    except Exception as error:  # The runtime raises classes of its own, which nothing public names.
        raise MeasureError(f"{model}: cannot be loaded: {str(error).splitlines()[0]}") from None
    entry = _only(model, session.get_inputs())
    shape = tuple(side if isinstance(side, int) else 1 if place == 0 else -1 for place, side in enumerate(entry.shape))
    size, channels_first = _image_axes(model, shape)

    def answer(image: Image) -> Scores:
        feeds = {entry.name: _laid_out(image, channels_first)}
        return np.asarray(session.run(None, feeds)[0], dtype=np.float64).ravel()

    return Predictor(size, False, answer)


def _openvino(model: Path) -> Predictor:
    openvino: Any = import_runtime("openvino", "openvino")
    compiled = openvino.Core().compile_model(str(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    shape = _only(model, compiled.inputs).get_partial_shape()
    size, channels_first = _image_axes(model, tuple(-1 if s.is_dynamic else s.get_length() for s in shape))
    request = compiled.create_infer_request()

    def answer(image: Image) -> Scores:
        found = request.infer({0: _laid_out(image, channels_first)})
        return np.asarray(next(iter(found.values())), dtype=np.float64).ravel()

    return Predictor(size, False, answer)


_LOADERS: dict[str, Callable[[Path], Predictor]] = {".tflite": _tflite, ".onnx": _onnx, ".xml": _openvino}
