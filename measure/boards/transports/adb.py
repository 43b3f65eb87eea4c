"""An Android device by Google's adb client."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .transport import CommandError, ConnectionLostError, TransportError, run_client

_INSTALL = "install Android's platform tools (package adb)"
_PUSH_S = 600.0
_QUERY_S = 30.0


@dataclass(frozen=True)
class Adb:
    """A device by its serial number."""

    serial: str
    directory: str = "/data/local/tmp/stairline"

    @classmethod
    def to(cls, serial: str) -> Adb:
        """The device of that serial number, or the only one there is. Raises TransportError naming those ready."""
        done = run_client("adb", ["adb", "devices"], _QUERY_S, _INSTALL)
        rows = [line.split() for line in done.stdout.splitlines()[1:] if len(line.split()) >= 2]
        states = {row[0]: row[1] for row in rows}
        ready = [one for one, state in states.items() if state == "device"]
        if serial and serial not in ready:
            state = states.get(serial, "not connected")
            hint = "; allow debugging on its screen" if state == "unauthorized" else ""
            raise TransportError(f"adb:{serial}: {state}{hint}; ready are {', '.join(ready) or 'none'}")
        if len(ready) != 1 and not serial:
            what = "no device is ready" if not ready else f"several are: {', '.join(ready)}"
            hint = "plug one in and allow debugging on its screen" if not ready else "write adb:SERIAL"
            raise TransportError(f"adb: {what}; {hint}")
        return cls(serial or ready[0])

    @property
    def name(self) -> str:
        return f"adb:{self.serial}"

    def push(self, local: Path, name: str) -> str:
        path = f"{self.directory}/{name}"
        self.run(["mkdir", "-p", self.directory], _QUERY_S)
        done = run_client(self.name, ["adb", "-s", self.serial, "push", str(local), path], _PUSH_S, _INSTALL)
        if done.code != 0:
            hint = f"; make room: adb shell rm -r {self.directory}" if "No space" in done.last_line else ""
            raise TransportError(f"{self.name}: {local.name} cannot be put there: {done.last_line}{hint}")
        return path

    def run(self, command: Sequence[str], timeout_s: float) -> str:
        done = run_client(self.name, ["adb", "-s", self.serial, "shell", shlex.join(command)], timeout_s, _INSTALL)
        words = done.last_line
        if done.code != 0 and ("device" in words and ("not found" in words or "offline" in words)):
            raise ConnectionLostError(f"{self.name}: {words}: is it still plugged in?")
        if done.code != 0:
            raise CommandError(done.code, words)
        return done.stdout
