"""Analysis of a layer table over whole arrays: layers and tensors shared by rows, and the rows that need more."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.graph import Layer, Tensor
from stairline.simulator.graph.ops import ACTIVATIONS

from .columns import (
    ELEMENTWISE_JOINS,
    GLOBAL_POOLS,
    JOINS,
    WINDOWS,
    Bools,
    BrokenRowsError,
    Columns,
    Ints,
    among,
    paddings,
    row_place,
)
from .edges import Operands


class Analysis(NamedTuple):
    """Properties of a table's rows, and the rows that are not described by a shared layer alone."""

    space_in: Ints
    """Code of (h_in, w_in); rows with equal codes have equal sizes."""
    space_out: Ints
    """Code of (h_out, w_out), of the same numbering."""
    unit_space: int
    """Code of 1x1."""
    boundary: Bools
    """Whether a block of the network begins or ends at the row's output; see ``edges.py``."""
    activated: Bools
    """Whether the row ends in an activation, by its operator or by the column ``activation``."""
    flattens: Bools
    """Whether the row is a dense layer that reads a feature map as one vector."""
    inferred: Ints
    """Rows whose edges are inferred, ascending."""
    special: Ints
    """Rows that are not described by a shared layer that reads the previous row, ascending."""
    stated: dict[int, Operands]
    """The tensors that a row states as its inputs, by row, unless it states just the previous row."""


def analyse(path: Path, c: Columns) -> Analysis:
    """The analysis of verified columns. Raises BrokenRowsError for stated inputs that are not earlier or do not fit."""
    spaces = pd.factorize(np.concatenate([c.h_in << 21 | c.w_in, c.h_out << 21 | c.w_out, [1 << 21 | 1]]))[0]
    space_in, space_out, unit = spaces[: len(c.net)], spaces[len(c.net) : -1], int(spaces[-1])
    first = c.layer == 0
    fits = first | ((space_in == _before(space_out)) & (c.c_in == _before(c.c_out)))
    vector = among(c.op, ("dense",)) & (space_out == unit)
    counted = ~fits & (space_in == unit) & (c.c_in == _before(c.h_out * c.w_out * c.c_out))
    flattens = vector & ((space_in != unit) | counted)
    joins, splits = among(c.op, tuple(JOINS)), among(c.op, ("split",))
    follows = fits | (vector & counted)
    stated = _stated(path, c, follows, joins)
    states = c.inputs != ""
    inferred = ~states & (joins | ~follows)
    special = inferred | flattens | splits | (c.activation != "")
    special[list(stated)] = True
    activated = among(c.op, tuple(ACTIVATIONS)) | (c.activation != "")
    return Analysis(
        space_in.astype(np.int64),
        space_out.astype(np.int64),
        unit,
        _boundaries(c, activated),
        activated,
        flattens,
        np.flatnonzero(inferred).astype(np.int64),
        np.flatnonzero(special).astype(np.int64),
        stated,
    )


