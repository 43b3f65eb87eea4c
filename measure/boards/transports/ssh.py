"""A board by OpenSSH's own client, with whatever the user's configuration says of the host.

All calls share one connection, which stays open for a minute after the last one (ssh_config(5), ControlPersist).
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stairline.measure.processes.tool import last_line

from .transport import CommandError, ConnectionLostError, TransportError, run_client

OPTIONS_VARIABLE = "STAIRLINE_SSH_OPTIONS"
"""Environment variable of options for ssh and scp that come before ours and so decide, such as "-F my_config"."""

_TARGET = re.compile(r"(?P<host>[^\s:\[\]-][^\s:\[\]]*|(?:[^\s:@-][^\s:@]*@)?\[[0-9a-fA-F:]+\])(?::(?P<port>\d{1,5}))?")
_OPTIONS = ("BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5", "ServerAliveCountMax=3")
_KEPT_OPEN_S = 60
_MOST_SOCKET_CHARACTERS = 86
"""Room for the path of a Unix socket, 104 bytes on some systems, less what OpenSSH appends while it makes one."""
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
    """Relative to the user's home, where nobody else may put files that would be run."""

    @classmethod
    def to(cls, text: str) -> Ssh:
        """The host "user@host" or "user@host:port"; an address of IPv6 stands in brackets. Raises TransportError."""
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
        command = ["scp", "-q", *self._options("-P"), str(local), f"{host}:{path}"]
        done = run_client(self.name, command, _PUSH_S, _INSTALL)
        if done.code != 0:
            raise TransportError(f"{self.name}: {local.name} cannot be put there: {_explained(last_line(done.stderr))}")
        return path

    def run(self, command: Sequence[str], timeout_s: float) -> str:
        words = ["ssh", *self._options("-p"), self.host, "--", shlex.join(command)]
        done = run_client(self.name, words, timeout_s, _INSTALL)
        if done.code == _FAILED_ITSELF:
            text = last_line(done.stderr) or "the connection was lost"
            lost = re.search(r"closed|reset|broken|lost", text, re.IGNORECASE)
            raise (ConnectionLostError if lost else TransportError)(f"{self.name}: {_explained(text)}")
        if done.code != 0:
            raise CommandError(done.code, done.last_line)
        return done.stdout

    def _options(self, port_flag: str) -> list[str]:
        port = [port_flag, str(self.port)] if self.port else []
        given = shlex.split(os.environ.get(OPTIONS_VARIABLE, ""))
        shared = _shared_connection(hashlib.sha256(repr((self, given)).encode()).hexdigest()[:12])
        return [*given, *port, *(word for option in (*_OPTIONS, *shared) for word in ("-o", option))]


def _shared_connection(name: str) -> tuple[str, ...]:
    """The options by which all calls of that name share one connection; none where the system cannot share any.

    Raises TransportError where the folder of the sockets is not this user's alone: others could answer in it.
    """
    if not hasattr(os, "getuid"):
        return ()
    directory = Path(tempfile.gettempdir()) / f"stairline-ssh-{os.getuid()}"
    if len(os.fsencode(directory / name)) > _MOST_SOCKET_CHARACTERS:
        return ()
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise TransportError(
            f"{directory}: others may use it, and could answer in place of the board: remove it or set TMPDIR"
        )
    path = str(directory / name).replace("%", "%%")
    return "ControlMaster=auto", f"ControlPath={path}", f"ControlPersist={_KEPT_OPEN_S}"


def _explained(text: str) -> str:
    """The words of ssh or scp, with the remedy where one is known."""
    hints = [hint for words, hint in _REMEDIES.items() if words in text]
    return f"{text}: {hints[0]}" if hints else text
