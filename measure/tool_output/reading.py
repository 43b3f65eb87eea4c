"""Reading a file that another tool wrote: the format is recognised by what is in it."""

from __future__ import annotations

from pathlib import Path

from stairline.measure.timing.errors import MeasureError

from . import (
    ai_hub,
    benchmark_model,
    executorch,
    latency_table,
    onnxruntime_profile,
    openvino_counters,
    tensorrt,
    vela_tables,
)
from .format import Imported, OutputFormat
from .vendor_tools import K210, RKNN, SNPE

_MODULES = (
    *(tensorrt, onnxruntime_profile, ai_hub, executorch, openvino_counters, vela_tables),
    *(benchmark_model, latency_table),
)
FORMATS: tuple[OutputFormat, ...] = (SNPE, RKNN, K210, *(module.FORMAT for module in _MODULES))
"""All formats, in the order in which they are tried."""

MOST_BYTES = 256 << 20
_MALFORMED = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)
"""What readers raise where a file is not as its tool writes it."""


def read(path: Path) -> tuple[str, list[Imported]]:
    """The tool that a file is from, and all times in it. Raises MeasureError naming the file and what is wrong."""
    text = _text(path)
    for known in FORMATS:
        if known.recognises(text):
            try:
                found = known.read(text, path)
            except _MALFORMED as error:
                reason = str(error) if isinstance(error, MeasureError) else f"{type(error).__name__}: {error}"
                raise MeasureError(f"{path}: as {known.tool}: {reason}") from None
            _verify(path, known.tool, found)
            return known.tool, found
    raise MeasureError(f"{path}: from no tool known; it may be {', '.join(known.tool for known in FORMATS)}")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise MeasureError(f"{path}: more than {MOST_BYTES >> 20} MiB: no tool's report on one network")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MeasureError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise MeasureError(f"{path}: not text; give what the tool printed or wrote") from None


def _verify(path: Path, tool: str, found: list[Imported]) -> None:
    if not found:
        raise MeasureError(f"{path}: as {tool}: holds no time of a network")
    for one in found:
        for time_s in (*one.run.warmups_s, *one.run.runs_s, one.run.median_s):
            if not 0 < time_s < float("inf"):
                raise MeasureError(f"{path}: as {tool}: {1e3 * time_s:g} ms is no time; take it out")
