"""Small layer tables for tests."""

from __future__ import annotations

from pathlib import Path

from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.layer_table.reader import LayerTable, read_table

HEADER = "net,layer,op,h_in,w_in,c_in,h_out,w_out,c_out,kernel,stride"


def table(tmp_path: Path, *layers: str, header: str = HEADER) -> LayerTable:
    """A table of one network 'n'; a layer is 'op in out kernel stride [more]', sizes as HxWxC."""
    lines = [header]
    for number, layer in enumerate(layers):
        op, size, out, *rest = layer.split(" ")
        cells = [*size.split("x"), *out.split("x"), *(rest or ["0", "0"])]
        lines.append(",".join(["n", str(number), op, *(c.replace("_", " ") for c in cells)]))
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_table(path)


def one(tmp_path: Path, *layers: str, header: str = HEADER) -> Graph:
    (graph,) = table(tmp_path, *layers, header=header).networks()
    assert verified(graph) == graph
    return graph


def verified(graph: Graph) -> Graph:
    """The same network through the constructor that verifies order and shapes."""
    return Graph(graph.name, graph.tensors, graph.layers, graph.inputs, graph.outputs, graph.dtype)


def reads(graph: Graph) -> dict[str, list[str]]:
    """Layer name to the names of the tensors it reads."""
    return {layer.name: [graph.tensors[t].name for t in layer.inputs] for layer in graph.layers}


GOOD = "n,0,conv2d,8,8,4,8,8,6,3,1"
