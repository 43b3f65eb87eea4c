"""Print how single operators of ONNX files are priced: the time that onnxruntime takes beside the predicted one.

Run from the root of the repository: python -m benchmarks.runtimes.operators [PLATFORM]
PLATFORM (default: x86-onnxruntime) is a platform or an overlay that was calibrated on this machine. Every operator runs
alone on maps of three shapes; the row's ratio is the median of predicted over measured, and those beyond a factor of
1.3 are marked. A neighbour on the machine moves single operators by tens of percent: run nothing else.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from rich.console import Console
from rich.table import Table

from stairline.hwmodels import load
from stairline.simulator.pricing.predict import predict
from stairline.simulator.readers.dispatch import read

SHAPES = ((1, 32, 56, 56), (1, 96, 28, 28), (1, 256, 14, 14))
VISITS, SECONDS, FACTOR = 4, 0.05, 1.3

UNARY = {
    **{
        op: op
        for op in ("Abs", "Neg", "Sqrt", "Reciprocal", "Exp", "Log", "Sin", "Cos", "Erf", "Sign", "Floor", "Round")
    },
    **{op: op for op in ("Softplus", "Mish", "Elu", "Selu", "Celu", "Relu", "Sigmoid", "Tanh", "HardSwish")},
    **{op: op for op in ("HardSigmoid", "LeakyRelu", "GlobalAveragePool")},
    "Softmax over rows": "Softmax axis=-1",
    "LRN": "LRN size=5",
    "DepthToSpace": "DepthToSpace blocksize=2",
    "SpaceToDepth": "SpaceToDepth blocksize=2",
    "ArgMax over channels": "ArgMax axis=1",
    "MaxPool": "MaxPool kernel_shape=3,3 strides=2,2 pads=1,1,1,1",
    "AveragePool": "AveragePool kernel_shape=3,3 strides=2,2 pads=1,1,1,1",
    "Transpose to channels last": "Transpose perm=0,2,3,1",
    "Transpose of height and width": "Transpose perm=0,1,3,2",
}
"""Operators of one operand, with their attributes."""
BINARY = ("Add", "Sub", "Mul", "Div", "Max", "Min", "Greater", "Equal", "Mod")
WITH_STORED: dict[str, tuple[str, Callable[[tuple[int, ...]], list[Any]]]] = {
    "Pow 2": ("Pow", lambda _: [np.float32(2.0)]),
    "Pow 1.7": ("Pow", lambda _: [np.float32(1.7)]),
    "Clip": ("Clip", lambda _: [np.float32(-1.0), np.float32(1.0)]),
    "Add of a channel": ("Add", lambda s: [np.full((s[1], 1, 1), 0.1, np.float32)]),
    "PRelu": ("PRelu", lambda s: [np.full((s[1], 1, 1), 0.1, np.float32)]),
    "InstanceNormalization": ("InstanceNormalization", lambda s: [np.ones(s[1], np.float32)] * 2),
    "BatchNormalization": ("BatchNormalization", lambda s: [np.ones(s[1], np.float32)] * 4),
    "ReduceMean over the map": ("ReduceMean", lambda _: [np.array([2, 3])]),
    "ReduceSum over rows": ("ReduceSum", lambda _: [np.array([3])]),
    "ReduceMax over channels": ("ReduceMax", lambda _: [np.array([1])]),
    "CumSum": ("CumSum", lambda _: [np.array(1)]),
    "Tile": ("Tile", lambda _: [np.array([1, 1, 1, 2])]),
    "Slice": ("Slice", lambda _: [np.array([1]), np.array([10**9]), np.array([3]), np.array([1])]),
    "Slice, every second": ("Slice", lambda _: [np.array([0]), np.array([10**9]), np.array([3]), np.array([2])]),
    "Pad": ("Pad", lambda _: [np.array([0, 0, 1, 1, 0, 0, 1, 1])]),
    "Resize, nearest": ("Resize mode=nearest", lambda _: [None, np.array([1, 1, 2, 2], np.float32)]),
    "Resize, linear": ("Resize mode=linear", lambda _: [None, np.array([1, 1, 2, 2], np.float32)]),
    "ConvTranspose 2 x 2": ("ConvTranspose strides=2,2", lambda s: [np.ones((s[1], s[1] // 2, 2, 2), np.float32)]),
    "ConvTranspose 4 x 4": (
        "ConvTranspose strides=2,2 pads=1,1,1,1",
        lambda s: [np.ones((s[1], s[1] // 2, 4, 4), np.float32)],
    ),
}
"""Operators with operands that the file stores; None for one that is left out."""


def attribute(text: str) -> Any:
    """A number, a list of numbers or a word."""
    numbers = text.replace("-", "").replace(",", "")
    if not numbers.isdecimal():
        return text
    return [int(part) for part in text.split(",")] if "," in text else int(text)


def network(op: str, shape: tuple[int, ...], stored: list[Any], operands: int = 1) -> onnx.ModelProto:
    """A network of one operator, such as "LRN size=5"."""
    name, *options = op.split()
    given = [f"x{i}" for i in range(operands)]
    kept = [f"stored{i}" if value is not None else "" for i, value in enumerate(stored)]
    attributes = {key: attribute(value) for key, _, value in (option.partition("=") for option in options)}
    node = helper.make_node(name, given + kept, ["y"], **attributes)
    inputs = [helper.make_tensor_value_info(x, TensorProto.FLOAT, shape) for x in given]
    values = [numpy_helper.from_array(np.asarray(v), f"stored{i}") for i, v in enumerate(stored) if v is not None]
    kind = {"ArgMax": TensorProto.INT64, "Greater": TensorProto.BOOL, "Equal": TensorProto.BOOL}
    output = helper.make_tensor_value_info("y", kind.get(name, TensorProto.FLOAT), None)
    graph = helper.make_graph([node], "operator", inputs, [output], values)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def networks(shape: tuple[int, ...]) -> dict[str, onnx.ModelProto]:
    """One network for each operator of the tables."""
    found = {name: network(op, shape, []) for name, op in UNARY.items()}
    found |= {op: network(f"{op} fmod=1" if op == "Mod" else op, shape, [], operands=2) for op in BINARY}
    return found | {name: network(op, shape, stored(shape)) for name, (op, stored) in WITH_STORED.items()}


def measured_s(model: onnx.ModelProto) -> float:
    """The second smallest of the medians of four visits."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    drawn = np.random.default_rng(0)
    feeds = {x.name: drawn.uniform(0.2, 2.0, x.shape).astype(np.float32) for x in session.get_inputs()}

    def run_s() -> float:
        begin = time.perf_counter()
        session.run(None, feeds)
        return time.perf_counter() - begin

    runs = max(5, min(2000, int(SECONDS / min(run_s() for _ in range(4)))))
    return sorted(median(run_s() for _ in range(runs)) for _ in range(VISITS))[1]


def main() -> None:
    """Measure and predict every operator, and print a row for each."""
    platform = load(sys.argv[1] if len(sys.argv) > 1 else "x86-onnxruntime")
    table = Table("operator", *("x".join(map(str, s[1:])) for s in SHAPES), "predicted / measured", "", box=None)
    by_shape, far = [networks(shape) for shape in SHAPES], 0
    with TemporaryDirectory() as folder:
        for name in by_shape[0]:
            times, ratios = [], []
            for models in by_shape:
                onnx.save(models[name], path := Path(folder) / "operator.onnx")
                times.append(measured_s(models[name]))
                ratios.append(predict(read(path), platform).latency_s / times[-1])
            off = not 1 / FACTOR <= median(ratios) <= FACTOR
            far += off
            table.add_row(name, *(f"{1e6 * t:.1f} us" for t in times), f"{median(ratios):.2f}", "<" if off else "")
    Console().print(table)
    print(f"{len(by_shape[0])} operators, {len(by_shape[0]) - far} within a factor of {FACTOR}")


if __name__ == "__main__":
    main()
