"""Print how far the Ethos-U platforms are from Vela for random single operators: their time, and who runs them.

Run from the root of the repository: python -m benchmarks.compilers.ethos_u_operators DIR [COUNT]
COUNT (200 without) operators are drawn under a fixed seed, built by TensorFlow, and written to DIR as int8 .tflite
files where they are not there yet. Vela compiles each for every configuration; its time is that of its engine, and so
is the predicted one. On a quiet core it takes some ten minutes.
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

import stairline
from benchmarks.compilers.ethos_u import PLATFORMS, vela_tables
from stairline.measure.models.common import import_tensorflow

SEED, COUNT = 7, 200
Shape = tuple[int, ...]
TfTensor = Any


class Operator(NamedTuple):
    """An operator to be drawn: what TensorFlow computes of its inputs, and whether they are rows or images.

    ``same`` is the number of inputs, all of one shape.
    """

    build: Callable[[Any, TfTensor, random.Random], TfTensor]
    rows: bool = False
    same: int = 1


def _weights(tf: Any, *shape: int) -> TfTensor:
    return tf.constant(np.random.default_rng(SEED).uniform(-1.0, 1.0, shape), tf.float32)


def _conv(tf: Any, x: TfTensor, draw: random.Random) -> TfTensor:
    kernel = _weights(tf, *(draw.choice((1, 3, 3, 5)),) * 2, x.shape[3], draw.randint(1, 160))
    return tf.nn.conv2d(x, kernel, draw.choice((1, 1, 2)), draw.choice(("SAME", "VALID")))


def _dwconv(tf: Any, x: TfTensor, draw: random.Random) -> TfTensor:
    stride = draw.choice((1, 1, 2))
    return tf.nn.depthwise_conv2d(
        x, _weights(tf, *(draw.choice((3, 3, 5)),) * 2, x.shape[3], 1), (1, stride, stride, 1), "SAME"
    )


def _conv_transpose(tf: Any, x: TfTensor, draw: random.Random) -> TfTensor:
    n, h, w, c = x.shape
    c_out, side = draw.randint(1, 64), draw.choice((2, 3, 4))
    kernel = _weights(tf, side, side, c_out, c)
    return tf.nn.conv2d_transpose(x, kernel, (n, 2 * h, 2 * w, c_out), 2, "SAME")


def _dense(tf: Any, x: TfTensor, draw: random.Random) -> TfTensor:
    return tf.matmul(x, _weights(tf, x.shape[1], draw.randint(1, 400)))


def _pool(kind: str) -> Callable[[Any, TfTensor, random.Random], TfTensor]:
    def build(tf: Any, x: TfTensor, draw: random.Random) -> TfTensor:
        return getattr(tf.nn, kind)(x, draw.choice((2, 3)), draw.choice((1, 2)), "SAME")

    return build


def _resize(method: str) -> Callable[[Any, TfTensor, random.Random], TfTensor]:
    def build(tf: Any, x: TfTensor, draw: random.Random) -> TfTensor:
        times = draw.choice((2, 2, 3, 4))
        return tf.image.resize(x, (x.shape[1] * times, x.shape[2] * times), method)

    return build


def _transpose(tf: Any, x: TfTensor, draw: random.Random) -> TfTensor:
    return tf.transpose(x, draw.choice(((0, 2, 1, 3), (0, 3, 1, 2), (0, 2, 3, 1), (0, 1, 3, 2))))


def _doubled(tf: Any, x: TfTensor, axis: int) -> TfTensor:
    return tf.concat([x, x], axis)


OPERATORS = {
    "conv2d": Operator(_conv),
    "dwconv2d": Operator(_dwconv),
    "conv2d_transpose": Operator(_conv_transpose),
    "dense": Operator(_dense, rows=True),
    "softmax": Operator(lambda tf, x, _: tf.nn.softmax(x), rows=True),
    "maxpool2d": Operator(_pool("max_pool2d")),
    "avgpool2d": Operator(_pool("avg_pool2d")),
    "mean": Operator(lambda tf, x, _: tf.reduce_mean(x, (1, 2))),
    "add": Operator(lambda _tf, x, _: x[0] + x[1], same=2),
    "sub": Operator(lambda _tf, x, _: x[0] - x[1], same=2),
    "mul": Operator(lambda _tf, x, _: x[0] * x[1], same=2),
    "maximum": Operator(lambda tf, x, _: tf.maximum(x[0], x[1]), same=2),
    "matmul": Operator(lambda tf, x, _: tf.matmul(x[0], x[1], transpose_b=True), rows=True, same=2),
    "concat": Operator(lambda tf, x, draw: tf.concat(x, draw.choice((1, 3))), same=2),
    "relu6": Operator(lambda tf, x, _: tf.nn.relu6(x)),
    "sigmoid": Operator(lambda tf, x, _: tf.sigmoid(x)),
    "leaky_relu": Operator(lambda tf, x, _: tf.nn.leaky_relu(x, 0.1)),
    "prelu": Operator(lambda tf, x, _: tf.nn.relu(x) - tf.nn.relu(-x) * 0.3 * _weights(tf, 1, 1, x.shape[3])),
    "neg": Operator(lambda _tf, x, _: -x),
    "squared_difference": Operator(lambda tf, x, _: tf.math.squared_difference(x[0], x[1]), same=2),
    "transpose": Operator(_transpose),
    "resize_bilinear": Operator(_resize("bilinear")),
    "resize_nearest": Operator(_resize("nearest")),
    "reduce_max": Operator(lambda tf, x, draw: tf.reduce_max(x, draw.choice(((1, 2), (3,))))),
    "argmax": Operator(lambda tf, x, _: tf.argmax(x, 3, output_type=tf.int32)),
    "depth_to_space": Operator(lambda tf, x, _: tf.nn.depth_to_space(tf.concat([x] * 4, 3), 2)),
    "space_to_depth": Operator(lambda tf, x, _: tf.nn.space_to_depth(_doubled(tf, _doubled(tf, x, 1), 2), 2)),
}


class Compiled(NamedTuple):
    """What Vela says of a network: seconds of the engine, and whether anything is left to the host."""

    engine_s: float
    host: bool


def write(directory: Path, number: int) -> tuple[str, Path]:
    """The name of the operator drawn as number ``number``, and its file, which is written where it is not there."""
    draw = random.Random(f"{SEED} {number}")
    name = list(OPERATORS)[number % len(OPERATORS)]
    path = directory / f"{number:03}-{name}.int8.tflite"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_int8(OPERATORS[name], draw))
    return name, path


def _int8(operator: Operator, draw: random.Random) -> bytes:
    tf = import_tensorflow()
    shape = _shape(operator, draw)

    def samples() -> Any:
        for number in range(4):
            seeds = range(operator.same)
            yield [tf.random.stateless_uniform(shape, seed=(number, seed), minval=-1.0, maxval=1.0) for seed in seeds]

    @tf.function(input_signature=[tf.TensorSpec(shape)] * operator.same, autograph=False)  # type: ignore[misc, untyped-decorator]
    def compute(*x: TfTensor) -> TfTensor:
        return operator.build(tf, x if operator.same > 1 else x[0], draw)

    converter = tf.lite.TFLiteConverter.from_concrete_functions([compute.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    if compute.get_concrete_function().outputs[0].dtype == tf.float32:
        converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def _shape(operator: Operator, draw: random.Random) -> Shape:
    channels = draw.choice((draw.randint(1, 32), draw.randint(8, 256)))
    if operator.rows:
        return draw.randint(1, 200), 2 * channels
    side = draw.randint(4, 40)
    return draw.choice((1, 1, 1, draw.randint(2, 8))), side, draw.choice((side, draw.randint(4, 40))), channels


def compiled(accelerator: str, model: Path) -> Compiled | None:
    """Vela's estimate and placement of a .tflite file; None where Vela fails on it."""
    try:
        summary, layers = vela_tables(accelerator, model, "summary", "per-layer")
    except RuntimeError:
        return None
    return Compiled(float(summary[-1]["inference_time"]), any(row["Target"] != "NPU" for row in layers))


