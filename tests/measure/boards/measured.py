"""A small plan measured by the command, and what the store holds afterwards."""

from __future__ import annotations

import subprocess
from pathlib import Path

from stairline.measure.store.store import opened
from stairline.measure.timing.record import Measurement
from tests.measure.specimens import QUICK, stairline

PLAN = """schema = 1
[[measure]]
op = "conv2d"
hw = 8
cin = 8
kernel = 3
sweep = { cout = "8:16:8" }
"""


def measured(*arguments: object, cwd: Path, plan: str = PLAN) -> subprocess.CompletedProcess[str]:
    (cwd / "p.toml").write_text(plan, encoding="utf-8")
    return stairline("measure", "run", "p.toml", "--store", "s.db", *QUICK, *arguments, cwd=cwd)


def outcomes(path: Path) -> list[Measurement | str]:
    with opened(path) as store:
        return [found.outcome for found in store.records()]
