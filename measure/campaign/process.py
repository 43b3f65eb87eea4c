"""The process that asks a worker: it starts it, ends it, and reports how it died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any

from stairline.measure.processes.python import OWN
from stairline.measure.timing.errors import MeasureError

PATIENCE_S = 900.0
"""Time in seconds after which a worker that has not replied is ended, unless another is given."""

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""For the libraries below numpy, whose matrix product is the reference; runtimes get their threads by their own API."""

_QUIET = {"CI": "true"}
"""Without this variable OpenVINO starts a process that reports its use to its makers, at the same time as it runs."""

_PACKAGE_FILE = str(sys.modules[__name__.partition(".")[0]].__file__)
_START = """
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("stairline", sys.argv[1])
sys.modules["stairline"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["stairline"])
import_module(sys.argv[2]).main()
"""
"""Runs a module of this very package, from wherever it was imported, and adds no folder to the search path.

A folder on PYTHONPATH would come before the standard library, and all that it holds would hide modules of that name.
"""


class WorkerError(MeasureError):
    """A request that failed in the worker, or that killed it: the message is the reason."""


class Worker:
    """A child process, started when it is first asked and again after it died.

    One that has replied ``most_replies`` times is ended, so that the next request meets a new one; so is one that does
    not reply within ``patience_s`` seconds.
    """

    def __init__(self, most_replies: int | None = None, patience_s: float = PATIENCE_S) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._most_replies, self._replies, self._patience_s = most_replies, 0, patience_s
        self._stderr = TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (closed on leaving)

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _value: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._end()
        self._stderr.close()

    def ask(self, **request: object) -> dict[str, Any]:
        """The reply to a request. Raises WorkerError with the reason of a failure."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        gave_up = threading.Event()
        late = threading.Timer(self._patience_s, _give_up, (process, gave_up))
        late.start()
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            late.cancel()
        if not line:
            raise WorkerError(self._obituary(gave_up.is_set()))
        reply: dict[str, Any] = json.loads(line)
        self._replies += 1
        if self._replies == self._most_replies:
            self._end()
        if "failure" in reply:
            raise WorkerError(reply["failure"])
        return reply

    def renew(self) -> None:
        """End the process: the next request starts another."""
        self._end()

    def _start(self) -> subprocess.Popen[str]:
        self._stderr.seek(0)
        self._stderr.truncate()
        return subprocess.Popen(
            [*OWN, "-c", _START, _PACKAGE_FILE, f"{__package__}.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="utf-8",
            env=os.environ | _ONE_THREAD | _QUIET,
            start_new_session=True,  # Ctrl-C is for the one who asks: an interrupted request is no failure.
        )

    def _end(self) -> int:
        """Make sure that the process is gone and return its exit code, as subprocess gives it."""
        process, self._process, self._replies = self._process, None, 0
        if process is None:
            return 0
        process.kill()
        process.communicate()
        return process.returncode

    def _obituary(self, gave_up: bool) -> str:
        if self._process:
            self._process.wait()
        code = self._end()
        self._stderr.seek(0)
        words = [line.strip() for line in self._stderr if line.strip()]
        if gave_up:
            return f"took more than {self._patience_s:g} s and was ended"
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"left with exit code {code}"
        return f"the process {how}" + (f", saying: {words[-1]}" if words else "")


def _give_up(process: subprocess.Popen[str], gave_up: threading.Event) -> None:
    gave_up.set()
    process.kill()
