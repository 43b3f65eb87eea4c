"""Timing LiteRT on a board that has Python and a TFLite runtime: the folder ``timing/``, sent there as one archive.

Python runs the archive as it is. It holds no copy of anything: every file in it is one that times models here.
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

from stairline.measure import timing
from stairline.measure.processes.python import foreign
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.litert import LIBRARIES
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Run

from .files import pushed, put
from .transports.transport import CommandError, Transport

BACKENDS = tuple(LIBRARIES)
PACKAGE = "stairline_timing"
"""The name under which the archive holds the folder."""
PYTHON_VARIABLE = "STAIRLINE_BOARD_PYTHON"
"""Environment variable of the board's Python where it is not the first python3 there, such as one of a venv."""

_MAIN = f"from {PACKAGE}.remote import main\nmain()\n"
_QUERY_S = 120.0


def conditions(board: Transport, backend: str, threads: int) -> Conditions:
    """The conditions on the board. Raises MeasureError quoting the board."""
    reply = _asked(board, {"duty": "describe", "backend": backend, "threads": threads}, _QUERY_S)
    return Conditions.from_json(reply["conditions"])


def visit(board: Transport, backend: str, model: Path, threads: int, protocol: Protocol) -> Run:
    """Time a model's file on the board. Raises MeasureError quoting the board."""
    request = {"duty": "measure", "backend": backend, "threads": threads, "protocol": protocol._asdict()}
    with pushed(board, model) as path:
        return Run.from_values(_asked(board, request | {"path": path}, _QUERY_S + 60.0 * protocol.max_s))


def archive() -> bytes:
    """The archive that a board runs; its bytes are the same wherever the folder's files are."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(Path(timing.__path__[0]).glob("*.py")):
            file.writestr(zipfile.ZipInfo(f"{PACKAGE}/{path.name}"), path.read_bytes())
        file.writestr(zipfile.ZipInfo("__main__.py"), _MAIN)
    return content.getvalue()


def _asked(board: Transport, request: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """The reply of the runner, which is sent where the board does not have it yet under the hash of its content."""
    content = archive()
    path = f"{board.directory}/runner-{hashlib.sha256(content).hexdigest()[:16]}.pyz"
    command = [*foreign(os.environ.get(PYTHON_VARIABLE, "python3")), path, json.dumps(request)]
    try:
        board.run(["test", "-s", path], _QUERY_S)
    except CommandError:
        _send(board, content, path.rsplit("/", 1)[1])
    try:
        printed = board.run(command, timeout_s)
    except CommandError as error:
        raise MeasureError(f"{board.name}: {error}") from None
    try:
        reply: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise MeasureError(
            f"{board.name}: the runner printed nothing that can be read: {printed[-200:]!r}; is "
            f"{PYTHON_VARIABLE} a Python of version 3.9 or later?"
        ) from None
    if "failure" in reply:
        raise MeasureError(f"{board.name}: {reply['failure']}")
    return reply


def _send(board: Transport, content: bytes, name: str) -> None:
    with TemporaryDirectory() as directory:
        local = Path(directory) / name
        local.write_bytes(content)
        put(board, local, name)
