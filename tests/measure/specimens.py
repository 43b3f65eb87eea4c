"""What the tests of measuring have in common: conditions, runs, and the command in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from stairline.measure.timing.record import Conditions, Reading, Run
from tests.checkout import ROOT

CONDITIONS = Conditions("board", "cpu", (), None, None, (0,), 1, "runtime", "1", "none")
CALM = Reading(1.0, 2.0)
ONCE = ("--visits", 1, "--max-visits", 1)
"""Options of ``measure run`` for one visit to each configuration."""
QUICK = (*ONCE, "--warmups", 1, "--runs", 2, "--max-runs", 2)
"""Options of ``measure run`` for one visit of two runs."""


def visit(*times_s: float, before: Reading = CALM, after: Reading = CALM) -> Run:
    return Run((), times_s, before, after)


def stairline(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "stairline", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )
