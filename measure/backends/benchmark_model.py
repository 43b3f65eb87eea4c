"""TensorFlow Lite's benchmark_model: it is driven on a board, see ``measure.boards``."""

from __future__ import annotations

from pathlib import Path

from ..protocol import Protocol
from ..record import Conditions, MeasureError, Run
from . import Backend
from .tflite import DTYPES, FORMATS, build

_NEEDS_A_BOARD = "benchmark_model runs on a board: name it with --on ssh:user@host or --on adb"


def backend(name: str) -> Backend:
    """The tool where it is not: it builds models, and says where it can time them."""

    def conditions(_threads: int) -> Conditions:
        raise MeasureError(_NEEDS_A_BOARD)

    def visit(_model: Path, _threads: int, _protocol: Protocol) -> Run:
        raise MeasureError(_NEEDS_A_BOARD)

    return Backend(name, FORMATS, DTYPES, conditions, build, visit)
