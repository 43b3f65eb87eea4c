"""The exit codes of the command, the same for every verb. This module imports nothing of the project."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command's exit code says about what was asked for."""

    DONE = 0
    """Everything asked for was done. That a network falls back or cannot run is an answer, not a failure."""
    DIVERGED = 1
    """A comparison of predictions with measurements found them apart."""
    UNUSABLE = 2
    """An input or an option cannot be used: nothing was done, and one line on standard error says what to change."""
    PARTLY_DONE = 3
    """Some of it was done and is kept: some networks failed, or no overlay could be written."""
    INTERRUPTED = 130
    """The user interrupted the command: 128 and the number of SIGINT, as shells report it."""
    NOBODY_READS = 141
    """The reader of standard output is gone: 128 and the number of SIGPIPE, as shells report it."""
