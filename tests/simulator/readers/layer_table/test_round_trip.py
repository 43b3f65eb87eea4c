"""Layer tables written and read back."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, GraphError
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.layer_table.reader import read_table
from stairline.simulator.readers.layer_table.writer import write_table

from .random_graphs import graphs, meaning
from .tables import GOOD, HEADER, one, verified


def test_optional_columns_say_what_a_plain_table_cannot(tmp_path: Path) -> None:
    graph = one(
        tmp_path,
        "conv2d 8x8x4 8x4x6 3 1 5 2 1 2 relu int8 -1",
        "add 8x4x6 8x4x6 0 0 0 0 1 1  int8 0_0",
        header=HEADER + ",kernel_w,stride_w,dilation,groups,activation,dtype,inputs",
    )
    conv, relu, add = graph.layers
    assert (conv.attributes.kernel, conv.attributes.stride, conv.attributes.groups) == ((3, 5), (1, 2), 2)
    assert (relu.op, graph.dtype) == ("relu", "int8")
    assert (add.op, add.inputs) == ("add", relu.outputs * 2)


def test_networks_come_in_the_order_of_the_file_and_by_name(tmp_path: Path) -> None:
    path = tmp_path / "two.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\nz{GOOD[1:]}\na{GOOD[1:]}\n".encode()))
    networks = read_table(path)
    assert [graph.name for graph in networks.networks()] == list(networks.names) == ["z", "a"]
    assert networks.graph("a").name == "a"
    with pytest.raises(ReadError, match="network 'b' is not in the table"):
        networks.graph("b")


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
@settings(max_examples=60, deadline=None)
@given(networks=st.lists(graphs(), min_size=1, max_size=3))
def test_a_written_table_reads_back_as_the_same_networks(suffix: str, networks: list[Graph]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        write_table([Graph(f"net{i}", *list(vars(g).values())[1:6]) for i, g in enumerate(networks)], path)
        back = list(read_table(path).networks())
    assert [meaning(g) for g in back] == [meaning(g) for g in networks]
    assert [verified(g) for g in back] == back


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "reason"),
    [
        ("transpose", 1, {"axes": (0, 2, 1, 3)}, "no such operator"),
        ("concat", 2, {"axis": 1}, "along channels"),
        ("maxpool2d", 1, {"dilation": (1, 2)}, "one for both axes"),
        ("reshape", 1, {"sizes": (2, 4, 4, 2)}, "holds (1, H, W, C)"),
    ],
)
def test_what_a_row_cannot_express_is_refused_when_writing(
    tmp_path: Path, op: str, inputs: int, attributes: dict[str, object], reason: str
) -> None:
    b = GraphBuilder("g")
    x = b.input((1, 4, 4, 4))
    graph = b.build(b.layer(op, *[x] * inputs, **attributes))
    with pytest.raises(GraphError) as caught:
        write_table([graph], tmp_path / "t.csv")
    assert reason in str(caught.value)


def test_a_stored_operand_and_a_second_input_cannot_be_written(tmp_path: Path) -> None:
    b = GraphBuilder("g")
    graph = b.build(b.layer("mul", b.input((1, 4, 4, 4)), b.constant((1, 1, 1, 4), "scale")))
    with pytest.raises(GraphError, match="operand 'scale' is stored"):
        write_table([graph], tmp_path / "t.csv")
    b = GraphBuilder("g")
    x = b.input((1, 4, 4, 4))
    graph = b.build(b.layer("concat", x, x))
    with pytest.raises(GraphError, match="a join hides its size"):
        write_table([graph], tmp_path / "t.csv")
    b = GraphBuilder("g")
    graph = b.build(b.layer("add", b.input((1, 4, 4, 4)), b.input((1, 4, 4, 4), "other")))
    with pytest.raises(GraphError, match="2 inputs"):
        write_table([graph], tmp_path / "t.csv")
