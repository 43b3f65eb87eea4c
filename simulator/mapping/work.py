"""From a group of fused layers to the counts that a kernel model reads."""

from __future__ import annotations

from math import prod

from stairline.hwmodels.kernels.base import Work
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import ACTIVATIONS, OPS, Counts, as_nhwc, count

_IN_PLACE = ACTIVATIONS | {"concat"}
"""Operators that add no traffic to the kernel that they join: the part of a concat is written to its place at once."""


def work_of(graph: Graph, group: list[int], streamed_elements: int = 0) -> Work:
    """The counts of one kernel: its first layer's geometry, all operands from outside, its last layer's results.

    ``group`` are the indices of its layers, ``streamed_elements`` the parameters that it streams from outside the chip.
    """
    first = graph.layers[group[0]]
    a = first.attributes
    counts = count(first.op, graph.shapes(first.inputs), graph.shapes(first.outputs), a)
    epilogue_ops, inputs, outputs, weights, operands = _with_fused(graph, group, counts)
    return Work(
        *_geometry(graph, first),
        *a.stride,
        *a.dilation,
        a.groups,
        counts.macs,
        counts.element_ops,
        epilogue_ops,
        inputs,
        outputs,
        weights,
        streamed_elements,
        operands,
        float(a.padding[0] != a.padding[1] or a.padding[2] != a.padding[3]),
    )


def _with_fused(graph: Graph, group: list[int], first: Counts) -> tuple[int, int, int, int, int]:
    """(epilogue_ops, inputs, outputs, weights, operands) of the kernel, from the counts of its first layer."""
    inputs, operands = first.input_elements, len(graph.layers[group[0]].inputs)
    outputs, weights, epilogue_ops = first.output_elements, first.weight_elements, 0
    for index in group[1:]:
        layer = graph.layers[index]
        if layer.op in _IN_PLACE:
            epilogue_ops += outputs * OPS[layer.op].ops_per_element
            continue
        fused = count(layer.op, graph.shapes(layer.inputs), graph.shapes(layer.outputs), layer.attributes)
        epilogue_ops += fused.element_ops
        weights += fused.weight_elements
        inputs += fused.input_elements - prod(graph.tensors[layer.inputs[0]].shape)
        operands += len(layer.inputs) - 1
        outputs = fused.output_elements
    return epilogue_ops, inputs, outputs, weights, operands


def _geometry(graph: Graph, layer: Layer) -> tuple[int, int, int, int, int, int, int, int, int]:
    """(n, h_in, w_in, c_in, h_out, w_out, c_out, kernel_h, kernel_w) of the product or window that the layer runs."""
    shape = graph.tensors[layer.inputs[0]].shape if layer.inputs else (1,)
    n, h_in, w_in, c_in = as_nhwc(shape)
    _, h_out, w_out, c_out = as_nhwc(graph.tensors[layer.outputs[0]].shape)
    kernel_h, kernel_w = layer.attributes.kernel
    if layer.op == "conv2d_transpose":
        # Runs as a product over the input's pixels that gives K_h K_w C_out columns, scattered into the output.
        return n, h_in, w_in, c_in, h_in, w_in, c_out * kernel_h * kernel_w, 1, 1
    if layer.op == "matmul":
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
