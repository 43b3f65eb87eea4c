"""The ONNX file under construction: nodes, initializers, and each tensor's value by layout.

A value is kept in the layout in which it was made and transposed on demand, once, where an operator needs the other
one. So a plain convolutional network has no Transpose at all, and an attention block keeps the graph's own order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import Shape

NHWC, NCHW = "nhwc", "nchw"
TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)


class Writer:
    """Nodes and initializers under construction, and the names of each tensor's value by layout."""

    def __init__(self, graph: Graph, seed: int, external: bool) -> None:
        self.graph, self.seed, self.external = graph, seed, external
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._values: dict[tuple[int, str], str] = {}
        self._count = 0

    def shape(self, tensor: int) -> Shape:
        return self.graph.tensors[tensor].shape

    def rank(self, tensor: int) -> int:
        return len(self.shape(tensor))

    def set(self, tensor: int, layout: str, name: str) -> None:
        """Record that the value called ``name`` is this tensor in ``layout`` (below and above rank 4 there is one)."""
        self._values[tensor, layout if self.rank(tensor) == 4 else NHWC] = name

    def native(self, tensor: int) -> str:
        """The layout in which the tensor was made."""
        return NHWC if (tensor, NHWC) in self._values else NCHW

    def get(self, tensor: int, layout: str) -> str:
        """Name of the tensor's value in ``layout``, transposed here if nobody has needed it yet."""
        layout = layout if self.rank(tensor) == 4 else NHWC
        if (tensor, layout) not in self._values:
            other = self._values[tensor, NHWC if layout == NCHW else NCHW]
            order = TO_NCHW if layout == NCHW else TO_NHWC
            self._values[tensor, layout] = self.node("Transpose", [other], perm=order)[0]
        return self._values[tensor, layout]

    def node(self, op: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> list[str]:
        """Append one node and return the names of its results."""
        self._count += 1
        names = [f"{op}_{self._count}" + (f"_{i}" if outputs > 1 else "") for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"{op}_{self._count}", **attributes))
        return names

    def store(self, value: Any, label: str) -> str:
        """Append one initializer and return its name; weights stay out of the file when they are external."""
        name = f"{label}_{len(self.initializers)}"
        tensor = numpy_helper.from_array(np.ascontiguousarray(value), name)
        if self.external and value.size > 1:
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="weights.bin")
        self.initializers.append(tensor)
        return name

    def integers(self, values: Sequence[int]) -> str:
        """An int64 operand, such as a shape; always in the file, for shapes follow from it."""
        name = f"shape_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def scalar(self, value: float) -> str:
        return self.store(np.array(value, np.float32), "scalar")
