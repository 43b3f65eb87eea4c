"""What was measured, as a check reads it: times of networks, and times of operators with their network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from stairline.calibration.records.errors import RecordsError
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.hwmodels.spelling import did_you_mean
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import OperatorTime
from stairline.measure.tool_output.latencies import LATENCY, SPREAD, LatencyRow, columns, content, rows
from stairline.measure.tool_output.reading import read as read_tool

STATISTICS = ("min_ms", "p10_ms", "p50_ms", "median_ms", "mean_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms")
"""Columns that a file may have beside the latency: what else is known of the runs."""
NETWORK_COLUMNS = ("net", LATENCY, SPREAD, "dtype", "macs", "runs", *STATISTICS)
SHAPES = (
    *("h_in", "w_in", "c_in", "h_out", "w_out", "c_out", "kernel", "kernel_w", "stride", "stride_w"),
    *("dilation", "groups", "activation", "inputs"),
)
OPERATOR_COLUMNS = ("net", "layer", "kernel", "op", LATENCY, SPREAD, "dtype", *SHAPES, *STATISTICS)


class OperatorRecord(NamedTuple):
    """The measured time of one operator or kernel of a network."""

    name: str
    op: str
    """The operator in the words of whoever wrote the file."""
    latency_s: float
    std_s: float | None
    dtype: str | None
    line: int
    elsewhere: bool = False
    """Whether another processor than the accelerator ran it."""


class MeasuredNetwork(NamedTuple):
    """What was measured of one network: end to end, operator by operator, or both. None for what is not known."""

    net: str
    dtype: str | None
    latency_s: float | None
    std_s: float | None
    line: int
    operators: tuple[OperatorRecord, ...] = ()
    statistics_s: tuple[tuple[str, float], ...] = ()
    """What else is known of the runs, by column, in seconds."""
    macs: float | None = None
    runs_s: tuple[float, ...] = ()


class MeasuredFile(NamedTuple):
    """A file of measurements."""

    name: str
    networks: tuple[MeasuredNetwork, ...]
    by_operator: bool
    """Whether it holds times of operators."""


def read_measured(path: Path, net: str | None = None) -> MeasuredFile:
    """Read a CSV of networks or of operators, or what a tool wrote.

    ``net`` names the network of a file that does not. Raises RecordsError naming the file, the line and the value.
    """
    try:
        raw = content(path)
        text = raw.decode("utf-8-sig")
        names = set() if text.lstrip()[:1] in ("[", "{") else {c.strip() for c in text.split("\n", 1)[0].split(",")}
        if LATENCY in names and ("net" in names or "op" in names):
            columns(f"{path}, ", text)
            return _operators(path, text, names, net) if "op" in names else _networks(path, text, names)
        if "net" in names:
            raise RecordsError(f"{path}: no column '{LATENCY}'{did_you_mean(LATENCY, names, '; add it')}")
        return _of_tool(path, net)
    except UnicodeDecodeError:
        raise RecordsError(f"{path}: not text in UTF-8; give a CSV with net,{LATENCY}, or what a tool wrote") from None
    except MeasureError as error:
        raise RecordsError(str(error)) from None


def _verify(path: Path, names: Iterable[str], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known, f"; it may have {', '.join(known)}")
            raise RecordsError(f"{path}: unknown column {name[:40]!r}{hint}")


def _networks(path: Path, text: str, names: set[str]) -> MeasuredFile:
    _verify(path, names, NETWORK_COLUMNS)
    found = tuple(
        MeasuredNetwork(
            net=row.others["net"],
            dtype=_dtype(path, row),
            latency_s=row.latency_s,
            std_s=row.std_s,
            line=row.line,
            statistics_s=_statistics(path, row),
            macs=_optional(path, row, "macs"),
        )
        for row in rows(f"{path}, ", text, filled=("net",))
    )
    if not found:
        raise RecordsError(f"{path}: no records below the header; add a line per measured network")
    return MeasuredFile(path.name, found, by_operator=False)


def _operators(path: Path, text: str, names: set[str], net: str | None) -> MeasuredFile:
    _verify(path, names, OPERATOR_COLUMNS)
    label = "layer" if "layer" in names else "kernel"
    if label not in names:
        raise RecordsError(f"{path}: no column 'layer' or 'kernel'; one of them says which operator a time is of")
    if "net" not in names and net is None:
        raise RecordsError(f"{path}: no column 'net'; add it, or name the network with --net")
    by_net: dict[tuple[str, str | None], list[OperatorRecord]] = {}
    for row in rows(f"{path}, ", text, filled=("net", "op") if "net" in names else ("op",)):
        dtype = _dtype(path, row)
        name = row.others[label] or row.others.get("kernel", "")
        one = OperatorRecord(name, row.others["op"], row.latency_s, row.std_s, dtype, row.line)
        by_net.setdefault((row.others.get("net") or str(net), dtype), []).append(one)
    if not by_net:
        raise RecordsError(f"{path}: no records below the header; add a line per measured operator")
    found = tuple(
        MeasuredNetwork(name, dtype, None, None, ops[0].line, tuple(ops)) for (name, dtype), ops in by_net.items()
    )
    return MeasuredFile(path.name, found, by_operator=True)


def _dtype(path: Path, row: LatencyRow) -> str | None:
    dtype = row.others.get("dtype") or None
    if dtype not in (None, *ELEMENT_BYTES):
        hint = did_you_mean(str(dtype), ELEMENT_BYTES)
        raise RecordsError(f"{path}, line {row.line}: dtype {str(dtype)[:40]!r} is no precision{hint}")
    return dtype


def _statistics(path: Path, row: LatencyRow) -> tuple[tuple[str, float], ...]:
    found = ((name, _optional(path, row, name)) for name in STATISTICS)
    return tuple((name, value / 1e3) for name, value in found if value is not None)


def _optional(path: Path, row: LatencyRow, column: str) -> float | None:
    """The positive number in a column; None where there is none."""
    text = row.others.get(column, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not (isfinite(value) and value > 0.0):
        raise RecordsError(f"{path}, line {row.line}: {column} {text[:40]!r} is not a positive number; leave it empty")
    return value


def _of_tool(path: Path, net: str | None) -> MeasuredFile:
    tool, found = read_tool(path)
    networks = []
    for one in found:
        name = one.net or net
        if name is None:
            raise RecordsError(f"{path}: {tool} does not name its network; name it with --net")
        run = one.run
        operators = tuple(operator_records(run.counters))
        total = None if not run.runs_s and run.summary is None else run.median_s
        std = run.summary.std_s if run.summary else None
        networks.append(MeasuredNetwork(name, one.dtype, total, std, 1, operators, runs_s=run.runs_s))
    return MeasuredFile(path.name, tuple(networks), by_operator=any(n.operators for n in networks))


def operator_records(counters: Iterable[OperatorTime]) -> Iterator[OperatorRecord]:
    every = [counter for counter in counters if counter.time_s > 0.0]
    units = {_unit(counter) for counter in every}
    for place, counter in enumerate(every, 1):
        elsewhere = len(units) > 1 and _unit(counter) == "CPU"
        yield OperatorRecord(counter.name, counter.op, counter.time_s, None, None, place, elsewhere)


def _unit(counter: OperatorTime) -> str:
    """The processor that ran an operator, in capitals, where the tool names one of a few; else an empty text."""
    unit = counter.kernel.upper()
    return unit if unit in ("CPU", "GPU", "NPU", "DSP", "HTP") or "BACKEND" in unit else ""
