"""Checks of graphs that were read, for the tests of all formats."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, settings

from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.graph_totals import totals

FUZZING = settings(max_examples=200, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])


def ops(graph: Graph) -> list[str]:
    return [layer.op for layer in graph.layers]


def macs(graph: Graph) -> int:
    return totals(graph).macs


def read_or_refuse(path: Path) -> None:
    """A graph or one line that names the file; anything else fails the test."""
    try:
        graph, message = read(path), f"{path}: "
    except ReadError as error:
        graph, message = None, str(error)
    assert graph is None or graph.layers
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
