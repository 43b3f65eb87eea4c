"""Write the Keras applications as .tflite files, in float32 and in int8: networks that nothing here was fitted to.

Run from the root of the repository: python -m benchmarks.data.applications DIR [NETWORK...]
Weights are random under a fixed seed: latency does not depend on what a network has learned. Existing files are kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from stairline.measure.models.common import import_tensorflow

APPLICATIONS = (
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "MobileNetV3Large",
    "ResNet50",
    "ResNet50V2",
    "DenseNet121",
    "NASNetMobile",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "InceptionV3",
    "Xception",
    "ConvNeXtTiny",
)
PRECISIONS = ("float32", "int8")
OPEN_SIZE = 224
"""Height and width where a network leaves them open, as MobileNet V3 does: the size it was published with."""
SEED = 1
SAMPLES = 4


def application_path(directory: Path, name: str, precision: str) -> Path:
    """Where a network of that precision is kept: "MobileNetV2.int8.tflite"."""
    return directory / f"{name}.{precision}.tflite"


def write_applications(directory: Path, names: Sequence[str] = APPLICATIONS) -> list[Path]:
    """Write what is missing, a network in a process of its own, and return the paths of all, float32 before int8.

    Raises ValueError for a name that is no application of the list.
    """
    if unknown := sorted(set(names) - set(APPLICATIONS)):
        raise ValueError(f"application {', '.join(unknown)}: choose from {', '.join(APPLICATIONS)}")
    directory.mkdir(parents=True, exist_ok=True)
    paths = [application_path(directory, name, precision) for name in names for precision in PRECISIONS]
    missing = [name for name in names if not all(application_path(directory, name, p).exists() for p in PRECISIONS)]
    # TensorFlow keeps the memory of every network it has converted until its process ends.
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name in pool.imap(_Write(directory), missing):
            print(name, flush=True)
    return paths


class _Write:
    """Converts one application into a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __call__(self, name: str) -> str:
        tf = import_tensorflow()
        tf.keras.utils.set_random_seed(SEED)
        model = getattr(tf.keras.applications, name)(weights=None)
        height, width, channels = (size or OPEN_SIZE for size in model.input_shape[1:])
        spec = tf.TensorSpec([1, height, width, channels], tf.float32)
        function = _frozen(tf.function(lambda image: model(image, training=False), input_signature=[spec]))
        for precision in PRECISIONS:
            path = application_path(self.directory, name, precision)
            if not path.exists():
                content = _converted(tf, function, precision)
                unfinished = path.with_suffix(".unfinished")
                unfinished.write_bytes(content)
                unfinished.replace(path)
        return name


def _frozen(function: Any) -> Any:
    """Its only concrete function with the variables as constants: TensorFlow Lite's quantiser reads no variables."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    return convert_variables_to_constants_v2(function.get_concrete_function())


def _converted(tf: Any, function: Any, precision: str) -> bytes:
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _images(function.inputs[0].shape)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def _images(shape: Any) -> Iterator[list[Any]]:
    import numpy as np

    random = np.random.default_rng(SEED)
    for _ in range(SAMPLES):
        yield [random.uniform(0, 255, shape).astype(np.float32)]


if __name__ == "__main__":
    write_applications(Path(sys.argv[1]), sys.argv[2:] or APPLICATIONS)
