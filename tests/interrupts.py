"""Ctrl-C for processes that tests start."""

from __future__ import annotations

import signal


def take_interrupts() -> None:
    """For ``preexec_fn``: let SIGINT reach the child, which inherits that it is ignored where the tests ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
