"""Timing LiteRT on a board that has Python and a TFLite runtime: the modules that time it here, sent there in one file.

The file is an archive that Python runs as it is. It holds no copy of anything: each module in it is one of this
package's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, MeasureError, Run

from .files import pushed, put
from .transports import CommandError, Transport

BACKENDS = ("tflite", "tflite-builtin")

_MODULES = (
    *("__init__", "timing/__init__", "timing/record", "timing/machine", "timing/rapl", "timing/protocol"),
    *("runtimes/__init__", "runtimes/library", "runtimes/tflite", "runtimes/tflite_builtin"),
)
_MAIN = "from stairline.measure.boards.remote import main\nmain()\n"
_QUERY_S = 120.0
PYTHON_VARIABLE = "STAIRLINE_BOARD_PYTHON"
"""Environment variable of the board's Python where it is not the first python3 there, such as one of a venv."""


def conditions(board: Transport, backend: str, threads: int) -> Conditions:
    """Those of the board. Raises MeasureError with the board's words."""
    reply = _asked(board, {"duty": "describe", "backend": backend, "threads": threads}, _QUERY_S)
    return Conditions.from_json(reply["conditions"])


def visit(board: Transport, backend: str, model: Path, threads: int, protocol: Protocol) -> Run:
    """Time a model's file there."""
    request = {"duty": "measure", "backend": backend, "threads": threads, "protocol": protocol._asdict()}
    with pushed(board, model) as path:
        return Run.from_values(_asked(board, request | {"path": path}, _QUERY_S + 60.0 * protocol.max_s))


def archive() -> bytes:
    """The runner's file, the same for the same modules."""
    home = Path(__file__).resolve().parents[1]
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for module in (*_MODULES, "boards/remote"):
            text = (home / f"{module}.py").read_text(encoding="utf-8")
            file.writestr(zipfile.ZipInfo(f"stairline/measure/{module}.py"), text)
        file.writestr(zipfile.ZipInfo("stairline/__init__.py"), "")
        file.writestr(zipfile.ZipInfo("stairline/measure/boards/__init__.py"), "")
        file.writestr(zipfile.ZipInfo("__main__.py"), _MAIN)
    return content.getvalue()


def _asked(board: Transport, request: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """The reply of the runner, which is sent before it is first asked and is known by its content from then on."""
    content = archive()
    path = f"{board.directory}/runner-{hashlib.sha256(content).hexdigest()[:16]}.pyz"
    command = [os.environ.get(PYTHON_VARIABLE, "python3"), path, json.dumps(request)]
    try:
        board.run(["test", "-s", path], _QUERY_S)
    except CommandError:
        with TemporaryDirectory() as directory:
            local = Path(directory) / "runner.pyz"
            local.write_bytes(content)
            put(board, local, path.rsplit("/", 1)[1])
    try:
        printed = board.run(command, timeout_s)
    except CommandError as error:
        raise MeasureError(f"{board.name}: {error}") from None
    try:
        reply: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise MeasureError(f"{board.name}: the runner said nothing that can be read: {printed[-200:]!r}") from None
    if "failure" in reply:
        raise MeasureError(f"{board.name}: {reply['failure']}")
    return reply
