"""From a group of fused layers to the counts that a kernel model reads."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from stairline.hwmodels.kernels.base import Work
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import ACTIVATIONS, OPS, Counts, as_nhwc, count
from stairline.simulator.graph.shapes import broadcast

_IN_PLACE = ACTIVATIONS | {"concat"}
"""Operators that add no traffic to the kernel that they join: the part of a concat is written to its place at once."""


def work_of(graph: Graph, group: list[int], streamed_elements: int = 0, line: int = 1) -> Work:
    """The counts of one kernel: its first layer's geometry, all operands from outside, its last layer's results.

    ``group`` are the indices of its layers, ``streamed_elements`` the parameters that it streams from outside the chip,
    ``line`` the channels of a line of the processor's memory.
    """
    first = graph.layers[group[0]]
    a = first.attributes
    counts = count(first.op, graph.shapes(first.inputs), graph.shapes(first.outputs), a)
    epilogue_ops, outputs, weights, joined = _with_fused(graph, group, counts)
    return Work(
        *_geometry(graph, first),
        *a.stride,
        *a.dilation,
        a.groups,
        counts.macs,
        counts.element_ops,
        epilogue_ops,
        counts.input_elements + sum(prod(graph.tensors[t].shape) for t in joined),
        outputs,
        weights,
        streamed_elements,
        len(first.inputs) + len(joined),
        float(a.padding[0] != a.padding[1] or a.padding[2] != a.padding[3]),
        _runs(graph, first),
        _in_lines(graph, first, counts.input_elements, joined, line),
    )


def product_rows(graph: Graph, layer: Layer) -> int:
    """Rows of the matrix product that a fully connected layer is; 1 of any other operator."""
    return prod(graph.tensors[layer.outputs[0]].shape[:-1]) if layer.op == "dense" else 1


def _with_fused(graph: Graph, group: list[int], first: Counts) -> tuple[int, int, int, list[int]]:
    """(epilogue_ops, outputs, weights, joined) of the kernel, from the counts of its first layer.

    ``joined`` are the tensors that fused layers read from outside: all operands but the one that the kernel itself has
    just computed, at whichever place of the layer's operands that is.
    """
    joined: list[int] = []
    outputs, weights, epilogue_ops = first.output_elements, first.weight_elements, 0
    for before, index in pairwise(group):
        layer = graph.layers[index]
        if layer.op in _IN_PLACE:
            epilogue_ops += outputs * OPS[layer.op].ops_per_element
            continue
        fused = graph.counts(layer)
        epilogue_ops += fused.element_ops
        weights += fused.weight_elements
        joined += [t for t in layer.inputs if graph.producer[t] != before]
        outputs = fused.output_elements
    return epilogue_ops, outputs, weights, joined


def _runs(graph: Graph, layer: Layer) -> int:
    """Contiguous copies that the layer makes.

    A concatenation copies a run of each operand at every index of the axes before its own, a split one to each part, a
    gather one for each index; a slice copies the channels of one pixel of its result at a time, and single elements
    where a step leaves some out; arithmetic on operands of one shape, or with a single number, passes over all at once;
    every other operator takes those of one pixel of its input or result, whichever has more. Source: TensorFlow Lite,
    kernels/internal: Concatenation, Split, Gather and StridedSlice of reference_ops.h, Slice and PadImpl of
    optimized_ops.h; XNNPACK, src/operators/binary-elementwise-nd.c.
    """
    inputs, outputs = graph.shapes(layer.inputs), graph.shapes(layer.outputs)
    if layer.op in ("concat", "split"):
        many = inputs if layer.op == "concat" else outputs
        axis = layer.attributes.axis % len(many[0])
        return prod(many[0][:axis]) * len(many)
    if layer.op == "gather":
        return prod(outputs[0]) // prod(inputs[0][layer.attributes.axis % len(inputs[0]) + 1 :])
    if layer.op == "strided_slice" and any(abs(step) > 1 for step in layer.attributes.steps):
        return prod(outputs[0])
    if layer.op in OPS and OPS[layer.op].shape is broadcast and all(prod(s) in (1, prod(outputs[0])) for s in inputs):
        return 1
    written = sum(prod(shape[:-1]) for shape in outputs)
    return written if layer.op in ("slice", "strided_slice") else max(sum(prod(s[:-1]) for s in inputs), written)


def _in_lines(graph: Graph, first: Layer, elements: int, joined: list[int], line: int) -> int:
    """Elements read, ``elements`` by the first layer, with the channels of each tensor padded to whole lines."""
    if len(first.inputs) == 1:
        return _padded(elements, graph.tensors[first.inputs[0]].shape, line) + _all_padded(graph, joined, line)
    return _all_padded(graph, [*first.inputs, *joined], line)


def _all_padded(graph: Graph, tensors: list[int], line: int) -> int:
    return sum(_padded(prod(graph.tensors[t].shape), graph.tensors[t].shape, line) for t in tensors)


def _padded(elements: int, shape: tuple[int, ...], line: int) -> int:
    """``elements`` of a tensor of that shape, with channels padded to a multiple of ``line``."""
    channels = shape[-1] if shape else 1
    return elements // channels * -(-channels // line) * line


def _geometry(graph: Graph, layer: Layer) -> tuple[int, int, int, int, int, int, int, int, int]:
    """(n, h_in, w_in, c_in, h_out, w_out, c_out, kernel_h, kernel_w) of the product or window that the layer runs."""
    shape = graph.tensors[layer.inputs[0]].shape if layer.inputs else (1,)
    n, h_in, w_in, c_in = as_nhwc(shape)
    _, h_out, w_out, c_out = as_nhwc(graph.tensors[layer.outputs[0]].shape)
    kernel_h, kernel_w = layer.attributes.kernel
    if layer.op == "conv2d_transpose":
        # Runs as a product over the input's pixels that gives K_h K_w C_out columns, scattered into the output.
        return n, h_in, w_in, c_in, h_in, w_in, c_out * kernel_h * kernel_w, 1, 1
    if layer.op in ("matmul", "dense"):
        # A matrix product, whatever the rank: all axes but the last are its rows.
        rows = prod(graph.tensors[layer.outputs[0]].shape[:-1])
        reduction = shape[-2] if layer.attributes.transpose_a else shape[-1]
        return 1, 1, rows, reduction, 1, rows, c_out, 1, 1
    if layer.op in ("lstm", "gru", "rnn"):
        # Runs as a product for each step of the input joined to the state before; all steps are counted as its rows.
        rows, units = n * h_in * w_in, layer.attributes.c_out
        return 1, 1, rows, c_in + units, 1, rows, units * layer.attributes.multiplier * layer.attributes.groups, 1, 1
    if layer.op == "conv3d":
        # Runs as a product over windows; the depth of the kernel stands with its height.
        depth, height, width = layer.attributes.steps
        n_out = as_nhwc(graph.tensors[layer.outputs[0]].shape)[0]
        return n_out, h_in, w_in, c_in, h_out, w_out, c_out, depth * height, width
    if layer.op in ("globalavgpool2d", "globalmaxpool2d"):
        return n, h_in, w_in, c_in, 1, 1, c_in, 1, 1
    return n, h_in, w_in, c_in, h_out, w_out, c_out, kernel_h, kernel_w
