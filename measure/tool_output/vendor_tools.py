"""The output of vendors' tools: Qualcomm's SNPE, Rockchip's RKNN Toolkit, and the driver of the K210."""

from __future__ import annotations

import re
from collections.abc import Callable

from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import OperatorTime, Run, Summary

from .format import Imported, OutputFormat

_THREAD = re.compile(r"\[Thread \d+ - (\S+)\].*?Number of images processed: (\d+).*?Real time: (\d+) microseconds")
_LAYER_ID = re.compile(r"^(\d+)\s+(\S+)\s+(?:([A-Z][A-Z_0-9]*)\s+\d+\s+)?(\d+)\s*$", re.MULTILINE)
_RKNN_TOTAL = re.compile(r"Total Time\(us\):\s*(\d+)")
_K210_LAYER = re.compile(r"^layer (\d+) \[(\w+)\]: ([\d.]+) ms", re.MULTILINE)
_K210_TOTAL = re.compile(r"^Model: ([\d.]+) ms", re.MULTILINE)


def snpe_throughput(text: str) -> Run:
    """The time for one image from ``snpe-throughput-net-run``, which reports images and time of its one thread."""
    threads = _THREAD.findall(text)
    if len(threads) != 1:
        raise MeasureError(f"{len(threads)} threads in the output of snpe-throughput-net-run; one is a latency")
    _, images, real_us = threads[0]
    if int(images) == 0:
        raise MeasureError("snpe-throughput-net-run processed no image")
    return Run((), (), summary=Summary(int(images), int(real_us) / int(images) / 1e6))


def rknn_performance(text: str) -> Run:
    """The total time from RKNN Toolkit's ``eval_perf``, and the layers where it was asked for them.

    Layers are timed one by one, which costs more than running them together: the tool says so itself.
    """
    totals = _RKNN_TOTAL.findall(text)
    if not totals:
        raise MeasureError("no line 'Total Time(us): ...' as RKNN Toolkit's eval_perf prints")
    counters = tuple(OperatorTime(name, op or "layer", int(us) / 1e6) for _, name, op, us in _LAYER_ID.findall(text))
    return Run((), (), summary=Summary(0, int(totals[-1]) / 1e6), counters=counters)


def k210_driver(text: str) -> Run:
    """The total of each run and the layers of the last one, from the driver of the K210's SDK with KPU_DEBUG set.

    Source: lib/drivers/kpu.c of the standalone SDK.
    """
    totals = [float(ms) / 1e3 for ms in _K210_TOTAL.findall(text)]
    if not totals:
        raise MeasureError("no line 'Model: ... ms' as the K210's driver prints with KPU_DEBUG")
    layers = _K210_LAYER.findall(text)
    last = layers[max((place for place, row in enumerate(layers) if row[0] == "0"), default=0) :]
    return Run((), tuple(totals), counters=tuple(OperatorTime(number, op, float(ms) / 1e3) for number, op, ms in last))


def _format(tool: str, sign: re.Pattern[str], parse: Callable[[str], Run]) -> OutputFormat:
    return OutputFormat(tool, lambda text: bool(sign.search(text)), lambda text, _path: [Imported(parse(text))])


SNPE = _format("SNPE throughput", _THREAD, snpe_throughput)
RKNN = _format("RKNN eval_perf", _RKNN_TOTAL, rknn_performance)
K210 = _format("K210 driver", _K210_TOTAL, k210_driver)
