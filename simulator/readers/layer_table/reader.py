"""Layer tables: many networks in one CSV or Parquet file, a row per layer.

Columns are ``net, layer, op, h_in, w_in, c_in, h_out, w_out, c_out, kernel, stride`` and optionally ``kernel_w,
stride_w, dilation, groups, activation, dtype, inputs``. ``inputs`` holds the rows that a row reads, as their ``layer``
numbers separated by spaces, -1 for the network's input; where it is absent or empty, ``edges.py`` infers them.
``kernel`` and ``stride`` are 0 for an operator without a window. The padding is inferred from the stated output size,
and a ``split`` takes one row per part.

The rows are verified as whole arrays, and equal layers and tensors are shared between the networks, so that a million
rows are read in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.graph import Graph, Layer, Tensor
from stairline.simulator.graph.sources import is_layer_table
from stairline.simulator.readers.errors import ReadError

from .analysis import Analysis, analyse, shared_layers, shared_tensors
from .columns import BrokenRowsError, Columns, network_starts, read_columns, row_place
from .edges import Edges, Operands, Rows, UnresolvedError, infer_edges
from .verify import verify

__all__ = ["LayerTable", "is_layer_table", "read_table"]

_NO_EDGES = Edges({}, set(), {}, ())


def read_table(path: str | Path, *, whole: bool = True) -> LayerTable:
    """Read and verify a layer table. Raises ReadError naming the file, the row, the column and the value.

    Where it need not be ``whole``, the networks whose rows break a rule are left out and ``refused`` says why, unless
    none would be left.
    """
    table = Path(path)
    columns = read_columns(table)
    refused: dict[str, ReadError] = {}
    while True:
        try:
            verify(table, columns)
            return LayerTable(table, columns, analyse(table, columns), refused)
        except BrokenRowsError as error:
            columns = columns.without(error.networks)
            if whole or not len(columns.net):
                raise
            refused |= {name: ReadError(complaint) for name, complaint in error.networks.items()}


class LayerTable:
    """A verified layer table, whose networks become graphs one at a time, in the order of the file."""

    def __init__(self, path: Path, columns: Columns, analysis: Analysis, refused: Mapping[str, ReadError]) -> None:
        self.path, self.columns, self.analysis = path, columns, analysis
        self.refused = refused
        """Why networks of the file are left out, by their names."""
        self._starts = network_starts(columns.net)
        self._ends = np.append(self._starts[1:], len(columns.net))
        self.names: tuple[str, ...] = tuple(columns.net[self._starts])

    def __len__(self) -> int:
        """The number of networks."""
        return len(self.names)

    def networks(self) -> Iterator[Graph]:
        """The graphs of all networks, one by one. Raises ReadError at a row whose inputs cannot be inferred."""
        return map(self._graph, range(len(self)))

    def graph(self, net: str) -> Graph:
        """The graph of the network with this name. Raises ReadError for a name that is not in the table."""
        if net not in self._positions:
            raise ReadError(f"{self.path}: network '{net}' is not in the table{did_you_mean(net, self.names[:1000])}")
        return self._graph(self._positions[net])

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def _layers(self) -> npt.NDArray[Any]:
        return shared_layers(self.columns)

    @cached_property
    def _tensors(self) -> npt.NDArray[Any]:
        return shared_tensors(self.columns)

    def _graph(self, position: int) -> Graph:
        start, end = int(self._starts[position]), int(self._ends[position])
        c = self.columns
        dtype = c.dtype[start]
        entry = Tensor("input", (1, int(c.h_in[start]), int(c.w_in[start]), int(c.c_in[start])), dtype)
        tensors: list[Tensor] = [entry, *self._tensors[start:end].tolist()]
        layers: list[Layer] = self._layers[start:end].tolist()
        low, high = np.searchsorted(self.analysis.special, (start, end))
        outputs: Operands = (end - start,)
        if low < high:
            wiring = _Wiring(self, start, end, tensors, layers)
            layers = wiring.layers((self.analysis.special[low:high] - start).tolist())
            outputs = wiring.outputs(layers)
        return Graph.trusted(self.names[position], tuple(tensors), tuple(layers), (0,), outputs, dtype, str(self.path))

    def edges(self, start: int, end: int) -> Edges:
        """The inferred edges of the network in the table's rows from ``start`` up to ``end``. Raises ReadError."""
        analysis, c, part = self.analysis, self.columns, slice(start, end)
        low, high = np.searchsorted(analysis.inferred, (start, end))
        if low == high:
            return _NO_EDGES
        rows = Rows(
            op=c.op[part].tolist(),
            space_in=analysis.space_in[part].tolist(),
            c_in=c.c_in[part].tolist(),
            space_out=analysis.space_out[part].tolist(),
            c_out=c.c_out[part].tolist(),
            activated=analysis.activated[part].tolist(),
            boundary=analysis.boundary[part].tolist(),
            unit_space=analysis.unit_space,
        )
        try:
            return infer_edges(rows, (analysis.inferred[low:high] - start).tolist())
        except UnresolvedError as error:
            row = start + error.row
            shape = f"{c.h_in[row]}x{c.w_in[row]}x{c.c_in[row]}"
            raise ReadError(
                f"{row_place(self.path, c.row[row])} ({c.op[row]} of '{c.net[row]}'): input {shape}: {error};"
                " correct the sizes, or state the rows that it reads in the column 'inputs'"
            ) from None


