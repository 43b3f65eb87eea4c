"""How another interpreter of Python is started, so that it imports nothing from the user's current folder."""

from __future__ import annotations

import sys

OWN = (sys.executable, "-P")
"""The command of a child in this Python: it searches where this process does, and not in the current folder."""


def foreign(python: str) -> tuple[str, str]:
    """The command of a Python that is not ours, such as a vendor's or a board's: isolated, for -P is too new for it."""
    return python, "-I"
