"""What runs on the board: one request as an argument, one reply as the last line that is printed."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from stairline.measure.runtimes import backend
from stairline.measure.timing.protocol import Protocol


def main() -> None:
    """Answer the request and leave."""
    request = json.loads(sys.argv[1])
    try:
        used = backend(request["backend"])
        reply = {"conditions": used.conditions(request["threads"]).to_json()}
        if request["duty"] == "measure":
            protocol = Protocol(**request["protocol"])
            reply.update(asdict(used.visit(Path(request["path"]), request["threads"], protocol)))
    except Exception as error:  # Whatever a runtime raises is the answer.
        words, ours = " ".join(str(error).split())[:500], type(error).__module__.startswith("stairline")
        reply = {"failure": words if ours else f"{type(error).__name__}: {words}"}
    print(json.dumps(reply))  # noqa: T201 (this is the reply)