class _Wiring:
    """Builds the layers of a network whose rows are no plain chain, with the layers and tensors that rows imply."""

    def __init__(self, table: LayerTable, start: int, end: int, tensors: list[Tensor], rows: list[Layer]) -> None:
        self.table, self.start, self.tensors, self.rows = table, start, tensors, rows
        self.analysis, self.columns = table.analysis, table.columns
        self.inferred = table.edges(start, end)
        self.parts_left = 0
        for row, channels in self.inferred.splits.items():
            n, h, w, _c = tensors[row].shape
            for half in range(2):
                self._new(f"{rows[row].name}:split:{half}", (n, h, w, channels), tensors[row].dtype)

    def layers(self, special: list[int]) -> list[Layer]:
        """All layers in execution order; the rows in ``special`` may imply further layers around their own."""
        layers: list[Layer] = []
        done = 0
        for row in sorted(self.inferred.reads.keys() | special):
            layers += self.rows[done:row]
            layers += self._expand(row)
            done = row + 1
        return layers + self.rows[done:]

    def outputs(self, layers: list[Layer]) -> Operands:
        """The network's outputs: its last tensor, and every other tensor that no layer reads."""
        if not self.analysis.stated:
            return (*self.inferred.unread, len(self.rows))
        read = {t for layer in layers for t in layer.inputs}
        return tuple(t for layer in layers for t in layer.outputs if t not in read)

    def _expand(self, row: int) -> list[Layer]:
        layer = self.rows[row]
        reads = self._reads(row)
        if layer.op == "split":
            return self._split(row, reads)
        before: list[Layer] = []
        after: list[Layer] = []
        if row in self.inferred.splits:
            halves = Attributes(axis=-1, sizes=(self.inferred.splits[row],) * 2)
            before.append(Layer(f"{layer.name}:split", "split", (row,), (reads[0] - 1, reads[0]), halves))
        if self.analysis.flattens[self.start + row]:
            source = self.tensors[reads[0]]
            n, h, w, c = source.shape
            sizes = (n, 1, 1, h * w * c)
            flat = self._new(f"{layer.name}:flatten", sizes, source.dtype)
            before.append(Layer(f"{layer.name}:flatten", "reshape", reads, (flat,), Attributes(sizes=sizes)))
            reads = (flat,)
        outputs = layer.outputs
        activation = self.columns.activation[self.start + row]
        if activation:
            stated = self.tensors[row + 1]
            outputs = (self._new(f"{layer.name}:linear", stated.shape, stated.dtype),)
            after.append(Layer(f"{layer.name}:{activation}", activation, outputs, layer.outputs))
        op = "hard_swish" if row in self.inferred.swishes else layer.op
        return [*before, Layer(layer.name, op, reads, outputs, layer.attributes), *after]

    def _reads(self, row: int) -> Operands:
        usual = self.rows[row].inputs
        return self.analysis.stated.get(self.start + row) or self.inferred.reads.get(row, usual)

    def _split(self, row: int, reads: Operands) -> list[Layer]:
        """The split layer for the first row of a split; no layer for the rows of its other parts."""
        if self.parts_left:
            self.parts_left -= 1
            return []
        left, last = self.tensors[reads[0]].shape[3], row
        sizes = []
        while left > 0 and last < len(self.rows) and self.rows[last].op == "split" and self._reads(last) == reads:
            sizes.append(self.tensors[last + 1].shape[3])
            left -= sizes[-1]
            last += 1
        if left:
            at = self.start + row
            raise ReadError(
                f"{row_place(self.table.path, self.columns.row[at])} (split): the parts {sizes} do not add up to c_in"
                f" {self.columns.c_in[at]}; give one row per part, one after the other"
            )
        self.parts_left = len(sizes) - 1
        attributes = Attributes(axis=-1, sizes=tuple(sizes))
        return [Layer(self.rows[row].name, "split", reads, tuple(range(row + 1, last + 1)), attributes)]

    def _new(self, name: str, shape: tuple[int, ...], dtype: str) -> int:
        self.tensors.append(Tensor(name, shape, dtype))
        return len(self.tensors) - 1
