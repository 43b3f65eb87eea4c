"""The command run in this process, in another one, and in a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from typing import Any

from click.testing import CliRunner, Result

from stairline.command import main
from tests.checkout import ROOT, STAIRLINE

CPU = "mi9-cortexa76-tflite2.1"


CSV_HEADER = "net,platform,dtype,latency_ms,lower_ms,upper_ms,energy_mj,coverage,flags,reason"


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def printed(*args: object) -> str:
    result = run(*args)
    assert result.exit_code == 0, result.output
    return result.stdout


def records(*args: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed(*args, "--json").splitlines()]


def process(*args: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [*STAIRLINE, *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **options)


def in_terminal(*args: object, columns: int = 80) -> str:
    """What a person sees: standard output and error are a pseudo-terminal."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    command = [*STAIRLINE, *map(str, args)]
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as child:
        os.close(theirs)
        seen = b""
        try:
            while data := os.read(ours, 65536):
                seen += data
        except OSError:  # Linux reports the end of a pseudo-terminal as an error.
            pass
        assert child.wait(timeout=60) == 0, seen
    os.close(ours)
    return seen.decode()


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
