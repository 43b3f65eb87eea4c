"""Where the published measurements lie, which the project does not hold."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def measurements(arguments: Sequence[str], holds: str) -> Path:
    """The folder that the first argument names, else $STAIRLINE_DATA.

    Leaves the benchmark with one line where that folder does not hold ``holds``, a path within it.
    """
    named = next((one for one in arguments if not one.startswith("-")), os.environ.get("STAIRLINE_DATA"))
    if not named:
        sys.exit(f"no folder of measurements: name the one that holds {holds}, or set STAIRLINE_DATA")
    if not (Path(named) / holds).exists():
        sys.exit(f"{named}: does not hold {holds}; name the folder that does, or set STAIRLINE_DATA")
    return Path(named)
