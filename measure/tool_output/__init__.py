"""What other tools printed or wrote about a network's time, as records of a store."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from stairline.measure.timing.record import MeasureError, Run

MOST_BYTES = 256 << 20
_MALFORMED = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)
"""What readers raise where a file is not as its tool writes it."""


class Imported(NamedTuple):
    """One network's time in a file. None where the file does not tell."""

    run: Run
    net: str | None = None
    dtype: str | None = None


class Source(NamedTuple):
    """A kind of file, told by how it begins, and its reader."""

    tool: str
    recognises: Callable[[str], bool]
    read: Callable[[str, Path], list[Imported]]
    """From the content, and the path where files beside it matter."""


def read(path: Path) -> tuple[str, list[Imported]]:
    """The tool that a file is from, and all times in it. Raises MeasureError naming the file and what is wrong."""
    from . import (
        benchmark_model,
        latency_table,
        onnxruntime_profile,
        openvino_counters,
        tensorrt,
        vela_tables,
        vendor_tools,
    )

    try:
        if path.stat().st_size > MOST_BYTES:
            raise MeasureError(f"{path}: more than {MOST_BYTES >> 20} MiB: no tool's report on one network")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MeasureError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise MeasureError(f"{path}: not text; give what the tool printed or wrote") from None
    vendors = (vendor_tools.SNPE, vendor_tools.RKNN, vendor_tools.K210)
    modules = (tensorrt, onnxruntime_profile, openvino_counters, vela_tables, benchmark_model, latency_table)
    sources: tuple[Source, ...] = (*vendors, *(module.SOURCE for module in modules))
    for source in sources:
        if source.recognises(text):
            try:
                found = source.read(text, path)
            except _MALFORMED as error:
                reason = str(error) if isinstance(error, MeasureError) else f"{type(error).__name__}: {error}"
                raise MeasureError(f"{path}: as {source.tool}: {reason}") from None
            _verify(path, source.tool, found)
            return source.tool, found
    raise MeasureError(f"{path}: from no tool known; it may be {', '.join(source.tool for source in sources)}")


def json_content(text: str) -> Any:
    """What a JSON text says. Raises MeasureError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MeasureError(f"not JSON: {error}") from None


def _verify(path: Path, tool: str, found: list[Imported]) -> None:
    if not found:
        raise MeasureError(f"{path}: as {tool}: holds no time of a network")
    for one in found:
        for time_s in (*one.run.warmups_s, *one.run.runs_s, one.run.median_s):
            if not 0 < time_s < float("inf"):
                raise MeasureError(f"{path}: as {tool}: {1e3 * time_s:g} ms is no time; take it out")
