"""Qualcomm's SNPE on a board: its converter here, its throughput tool there."""

from __future__ import annotations

import re
from pathlib import Path

from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, MeasureError, Run
from stairline.measure.tool_output.vendor_tools import snpe_throughput

from .benchmark_model import board_conditions
from .files import pushed
from .transports import CommandError, Transport

_TOOL = "snpe-throughput-net-run"
_QUERY_S = 60.0
PROCESSORS = {"snpe-cpu": "cpu", "snpe-gpu": "gpu", "snpe-dsp": "dsp"}
"""Backends by the processor that they ask for."""


def conditions(board: Transport, backend: str, threads: int) -> Conditions:
    """The board's, with the version that the tool states."""
    if threads != 1:
        raise MeasureError(f"--threads {threads}: SNPE chooses its threads; leave it out")
    try:
        words = board.run([_TOOL, "--version"], _QUERY_S)
    except CommandError as error:
        raise MeasureError(
            f"{board.name}: {_TOOL} does not run there ({error}): put the SNPE SDK's tools on the board's PATH and its "
            "libraries on LD_LIBRARY_PATH"
        ) from None
    version = re.search(r"\d+\.\d+(?:\.\d+)*", words)
    return board_conditions(board, "SNPE", version[0] if version else "unknown", PROCESSORS[backend], threads)


def visit(board: Transport, backend: str, model: Path, _threads: int, protocol: Protocol) -> Run:
    """Run a .dlc file in one visit for as long as all visits last: the tool tells no single times."""
    seconds = max(1, round(protocol.visits * protocol.max_s))
    options = ["--duration", str(seconds), f"--use_{PROCESSORS[backend]}", "--perf_profile", "high_performance"]
    with pushed(board, model) as path:
        try:
            return snpe_throughput(board.run([_TOOL, "--container", path, *options], _QUERY_S + 10.0 * seconds))
        except CommandError as error:
            raise MeasureError(f"{board.name}: {_TOOL}: {error}") from None