def predicted(device: stairline.Device, model: Path) -> Compiled:
    """The prediction in the same terms."""
    kernels = device.predict(stairline.read(model)).kernels
    engine_s = sum(k.latency_s for k in kernels if k.processor.startswith("ethos"))
    return Compiled(engine_s, any(k.on_host for k in kernels))


def main(directory: Path, count: int) -> None:
    """Print the errors by operator and by configuration, and every operator that is placed otherwise."""
    console = Console(width=150)
    files = [write(directory, number) for number in range(count)]
    errors: dict[tuple[str, str], list[float]] = defaultdict(list)
    table = Table("operator", *(name.removeprefix("ethos-") for name in PLATFORMS))
    for accelerator, platform in PLATFORMS.items():
        device, moved, failed = stairline.load(platform), [], 0
        for name, path in files:
            theirs, own = compiled(accelerator, path), predicted(device, path)
            if theirs is None:
                failed += 1
            elif theirs.host != own.host:
                moved.append(path.name)
            elif theirs.engine_s > 0.0:
                errors[name, accelerator].append(own.engine_s / theirs.engine_s - 1.0)
        every = [e for (_, found), es in errors.items() if found == accelerator for e in es]
        console.print(
            f"{accelerator}: MAPE {mean(map(abs, every)):.2%}, largest {max(every, key=abs):+.1%}, over {len(every)}; "
            f"Vela fails on {failed}; placed otherwise: {', '.join(moved) or 'none'}"
        )
    for name in OPERATORS:
        cells = [errors[name, accelerator] for accelerator in PLATFORMS]
        table.add_row(name, *(f"{mean(map(abs, c)):.1%}, {max(c, key=abs):+.1%}" if c else "" for c in cells))
    console.print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else COUNT)
