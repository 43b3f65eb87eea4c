"""Where the tests find the checkout, the command, and the measurements that the project does not hold."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STAIRLINE = (sys.executable, "-m", "stairline")
DATA = Path(os.environ.get("STAIRLINE_DATA", ROOT.parent / "shared" / "data"))
"""Public measurements. Tests that need them are skipped where there are none."""
