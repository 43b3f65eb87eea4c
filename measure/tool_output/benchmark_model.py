"""What TensorFlow Lite's benchmark_model prints: timings by microseconds, and a table of operators with profiling on.

Source: TensorFlow, lite/tools/benchmark (its README and benchmark_model.cc) and lite/profiling/profile_summarizer.cc.
"""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import OperatorTime, Run, Summary

from .format import Imported, OutputFormat

_STAT = re.compile(r"count=(\d+)((?: (?:first|curr|min|max|avg|std|p5|median|p95)=[-+.\deE]+)*)")
_PAIR = re.compile(r"(\w+)=([-+.\deE]+)")
_AVERAGES = re.compile(r"Inference timings in us:.*Inference \(avg\): ([-+.\deE]+)")
_RUN_ORDER = "Run Order"


def parse(text: str) -> Run:
    """The last block of timings, which is that of the timed runs, and the operators that follow it.

    Raises MeasureError where the text holds no timings.
    """
    blocks = [_block(match) for match in _STAT.finditer(text)]
    if not blocks:
        averages = [float(found) for found in _AVERAGES.findall(text)]
        if not averages:
            raise MeasureError("no timings: a line with count=... avg=... or 'Inference timings in us' was expected")
        blocks = [Summary(0, averages[-1] / 1e6)]
    return Run((), (), summary=blocks[-1], counters=operators(text))


def operators(text: str) -> tuple[OperatorTime, ...]:
    """The times of the operators in running order, from the last table that has this order."""
    found: list[OperatorTime] = []
    lines = iter(text.splitlines())
    for line in lines:
        if _RUN_ORDER in line:
            found = [one for row in takewhile(_is_row, lines) if (one := _operator(row))]
    return tuple(found)


def _block(match: re.Match[str]) -> Summary:
    values = {key: float(value) / 1e6 for key, value in _PAIR.findall(match[2])}
    # One run has no statistics: the tool prints it as curr alone.
    mean_s = values["avg"] if "avg" in values else values["curr"]
    return Summary(int(match[1]), mean_s, values.get("std"), values.get("min"), values.get("max"))


def _is_row(line: str) -> bool:
    return bool(line.strip()) and "====" not in line


def _operator(line: str) -> OperatorTime | None:
    """One operator from a row; None for the heading.

    A row is [node type] [first] [avg ms] [%] ... [name]; older versions print [start] before the times.
    """
    cells = [cell.strip() for cell in re.split(r"\t|\s{2,}", line) if cell.strip()]
    percent = next((place for place, cell in enumerate(cells) if re.fullmatch(r"[\d.]+%", cell)), 0)
    if percent < 3:
        return None
    name = re.sub(r"^\[|\](:\d+)?$", "", cells[-1])
    return OperatorTime(name, cells[0].removeprefix("INFO:").strip(), float(cells[percent - 1]) / 1e3)


def _read(text: str, _path: Path) -> list[Imported]:
    return [Imported(parse(text))]


def _recognises(text: str) -> bool:
    return bool(_STAT.search(text) or _AVERAGES.search(text))


FORMAT = OutputFormat("TFLite benchmark_model", _recognises, _read)
