"""Graphs are written as a layer table that states its edges."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from stairline.simulator.graph.graph import Graph, GraphError, Layer
from stairline.simulator.graph.ops import as_nhwc
from stairline.simulator.graph.sources import LAYER_TABLE_SUFFIXES, is_layer_table

from .columns import NUMBERS, REQUIRED, TABLE_OPS, TEXTS, WINDOWS

Row = dict[str, str | int]


def write_table(graphs: Iterable[Graph], path: str | Path) -> None:
    """Write one row per layer output to a .csv, .csv.gz or .parquet file, with the ``inputs`` column.

    The table keeps height, width and channels of each tensor, not its rank, and the output size of a window, not its
    padding. Raises GraphError for what a row cannot express: another operator, a batch above 1, a stored operand,
    a second network input, a join along another axis, unequal dilations.
    """
    target = Path(path)
    if not is_layer_table(target):
        raise GraphError(f"{target}: suffix is none of {', '.join(LAYER_TABLE_SUFFIXES)}; choose one of them")
    rows = [row for graph in graphs for row in _rows(graph)]
    frame = pd.DataFrame(rows, columns=[*REQUIRED, *(c for c in (*NUMBERS, *TEXTS) if c not in REQUIRED)])
    if target.suffix.lower() == ".parquet":
        from fastparquet import write  # only a Parquet table pays for this import

        write(str(target), frame, write_index=False)
    else:
        frame.to_csv(target, index=False)


def _rows(graph: Graph) -> list[Row]:
    if len(graph.inputs) != 1:
        raise GraphError(f"graph '{graph.name}': {len(graph.inputs)} inputs; a layer table expresses exactly one")
    places = {graph.inputs[0]: -1}
    rows: list[Row] = []
    for layer in graph.layers:
        op = _table_op(graph, layer)
        _verify(graph, layer, op, places)
        for output in layer.outputs:
            places[output] = len(rows)
            rows.append(_row(graph, layer, op, output, len(rows), places))
    return rows


def _table_op(graph: Graph, layer: Layer) -> str:
    """The row's operator: a mean over height and width is a global pool."""
    shape = graph.tensors[layer.inputs[0]].shape
    spatial = len(shape) == 4 and sorted(a % 4 for a in layer.attributes.axes) == [1, 2]
    return "globalavgpool2d" if layer.op == "mean" and spatial else layer.op


def _verify(graph: Graph, layer: Layer, op: str, places: dict[int, int]) -> None:
    what, a = f"graph '{graph.name}': layer '{layer.name}' ({layer.op})", layer.attributes
    if op not in TABLE_OPS:
        raise GraphError(f"{what}: a layer table has no such operator; it has {', '.join(TABLE_OPS)}")
    for tensor in (*layer.inputs, *layer.outputs):
        if as_nhwc(graph.tensors[tensor].shape)[0] != 1:
            raise GraphError(f"{what}: shape {graph.tensors[tensor].shape}: a layer table holds (1, H, W, C)")
    stored = [graph.tensors[t].name for t in layer.inputs if t not in places]
    if stored:
        raise GraphError(f"{what}: operand '{stored[0]}' is stored; a layer table joins rows only")
    rank = len(graph.tensors[layer.inputs[0]].shape)
    if op in ("concat", "split") and a.axis % rank != rank - 1:
        raise GraphError(f"{what}: axis {a.axis}; a layer table joins and splits along channels")
    if op == "concat" and len(places) == 1:
        raise GraphError(f"{what}: the first row states the network's input, and a join hides its size")
    if op in WINDOWS and a.dilation[0] != a.dilation[1]:
        raise GraphError(f"{what}: dilation {a.dilation}; a layer table has one for both axes")


def _row(graph: Graph, layer: Layer, op: str, output: int, number: int, places: dict[int, int]) -> Row:
    a = layer.attributes
    _n, h_out, w_out, c_out = as_nhwc(graph.tensors[output].shape)
    shapes = [as_nhwc(graph.tensors[t].shape)[1:] for t in layer.inputs]
    h_in, w_in, c_in = (max(sizes) for sizes in zip(*shapes))
    if op == "concat":
        c_in = c_out
    window = op in WINDOWS
    return {
        "net": graph.name,
        "layer": number,
        "op": op,
        "h_in": h_in,
        "w_in": w_in,
        "c_in": c_in,
        "h_out": h_out,
        "w_out": w_out,
        "c_out": c_out,
        "kernel": a.kernel[0] * window,
        "stride": a.stride[0] * window,
        "kernel_w": a.kernel[1] * window,
        "stride_w": a.stride[1] * window,
        "dilation": a.dilation[0] if window else 1,
        "groups": a.groups if op in ("conv2d", "channel_shuffle") else 1,
        "activation": "",
        "dtype": graph.tensors[output].dtype,
        "inputs": " ".join(str(places[t]) for t in layer.inputs),
    }
