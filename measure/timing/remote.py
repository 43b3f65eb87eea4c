"""The program that runs on a board: one request as its argument, one reply as the last line that it prints."""

from __future__ import annotations

import json
import site
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .errors import MeasureError
from .library import library_conditions, library_visit
from .litert import LIBRARIES
from .protocol import Protocol

_REASON_CHARACTERS = 500


def main() -> None:
    """Answer the request and leave."""
    _add_user_packages()
    try:
        reply = _reply(json.loads(sys.argv[1]))
    except Exception as error:  # Whatever a runtime raises is the answer.
        words = " ".join(str(error).split())[:_REASON_CHARACTERS]
        reply = {"failure": words if isinstance(error, MeasureError) else f"{type(error).__name__}: {words}"}
    print(json.dumps(reply))  # noqa: T201 (this is the reply)


def _reply(request: dict[str, Any]) -> dict[str, Any]:
    library, threads = LIBRARIES[request["backend"]], request["threads"]
    reply = {"conditions": library_conditions(library, threads).to_json()}
    if request["duty"] == "measure":
        run = library_visit(library, Path(request["path"]), threads, Protocol(**request["protocol"]))
        reply.update(asdict(run))
    return reply


def _add_user_packages() -> None:
    """Find what the board's user installed for himself, as is usual there and as the isolated mode leaves out."""
    if sys.prefix == sys.base_prefix:
        site.addsitedir(site.getusersitepackages())
