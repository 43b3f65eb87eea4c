"""A board by OpenSSH's own client, with whatever the user's configuration says of the host."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import CommandError, ConnectionLostError, TransportError, called, last_words

OPTIONS_VARIABLE = "STAIRLINE_SSH_OPTIONS"
"""Environment variable of further options for ssh and scp, such as "-F my_config"."""

_TARGET = re.compile(r"(?P<host>[^\s:\[\]-][^\s:\[\]]*|(?:[^\s:@-][^\s:@]*@)?\[[0-9a-fA-F:]+\])(?::(?P<port>\d{1,5}))?")
_OPTIONS = ("BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5", "ServerAliveCountMax=3")
_INSTALL = "install OpenSSH's client (package openssh-client)"
_PUSH_S = 600.0
_FAILED_ITSELF = 255
"""Exit code by which ssh says that it, and not the command, failed."""

_REMEDIES = {
    "Connection refused": "is a server listening at that port?",
    "Host key verification failed": "connect once by hand and accept the board's key",
    "Permission denied": "let your key in: ssh-copy-id, or an agent that holds it",
    "timed out": "is the board switched on, and the address right?",
    "Could not resolve": "is the name right?",
    "No space left": "make room on the board: rm -r its stairline directory",
    "write remote": "the board is out of space or does not allow it: see to its stairline directory",
    "Failure": "the board is out of space or does not allow it: see to its stairline directory",
}


@dataclass(frozen=True)
class Ssh:
    """A host, as ssh names it."""

    host: str
    port: int | None = None
    directory: str = ".cache/stairline-board"
    """From the user's home: nobody else may put files there that would be run."""

    @classmethod
    def to(cls, text: str) -> Ssh:
        """From "user@host" or "user@host:port"; an address of IPv6 stands in brackets."""
        match = _TARGET.fullmatch(text)
        if match is None:
            raise TransportError(f"--on ssh:{text}: write ssh:user@host or ssh:user@host:port")
        return cls(match["host"].replace("[", "").replace("]", ""), int(match["port"]) if match["port"] else None)

    @property
    def name(self) -> str:
        return f"ssh:{self.host}" + (f":{self.port}" if self.port else "")

    def push(self, local: Path, name: str) -> str:
        path = f"{self.directory}/{name}"
        self.run(["mkdir", "-p", self.directory], 60.0)
        host = self.host if ":" not in self.host else re.sub(r"([0-9a-fA-F:]+)$", r"[\1]", self.host)
        options = self._options("-P")
        done = called(self.name, ["scp", "-q", *options, str(local), f"{host}:{path}"], _PUSH_S, _INSTALL)
        if done.returncode != 0:
            raise TransportError(
                f"{self.name}: {local.name} cannot be put there: {_explained(last_words(done.stderr))}"
            )
        return path

    def run(self, command: Sequence[str], timeout_s: float) -> str:
        words = ["ssh", *self._options("-p"), self.host, "--", shlex.join(command)]
        done = called(self.name, words, timeout_s, _INSTALL)
        if done.returncode == _FAILED_ITSELF:
            text = last_words(done.stderr)
            kind = ConnectionLostError if re.search(r"closed|reset|broken", text, re.IGNORECASE) else TransportError
            raise kind(f"{self.name}: {_explained(text or 'the connection was lost')}")
        if done.returncode != 0:
            raise CommandError(done.returncode, last_words(done.stdout, done.stderr))
        return done.stdout

    def _options(self, port_flag: str) -> list[str]:
        options = [word for option in _OPTIONS for word in ("-o", option)]
        port = [port_flag, str(self.port)] if self.port else []
        return [*options, *port, *shlex.split(os.environ.get(OPTIONS_VARIABLE, ""))]


def _explained(text: str) -> str:
    hints = [hint for words, hint in _REMEDIES.items() if words in text]
    return f"{text}: {hints[0]}" if hints else text
