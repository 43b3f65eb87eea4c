"""Running a tool to its end, and quoting its last line where it fails."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from stairline.measure.timing.errors import MeasureError


class ToolError(MeasureError):
    """A tool that did not do what it was run for."""


class ToolMissingError(ToolError):
    """A tool that is not installed: the message says what to install."""


class ToolTimeoutError(ToolError):
    """A tool that took too long and was ended."""


class Output(NamedTuple):
    """What a tool that has ended left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def last_line(self) -> str:
        """The last line with text on it, of the standard error if there is any, else of the standard output."""
        return last_line(self.stderr) or last_line(self.stdout)


def run_tool(command: Sequence[str], timeout_s: float, install: str) -> Output:
    """Run a tool until it ends, whatever its exit code.

    Raises ToolMissingError with the advice ``install`` and ToolTimeoutError after ``timeout_s`` seconds.
    """
    # Files and no pipes: adb and ssh leave a process behind that may hold on to a pipe, which then never ends.
    with TemporaryFile() as stdout, TemporaryFile() as stderr:
        try:
            done = subprocess.run(
                list(command), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, timeout=timeout_s, check=False
            )
        except (FileNotFoundError, PermissionError):
            raise ToolMissingError(f"{command[0]} is not installed: {install}") from None
        except subprocess.TimeoutExpired:
            raise ToolTimeoutError(f"{command[0]} took more than {timeout_s:g} s and was ended") from None
        return Output(done.returncode, _text(stdout), _text(stderr))


def output_of(name: str, command: Sequence[str], timeout_s: float, install: str) -> str:
    """What a tool that people call ``name`` prints. Raises ToolError, quoting its last line where it fails."""
    done = run_tool(command, timeout_s, install)
    if done.code != 0:
        raise ToolError(f"{name} left with exit code {done.code}: {done.last_line or 'it printed nothing'}")
    return done.stdout


def last_line(text: str) -> str:
    """The last line of a text that is not blank, without the blanks around it; "" where all lines are blank."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
