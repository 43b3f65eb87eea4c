"""A builder appends layers to a graph one by one and infers and verifies the shapes of their outputs."""

from __future__ import annotations

from collections.abc import Sequence

from .attributes import NEUTRAL, Attributes, same_padding
from .graph import Graph, GraphError, Layer, Tensor, infer, verify_dimensions, verify_stated
from .ops import Shape, is_canonical


class GraphBuilder:
    """Builds a Graph layer by layer; its methods take and return tensor indices.

    An ``activation`` is the name of an operator that is appended as a layer of its own: the platform decides whether
    it fuses.
    """

    def __init__(self, name: str, dtype: str = "float32", source: str = "", notes: tuple[str, ...] = ()) -> None:
        self.name, self.dtype, self.source, self.notes = name, dtype, source, notes
        self._tensors: list[Tensor] = []
        self._layers: list[Layer] = []
        self._inputs: list[int] = []
        self._names: dict[str, int] = {}

    @classmethod
    def rewriting(cls, graph: Graph) -> GraphBuilder:
        """A builder that holds the tensors and inputs of a verified graph, and none of its layers yet."""
        builder = cls(graph.name, graph.dtype, graph.source, graph.notes)
        builder._tensors, builder._inputs = list(graph.tensors), list(graph.inputs)
        return builder

    def keep(self, layer: Layer, inputs: tuple[int, ...]) -> None:
        """Append a layer of the graph that is being rewritten.

        Raises GraphError where one of ``inputs`` has another shape than the input that the layer was verified with.
        """
        if inputs != layer.inputs:
            for old, new in zip(layer.inputs, inputs, strict=True):
                if old != new and self.shape(old) != self.shape(new):
                    raise GraphError(
                        f"layer '{layer.name}' ({layer.op}): reads {self.shape(new)} in place of {self.shape(old)}: "
                        "what is rewritten must keep its shape"
                    )
            layer = layer._replace(inputs=inputs)
        self._layers.append(layer)

    def __len__(self) -> int:
        """Number of layers appended so far."""
        return len(self._layers)

    def shape(self, tensor: int) -> Shape:
        """Shape of a tensor, in elements."""
        return self._tensors[tensor].shape

    def input(self, shape: Shape, name: str = "input", dtype: str | None = None) -> int:
        """Declare a network input of ``shape`` elements (batch first, channels last)."""
        index = self._tensor(name, shape, dtype)
        self._inputs.append(index)
        return index

    def constant(
        self, shape: Shape, name: str = "constant", dtype: str | None = None, value: float | None = None
    ) -> int:
        """Declare an operand of ``shape`` elements that the model stores, such as the scale of a multiplication.

        ``value`` is the value of all its elements, where it is known and one.
        """
        return self._tensor(name, shape, dtype, constant=True, value=value)

    def layers(
        self,
        op: str,
        inputs: Sequence[int],
        attributes: Attributes = NEUTRAL,
        *,
        name: str | None = None,
        stated: Sequence[Shape] = (),
        dtype: str | None = None,
        weights: bytes = b"",
        spelling: Graph | None = None,
    ) -> tuple[int, ...]:
        """Append one layer and return all its output tensors.

        ``stated`` are the output shapes, in elements, that a file states: they are verified against the inferred ones,
        and they are the only source of shapes for an operator outside the canonical set. ``weights`` is a sample of the
        layer's 8-bit weights, and ``spelling`` the layers for which it stands. Raises GraphError, which names the layer
        and the rule that it breaks.
        """
        label = self._unique(name or op)
        if is_canonical(op):
            shapes = infer(op, label, [self.shape(t) for t in inputs], attributes)
            verify_stated(label, op, shapes, stated)
        else:
            shapes = tuple(stated)
            if not shapes:
                raise GraphError(f"layer '{label}': operator '{op}' is unknown and its output shape is not stated")
        first = self._tensors[inputs[0]].dtype if inputs else self.dtype
        suffixes = [""] if len(shapes) == 1 else [f":{i}" for i in range(len(shapes))]
        outputs = tuple(self._tensor(label + s, shape, dtype or first) for s, shape in zip(suffixes, shapes))
        self._layers.append(Layer(label, op, tuple(inputs), outputs, attributes, weights, spelling))
        return outputs

    def layer(
        self, op: str, *inputs: int, name: str | None = None, dtype: str | None = None, **attributes: object
    ) -> int:
        """Append a layer with one output tensor and return that tensor. Raises GraphError as ``layers`` does."""
        return self.layers(op, inputs, Attributes(**attributes), name=name, dtype=dtype)[0]  # type: ignore[arg-type]

    def conv2d(
        self,
        x: int,
        c_out: int,
        kernel: int | tuple[int, int] = 1,
        stride: int | tuple[int, int] = 1,
        *,
        padding: str | tuple[int, int, int, int] = "same",
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        activation: str | None = None,
        name: str | None = None,
    ) -> int:
        """Append a convolution with bias. ``padding`` is "same", "valid" or (top, bottom, left, right) in elements."""
        attributes = self._window(x, kernel, stride, dilation, padding)._replace(c_out=c_out, groups=groups)
        return self._activated(self.layers("conv2d", [x], attributes, name=name)[0], activation)

    def dwconv2d(
        self,
        x: int,
        kernel: int | tuple[int, int] = 3,
        stride: int | tuple[int, int] = 1,
        *,
        multiplier: int = 1,
        padding: str | tuple[int, int, int, int] = "same",
        dilation: int | tuple[int, int] = 1,
        activation: str | None = None,
        name: str | None = None,
    ) -> int:
        """Append a depthwise convolution that gives ``multiplier`` output channels for each input channel."""
        attributes = self._window(x, kernel, stride, dilation, padding)._replace(multiplier=multiplier)
        return self._activated(self.layers("dwconv2d", [x], attributes, name=name)[0], activation)

    def pool(
        self,
        op: str,
        x: int,
        kernel: int | tuple[int, int],
        stride: int | tuple[int, int],
        *,
        padding: str | tuple[int, int, int, int] = "valid",
        name: str | None = None,
    ) -> int:
        """Append a pooling over windows; ``op`` is "maxpool2d" or "avgpool2d"."""
        return self.layers(op, [x], self._window(x, kernel, stride, 1, padding), name=name)[0]

    def dense(self, x: int, c_out: int, *, activation: str | None = None, name: str | None = None) -> int:
        """Append a fully connected layer over the last dimension, with ``c_out`` output features."""
        return self._activated(self.layers("dense", [x], Attributes(c_out=c_out), name=name)[0], activation)

    def build(self, outputs: Sequence[int] | int) -> Graph:
        """The finished graph. Every layer was verified as it was appended, so nothing is verified again."""
        last = (outputs,) if isinstance(outputs, int) else tuple(outputs)
        return Graph.trusted(
            self.name,
            tuple(self._tensors),
            tuple(self._layers),
            tuple(self._inputs),
            last,
            self.dtype,
            self.source,
            self.notes,
        )

    def _activated(self, x: int, activation: str | None) -> int:
        return x if activation is None else self.layer(activation, x)

    def _window(
        self,
        x: int,
        kernel: int | tuple[int, int],
        stride: int | tuple[int, int],
        dilation: int | tuple[int, int],
        padding: str | tuple[int, int, int, int],
    ) -> Attributes:
        shape = self.shape(x)
        if len(shape) != 4:
            raise GraphError(f"tensor '{self._tensors[x].name}': a window needs rank 4 (N, H, W, C), not {shape}")
        k, s, d = _pair(kernel), _pair(stride), _pair(dilation)
        if padding == "same":
            pads = same_padding(shape[1], shape[2], k, s, d)
        elif padding == "valid":
            pads = (0, 0, 0, 0)
        elif isinstance(padding, tuple):
            pads = padding
        else:
            raise GraphError(f"padding '{padding}': give 'same', 'valid' or (top, bottom, left, right)")
        return Attributes(kernel=k, stride=s, dilation=d, padding=pads)

    def _tensor(
        self, name: str, shape: Shape, dtype: str | None, constant: bool = False, value: float | None = None
    ) -> int:
        verify_dimensions(f"tensor '{name}'", shape)
        self._tensors.append(Tensor(name, tuple(shape), dtype or self.dtype, constant, value))
        return len(self._tensors) - 1

    def _unique(self, name: str) -> str:
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return f"{name}_{count}" if count else name


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
