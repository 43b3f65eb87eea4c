"""ONNX operators beyond convolutions: each is a canonical layer with the shape that ONNX Runtime computes."""

from __future__ import annotations

import numpy as np
import pytest

from stairline.simulator.readers.dispatch import read
from tests.simulator.readers.reading import ops

from .models import TensorProto, integers, model, node, numpy_helper


def scalar(name: str, value: float):
    return numpy_helper.from_array(np.array(value, np.float32), name)


UNARY = {
    "Abs": "abs", "Neg": "neg", "Sign": "sign", "Floor": "floor", "Ceil": "ceil", "Round": "round", "Sqrt": "sqrt",
    "Exp": "exp", "Log": "log", "Sin": "sin", "Cos": "cos", "Erf": "erf", "Elu": "elu", "Selu": "elu", "Celu": "elu",
}  # fmt: skip

OTHERS = {
    "pow": ([node("Pow", ["x", "root"])], [scalar("root", 0.7)], ["pow"]),
    "square": ([node("Pow", ["x", "two"])], [scalar("two", 2)], ["square"]),
    "clip to any bounds": (
        [node("Clip", ["x", "low", "high"])],
        [scalar("low", -1), scalar("high", 1)],
        ["clip"],
    ),
    "largest along channels": ([node("ReduceMax", ["x", "i"], keepdims=1)], [integers("i", 1)], ["reduce_max"]),
    "sum of all": ([node("ReduceSum", ["x"], keepdims=0)], [], ["reduce_sum"]),
    "class of each pixel": (
        [node("ArgMax", ["x"], ["i"], axis=1, keepdims=0), node("Cast", ["i"], to=TensorProto.FLOAT)],
        [],
        ["argmax", "cast"],
    ),
    "one row": ([node("Gather", ["x", "i"], axis=2)], [numpy_helper.from_array(np.array(3), "i")], ["gather"]),
    "two columns": ([node("Gather", ["x", "i"], axis=3)], [integers("i", 3, 1)], ["gather"]),
    "tile": ([node("Tile", ["x", "n"])], [integers("n", 1, 1, 2, 3)], ["tile"]),
    "expand": ([node("Expand", ["x", "n"])], [integers("n", 2, 8, 16, 16)], ["expand"]),
    "cast": (
        [node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16), node("Cast", ["h"], to=TensorProto.FLOAT)],
        [],
        ["cast", "cast"],
    ),
    "depth to space": ([node("DepthToSpace", ["x"], blocksize=2)], [], ["depth_to_space"]),
    "space to depth": ([node("SpaceToDepth", ["x"], blocksize=4)], [], ["space_to_depth"]),
    "response normalisation": ([node("LRN", ["x"], size=5)], [], ["lrn"]),
    "comparison and choice": (
        [node("Greater", ["x", "t"], ["c"]), node("Where", ["c", "x", "t"])],
        [scalar("t", 0.5)],
        ["greater", "where"],
    ),
}

IMAGES = {"depth to space", "space to depth", "response normalisation"}
"""Networks whose result is stored channels last."""


@pytest.mark.parametrize("name", [*UNARY, *OTHERS])
def test_a_further_operator_has_the_shape_that_the_runtime_computes(name, saved):
    runtime = pytest.importorskip("onnxruntime")
    nodes, stored, expected = OTHERS.get(name) or ([node(name, ["x"])], [], [UNARY[name]])
    path = saved(model(nodes, stored))
    graph = read(path)
    assert [op for op in ops(graph) if op != "transpose"] == expected
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": np.ones((1, 8, 16, 16), np.float32)})
    if name in IMAGES:
        result = result.transpose(0, 2, 3, 1)
    assert graph.shapes(graph.outputs) == (result.shape or (1,),)
