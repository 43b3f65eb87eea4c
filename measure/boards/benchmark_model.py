"""TensorFlow Lite's own benchmark_model on a board: it times a model by itself, and its output is read."""

from __future__ import annotations

import re
from pathlib import Path

from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Run
from stairline.measure.tool_output.benchmark_model import parse

from .files import pushed
from .transports.transport import CommandError, Transport, TransportError

NAME = "benchmark_model"
_TOOL = "benchmark_model"
_WHERE = "put TensorFlow Lite's benchmark_model there, executable, or on its PATH"
_QUERY_S = 60.0
_CPUFREQ = "/sys/devices/system/cpu/cpu0/cpufreq"


def conditions(board: Transport, _backend: str, threads: int) -> Conditions:
    """The conditions that the board reports; the tool does not report its version."""
    _tool(board)
    return board_conditions(board, NAME, "unknown", "XNNPACK", threads)


def board_conditions(board: Transport, runtime: str, version: str, delegate: str, threads: int) -> Conditions:
    """The conditions that a board with a shell reports; what it does not report is empty or None."""
    information = _printed(board, ["cat", "/proc/cpuinfo"])
    cpu = re.search(r"(?:model name|Hardware|CPU part)\s*:\s*(.+)", information)
    model = _printed(board, ["getprop", "ro.product.model"]) or _printed(board, ["cat", "/proc/device-tree/model"])
    features = re.search(r"(?:flags|Features)\s*:\s*(.+)", information)
    maximum_khz = _printed(board, ["cat", f"{_CPUFREQ}/cpuinfo_max_freq"])
    return Conditions(
        device=model.strip("\0 ") or _printed(board, ["uname", "-n"]) or board.name,
        cpu=cpu[1].strip() if cpu else _printed(board, ["uname", "-m"]),
        cpu_features=tuple(sorted(features[1].split())) if features else (),
        governor=_printed(board, ["cat", f"{_CPUFREQ}/scaling_governor"]) or None,
        clock_hz=1000 * int(maximum_khz) if maximum_khz.isdecimal() else None,
        cpus=(),
        threads=threads,
        runtime=runtime,
        runtime_version=version,
        delegate=delegate,
    )


def visit(board: Transport, _backend: str, model: Path, threads: int, protocol: Protocol) -> Run:
    """Have the tool time a .tflite file in one visit of as many runs as all visits have.

    The tool reports statistics and no single times, so that several visits would say nothing of their spread.
    """
    tool = _tool(board)
    flags = {
        "num_threads": threads,
        "warmup_runs": protocol.warmups,
        "num_runs": protocol.visits * protocol.runs,
        "warmup_min_secs": 0,
        "min_secs": 0,
        "max_secs": max(1.0, protocol.visits * protocol.max_s),
        "use_xnnpack": "true",
        "enable_op_profiling": "true" if protocol.counters else "false",
    }
    timeout_s = _QUERY_S + 60.0 * protocol.visits * protocol.max_s
    with pushed(board, model) as path:
        try:
            return parse(board.run([tool, f"--graph={path}", *(f"--{k}={v}" for k, v in flags.items())], timeout_s))
        except CommandError as error:
            raise MeasureError(f"{board.name}: benchmark_model: {error}") from None


def _tool(board: Transport) -> str:
    """The tool's path on the board, beside the models or next to their directory, or its name if it is on the PATH."""
    beside = f"{board.directory}/{_TOOL}", f"{board.directory.rsplit('/', 1)[0]}/{_TOOL}"
    for path in beside:
        if _succeeds(board, ["test", "-x", path]):
            return path
    if _succeeds(board, ["which", _TOOL]):
        return _TOOL
    raise TransportError(f"{board.name}: no benchmark_model at {beside[0]} or {beside[1]}: {_WHERE}")


def _succeeds(board: Transport, command: list[str]) -> bool:
    try:
        board.run(command, _QUERY_S)
    except CommandError:
        return False
    return True


def _printed(board: Transport, command: list[str]) -> str:
    """What a command prints, or "" where it fails, since boards differ in the commands and files that they have."""
    try:
        return board.run(command, _QUERY_S).strip()
    except CommandError:
        return ""