def shared_layers(c: Columns) -> npt.NDArray[Any]:
    """The layer of each row as one that reads the previous row; equal layers are one object."""
    windows, convs = among(c.op, tuple(WINDOWS)), among(c.op, ("conv2d", "dense", "reshape"))
    depthwise, grouped = among(c.op, ("dwconv2d",)), among(c.op, ("conv2d", "channel_shuffle"))
    sized = among(c.op, ("reshape", "resize"))
    one = np.ones_like(c.kernel)
    kernel, kernel_w, stride, stride_w, dilation = (
        np.where(windows, a, one) for a in (c.kernel, c.kernel_w, c.stride, c.stride_w, c.dilation)
    )
    top, bottom, _ = paddings(c.h_in, c.h_out, kernel, stride, dilation)
    left, right, _ = paddings(c.w_in, c.w_out, kernel_w, stride_w, dilation)
    pads = [np.where(windows, p, 0) for p in (top, bottom, left, right)]
    width = np.where(convs, c.c_out, np.where(depthwise, c.c_out // c.c_in, 0))
    sizes = [np.where(sized, a, 0) for a in (c.h_out, c.w_out)]
    columns = [kernel, kernel_w, stride, stride_w, dilation, *pads, width, np.where(grouped, c.groups, one), *sizes]
    codes, rows = _distinct([pd.factorize(c.op)[0], c.layer, *columns])
    cells = [a[rows].tolist() for a in (c.op, c.layer, *columns)]
    made = [Layer(f"{op}_{i}", op, (i,), (i + 1,), _attributes(op, *rest)) for op, i, *rest in zip(*cells)]
    return _spread(made, codes)


def shared_tensors(c: Columns) -> npt.NDArray[Any]:
    """The output tensor of each row; equal tensors are one object."""
    codes, rows = _distinct([pd.factorize(c.op)[0], c.layer, c.h_out, c.w_out, c.c_out, pd.factorize(c.dtype)[0]])
    cells = [a[rows].tolist() for a in (c.op, c.layer, c.h_out, c.w_out, c.c_out, c.dtype)]
    return _spread([Tensor(f"{op}_{i}", (1, h, w, n), dtype) for op, i, h, w, n, dtype in zip(*cells)], codes)


def _attributes(
    op: str, k: int, kw: int, s: int, sw: int, d: int, top: int, bottom: int, left: int, right: int, width: int,
    groups: int, h: int, w: int,
) -> Attributes:  # fmt: skip
    a = Attributes(kernel=(k, kw), stride=(s, sw), dilation=(d, d), padding=(top, bottom, left, right), groups=groups)
    if op in ("conv2d", "dense"):
        return a._replace(c_out=width)
    if op == "dwconv2d":
        return a._replace(multiplier=width)
    if op == "reshape":
        return a._replace(sizes=(1, h, w, width))
    if op == "resize":
        return a._replace(sizes=(h, w))
    return a._replace(keepdims=op in GLOBAL_POOLS)


def _before(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The value of the previous row, for each row."""
    return np.concatenate([values[:1], values[:-1]])


def _boundaries(c: Columns, activated: Bools) -> Bools:
    """For each row, whether a block of the network begins or ends at its output."""
    last = np.append(c.layer[1:] == 0, True)
    next_activates = np.append(among(c.op, tuple(ACTIVATIONS))[1:], False) & ~last
    conv, add = among(c.op, ("conv2d",)), among(c.op, ("add",))
    linear = conv & ~activated & np.append(conv[1:], False) & ~last
    ends = among(c.op, ("maxpool2d", "avgpool2d", "concat", "channel_shuffle"))
    after_add = among(c.op, tuple(ACTIVATIONS)) & _before(add) & (c.layer > 0)
    boundary: Bools = ends | (add & ~next_activates) | after_add | linear
    return boundary


def _distinct(columns: list[npt.NDArray[Any]]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """A code for each row's combination of values, and for each code one row that has it."""
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        low, high = int(column.min()), int(column.max())
        if low != high:
            codes = pd.factorize(codes * (high - low + 1) + (column - low))[0]
    rows = np.empty(int(codes.max()) + 1, dtype=np.intp)
    rows[codes] = np.arange(len(codes))
    return codes.astype(np.intp), rows


def _spread(objects: list[Any], codes: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """The object of each row's code."""
    table = np.empty(len(objects), dtype=object)
    table[:] = objects
    return table[codes]


def _stated(path: Path, c: Columns, follows: Bools, joins: Bools) -> dict[int, Operands]:
    """The tensors that each row states as its inputs, verified, for rows that state more than the previous row."""
    codes, texts = pd.factorize(c.inputs)
    if not any(texts):
        return {}
    parsed = [_parse(text) for text in texts]
    wrong = np.array([p is None for p in parsed])[codes]
    if wrong.any():
        rows = np.flatnonzero(wrong).tolist()
        firsts = {net: rows[i] for i, net in reversed(list(enumerate(c.net[rows])))}
        raise BrokenRowsError({c.net[r]: f"{_cell(path, c, r)}; {_INPUTS_RULE}" for r in sorted(firsts.values())})
    usual = np.array([p[0] - 1 if p is not None and len(p) == 1 else -2 for p in parsed])[codes] == c.layer - 1
    stated, complaints = {}, dict[str, str]()
    for row in np.flatnonzero((c.inputs != "") & ~(usual & follows & ~joins)).tolist():
        reads = parsed[codes[row]]
        assert reads is not None
        problem = _misread(c, row, reads)
        if problem:
            complaints.setdefault(c.net[row], f"{_cell(path, c, row)}: {problem}")
        stated[row] = reads
    if complaints:
        raise BrokenRowsError(complaints)
    return stated


def _cell(path: Path, c: Columns, row: int) -> str:
    return f"{row_place(path, c.row[row])} ({c.op[row]}): column 'inputs' is '{c.inputs[row]}'"


_INPUTS_RULE = "give the 'layer' numbers of the rows it reads, separated by spaces, -1 for the network's input"


def _parse(text: str) -> Operands | None:
    words = text.split()
    if not all(w.isascii() and (w.isdigit() or w == "-1") and len(w) < 10 for w in words):
        return None
    return tuple(int(w) + 1 for w in words)


def _misread(c: Columns, row: int, reads: Operands) -> str:
    """The rule that the stated inputs of a row break, or "" where they break none."""
    layer, op = int(c.layer[row]), c.op[row]
    if max(reads) > layer:
        return f"row {max(reads) - 1} is not earlier than row {layer}; put the layers in execution order"
    start = row - layer
    shapes = [_shape(c, start, t) for t in reads]
    stated = (int(c.h_in[row]), int(c.w_in[row]), int(c.c_in[row]))
    least, most = (1, 1) if op not in JOINS else (1 if op == "concat" else 2, len(reads))
    if not least <= len(reads) <= most:
        return f"{op} reads {'one row' if most == 1 and least == 1 else 'two rows or more'}, not {len(reads)}"
    given = f"but the rows give {', '.join('x'.join(map(str, s)) for s in shapes)}"
    if op == "concat":
        joined = (*shapes[0][:2], sum(s[2] for s in shapes))
        same = all(s[:2] == shapes[0][:2] for s in shapes)
        return "" if same and joined == stated else f"the row states {'x'.join(map(str, stated))}, {given}"
    if op in ELEMENTWISE_JOINS:
        fits = all(s in (t, 1) for shape in shapes for s, t in zip(shape, stated))
        fits &= all(max(s[axis] for s in shapes) == stated[axis] for axis in range(3))
    else:
        flat = op == "dense" and (1, 1, int(np.prod(shapes[0]))) == stated
        fits = shapes[0] == stated or flat
    return "" if fits else f"the row states {'x'.join(map(str, stated))}, {given}"


def _shape(c: Columns, start: int, tensor: int) -> tuple[int, int, int]:
    if tensor == 0:
        return int(c.h_in[start]), int(c.w_in[start]), int(c.c_in[start])
    row = start + tensor - 1
    return int(c.h_out[row]), int(c.w_out[row]), int(c.c_out[row])
