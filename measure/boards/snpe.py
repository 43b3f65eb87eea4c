"""Qualcomm's SNPE on a board, timed there by its own throughput tool."""

from __future__ import annotations

import re
from pathlib import Path

from stairline.measure.runtimes.backend import refuse_threads
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Run
from stairline.measure.tool_output.vendor_tools import snpe_throughput

from .benchmark_model import board_conditions
from .files import pushed
from .transports.transport import CommandError, Transport

_TOOL = "snpe-throughput-net-run"
_QUERY_S = 60.0
PROCESSORS = {"snpe-cpu": "cpu", "snpe-gpu": "gpu", "snpe-dsp": "dsp"}
"""The processor that each backend asks for."""


def conditions(board: Transport, backend: str, threads: int) -> Conditions:
    """The conditions that the board reports, with the version that the tool states. Raises MeasureError."""
    refuse_threads(threads, "SNPE chooses its threads")
    try:
        printed = board.run([_TOOL, "--version"], _QUERY_S)
    except CommandError as error:
        raise MeasureError(
            f"{board.name}: {_TOOL} does not run there ({error}): put the SNPE SDK's tools on the board's PATH and its "
            "libraries on LD_LIBRARY_PATH"
        ) from None
    version = re.search(r"\d+\.\d+(?:\.\d+)*", printed)
    return board_conditions(board, "SNPE", version[0] if version else "unknown", PROCESSORS[backend], threads)


def visit(board: Transport, backend: str, model: Path, _threads: int, protocol: Protocol) -> Run:
    """Run a .dlc file in one visit for as long as all visits last: the tool reports no single times."""
    seconds = max(1, round(protocol.visits * protocol.max_s))
    options = ["--duration", str(seconds), f"--use_{PROCESSORS[backend]}", "--perf_profile", "high_performance"]
    with pushed(board, model) as path:
        try:
            return snpe_throughput(board.run([_TOOL, "--container", path, *options], _QUERY_S + 10.0 * seconds))
        except CommandError as error:
            raise MeasureError(f"{board.name}: {_TOOL}: {error}") from None
