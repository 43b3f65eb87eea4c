"""Print how long reading ONNX files takes: a convolutional network, and a transformer as exporters write it.

Run from the root of the repository: python -m benchmarks.speed.onnx_files. Times are processor times of this process
and of those it starts, beside that of ONNX's own shape inference on the same file within the same run.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from stairline.measure.models.onnx.model import onnx_model
from stairline.simulator.readers.dispatch import read
from stairline.simulator.zoo import build

WIDTH, HEADS, LENGTH, BLOCKS = 256, 4, 128, 9


def transformer() -> Any:
    """A transformer whose reshapes take their targets from the shapes of tensors; the batch is open."""
    stored = [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in _NUMBERS.items()]
    nodes: list[Any] = []
    x = "x"
    for block in range(BLOCKS):
        x = _block(f"b{block}", x, nodes, stored)
    sizes = ("batch", LENGTH, WIDTH)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)]
    outputs = [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "transformer", inputs, outputs, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


_NUMBERS = {"first": 0, "second": 1, "front": [0], "heads": [HEADS], "depth": [WIDTH // HEADS], "width": [WIDTH]}


def _block(name: str, x: str, nodes: list[Any], stored: list[Any]) -> str:
    """Append one block: attention over the heads, then two products with a gate between them; its output's name."""

    def layer(op: str, *operands: str, **attributes: Any) -> str:
        output = f"{name}/{len(nodes)}"
        nodes.append(helper.make_node(op, list(operands), [output], name=output, **attributes))
        return output

    def weight(*shape: int) -> str:
        stored.append(numpy_helper.from_array(np.zeros(shape, np.float32), f"{name}/w{len(stored)}"))
        return str(stored[-1].name)

    def target(like: str, *last: str) -> str:
        shape = layer("Shape", like)
        leading = [layer("Unsqueeze", layer("Gather", shape, place), "front") for place in ("first", "second")]
        return layer("Concat", *leading, *last, axis=0)

    def headed(order: list[int]) -> str:
        product = layer("Add", layer("MatMul", x, weight(WIDTH, WIDTH)), weight(WIDTH))
        return layer("Transpose", layer("Reshape", product, target(product, "heads", "depth")), perm=order)

    query, key, value = headed([0, 2, 1, 3]), headed([0, 2, 3, 1]), headed([0, 2, 1, 3])
    seen = layer("MatMul", layer("Softmax", layer("MatMul", query, key), axis=-1), value)
    joined = layer("Transpose", seen, perm=[0, 2, 1, 3])
    mixed = layer("MatMul", layer("Reshape", joined, target(joined, "width")), weight(WIDTH, WIDTH))
    x = layer("LayerNormalization", layer("Add", x, mixed), weight(WIDTH), weight(WIDTH))
    gated = layer("Relu", layer("MatMul", x, weight(WIDTH, 4 * WIDTH)))
    return layer("Add", x, layer("MatMul", gated, weight(4 * WIDTH, WIDTH)))


def processor_ms(run: Callable[[], object], repeats: int = 9) -> float:
    """Median processor time of a call, in ms, processes that it starts and waits for included."""
    times_s = []
    for _ in range(repeats):
        start_s = _used_s()
        run()
        times_s.append(_used_s() - start_s)
    return median(times_s) * 1e3


def _used_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def main() -> None:
    """Print one line a network."""
    print(f"{'network':14}{'nodes':>6}{'layers':>8}{'MB':>6}{'read ms':>9}{'ONNX infers ms':>16}{'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for name, model in (("mobilenet_v2", onnx_model(build("mobilenet_v2"))), ("transformer", transformer())):
            path = Path(folder) / f"{name}.onnx"
            path.write_bytes(model.SerializeToString())
            ours = processor_ms(lambda path=path: read(path))
            theirs = processor_ms(lambda model=model: onnx.shape_inference.infer_shapes(model, data_prop=True))
            sizes = f"{len(model.graph.node):6}{len(read(path).layers):8}{path.stat().st_size / 1e6:6.1f}"
            print(f"{name:14}{sizes}{ours:9.1f}{theirs:16.1f}{ours / theirs:7.2f}")


if __name__ == "__main__":
    main()
