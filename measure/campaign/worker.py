"""The worker: a child process that builds or measures, so that a converter or runtime that dies takes nothing with it.

Requests and replies are one line of JSON each, on standard input and output. The worker ends when its input does, and
so never outlives the process that asks.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from textwrap import shorten
from typing import Any

from stairline.measure.boards.on_board import on_board
from stairline.measure.plan.configuration import AS_STORED, configuration
from stairline.measure.runtimes import registry
from stairline.measure.runtimes.backend import Backend
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import Protocol

_STDIN = 0
_REASON_CHARACTERS = 500
_REBUILT = "float32"


def describe(backend: str, threads: int, on: str | None = None) -> dict[str, Any]:
    """Reply with the conditions that hold for every model on a backend, here or on a board."""
    return {"conditions": _backend(backend, on).conditions(threads).to_json()}


def build(backend: str, kind: str, name: str, settings: dict[str, Any], dtype: str, directory: str) -> dict[str, Any]:
    """Build a configuration for a backend into a directory, and reply with the path of the model's file.

    A model file of another format gives its layers without its weights, and so only float32 is built from one.
    """
    graph = configuration(kind, name, settings, dtype).graph()
    if dtype == AS_STORED:
        if graph.dtype != _REBUILT:
            raise MeasureError(
                f"{name}: is {graph.dtype}: {backend} does not read it, and only {_REBUILT} is built anew"
            )
        dtype = graph.dtype
    return {"path": str(registry.backend(backend).build(graph, dtype, Path(directory)))}


def measure(backend: str, threads: int, path: str, protocol: dict[str, Any], on: str | None = None) -> dict[str, Any]:
    """Time one model file by the protocol, and reply with the run and with the conditions, read anew."""
    used = _backend(backend, on)
    found = {"conditions": used.conditions(threads).to_json()}
    return found | asdict(used.visit(Path(path), threads, Protocol(**protocol)))


def _backend(name: str, on: str | None) -> Backend:
    found = registry.backend(name)
    return found if on is None else on_board(found, on)


_DUTIES: dict[str, Callable[..., dict[str, Any]]] = {"describe": describe, "build": build, "measure": measure}


def main() -> None:
    """Answer requests until standard input ends."""
    # Runtimes write to standard output as they please: the replies keep it for themselves.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        request = requests.get()
        try:
            reply = _DUTIES[request.pop("duty")](**request)
        except Exception as error:  # Whatever a converter or runtime raises is the answer to this request.
            reply = {"failure": _reason(error)}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def _listen(requests: SimpleQueue[dict[str, Any]]) -> None:
    # Not sys.stdin: a fork made by a runtime would inherit its lock, held here, and wait for it for ever.
    rest = b""
    while received := os.read(_STDIN, 65536):
        *lines, rest = (rest + received).split(b"\n")
        for line in lines:
            requests.put(json.loads(line))
    os._exit(0)


def _reason(error: Exception) -> str:
    text = shorten(str(error), _REASON_CHARACTERS)
    ours = type(error).__module__.split(".")[0] == "stairline"
    return text if ours and text else f"{type(error).__name__}: {text}"
